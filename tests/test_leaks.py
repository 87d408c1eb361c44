"""Nothing unpublished can be found by any door: a visitor's whole view is the same, byte for byte, without it."""

import re
from collections import deque
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from news.models import Article

from . import factories

pytestmark = pytest.mark.django_db

HOST = "http://testserver"
NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)
SECRET = "Xylophone"  # stands in the hidden articles only
SHARED = "plenary"  # stands in hidden and published ones


@pytest.fixture
def subjects() -> dict:
    """What articles are about."""
    return {
        "topics": [factories.TopicFactory(slug="defence")],
        "parliaments": [factories.SeatQuotaFactory().chamber.parliament],
        "people": [factories.PersonFactory(name_en="Viktor Kogut", name_ru="Виктор Когут")],
    }


@pytest.fixture
def published(subjects: dict) -> list[Article]:
    """Five articles in English, two of them also in Russian; one is corrected."""
    articles = []
    for number in range(5):
        moment = NOW - timedelta(days=20 * number, hours=1)
        article = factories.ArticleFactory(
            title=f"A {SHARED} meeting {number}", slug=f"meeting-{number}", published_at=moment, **subjects
        )
        articles.append(article)
        if number < 2:
            factories.ArticleFactory(
                story=article.story,
                language="ru",
                title=f"Пленарное заседание {number}",
                slug=f"meeting-{number}",
                published_at=moment,
                **subjects,
            )
    factories.CorrectionFactory(article=articles[0], date=NOW.date())
    return articles


def hide(published: list[Article], subjects: dict) -> list[Article]:
    """An article of each kind that readers must not see, beside published ones and as their translations."""
    hidden = []
    states = {
        "draft": {"state": "draft"},
        "review": {"state": "review"},
        "scheduled": {"published_at": NOW + timedelta(minutes=1)},
        "withdrawn": {"state": "withdrawn", "withdrawal_reason": "The meeting was cancelled."},
    }
    for number, (name, how) in enumerate(states.items()):
        texts = {
            "title": f"{SECRET} {SHARED} {name}",
            "summary": f"{SECRET} of {SHARED} meetings",
            "body": f"<p>{SECRET} {SHARED} meeting</p>",
            "slug": f"{SECRET.lower()}-{name}",
        }
        for moment in (published[0].published_at - timedelta(minutes=1), NOW - timedelta(days=3650)):
            hidden.append(factories.ArticleFactory(**{"published_at": moment, **texts, **subjects, **how}))
            texts["slug"] += "-2"
        story = (
            published[min(number + 2, 4)].story
            if name != "withdrawn"
            else factories.ArticleFactory(title="alone", slug="alone", state="draft").story
        )
        if not story.articles.filter(language="ru").exists():
            hidden.append(
                factories.ArticleFactory(
                    story=story,
                    language="ru",
                    **{**texts, "published_at": NOW - timedelta(seconds=1), **subjects, **how},
                )
            )
    return hidden


def addresses_in(address: str, response) -> set[str]:
    """The addresses of this site that an answer leads to, with their query."""
    text = response.text
    kind = response["Content-Type"].split(";")[0]
    if kind == "text/html":
        found = re.findall(r'(?:href|src)="([^"]+)"', text)
    elif kind.endswith("json"):
        found = re.findall(r'"(http://testserver[^"]+)"', text)
    else:
        found = re.findall(r">\s*(http[^<\s]+)\s*<", text) + re.findall(r'href="([^"]+)"', text)
    links = {urljoin(HOST + address, unescape(link)) for link in found}
    return {
        urlsplit(link)._replace(scheme="", netloc="", fragment="").geturl()
        for link in links
        if link.startswith(f"{HOST}/") and not re.search("/static/|/media/|/admin/|format=xlsx", link)
    }


