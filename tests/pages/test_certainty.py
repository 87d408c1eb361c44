"""What pages claim of a function on a day: no more than its dates and sources say."""

import json
import re
from datetime import date

import pytest
import time_machine
from django.core.management import call_command
from django.utils.translation import override

from delegations.models import Delegate, Parliament, Person, SeatQuota

from ..support import factories
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

NOON = "2020-05-26T12:00:00Z"


def json_ld(page):
    return json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])


def text(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


@time_machine.travel(NOON)
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("day", ["2007-01-01", "2020-05-26", "2030-01-01"])
def test_person_of_an_undated_list_is_in_office_on_no_day(client, language, day):
    mandate = factories.DelegateFactory(sources=[factories.SourceFactory(date=None)])
    factories.RepresentativeFactory(parliament=mandate.chamber.parliament, person=mandate.person)
    factories.AssemblyPostFactory(person=mandate.person)
    parliament = mandate.chamber.parliament
    claims = ("In office", "to date", "current", "В должности", "настоящее время", "действующ")
    with override(language):
        addresses = [mandate.person.get_absolute_url(), parliament.get_absolute_url(), f"/{language}/delegations/"]
    for address in addresses:
        words = re.sub("<[^>]*>", "", text(client, f"{address}?on={day}").partition("<main")[2])
        assert not [claim for claim in claims if claim in words], address
    listed = "Named in an undated list" if language == "en" else "в списке без даты"
    assert text(client, f"{addresses[0]}?on={day}").count(listed) == (0 if day == "2030-01-01" else 3)


@time_machine.travel(NOON)
@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2015-11-25", None),
        ("2015-11-26", "In office on 26 November 2015"),
        ("2016-03-04", "In office on 4 March 2016"),
        ("2016-03-05", None),
        ("2030-01-01", None),
    ],
)
def test_function_known_by_a_day_is_claimed_to_the_latest_source_only(client, day, said):
    sources = [factories.SourceFactory(date=day) for day in (date(2015, 11, 26), date(2016, 3, 4), None)]
    mandate = factories.DelegateFactory(starts="by 2015-11-26", sources=sources)
    page = text(client, f"{mandate.person.get_absolute_url()}?on={day}")
    assert "by 26 November 2015; last recorded on 4 March 2016" in page
    assert re.findall("In office[^<]*", page) == ([said] if said else [])
    delegation = text(client, f"{mandate.chamber.parliament.get_absolute_url()}?on={day}")
    # The delegation still names the person, with the same period.
    present = delegation.partition('id="history"')[0]
    assert ("last recorded on 4 March 2016" in present) == (day >= "2015-11-26")


def test_function_known_by_a_day_with_an_end_or_without_sources(client):
    ended = factories.DelegateFactory(starts="by 2015-11-26", ends="2019-06-01")
    page = text(client, f"{ended.person.get_absolute_url()}?on=2019-05-31")
    assert "by 26 November 2015 – 31 May 2019" in page
    assert "In office on 31 May 2019" in page
    read = factories.DelegateFactory(
        starts="by 2015-11-26", sources=[factories.SourceFactory(date=None, accessed=date(2019, 2, 3))]
    )
    page = text(client, read.person.get_absolute_url())
    assert "last recorded on 3 February 2019" in page
    assert "accessed 3 February 2019" in page
    bare = factories.DelegateFactory(starts="by 2015-11-26")
    assert "by 26 November 2015; nothing later is recorded" in text(client, bare.person.get_absolute_url())
    assert "startDate" not in text(client, bare.person.get_absolute_url())


def test_json_ld_of_a_delegation_names_those_alone_who_hold_office_on_the_day(client):
    chamber = factories.ChamberFactory(parliament__slug="home")
    source = factories.SourceFactory(date=date(2016, 3, 4))
    held = factories.DelegateFactory(chamber=chamber, starts="2015")
    by = factories.DelegateFactory(chamber=chamber, starts="by 2015-11-26", sources=[source])
    factories.DelegateFactory(chamber=chamber)
    factories.RepresentativeFactory(parliament=chamber.parliament)
    for day, named in (("2016-03-04", [held, by]), ("2016-03-05", [held])):
        found = json_ld(text(client, f"/en/delegations/home/?on={day}"))
        members = found["subOrganization"][0]["member"]
        assert {row["member"]["name"] for row in members} == {str(row.person.name) for row in named}
        assert "employee" not in found


