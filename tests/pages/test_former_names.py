"""Former names of people: a past day shows the name of that day, in pages, files, the API and papers."""

import json
from datetime import UTC, date, datetime
from functools import partial

import pytest
from django.test import Client

from delegations.dates import Day
from delegations.models import Person
from delegations.services import session_documents

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to
from ..support.markup import parsed, text

pytestmark = pytest.mark.django_db

PAST, FORMER, PRESENT = "?on=2012-05-05", "Anna Zhukova", "Anna Abramova"
API = "/api/v1"


@pytest.fixture
def anna() -> Person:
    """A member and representative since 2010 whose name changed on 1 June 2015."""
    person = factories.PersonFactory(name_en=PRESENT, family_name_en="Abramova", given_name_en="Anna")
    factories.PersonNameFactory(
        person=person,
        name_en=FORMER,
        family_name_en="Zhukova",
        given_name_en="Anna",
        starts="2001",
        ends="2015-06-01",
        note_en="name at birth",
        sources=[factories.SourceFactory(title_en="Register of marriages", url="")],
    )
    factories.PersonNameFactory(person=person, name_en="Hanna Abramava", note_en="", ends=None)
    parliament = factories.ParliamentFactory(slug="belarus")
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber)
    mandate = {"person": person, "chamber": chamber}
    factories.DelegateFactory(**mandate, starts="2010-02-03", ends="2016-02-03", political_group_en="Labour")
    factories.DelegateFactory(**mandate, starts="2016-02-03", role="head")
    factories.RepresentativeFactory(person=person, parliament=parliament, starts="2011-04-01")
    factories.AssemblyPostFactory(person=person, starts="2011-04-01")
    return person


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return (b"".join(response) if response.streaming else response.content).decode()


@pytest.mark.parametrize(
    "address",
    [
        "/en/delegations/belarus/",
        "/en/delegations/belarus/mandates/",
        "/en/delegations/belarus/completeness/",
        "/en/delegations/people/",
        "/en/delegations/people/?format=csv",
        "/en/delegations/people/?format=json",
        "/en/delegations/people/delegates/",
        "/en/delegations/people/delegates/?format=csv",
        "/en/delegations/people/delegates/?format=json",
        f"{API}/delegations/belarus/",
        f"{API}/delegates/",
        f"{API}/representatives/",
        f"{API}/posts/",
    ],
)
def test_past_day_shows_the_name_of_that_day(client: Client, anna: Person, address: str):
    today, past = read(client, address), read(client, address + PAST.replace("?", "&" if "?" in address else "?"))
    assert (PRESENT in today, FORMER in today) == (True, False)
    assert (PRESENT in past, FORMER in past) == (False, True)


def test_page_of_the_person_has_the_name_of_the_day_and_all_others(client: Client, anna: Person):
    today = client.get(anna.get_absolute_url())
    (section,) = parsed(today).xpath('//section[@aria-labelledby="other-names"]')
    names = " ".join(section.text_content().split())
    assert [heading.text_content() for heading in parsed(today).iter("h1")] == [PRESENT]
    assert names.startswith(f"Other names {FORMER} · name at birth")
    assert names.endswith("Hanna Abramava source: not recorded")
    assert names.index("31 May 2015") < names.index("Register of marriages") < names.index("Hanna Abramava")
    past = client.get(anna.get_absolute_url() + PAST)
    assert [heading.text_content() for heading in parsed(past).iter("h1")] == [FORMER]
    assert f"Present name: {PRESENT}" in text(past)
    assert f"{FORMER}, 5 May 2012" in text(past)


def test_json_ld_has_the_other_names(client: Client, anna: Person):
    def data(address: str) -> dict:
        page = read(client, address)
        return json.loads(page.split('<script type="application/ld+json">')[1].split("</script>")[0])

    today, past = data(anna.get_absolute_url()), data(anna.get_absolute_url() + PAST)
    assert (today["name"], today["alternateName"]) == (PRESENT, [FORMER, "Hanna Abramava"])
    assert (past["name"], past["alternateName"]) == (FORMER, [PRESENT, "Hanna Abramava"])
    assert (past["familyName"], past["@id"]) == ("Zhukova", today["@id"])


def test_api_lists_other_names_with_dates_and_sources(client: Client, anna: Person):
    for address in (f"{API}/people/", f"{API}/people/{anna.public_id}/"):
        record = json.loads(read(client, address + PAST))
        record = record["results"][0] if "results" in record else record
        assert (record["name"], record["family_name"], record["names"]["en"]) == (FORMER, "Zhukova", FORMER)
        former, spelling = record["other_names"]
        assert (former["name"], former["start"], former["end"], former["note"]) == (
            FORMER,
            "2001",
            "2015-06-01",
            "name at birth",
        )
        assert [source["title"] for source in former["source"]] == ["Register of marriages"]
        assert (spelling["name"], spelling["dated"], spelling["ended"]) == ("Hanna Abramava", False, True)
        assert json.loads(read(client, f"{API}/people/{anna.public_id}/"))["name"] == PRESENT


