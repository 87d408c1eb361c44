"""Files, feeds and Popolo are data: pages of all origins may read them, and they refuse what means nothing there."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from ..support import factories
from ..support.api import API, LISTS, QUOTATION
from ..support.page_cache import new_process

FILES = [
    *(f"/en/delegations/?format={name}" for name in ("csv", "xlsx", "json", "jsonl")),
    "/ru/delegations/people/?format=csv",
    "/en/delegations/people/delegates/?format=csv&on=2020-05-26",
    "/en/delegations/changes/?format=json",
    "/en/assembly/?format=csv",
    "/en/news/?format=csv",
    "/data/popolo.json",
    "/data/catalog.jsonld",
    "/data/belarus/popolo.json?on=2020-05-26",
]
FEEDS = [
    *(f"/en/news/feed.{name}" for name in ("atom", "rss", "json")),
    "/en/delegations/changes/feed.atom",
    "/en/delegations/changes/feed.json?kind=left",
    "/en/search/feed.json?q=council",
]
PAGES = ["/en/", "/en/data/", "/en/delegations/people/", "/en/news/", "/admin/login/"]


@pytest.fixture
def site(db) -> None:
    factories.DelegateFactory(chamber__parliament__slug="belarus")
    factories.ArticleFactory()


@pytest.mark.parametrize("address", [*FILES, *FEEDS])
def test_page_of_another_origin_may_read_data(client: Client, site, address: str):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "ETag" in response["Access-Control-Expose-Headers"]
    asked = client.options(address, headers={"access-control-request-headers": "if-none-match"})
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked["Access-Control-Allow-Origin"] == "*"
    assert asked["Access-Control-Allow-Headers"] == "If-None-Match"


@pytest.mark.parametrize("address", PAGES)
def test_page_of_another_origin_may_not_read_pages(client: Client, site, address: str):
    response = client.get(address)
    assert "Access-Control-Allow-Origin" not in response
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.django_db(transaction=True)
def test_file_has_etag_and_vary_as_a_page(settings):
    settings.ALLOWED_HOSTS = ["*"]
    factories.DelegateFactory(chamber__parliament__slug="belarus")
    factories.ArticleFactory()
    with new_process() as reader:
        page = reader.get("/en/delegations/people/")
        for address in FILES:
            file = reader.get(address)
            assert set(page["Vary"].split(", ")) <= set(file["Vary"].split(", ")), address
            assert file["Cache-Control"] == page["Cache-Control"], address
            again = reader.get(address, if_none_match=file["ETag"])
            assert (again.status_code, again.content) == (304, b""), address
            assert again["Access-Control-Allow-Origin"] == "*", address


@pytest.mark.django_db(transaction=True)
def test_file_refuses_a_parameter_that_means_nothing(settings):
    settings.ALLOWED_HOSTS = ["*"]
    factories.DelegateFactory(chamber__parliament__slug="belarus")
    refused = [
        "/en/news/?format=csv&on=2020-05-26",
        "/en/delegations/?format=csv&colour=red",
        "/en/delegations/people/?colour=red&format=xlsx",
        "/data/popolo.json?colour=red",
    ]
    with new_process() as reader:
        for address in refused:
            answer = reader.get(address)
            name = "on" if "on=" in address else "colour"
            assert (answer.status_code, f"“{name}”" in answer.text) == (400, True), address
        # Pages go on ignoring it, and are cached as one.
        with reader.renders(1):
            for address in ("/en/news/", "/en/news/?on=2020-05-26", "/en/news/?colour=red"):
                assert reader.get(address).status_code == 200
        with reader.renders(1):
            assert reader.get("/en/about/?format=csv&colour=red").status_code == 200
            assert reader.get("/en/about/").status_code == 200


def test_people_in_the_file_of_news_come_with_ids(client: Client, site):
    people = [factories.PersonFactory(public_id=12, name_en="Anna Lee"), factories.PersonFactory(public_id=14)]
    gone = factories.PersonFactory(public_id=13, name_en="Viktor Kogut", withdrawn=True, withdrawal_reason_en="Asked.")
    factories.ArticleFactory(title="About people", people=[*people, gone])
    text = client.get("/en/news/?format=csv").getvalue().decode("utf-8-sig")
    (row,) = (row for row in csv.DictReader(StringIO(text)) if row["title"] == "About people")
    ids, names = row["people_ids"].split(" | "), row["people"].split(" | ")
    assert dict(zip(ids, names, strict=True))["12"] == "Anna Lee"
    assert sorted(ids) == ["12", "14"]


def ids_of_people(value: Any, key: str = "") -> Iterator[Any]:
    """The ids in a record of the API or a row of a file whose key says that they are of a person."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ids_of_people(part, f"person_{name}" if key in ("person", "before", "after") else name)
    elif isinstance(value, list):
        for part in value:
            yield from ids_of_people(part, key)
    elif key in ("person", "person_id", "people") and value not in (None, ""):
        yield value


def test_ids_of_people_are_numbers_everywhere(client: Client, db):
    mandate = factories.DelegateFactory(person__public_id=12, starts="2019", ends="2020", person__name_en="Ann Lee")
    for factory in (factories.RepresentativeFactory, factories.AssemblyPostFactory):
        factory(person=mandate.person, starts="2019", ends="2020")
    article = factories.ArticleFactory(people=[mandate.person], body=QUOTATION)
    day = "on=2019-12-01"
    api = [f"{name}/?{day}" for name in LISTS[4:7]] + ["changes/", "quotations/", f"articles/{article.uid}/"]
    lists = [f"people/delegates/?{day}", "changes/?"]
    tables = ("mandates", "representatives", "posts", "quotations")
    files = [
        *(f"{API}{path}" for path in api),
        *(f"/en/delegations/{path}&format=json" for path in lists),
        f"/en/assembly/?{day}&format=json",
        *(f"/data/{name}.json" for name in tables),
    ]
    for address in files:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert set(ids_of_people(json.loads(answer.getvalue()))) - {"Ann Lee"} == {12}, address
    for address in (f"{API}people/?{day}", f"/en/delegations/people/?{day}&format=json", "/data/people.json"):
        (person,) = json.loads(client.get(address).getvalue())["results"]
        assert person["id"] == 12, address
    (found,) = client.get(f"{API}search/?q=lee").json()["people"]["results"]
    assert found["id"] == 12
