"""The API of the news: articles and quotations by person, delegation and day."""

from datetime import UTC, datetime
from itertools import product

import pytest
from django.test import Client

from delegations.models import FormerPublicId, Person
from news.models import Article

from ...support import factories
from ...support.api import API, ask, refused

pytestmark = pytest.mark.django_db


def quote(words: str, caption: str) -> str:
    return f"<blockquote><p>{words}</p><p>— {caption}</p></blockquote>"


@pytest.fixture
def viktor() -> Person:
    """A delegate of Belarus until 2019."""
    chamber = factories.ChamberFactory(parliament=factories.ParliamentFactory(slug="belarus"), slug="belarus-house")
    person = factories.PersonFactory(public_id=12, name_en="Viktor Kogut", name_ru="Виктор Когут")
    factories.DelegateFactory(chamber=chamber, person=person, starts="2015", ends="2019")
    return person


@pytest.fixture
def articles(viktor: Person) -> list[Article]:
    """Three articles of three days, newest first, each with a quotation of Viktor and one of somebody else."""
    factories.ParliamentFactory(slug="armenia")
    body = quote("One.", "Viktor Kogut, Chair") + quote("Two.", "Ann Lee")
    return [
        factories.ArticleFactory(
            body=body,
            people=[viktor],
            parliaments=[viktor.mandates.get().chamber.parliament],
            published_at=datetime(2020, 5, day, 9, tzinfo=UTC),
        )
        for day in (28, 27, 26)
    ]


def places(client: Client, query: str) -> list[tuple[str, int]]:
    return [(row["article"], row["place"]) for row in ask(client, f"quotations/{query}")["results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2]),
        ("?since=2020-05-27", [0, 1]),
        ("?until=2020-05-27", [1, 2]),
        ("?since=2020-05-27&until=2020-05-27", [1]),
        ("?since=2020-05-29", []),
        ("?person=12", [0, 1, 2]),
        ("?person=12&until=2020-05-26", [2]),
        ("?delegation=belarus", [0, 1, 2]),
        ("?delegation=armenia", []),
    ],
)
def test_articles_and_quotations_are_filtered(client: Client, articles: list[Article], query: str, found: list[int]):
    factories.ArticleFactory(published_at=datetime(2020, 5, 1, tzinfo=UTC)).delete()
    wanted = [str(articles[place].uid) for place in found]
    assert [row["id"] for row in ask(client, f"articles/{query}")["results"]] == wanted
    # Only Viktor is in the directory.
    of_the_speaker = "person" in query or "delegation" in query
    each = [0] if of_the_speaker else [1, 0]
    assert places(client, query) == list(product(wanted, each))


def test_quotation_has_its_article_speaker_and_function(client: Client, articles: list[Article]):
    (first, second) = ask(client, "quotations/?since=2020-05-28")["results"]
    assert second == {
        "words": "One.",
        "speaker": "Viktor Kogut",
        "person": 12,
        "function": "Chair",
        "language": "en",
        "article": str(articles[0].uid),
        "place": 0,
        "published": "2020-05-28T09:00:00+00:00",
        "page": f"http://testserver{articles[0].get_absolute_url()}",
    }
    assert (first["speaker"], first["person"], first["function"]) == ("Ann Lee", None, None)


def test_days_are_those_of_the_assembly(client: Client, settings):
    settings.TIME_ZONE = "Europe/Moscow"
    article = factories.ArticleFactory(published_at=datetime(2020, 5, 26, 22, 30, tzinfo=UTC))
    assert article.date.isoformat() == "2020-05-27"
    assert ask(client, "articles/?since=2020-05-27&until=2020-05-27")["count"] == 1
    assert ask(client, "articles/?until=2020-05-26")["count"] == 0


def test_quotation_of_an_unpublished_article_is_in_no_list(client: Client, articles: list[Article]):
    before = places(client, "?person=12")
    for state in ("draft", "review", "withdrawn"):
        hidden = factories.ArticleFactory(state=state, body=quote("Secret.", "Viktor Kogut"))
        assert hidden.quotations.get().person.public_id == 12
    factories.ArticleFactory(published_at=datetime(2099, 1, 1, tzinfo=UTC), body=quote("Secret.", "Viktor Kogut"))
    assert places(client, "?person=12") == before
    assert b"Secret." not in client.get(f"{API}quotations/").content


def test_quotations_are_those_of_the_language(client: Client, articles: list[Article]):
    russian = factories.ArticleFactory(story=articles[0].story, language="ru", body=quote("Раз.", "Виктор Когут"))
    assert places(client, "?language=ru&person=12") == [(str(russian.uid), 0)]


def test_former_id_of_a_merged_person_finds_the_same(client: Client, articles: list[Article], viktor: Person):
    FormerPublicId.objects.create(person=viktor, public_id=7)
    assert places(client, "?person=7") == places(client, "?person=12") != []
    assert ask(client, "articles/?person=7")["count"] == 3


def test_withdrawn_speaker_is_found_by_no_filter(client: Client, articles: list[Article], viktor: Person):
    assert b"Viktor Kogut" in client.get(f"{API}quotations/").content
    viktor.withdrawn, viktor.withdrawal_reason_en = True, "At the person's own request."
    viktor.save()
    for name in ("articles", "quotations"):
        assert refused(client, f"{name}/?person=12", 404)["parameter"] == "person"
    assert places(client, "?delegation=belarus") == []
    rows = ask(client, "quotations/")["results"]
    assert {(row["speaker"], row["person"]) for row in rows} == {("name withdrawn", None), ("Ann Lee", None)}


def test_ids_of_people_are_numbers_everywhere(client: Client, articles: list[Article]):
    found = ask(client, "search/?q=kogut")["people"]["results"]
    article = ask(client, f"articles/{articles[0].uid}/")
    ids = [found[0]["id"], article["people"][0], article["quotations"][0]["person"]]
    ids += [ask(client, "people/?on=2018-01-01")["results"][0]["id"]]
    ids += [ask(client, "delegates/?on=2018-01-01")["results"][0]["person"]["id"]]
    ids += [ask(client, "changes/?kind=joined")["results"][0]["person"]["id"]]
    assert ids == [12] * 6