def test_register_of_changes_names_people_as_on_the_day_of_the_change(client: Client, anna: Person):
    page = text(client.get("/en/delegations/changes/"))
    assert f"{FORMER} joined the delegation" in page
    assert f"{FORMER} became plenipotentiary representative" in page
    assert f"{PRESENT} (" in page
    entries = json.loads(read(client, f"{API}/changes/"))["results"]
    assert {entry["kind"]: entry["person"]["name"] for entry in entries if entry["person"]} == {
        "joined": FORMER,
        "post_changed": FORMER,
        "role_changed": PRESENT,
        "representative_changed": FORMER,
    }
    for address in ("feed.atom", "feed.json", "?format=csv"):
        assert FORMER in read(client, f"/en/delegations/changes/{address}")


def test_papers_of_a_past_session_have_the_names_of_that_day(anna: Person):
    recorded = datetime(2026, 12, 1, tzinfo=UTC)
    for day, name, other in [(date(2012, 5, 5), FORMER, PRESENT), (date(2026, 11, 30), PRESENT, FORMER)]:
        papers = str(session_documents.pack(Day.of(day), None, ["en"], session_documents.Paper.values, recorded))
        assert name in papers
        assert other not in papers
        totals = session_documents.delegations_of(Day.of(day), None)
        assert next(session_documents.badge_rows(totals.delegations))[0] == name


def test_search_finds_former_names_and_spellings(client: Client, anna: Person):
    for word in ("Zhukova", "Abramava", "Жукова"):
        assert PRESENT in read(client, f"/en/search/?q={word}"), word
        assert PRESENT in read(client, f"/en/delegations/people/?q={word}"), word
        assert PRESENT in read(client, f"{API}/search/?q={word}"), word


def test_names_of_a_withdrawn_person_stand_nowhere(client: Client, anna: Person):
    anna.withdrawn, anna.withdrawal_reason_en = True, "At her own request."
    addresses = [
        "/en/delegations/belarus/",
        "/en/delegations/belarus/mandates/",
        "/en/delegations/belarus/completeness/",
        "/en/delegations/people/",
        "/en/delegations/people/?format=csv&on=2012-05-05",
        "/en/delegations/people/delegates/",
        "/en/delegations/people/delegates/?format=csv&on=2012-05-05",
        "/en/delegations/changes/",
        "/en/delegations/changes/feed.atom",
        "/data/popolo.json",
        "/data/belarus/popolo.json",
        f"{API}/people/",
        f"{API}/delegates/",
        f"{API}/delegations/belarus/",
        f"{API}/changes/",
    ]
    days = ["", PAST]
    shown = {FORMER, "Zhukova", "Abramava", "Register of marriages"}
    asked = [address + (on if "?" not in address else "") for address in addresses for on in days]
    before = "".join(read(client, address) for address in asked)
    assert all(name in before for name in shown)
    anna.save()
    after = "".join(read(client, address) for address in asked)
    assert not {name for name in shown if name in after}
    for search in ("/en/search/", "/en/delegations/people/", f"{API}/search/", f"{API}/people/"):
        assert f"/people/{anna.public_id}" not in read(client, f"{search}?q=Abramava")
    for address in (anna.get_absolute_url(), f"{API}/people/{anna.public_id}/"):
        for on in days:
            response = client.get(address + on)
            assert response.status_code == 410
            assert not any(name in response.content.decode() for name in shown)


@up_to(300)
def test_past_day_costs_the_same_with_any_number_of_names(client: Client, sizes: tuple[int, ...]):
    addresses = {
        "people of a past day": "/en/delegations/people/",
        "file of people of a past day": "/en/delegations/people/?format=csv",
        "mandates of a past day": "/en/delegations/people/delegates/",
        "delegation of a past day": "/en/delegations/belarus/",
        "API people of a past day": f"{API}/people/",
        "API delegates of a past day": f"{API}/delegates/",
    }

    def measure(rows: int) -> dict[str, int]:
        chamber = factories.ChamberFactory(parliament__slug="belarus")
        people = factories.create_many(factories.PersonFactory, [{}] * rows)
        factories.create_many(factories.PersonNameFactory, [{"person": person} for person in people])
        mandates = [{"person": person, "chamber": chamber, "starts": "2010"} for person in people]
        factories.create_many(factories.DelegateFactory, mandates)
        days = {kind: f"{address}{'&' if '?' in address else '?'}on=2012-05-05" for kind, address in addresses.items()}
        return {kind: cost(partial(read, client, address)) for kind, address in days.items()}

    assert_same_cost(measure, sizes)
