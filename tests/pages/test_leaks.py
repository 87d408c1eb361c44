"""Leaks of unpublished articles: all public responses are byte for byte the same with and without them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from news.models import Article

from ..support import factories
from ..support.crawl import SECRET, SHARED, seen

pytestmark = pytest.mark.django_db

HOST = "http://testserver"
NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def subjects() -> dict:
    """The topics, people and parliaments of the articles."""
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
    """Create an unpublished article of each kind, beside published ones and as their translations."""
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


@pytest.mark.long
def test_unpublished_articles_change_no_public_response(client, subjects, published):
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


def test_address_of_an_unpublished_article_answers_like_an_unknown_one(client, subjects, published):
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


def test_scheduled_article_appears_once_at_its_minute(client, published):
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
