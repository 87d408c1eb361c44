"""The seats of the Assembly are one number on pages, papers, in files and answers, whatever the statuses are."""

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client
from lxml.html import HtmlElement

from delegations.models import Participation
from delegations.services import session_documents

from ..support import factories
from ..support import session_documents as session
from ..support.markup import parsed, text

pytestmark = pytest.mark.django_db

# No two sums of a choice of these are equal.
SEATS = {"member": 1, "observer": 10, "partner": 100, "suspended": 200, None: 400}
GROUPS = ["Members of the Assembly", "Observers", "Partners", "Participation suspended", "Status not recorded"]


@pytest.fixture
def parliaments() -> None:
    """A parliament of each status, in the reverse order of the statuses."""
    for order, (status, seats) in enumerate(reversed(SEATS.items())):
        parliament = factories.ParliamentFactory(slug=f"of-{status or 'none'}".lower(), order=order)
        factories.SeatQuotaFactory(
            chamber__parliament=parliament, chamber__slug=f"{parliament.slug}-house", seats=seats
        )
        if status:
            factories.ParticipationFactory(parliament=parliament, status=status)


def shown_total(page: HtmlElement) -> int:
    return int(page.xpath("string(//dl[@class='figures']/div[1]/dd)"))


def home(client: Client) -> int:
    return shown_total(parsed(client.get("/en/")))


def assembly(client: Client) -> int:
    facts = parsed(client.get("/en/assembly/")).xpath("//dl[@class='facts']/div")
    return next(int(fact.xpath("string(dd)")) for fact in facts if "Seats" in fact.xpath("string(dt)"))


def directory(client: Client) -> int:
    return shown_total(parsed(client.get("/en/delegations/")))


def paper(client: Client) -> int:
    (page,) = session.document([session_documents.Paper.QUORUM]).sections[0].pages
    return int(page.tables[0].total[2])


def rows_of_file(client: Client) -> list[dict]:
    return json.loads(b"".join(client.get("/en/delegations/?format=json").streaming_content))["results"]


def json_file(client: Client) -> int:
    return sum(row["seats"] for row in rows_of_file(client) if row["counted"])


def csv_file(client: Client) -> int:
    lines = b"".join(client.get("/en/delegations/?format=csv").streaming_content).decode("utf-8-sig").splitlines()
    names, *rows = [line.split(",") for line in lines]
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    return sum(int(row["seats"]) for row in rows if row["counted"] == "true")


def api(client: Client) -> int:
    return sum(row["seats"] for row in client.get("/api/v1/delegations/").json()["results"] if row["counted"])


def popolo(client: Client) -> int:
    """The file states no total: it follows from the statuses."""
    found = client.get(f"/data/popolo.json?on={session.DAY.isoformat()}").json()
    delegations = [row for row in found["organizations"] if row["classification"] == "delegation"]
    status = {row["id"]: row.get("participations", [{"status": None}])[0]["status"] for row in delegations}
    counted = "member" if any(status.values()) else None
    seats = {row["organization_id"]: row["seats"] for row in found["posts"] if row["role"] == "seat"}
    return sum(seats[f"{slug}-house"] for slug in status if status[slug] == counted)


TOTALS: list[Callable[[Client], int]] = [home, assembly, directory, paper, json_file, csv_file, api, popolo]


@pytest.mark.usefixtures("parliaments")
def test_members_alone_count_in_every_total(client: Client):
    assert {total.__name__: total(client) for total in TOTALS} == dict.fromkeys([row.__name__ for row in TOTALS], 1)


@pytest.mark.usefixtures("parliaments")
def test_all_count_in_every_total_while_no_status_is_recorded(client: Client):
    Participation.objects.all().delete()
    assert {total.__name__: total(client) for total in TOTALS} == dict.fromkeys([row.__name__ for row in TOTALS], 711)
    assert "Counts 5 parliaments: no status is recorded for this day." in text(client.get("/en/"))


@pytest.mark.usefixtures("parliaments")
def test_no_parliament_counts_where_a_status_is_recorded_and_none_is_member(client: Client):
    Participation.objects.filter(status="member").update(status="observer")
    for address in ("/en/", "/en/delegations/"):
        page = client.get(address)
        assert "Only member parliaments count; there is none here. Not counted: observers (2), partners (1)" in text(
            page
        )
        assert not parsed(page).xpath("//dl[@class='figures']")
    assert {row["counted"] for row in client.get("/api/v1/delegations/").json()["results"]} == {False}


@pytest.mark.usefixtures("parliaments")
def test_statuses_are_groups_in_one_order(client: Client):
    assert [words.strip() for words in parsed(client.get("/en/")).xpath("//th[@class='group']/text()")] == GROUPS
    assert parsed(client.get("/en/delegations/")).xpath("//div[@class='delegation-list']//h2/text()") == GROUPS
    (page,) = session.document([session_documents.Paper.QUORUM]).sections[0].pages
    assert [table.caption for table in page.tables] == GROUPS
    assert [row["seats"] for row in rows_of_file(client)] == list(SEATS.values())


@pytest.mark.usefixtures("parliaments")
def test_totals_of_a_filtered_list_say_what_they_count(client: Client):
    page = client.get("/en/delegations/", {"q": "Assembly"})
    assert "Seats of the delegations shown" in text(page)
    assert "Counts 1 member parliament. Not counted: observers (1), partners (1)," in text(page)
    country = factories.Parliament.objects.get(slug="of-none").country.code
    # A filter that hides every status does not make the rest count.
    page = client.get("/en/delegations/", {"country": country})
    assert "Only member parliaments count; there is none here. Not counted: status not recorded (1)." in text(page)
    assert not client.get("/api/v1/delegations/", {"country": country}).json()["results"][0]["counted"]


@pytest.mark.usefixtures("parliaments")
def test_data_for_search_engines_calls_nobody_else_a_member(client: Client):
    data = parsed(client.get("/en/delegations/")).xpath("string(//script[@type='application/ld+json'])")
    assert re.findall(r"of-\w+", json.loads(data)["member"][0]["url"]) == ["of-member"]
    assert len(json.loads(data)["member"]) == 1
    data = parsed(client.get("/en/delegations/of-partner/")).xpath("string(//script[@type='application/ld+json'])")
    assert "memberOf" not in json.loads(data)