def seen(client: Client) -> dict[str, tuple[int, str]]:
    """What a visitor can reach: each address with its status and text."""
    doors = ["/", "/en/", "/ru/", "/sitemap.xml", "/sitemap-news.xml", "/api/v1/", "/api/v1/articles/?limit=2"]
    for language in ("en", "ru"):
        search = f"/{language}/search/"
        doors += [f"{search}?q={word}&language={code}" for word in (SHARED, "заседание") for code in ("en", "ru")]
        doors += [f"{search}feed.{ending}?q={SHARED}" for ending in ("atom", "rss", "json")]
        doors += [f"/{language}/news/2010/", f"/{language}/news/2020/06/", f"/{language}/news/2020/06/01/"]
        doors += [f"/api/v1/{name}/?language={language}" for name in ("articles", "topics")]
        doors += [f"/api/v1/search/?language={language}&q={word}" for word in (SHARED, "meating", SECRET[:-1])]
    queue, answers = deque(doors), {}
    while queue:
        address = queue.popleft()
        if address in answers:
            continue
        response = client.get(address)
        if getattr(response, "streaming", False):
            text = b"".join(response.streaming_content).decode()
            answers[address] = (response.status_code, text)
            continue
        answers[address] = (response.status_code, response.text)
        queue.extend(sorted(addresses_in(address, response) - answers.keys()))
    return answers


@pytest.mark.long
def test_a_visitor_sees_the_same_with_and_without_what_is_unpublished(client, subjects, published):
    with time_machine.travel(NOW, tick=False):
        before = seen(client)
        hidden = hide(published, subjects)
        assert len(hidden) == 12
        assert Article.objects.search(SECRET, "en").count() == 8
        after = seen(client)
    assert len(before) > 150
    assert after.keys() == before.keys()
    different = [address for address in before if after[address] != before[address]]
    assert different == []
    for address, (status, text) in after.items():
        assert status in (200, 301, 302), address
        assert SECRET.lower() not in text.lower().replace(SECRET[:-1].lower() + "<", ""), address


def test_addresses_of_the_unpublished_answer_like_ones_that_never_were(client, subjects, published):
    with time_machine.travel(NOW, tick=False):
        hidden = hide(published, subjects)
        walked = 0
        for article in hidden:
            nowhere = article.get_absolute_url().replace(article.slug, "never-was")
            page, page_queries = asked(client, article.get_absolute_url())
            other, other_queries = asked(client, nowhere)
            record, _queries = asked(client, f"/api/v1/articles/{article.uid}/")
            if article.state == "withdrawn":
                assert (page.status_code, record.status_code) == (410, 410)
                assert "The meeting was cancelled." in page.text
                assert record.json()["detail"] == "The meeting was cancelled."
                assert SECRET not in page.text
            else:
                assert (page.status_code, record.status_code) == (404, 404)
                assert page.text.replace(article.slug, "") == other.text.replace("never-was", "")
                # Nor does the time that the answer takes tell.
                assert page_queries == other_queries
            walked += 3
        assert walked == 36


def asked(client: Client, address: str):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    return response, len(queries)


def test_a_scheduled_article_appears_by_itself_once_at_its_minute(client, published):
    with time_machine.travel(NOW, tick=False) as clock:
        article = factories.ArticleFactory(title="Appears", slug="appears", published_at=NOW + timedelta(minutes=1))
        doors = ["/en/news/", article.get_absolute_url(), "/en/news/feed.atom", "/en/search/?q=appears"]
        texts = [client.get(door).text for door in doors]
        assert ["Appears</" in text or "<mark>Appears" in text for text in texts] == [False] * 4
        clock.shift(timedelta(seconds=59))
        assert "Appears</a>" not in client.get(doors[0]).text
        clock.shift(timedelta(seconds=1))
        assert client.get(doors[0]).text.count("Appears</a>") == 1
        assert client.get(doors[1]).status_code == 200
        assert client.get(doors[2]).text.count("<title>Appears</title>") == 1
        assert client.get(doors[3]).text.count("<mark>Appears</mark>") == 1
