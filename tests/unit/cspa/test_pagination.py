"""Keyset pagination of a list that is newest first."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import QuerySet
from django.http import QueryDict

from cspa.pagination import Keyset
from news.models import Article

from ...support import factories

pytestmark = pytest.mark.django_db

FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def articles(number: int) -> list[Article]:
    """Articles, three at each time, newest first."""
    rows = [
        factories.ArticleFactory(slug=f"a-{place}", published_at=FIRST + timedelta(microseconds=place // 3))
        for place in range(number)
    ]
    return rows[::-1]


def asked(query: str = "", rows: QuerySet | None = None) -> Keyset:
    rows = Article.objects.published() if rows is None else rows
    return Keyset.for_parameters(rows, "published_at", QueryDict(query), 4)


def walk(page: Keyset, direction: str) -> list[Keyset]:
    pages = [page]
    while link := getattr(pages[-1], direction):
        pages.append(asked(link))
        assert len(pages) < 50
    return pages


@pytest.mark.parametrize("number", [0, 1, 4, 5, 8, 30])
def test_older_links_reach_every_row_once_and_newer_links_lead_back(number: int):
    rows = articles(number)
    there = walk(asked(), "older")
    assert [row for page in there for row in page.rows] == rows
    assert len(there) == max(1, -(-number // 4))
    back = walk(there[-1], "newer")
    assert [page.rows for page in back] == [page.rows for page in there[::-1]]
    assert (back[-1].query, back[-1].newer) == ("", "")


def test_new_article_does_not_shift_later_pages():
    rows = articles(12)
    first = asked()
    newest = factories.ArticleFactory(published_at=FIRST + timedelta(days=1))
    assert asked(first.older).rows == rows[4:8]
    back = asked(asked(first.older).newer)
    assert back.rows == rows[:4]
    assert asked(back.newer).rows == [newest, *rows[:3]]


def test_position_stays_valid_when_its_article_is_withdrawn():
    rows = articles(12)
    link = asked().older
    Article.objects.filter(pk=rows[3].pk).update(state="withdrawn")
    assert asked(link).rows == rows[4:8]


def test_position_beyond_the_oldest_gives_an_empty_page_with_a_newer_link():
    rows = articles(5)
    page = asked("before=0-1")
    assert page.rows == []
    assert asked(page.newer).rows == rows[1:]


def test_list_pages_link_older_ones_and_have_a_canonical_address(client):
    for number in range(45):
        factories.ArticleFactory(
            title=f"Meeting {number:02}", slug=f"m-{number}", published_at=FIRST + timedelta(number)
        )
    first = client.get("/en/news/")
    older = first.context["page"].older
    assert f'href="?{older}" rel="next"' in first.text
    second = client.get(f"/en/news/?{older}&utm_source=x")
    assert "Meeting 24" in second.text
    assert "Meeting 25" not in second.text
    assert f'<link rel="canonical" href="http://testserver/en/news/?{older}">' in second.text
    assert "up to 25 January 2020" in second.text
    assert "utm_source" not in second.text.split("<main")[1].split("</nav>")[0]
