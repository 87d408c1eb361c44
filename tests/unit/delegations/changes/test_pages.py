"""The page of changes, its feeds and its files."""

import json
from urllib.parse import parse_qsl

import feedparser
import pytest
import time_machine
from html5lib import parse

from delegations.changes import register
from delegations.models import Chamber, Delegate, Parliament, Participation, Person, Representative, SeatQuota

from ....support import factories
from ....support.changes import mandates
from ....support.counting import assert_same_cost, cost, up_to
from ....support.files import take_all

pytestmark = pytest.mark.django_db


PAGE = "/en/delegations/changes/"
ATOM, JSON = f"{PAGE}feed.atom", f"{PAGE}feed.json"


def test_withdrawn_person_is_neither_named_nor_linked(client, chamber, person):
    mandates(chamber, person, ("delegate", "2015-01-01", None))
    factories.RepresentativeFactory(parliament=chamber.parliament, person=person, starts="2013-01-01")
    addresses = [PAGE, ATOM, JSON, f"{PAGE}?format=csv", f"{PAGE}?format=json"]
    for address in addresses:
        assert "Anna First" in content(client, address)
    person.withdrawn, person.withdrawal_reason_en = True, "At the person's own request."
    person.save()
    for address in addresses:
        answer = content(client, address)
        assert "Name withdrawn" in answer
        assert "anna" not in answer.lower()
        assert "/people/" not in answer


