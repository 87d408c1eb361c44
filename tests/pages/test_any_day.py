"""Pages of any day: they show the facts of the day and equal a naive computation."""

import json
import random
import re
from calendar import monthrange
from datetime import date, timedelta

import pytest
import time_machine

from delegations.models import (
    Confirmation,
    Delegate,
    Delegation,
    FormerPublicId,
    Parliament,
    Representative,
    SeatQuota,
    delegations_on,
)

from ..support import factories
from ..support.generated import FACTOR

pytestmark = pytest.mark.django_db

NOON = "2020-05-26T12:00:00Z"
PAGES = ["/en/delegations/", "/en/delegations/home/", "/ru/delegations/", "/ru/delegations/home/"]


@pytest.fixture
def home():
    """A parliament whose chamber went from 7 to 6 seats, and whose delegate A was succeeded by B on the same day."""
    parliament = factories.ParliamentFactory(slug="home", name_en="Home", name_ru="Дом")
    chamber = factories.ChamberFactory(parliament=parliament)
    source = factories.SourceFactory()
    factories.SeatQuotaFactory(chamber=chamber, seats=7, ends="2019-06-01", sources=[source])
    factories.SeatQuotaFactory(chamber=chamber, seats=6, starts="2019-06-01")
    for name, period in {"Anna First": {"ends": "2019-06-01"}, "Boris Second": {"starts": "2019-06-01"}}.items():
        factories.DelegateFactory(chamber=chamber, person__name_en=name, person__name_ru=name, **period)
    return parliament


