"""A hundred thousand rows: the last page costs what the first one does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delegations.models import Chamber, Delegate, Person
from news.models import Article, Story

from . import factories

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROWS = 100_000


def cost(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_page_4000_of_the_news_costs_what_page_1_does(client):
    stories = Story.objects.bulk_create((Story() for _ in range(ROWS)), batch_size=5_000)
    first = datetime(2010, 1, 1, tzinfo=UTC)
    articles = (
        factories.ArticleFactory.build(
            story=story, slug=f"a-{number}", published_at=first + timedelta(hours=number % 90_000)
        )
        for number, story in enumerate(stories)
    )
    Article.objects.bulk_create(articles, batch_size=2_000)
    assert Article.objects.count() == ROWS
    assert cost(client, "/en/news/?page=1") == cost(client, "/en/news/?page=4000") == 6
    assert cost(client, "/en/") == 4


def test_20_000_mandates_cost_what_three_do(client):
    chambers = [factories.SeatQuotaFactory(seats=900).chamber for _ in range(100)]
    Person.objects.bulk_create((factories.PersonFactory.build() for _ in range(5_000)), batch_size=1_000)
    people, chambers = list(Person.objects.all()), list(Chamber.objects.filter(pk__in=[row.pk for row in chambers]))
    mandates = (
        Delegate(person=people[number % 5_000], chamber=chambers[(number + number // 5_000) % 100], starts="2019-05")
        for number in range(20_000)
    )
    Delegate.objects.bulk_create(mandates, batch_size=1_000)
    assert cost(client, "/en/delegations/") == 10
    assert cost(client, chambers[0].parliament.get_absolute_url()) == 13