def content(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, address
    return (b"".join(response) if response.streaming else response.content).decode()


def make_changes(number):
    """Four changes in each of ``number`` chambers, with a person in office in each."""
    parliaments = Parliament.objects.bulk_create(factories.ParliamentFactory.build_batch(number))
    people = Person.objects.bulk_create(factories.PersonFactory.build_batch(number))
    chambers = Chamber.objects.bulk_create(factories.ChamberFactory.build(parliament=row) for row in parliaments)
    begun = {"starts": "2019-01-01"}
    Participation.objects.bulk_create(Participation(parliament=row, status="member", **begun) for row in parliaments)
    SeatQuota.objects.bulk_create(SeatQuota(chamber=row, seats=7, **begun) for row in chambers)
    pairs = list(zip(chambers, people, strict=True))
    Delegate.objects.bulk_create(Delegate(chamber=row, person=person, **begun) for row, person in pairs)
    Representative.objects.bulk_create(
        Representative(parliament=row.parliament, person=person, **begun) for row, person in pairs
    )


def make_posts(number):
    """Two changes for each of ``number`` bodies: it is set up, and a person takes office in it."""
    begun = {"starts": "2019-01-01"}
    bodies = factories.create_many(factories.BodyFactory, [begun] * number)
    people = factories.create_many(factories.PersonFactory, [{}] * number)
    posts = [{"body": body, "person": person, **begun} for body, person in zip(bodies, people, strict=True)]
    factories.create_many(factories.AssemblyPostFactory, posts)


@up_to(300)
def test_register_costs_the_same_with_any_number_of_changes(client, sizes):
    def measure(rows):
        make_changes(rows)

        def read():
            assert len(list(register())) == 6 * rows

        def ask():
            assert content(client, PAGE).count('id="change-') == min(4 * rows, 15)

        # A page of many rows would hold those of bodies alone.
        page = cost(ask)
        make_posts(rows)
        return {"register of changes": cost(read), "changes": page}

    assert_same_cost(measure, sizes)


def test_page_links_persons_and_delegations_and_shows_sources(client, chamber, person):
    source = factories.SourceFactory(title_en="Decree", url="https://example.org/decree")
    mandates(chamber, person, ("delegate", "2015-01-01", None))
    Delegate.objects.get().sources.set([source])
    change = register()[0]
    page = content(client, PAGE)
    assert f'<li id="change-{change.id}">' in page
    link = f'<a href="{person.get_absolute_url()}">Anna First</a>'
    assert f'{link} joined the delegation of <a href="/en/delegations/home/">Home</a>, House, as delegate.' in page
    assert "https://example.org/decree" in page
    assert '<time datetime="2015-01-01">' in page
    dated = content(client, f"{PAGE}?on=2016-01-01")
    assert 'href="/en/delegations/home/?on=2016-01-01"' in dated
    assert 'content="noindex, nofollow"' in dated
    assert "No dated change is on record" in content(client, f"{PAGE}?on=2014-12-31")
    assert "source: not recorded" not in page
    parse(page, namespaceHTMLElements=False)


def test_names_are_escaped_and_have_a_lang_attribute(client, chamber):
    Chamber.objects.update(name_en="<i>House</i>")
    Parliament.objects.update(short_name_en="<i>Home</i>")
    person = factories.PersonFactory(name_en="<b>Anna</b> 100%", name_ru="")
    factories.DelegateFactory(chamber=chamber, person=person, starts="2015-01-01")
    other = factories.PersonFactory(name_en="", name_ru="Борис")
    factories.DelegateFactory(chamber=chamber, person=other, starts="2015-01-01")
    page = content(client, PAGE)
    assert "<b>Anna" not in page
    assert "<i>H" not in page
    assert "&lt;b&gt;Anna&lt;/b&gt; 100%" in page
    assert '<span lang="ru">Борис</span>' in page
    assert not feedparser.parse(content(client, ATOM)).bozo


@pytest.mark.long
def test_filters_combine_on_page_feeds_and_files(client, chamber, person):
    mandates(chamber, person, ("delegate", "2015-01-01", "2019-01-01"))
    factories.SeatQuotaFactory(chamber=chamber, starts="2018-01-01")
    factories.DelegateFactory(starts="2019-01-01")
    for query, expected in {
        "": 4,
        "delegation=home": 3,
        "kind=joined": 2,
        "since=2018-01-01": 3,
        "on=2018-01-01": 2,
        "delegation=home&kind=left&since=2019-01-01": 1,
        "delegation=home&kind=left&since=2019-01-01&on=2018-12-31": 0,
        f"entry={register()[0].id}": 1,
        "entry=2b0f2a0e-4c1e-4f57-9a55-0d6a1c2b3d4e": 0,
        "delegation=&kind=&since=&on=": 4,
    }.items():
        page = content(client, f"{PAGE}?{query}")
        ids = [part.partition('"')[0] for part in page.split('<li id="change-')[1:]]
        assert len(ids) == expected, query
        urns = [f"urn:uuid:{id}" for id in ids]
        assert [entry.id for entry in feedparser.parse(content(client, f"{ATOM}?{query}")).entries] == urns
        assert [item["id"] for item in json.loads(content(client, f"{JSON}?{query}"))["items"]] == urns
        assert [row["id"] for row in take_all(client, PAGE, **dict(parse_qsl(query)))] == ids


@pytest.mark.parametrize(
    "query",
    [
        "since=2019",
        "since=2019-05",
        "since=2026-02-30",
        "since=9999-99-99",
        "since=2019-5-1",
        "since=٢٠٢٠-٠١-٠١",
        "since=%00",
        "since=" + "9" * 5000,
        "kind=resigned",
        "kind=%00",
        "delegation=nowhere",
        "delegation=%00",
        "delegation=%ff",
        "entry=abc",
        "entry=%00",
    ],
)
def test_invalid_filter_shows_its_error(client, chamber, query):
    factories.DelegateFactory(chamber=chamber, starts="2015-01-01")
    page = content(client, f"{PAGE}?{query}")
    assert "No change is shown" in page
    assert 'id="change-' not in page
    for address in (ATOM, JSON):
        assert "Request not understood" in content(client, f"{address}?{query}", 400)
    assert "Request not understood" in content(client, f"{PAGE}?{query}&format=csv", 400)


@pytest.mark.parametrize("query", ["on=2026-02-30", "on=2019", "on=%00", "on=2019-01-01&on=2019-01-02", "format=pdf"])
def test_invalid_day_or_format_answers_400(client, chamber, query):
    assert "Request not understood" in content(client, f"{PAGE}?{query}", 400)


@pytest.mark.parametrize("number", ["0", "2", "abc", "1_000", "9" * 20])
def test_page_that_does_not_exist_answers_404(client, chamber, number):
    factories.DelegateFactory(chamber=chamber, starts="2015-01-01")
    for address in (PAGE, ATOM, JSON):
        content(client, f"{address}?page={number}", 404)


def test_day_before_the_founding_shows_a_message(client, chamber):
    factories.DelegateFactory(chamber=chamber, starts="2001-01-01")
    assert "There was no Assembly on this day" in content(client, f"{PAGE}?on=2006-11-15")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_feeds_are_valid_in_each_language(client, chamber, person, language):
    mandates(chamber, person, ("delegate", "2015-01", None))
    address = f"/{language}/delegations/changes/feed.atom"
    feed = feedparser.parse(content(client, address))
    assert not feed.bozo
    assert (feed.version, feed.feed.language) == ("atom10", language)
    (entry,) = feed.entries
    assert (entry.id, entry.updated) == (f"urn:uuid:{register()[0].id}", "2015-01-01T00:00:00+00:00")
    assert content(client, entry.link.removeprefix("http://testserver")).count('id="change-') == 1
    links = {link.rel: link.href for link in feed.feed.links}
    assert links == {
        "self": f"http://testserver{address}",
        "alternate": f"http://testserver/{language}/delegations/changes/",
    }
    feed = json.loads(content(client, address.replace(".atom", ".json")))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["items"][0]["_change"] == {
        "id": str(register()[0].id),
        "date": "2015-01",
        "kind": "joined",
        "body": None,
        "office": None,
        "delegation": "home",
        "chamber": chamber.slug,
        "person": feed["items"][0]["_change"]["person"],
        "before": None,
        "after": "delegate",
        "words": feed["items"][0]["title"],
        "source": [],
    }
    assert feed["items"][0]["_change"]["person"]["id"] == person.public_id


def test_empty_feed_is_equal_at_each_request(client):
    with time_machine.travel("2020-05-26T12:00:00Z"):
        before = client.get(ATOM)["ETag"]
    with time_machine.travel("2020-05-26T12:00:09Z"):
        assert client.get(ATOM)["ETag"] == before


@pytest.mark.long
def test_json_feed_links_all_pages(client, chamber):
    factories.DelegateFactory.create_batch(120, chamber=chamber, starts="2015-01-01")
    address, seen = f"{JSON}?kind=joined", []
    while address:
        feed = json.loads(content(client, address.removeprefix("http://testserver")))
        seen += [item["id"] for item in feed["items"]]
        address = feed.get("next_url")
    assert seen == [f"urn:uuid:{change.id}" for change in register()]
    assert len(set(seen)) == 120