def text(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


@pytest.mark.parametrize(("day", "seats", "sits"), [("2019-05-31", 7, "First"), ("2019-06-01", 6, "Second")])
def test_delegation_on_a_day_has_the_seats_and_delegates_of_that_day(client, home, day, seats, sits):
    response = client.get(f"/en/delegations/home/?on={day}")
    delegation = response.context["delegation"]
    assert delegation.seats == seats
    names = [delegate.person.name for part in delegation.chambers for delegate in part.delegates]
    assert [name.split()[1] for name in names] == [sits]


@time_machine.travel(NOON)
@pytest.mark.parametrize("address", PAGES)
def test_page_of_another_day_names_the_day_and_is_noindex(client, home, address):
    page = text(client, f"{address}?on=2019-05-31")
    assert '<meta name="robots" content="noindex, nofollow">' in page
    assert f'<a href="{address}">' in page
    assert f"http://testserver{address}?on=2019-05-31</p>" in page
    today = text(client, address)
    assert "noindex" not in today
    assert "as-of-day" not in today
    for same in ("?on=2020-05-26", "?on="):
        page = text(client, address + same)
        assert "noindex" not in page
        assert "as-of-day" not in page


@time_machine.travel(NOON)
def test_links_of_a_page_keep_its_day(client, home):
    assert 'href="/en/delegations/home/?on=2019-05-31"' in text(client, "/en/delegations/?on=2019-05-31")
    page = text(client, "/en/delegations/home/?on=2019-05-31")
    person = Delegate.objects.get(person__name_en="Anna First").person
    assert f'href="{person.get_absolute_url()}?on=2019-05-31"' in page
    assert 'href="/ru/delegations/home/?on=2019-05-31"' in page


@pytest.mark.parametrize("address", PAGES)
def test_page_of_a_day_before_the_founding_names_the_founding_day(client, home, address):
    page = text(client, f"{address}?on=2006-11-15")
    assert ("16 ноября 2006 г." if address.startswith("/ru") else "16 November 2006") in page
    assert ">7<" not in page.partition('id="history"')[0]
    assert "2006" not in text(client, f"{address}?on=2007-11-16").partition('id="history"')[0]


def test_page_of_a_future_day_says_as_recorded_today(client, home):
    assert "as recorded today" in text(client, "/en/delegations/home/?on=2100-12-31")


BAD_DAYS = [
    "9999-99-99",
    "0000-00-00",
    "2026-02-30",
    "10000-01-01",
    "0001-01-01",
    "1962-09-00",
    "1962-03",
    "2020",
    "%00",
    "٢٠٢٠-٠١-٠١",
    "2020-1-1",
    "today",
    "2020-01-01&on=2020-01-02",
    "9" * 5000,
]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("bad", BAD_DAYS)
def test_invalid_day_answers_400_with_a_message(client, home, language, bad):
    person = Delegate.objects.first().person
    for path in ("", "home/", f"people/{person.public_id}-{person.slug}/"):
        page = text(client, f"/{language}/delegations/{path}?on={bad}", 400)
        assert ("«on»" if language == "ru" else "“on”") in page


def test_parliament_that_does_not_participate_keeps_its_page_and_history(client, home):
    factories.ParticipationFactory(parliament=home, starts="2020-01-01")
    page = text(client, "/en/delegations/home/?on=2019-12-31")
    assert "took no part" in page
    assert 'id="history"' in page
    assert "/en/delegations/home/" not in text(client, "/en/delegations/?on=2019-12-31").partition("<main")[2]


def test_delegation_page_shows_the_latest_mandates_and_links_all(client, home):
    chamber = home.chambers.get()
    for year in range(1990, 2015):
        factories.DelegateFactory(chamber=chamber, starts=f"{year}-01-01", ends=f"{year + 1}-01-01")
    history = text(client, "/en/delegations/home/").partition('id="history-mandates"')[2]
    assert "1 January 2014 –" in history
    assert "1 January 1991 –" not in history
    address = re.search('href="(/en/delegations/home/mandates/)"', history)[1]
    pages = [text(client, f"{address}?page={number}") for number in (1, 2)]
    assert "1 January 2014 –" in pages[0]
    assert "1 January 1990 –" in pages[1]
    assert sum(page.count('<th scope="row">') for page in pages) == Delegate.objects.count()
    assert client.get(f"{address}?page=3").status_code == 404


# A seat without a name is vacant only where the roster is confirmed.


def delegation_on(parliament: Parliament, day: date) -> Delegation:
    return delegations_on(day, Parliament.objects.filter(pk=parliament.pk))[0]


def vacant_on(parliament, day):
    return delegation_on(parliament, day).vacant


def test_confirmation_is_valid_from_its_day_for_twelve_months(home):
    factories.ConfirmationFactory(parliament=home, date=date(2019, 7, 1))
    days = {
        date(2019, 6, 30): None,
        date(2019, 7, 1): 5,
        date(2020, 6, 30): 5,
        date(2020, 7, 1): None,
    }
    assert {day: vacant_on(home, day) for day in days} == days


@pytest.mark.parametrize(
    ("given", "last"),
    [
        (date(2023, 2, 28), date(2024, 2, 27)),
        (date(2023, 3, 1), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2025, 2, 28)),
    ],
)
def test_confirmation_around_29_february_is_valid_for_twelve_months(home: Parliament, given: date, last: date):
    factories.ConfirmationFactory(parliament=home, date=given)
    days = {last: 5, last + timedelta(days=1): None, last + timedelta(days=2): None}
    assert {day: vacant_on(home, day) for day in days} == days


@pytest.mark.parametrize(
    "change",
    [
        lambda home: factories.DelegateFactory(chamber=home.chambers.get(), starts="2019-09-01"),
        lambda home: Delegate.objects.filter(person__name_en="Boris Second").update(end=date(2019, 9, 1)),
        lambda home: home.chambers.get().quotas.filter(seats=6).update(end=date(2019, 9, 1)),
        lambda home: factories.DelegateFactory(chamber=home.chambers.get(), starts="2019-09"),
        lambda home: factories.SeatQuotaFactory(chamber__parliament=home, starts="2019-09-01"),
    ],
)
def test_confirmation_is_valid_until_the_roster_or_a_quota_changes(home, change):
    factories.ConfirmationFactory(parliament=home, date=date(2019, 7, 1))
    change(home)
    assert vacant_on(home, date(2019, 8, 31)) == 5
    after = delegation_on(home, date(2019, 9, 1))
    assert (after.confirmation, after.vacant) == (None, None)