def test_figures_say_once_that_they_rest_on_facts_without_a_date(client):
    for _number in range(2):
        quota = factories.SeatQuotaFactory(starts="2015")
        factories.DelegateFactory(chamber=quota.chamber, starts="2015")
    said, recorded = "Some of these facts have no recorded date.", "as recorded on"
    addresses = ["/en/", "/en/delegations/", quota.chamber.parliament.get_absolute_url()]
    assert [text(client, address).count(said) for address in addresses] == [0, 0, 0]
    assert all(recorded in text(client, address).lower() for address in addresses[1:])
    factories.DelegateFactory(chamber=quota.chamber)
    factories.SeatQuotaFactory()
    assert [text(client, address).count(said) for address in addresses] == [1, 1, 1]
    assert not [items for address in addresses for items in parsed(client.get(address)).xpath("//ul[not(li)]")]
    assert not any(recorded in text(client, address).lower() for address in addresses)


def test_timeline_draws_everybody_of_the_day_and_counts_the_others(client):
    chamber = factories.ChamberFactory(parliament__slug="home")
    for year in (2006, 2010, 2014, 2018):
        people = factories.PersonFactory.create_batch(19)
        for number, person in enumerate(people):
            factories.DelegateFactory(
                chamber=chamber,
                person=person,
                starts=f"{year}-01-{number + 1:02}",
                ends=f"{year + 4}-01-01",
            )
    page = text(client, "/en/delegations/home/?on=2012-05-26")
    drawing = page.partition('<svg class="timeline"')[2].partition("</svg>")[0]
    sat = Delegate.objects.filter(start__year=2010).select_related("person")
    assert all(f">{mandate.person.sorted_public_name}<" in drawing for mandate in sat)
    assert "39 mandates, those of this day and the latest" in drawing
    assert "37 mandates of other days are not drawn." in page
    assert "not drawn" not in text(client, factories.DelegateFactory().chamber.parliament.get_absolute_url())


def test_timeline_draws_rows_without_a_start_dashed_and_says_so(client):
    chamber = factories.ChamberFactory(parliament__slug="home")
    factories.SeatQuotaFactory(chamber=chamber, ends="2019-06-01")
    factories.DelegateFactory(chamber=chamber)
    page = text(client, "/en/delegations/home/")
    assert page.count('class="bar undated"') == 2
    assert "Dashed: the date is not recorded." in page
    SeatQuota.objects.filter(start=None).update(start=date(2015, 1, 1))
    Delegate.objects.filter(start=None).update(start=date(2015, 1, 1))
    page = text(client, "/en/delegations/home/")
    assert "undated" not in page
    assert "Dashed" not in page


HELD = re.compile(
    r"in office|current|holder|\btoday\b|to date|held.: ?true"
    "|занимает должность|в должности|действующ|нынешн|настоящее время|сегодня",
    re.IGNORECASE,
)
# Of the page: it shows another day than today.
NOTICE = re.compile(r'<div class="notice as-of-day">.*?</div>', re.DOTALL)


@pytest.mark.parametrize("day", ["2007-01-01", None, "2030-01-01"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_seed_presents_no_undated_row_as_held(client, language, day):
    call_command("loaddata", "seed", verbosity=0)
    on = f"?on={day}" if day else "?"
    with override(language):
        people = [person.get_absolute_url() for person in Person.objects.all()]
        delegations = [parliament.get_absolute_url() for parliament in Parliament.objects.all()]
    lists = [f"/{language}/delegations/{name}" for name in ("", "people/", "people/delegates/")]
    files = [f"{address}{on}&format={kind}" for address in lists for kind in ("csv", "json")]
    api = [
        f"/api/v1/{name}/{on}&language={language}" for name in ("delegations", "people", "delegates", "parliaments")
    ]
    pages = [f"{address}{on}" for address in [*lists, *delegations, *people]]
    assert len(people) >= 4
    assert len(delegations) == 5
    found = {}
    for address in [*pages, *files, *api, f"/{language}/", f"/{language}/delegations/changes/"]:
        response = client.get(address)
        assert response.status_code == 200, address
        body = b"".join(response.streaming_content) if response.streaming else response.content
        main = body.decode().partition("<main")[2] or body.decode()
        words = re.sub("<[^>]*>", " ", NOTICE.sub("", main))
        if claims := HELD.findall(words):
            found[address] = claims
    assert found == {}