def test_confirmation_on_day_of_handover_includes_the_successor(home: Parliament):
    factories.ConfirmationFactory(parliament=home, date=date(2019, 6, 1))
    assert vacant_on(home, date(2019, 6, 1)) == 5


def test_confirmation_stays_valid_after_a_change_of_another_parliament(home):
    factories.ConfirmationFactory(parliament=home, date=date(2019, 7, 1))
    factories.DelegateFactory(starts="2019-09-01")
    assert vacant_on(home, date(2019, 9, 1)) == 5


@time_machine.travel("2019-08-01T12:00:00Z")
def test_vacant_seats_are_shown_for_a_confirmed_roster_only(client, home):
    assert "Vacant" not in text(client, "/en/delegations/home/")
    factories.ConfirmationFactory(parliament=home, date=date(2019, 7, 1), confirmed_by_en="Clerk of the House")
    page = text(client, "/en/delegations/home/")
    assert "Vacant" in page
    assert "Confirmed by the parliament on 1 July 2019 (Clerk of the House)" in page
    assert "vacant" in text(client, "/en/delegations/")


# People


def test_person_page_marks_the_functions_held_on_the_day(client, home):
    person = Delegate.objects.get(person__name_en="Anna First").person
    assert "In office on 31 May 2019" in text(client, f"{person.get_absolute_url()}?on=2019-05-31")
    assert "In office" not in text(client, f"{person.get_absolute_url()}?on=2019-06-01")


def test_withdrawn_person_is_counted_and_named_on_no_page(client, home):
    person = Delegate.objects.get(person__name_en="Boris Second").person
    article = factories.ArticleFactory(people=[person])
    addresses = [
        person.get_absolute_url(),
        "/en/delegations/home/?on=2019-06-01",
        "/en/delegations/home/",
        article.get_absolute_url(),
    ]
    assert all("Boris" in text(client, address) for address in addresses)
    assert person.get_absolute_url() in text(client, "/sitemap-people.xml")
    person.withdrawn, person.withdrawal_reason_en = True, "At the person's own request."
    person.save()
    assert "own request" in text(client, addresses[0], 410)
    for address in addresses:
        page = client.get(address).content.decode()
        assert "Boris" not in page
        assert "boris" not in page
    assert "name withdrawn" in text(client, addresses[1])
    assert delegations_on(date(2019, 6, 1))[0].named == 1
    assert person.get_absolute_url() not in text(client, "/sitemap-people.xml")


def test_former_id_of_a_merged_person_redirects_with_the_day(client):
    person = factories.PersonFactory()
    FormerPublicId.objects.create(person=person, public_id=person.public_id + 5)
    FormerPublicId.objects.create(person=person, public_id=person.public_id + 6)
    response = client.get(f"/en/delegations/people/{person.public_id + 5}-any-name/?on=2019-06-01")
    assert response.status_code == 301
    assert response["Location"] == f"{person.get_absolute_url()}?on=2019-06-01"
    assert client.get(person.get_absolute_url()).status_code == 200
    assert factories.PersonFactory().public_id == person.public_id + 7


def json_ld(page):
    block = page.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    return json.loads(block)


def test_json_ld_equals_the_pages(client, home):
    data = json_ld(text(client, "/en/delegations/"))
    assert (data["name"], data["url"]) == ("CSTO Parliamentary Assembly", "http://testserver/en/delegations/")
    assert [member["url"] for member in data["member"]] == ["http://testserver/en/delegations/home/"]
    person = Delegate.objects.get(person__name_en="Boris Second").person
    Delegate.objects.filter(person=person).update(end=date(2020, 1, 1))
    data = json_ld(text(client, "/en/delegations/home/?on=2019-06-01"))
    assert (data["@type"], data["name"]) == ("GovernmentOrganization", "Home")
    (chamber,) = data["subOrganization"]
    (role,) = chamber["member"]
    assert (role["@type"], role["startDate"], role["endDate"]) == ("OrganizationRole", "2019-06-01", "2019-12-31")
    assert role["member"]["url"] == f"http://testserver{person.get_absolute_url()}"
    person.name_en = "</script><script>alert(1)</script>"
    person.save()
    page = text(client, person.get_absolute_url())
    assert "<script>alert" not in page
    data = json_ld(page)
    assert (data["@type"], data["name"]) == ("Person", person.name_en)
    assert data["memberOf"][0]["memberOf"]["parentOrganization"]["name"] == "Home"


def test_partial_end_is_shown_as_recorded_and_never_as_a_last_day(client, home):
    mandate = Delegate.objects.get(person__name_en="Boris Second")
    mandate.ends = "2020"
    mandate.save()
    factories.RepresentativeFactory(parliament=home, starts="2018", ends="2019-05")
    page = text(client, "/en/delegations/home/?on=2019-06-01")
    assert json_ld(page)["subOrganization"][0]["member"][0]["endDate"] == "2020"
    history = page.partition('id="history"')[2]
    assert "1 June 2019 – 2020" in history
    assert "2018 – May 2019" in history


def test_history_has_all_rows_on_any_day(client, home):
    factories.RepresentativeFactory(parliament=home, person__name_en="Clara Third", starts="2018", ends="2019")
    factories.ConfirmationFactory(parliament=home)
    for day in ("2006-11-15", "2019-05-31", "2100-01-01"):
        history = text(client, f"/en/delegations/home/?on={day}").partition('id="history"')[2]
        assert all(word in history for word in ("First", "Second", "Third", "Confirmed rosters", "<svg"))


# The whole of time, counted out by hand.

DAYS = 3000
FIRST = date(2014, 1, 1)


def first_day(text):
    year, month, day = [*map(int, text.removeprefix("by ").split("-")), 1, 1][:3]
    return date(year, month, day)


def day_after(text):
    """The first day after all days that a partial date may mean."""
    parts = [*map(int, text.split("-"))]
    if len(parts) == 3:
        return date(*parts) + timedelta(days=1)
    if len(parts) == 2:
        return date(*parts, monthrange(*parts)[1]) + timedelta(days=1)
    return date(parts[0] + 1, 1, 1)


def last_possible(row):
    """The first day after all days for which ``row`` may count; None where it has no end."""
    start, end, ended = row
    if ended:
        return first_day(start) + timedelta(days=1) if start and len(start) >= 10 else None
    return end and (first_day(end) if len(end) == 10 else day_after(end))


def sits(row, line, day):
    """Whether ``row`` (start, end, ended as written) counts on ``day``, computed from the rules of the design only."""
    start, end, ended = row
    if start and day < first_day(start):
        return False
    if ended:
        return bool(start) and len(start) >= 10 and day == first_day(start)
    if start is None:
        others = [other for other in line if other is not row]
        ends = [last_possible(other) for other in others]
        if any(at and day < at and (not end or at < last_possible(row)) for at in ends):
            return False
        if any(other[0] and sits(other, line, day) for other in others):
            return False
    if not end:
        return True
    if len(end) == 10:
        return day < first_day(end)
    if day >= day_after(end):
        return False
    later = [first_day(other[0]) for other in line if other is not row and other[0]]
    starts = [at for at in later if first_day(end) <= at < day_after(end) and (not start or at > first_day(start))]
    return not starts or day < min(starts)


def written(day, rng, exact):
    """``day`` as a source may write it."""
    return day.isoformat() if exact else day.isoformat()[: rng.choice([4, 7])]


def line_of_succession(rng, length):
    """Consecutive rows with gaps, handovers on one day, partial dates, days by which a row held, and unknown ends."""
    rows, day = [], FIRST + timedelta(days=rng.randrange(-900, 600))
    for number in range(length):
        start = None if rng.random() < 0.3 else rng.choice(["", "", "by "]) + written(day, rng, exact=True)
        day += timedelta(days=rng.randrange(370, 1100))
        last = number == length - 1
        ended = rng.random() < 0.2
        end = None if ended or (last and rng.random() < 0.5) else written(day, rng, rng.random() < 0.6)
        rows.append((start, end, ended))
        if rng.random() < 0.5:
            day += timedelta(days=rng.randrange(366, 500))
        elif end and len(end) < 10:
            # The successor begins within the year or month in which the other ended.
            day = max(day, first_day(end))
    return rows


def save(factory, rows, **fields):
    for start, end, ended in rows:
        factory(starts=start, ends=end, ended=ended, **fields)


@pytest.mark.thorough
@pytest.mark.long
def test_each_of_3000_days_equals_a_naive_computation():
    rng = random.Random(68)
    parliament = factories.ParliamentFactory()
    chambers = factories.ChamberFactory.create_batch(2, parliament=parliament)
    quotas, mandates = {}, {}
    for chamber in chambers:
        quotas[chamber.slug] = [(row, 5 + number) for number, row in enumerate(line_of_succession(rng, 4))]
        for row, seats in quotas[chamber.slug]:
            save(factories.SeatQuotaFactory, [row], chamber=chamber, seats=seats)
        for _ in range(6):
            person = factories.PersonFactory()
            mandates[chamber.slug, person.public_id] = line_of_succession(rng, 3)
            save(factories.DelegateFactory, mandates[chamber.slug, person.public_id], chamber=chamber, person=person)
    services = {}
    for row in line_of_succession(rng, 4):
        person = factories.PersonFactory()
        services[person.public_id] = row
        save(factories.RepresentativeFactory, [row], parliament=parliament, person=person)

    def naive(day):
        """Seats and people of each chamber, and the representatives."""
        figures = {}
        for chamber in chambers:
            line = [row for row, _seats in quotas[chamber.slug]]
            seats = [seats for row, seats in quotas[chamber.slug] if sits(row, line, day)]
            people = {
                person
                for (slug, person), rows in mandates.items()
                if slug == chamber.slug and any(sits(row, rows, day) for row in rows)
            }
            figures[chamber.slug] = (seats[0] if seats else None, people)
            assert len(seats) <= 1, day
        return figures, {person for person, row in services.items() if sits(row, list(services.values()), day)}

    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    expected = {day: naive(day) for day in days}
    changes = {number for number in range(1, DAYS) if expected[days[number]] != expected[days[number - 1]]}
    asked = {*range(0, DAYS, 10 if FACTOR == 1 else 1), *changes, *(number - 1 for number in changes)}
    answers = set()
    for number in sorted(asked):
        day = days[number]
        figures, sitting = expected[day]
        assert rows_on(day, SeatQuota, "chamber__slug", "seats") == {
            (slug, seats) for slug, (seats, _people) in figures.items() if seats is not None
        }, day
        assert rows_on(day, Delegate, "chamber__slug", "person__public_id") == {
            (slug, person) for slug, (_seats, people) in figures.items() for person in people
        }, day
        assert rows_on(day, Representative, "person__public_id") == {(person,) for person in sitting}, day
        # Rendering a delegation takes ten times as long as the naive computation.
        if number not in changes and number % 10:
            continue
        (found,) = delegations_on(day)
        assert {
            part.chamber.slug: (part.seats, {delegate.person.public_id for delegate in part.delegates})
            for part in found.chambers
        } == figures, day
        assert {row.person.public_id for row in found.representatives} == sitting, day
        known = [seats for seats, _people in figures.values() if seats is not None]
        assert found.seats == (sum(known) if known else None)
        assert found.named == sum(len(people) for _seats, people in figures.values())
        answers.add(str((figures, sitting)))
    assert len(answers) > 20


def rows_on(day, model, *columns):
    """The ``columns`` of the rows of ``model`` that hold on ``day``, each row once."""
    rows = list(model.objects.on(day).values_list(*columns))
    assert len(rows) == len(set(rows)), day
    return set(rows)


def test_second_confirmation_of_a_parliament_on_one_day_is_refused(home):
    confirmation = factories.ConfirmationFactory(parliament=home)
    assert str(confirmation.uid) in Confirmation.objects.get().natural_key()
    with pytest.raises(Exception, match="confirmation"):
        factories.ConfirmationFactory(parliament=home)
