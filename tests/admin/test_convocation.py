"""A new convocation ends the former mandates on its first day and starts those of continuing and new delegates."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cspa.auth.groups import SECRETARIES
from cspa.models import User
from delegations.importer import import_batch
from delegations.importer.rosters import name_list
from delegations.importer.rosters.convocation import Convocation, outgoing_mandates
from delegations.models import Chamber, Delegate, Person, SeatQuota

from ..support import factories
from ..support.admin_forms import page, words
from ..support.browser import browsing, sign_in
from ..support.counting import Costs, assert_same_cost, cost, up_to
from ..support.generated import examples
from ..support.name_lists import listed, made_up

pytestmark = pytest.mark.django_db

DAY = date(2024, 6, 10)
EVE = DAY - timedelta(days=1)


@pytest.fixture
def house(chamber: Chamber) -> Chamber:
    return chamber


def sitting(house: Chamber, **more) -> Delegate:
    return factories.DelegateFactory(**{"chamber": house, "starts": "2020-01-01"} | more)


def address(house: Chamber) -> str:
    return page("delegations_chamber_convocation", house.pk)


def typed(*staying: Delegate, **changes) -> dict:
    ticked = {f"stays-{mandate.uid}": "on" for mandate in staying}
    return {"day": "2024-06-10", "names": "", "listed": "2024-06-10"} | ticked | changes


def show(client: Client, house: Chamber, data: dict):
    response = client.post(address(house), data | {"show": "1"})
    assert response.status_code == 200
    return response


def save(client: Client, house: Chamber, data: dict):
    note = show(client, house, data).context["note"]
    return client.post(address(house), data | {"note": note, "save": "1"}, follow=True)


def conflicts(response) -> list[str]:
    return [str(note) for note in response.context["report"]["conflicts"]]


def warnings(response) -> str:
    return " ".join(str(note) for title, notes, _n in response.context["report"]["notes"] for note in notes)


def roster_on(house: Chamber, day: date) -> set[tuple[int, str]]:
    return set(Delegate.objects.filter(chamber=house).on(day).values_list("person", "role"))


# The usual course


def test_convocation_ends_all_mandates_and_renews_those_that_continue(secretary: Client, house: Chamber):
    decree = factories.SourceFactory()
    stays = sitting(house, role="head", political_group_en="Group", constituency_ru="Округ", sources=[decree])
    goes = sitting(house, sources=[decree])
    elsewhere = sitting(factories.ChamberFactory(parliament=house.parliament))
    quota = factories.SeatQuotaFactory(chamber=house, seats=7, sources=[decree])
    first = secretary.post(address(house), {"day": "10.06.2024", "names": "АСАНОВ Жакип", "show": "1"})
    # Nobody ends unseen: first the list, then the difference.
    assert "Tick those who stay" in words(first)
    assert "report" not in first.context
    data = typed(stays, names="АСАНОВ Жакип", seats="8", source_title="Decree of the new convocation")
    shown = show(secretary, house, data)
    assert "ended seat quotas: 1, delegates: 2" in words(shown)
    assert "added sources: 1, people: 1, seat quotas: 1, delegates: 2" in words(shown)
    assert "2024-06-10 –; head of the delegation; Group; Округ" in words(shown)
    assert Delegate.objects.count() == 3
    assert "The new convocation of" in words(save(secretary, house, data))
    for row in (stays, goes, elsewhere, quota):
        row.refresh_from_db()
    assert [str(row.ends) for row in (stays, goes, elsewhere, quota)] == [
        "2024-06-10",
        "2024-06-10",
        "None",
        "2024-06-10",
    ]
    new = stays.person.mandates.in_order()[0]
    assert (str(new.starts), new.ends, new.role) == ("2024-06-10", None, "head")
    assert (new.political_group_en, new.constituency_ru) == ("Group", "Округ")
    assert [source.title_en for source in new.sources.all()] == ["Decree of the new convocation"]
    assert {source.title_en for source in stays.sources.all()} == {decree.title_en, "Decree of the new convocation"}
    asanov = Person.objects.get(name_ru="Жакип Асанов")
    assert roster_on(house, DAY) == {(stays.person.pk, "head"), (asanov.pk, "delegate")}
    assert roster_on(house, EVE) == {(stays.person.pk, "head"), (goes.person.pk, "delegate")}
    assert SeatQuota.objects.filter(chamber=house).on(DAY).get().seats == 8
    assert "delegates: 2" in LogEntry.objects.get(object_id=str(house.pk)).change_message


def test_continuing_delegate_changes_role_and_substitute_continues(secretary: Client, house: Chamber):
    promoted, substitute = sitting(house), sitting(house, role="substitute")
    factories.SeatQuotaFactory(chamber=house, seats=1)
    data = typed(promoted, substitute) | {f"role-{promoted.uid}": "head", f"role-{substitute.uid}": "king"}
    assert "people for" not in warnings(show(secretary, house, data))
    save(secretary, house, data)
    assert roster_on(house, DAY) == {(promoted.person.pk, "head"), (substitute.person.pk, "substitute")}


def test_convocation_entered_twice_changes_nothing(secretary: Client, house: Chamber):
    stays, _goes = sitting(house), sitting(house)
    data = typed(stays, names="АСАНОВ Жакип", seats="8", source_title="Decree")
    save(secretary, house, data)
    before = list(Delegate.objects.order_by("pk").values())
    again = show(secretary, house, data)
    assert "This changes nothing" in words(again)
    assert list(Delegate.objects.order_by("pk").values()) == before


def test_delegate_in_office_is_recognised_in_the_list_of_names(secretary: Client, house: Chamber):
    mandate = sitting(house, person__name_ru="Жакип Асанов", person__name_en="")
    save(secretary, house, typed(names="АСАНОВ Жакип"))
    assert roster_on(house, DAY) == {(mandate.person.pk, "delegate")}
    assert Person.objects.count() == 1
    # Ticked as well, the two mandates overlap.
    other = factories.ChamberFactory(parliament=house.parliament)
    twice = sitting(other, person=mandate.person)
    response = show(secretary, other, typed(twice, names="АСАНОВ Жакип"))
    assert len(conflicts(response)) == 1
    assert "overlaps with" in conflicts(response)[0]


def test_withdrawn_person_ends_or_continues_like_any_other(secretary: Client, house: Chamber):
    person = factories.PersonFactory(withdrawn=True, withdrawal_reason_en="At their request.")
    mandate = sitting(house, person=person)
    assert "withdrawn here" not in warnings(show(secretary, house, typed(mandate)))
    save(secretary, house, typed(mandate))
    assert person.mandates.count() == 2


# Dates of all kinds


# A mandate on record, the end that it has afterwards, and the warning that names its person.
PERIODS = [
    ({"starts": None}, "2024-06-10", ""),
    ({"starts": "2019"}, "2024-06-10", ""),
    ({"starts": "2024"}, "2024-06-10", "It began some time in 2024"),
    ({"starts": "2024-06"}, "2024-06-10", "It began some time in June 2024"),
    ({"starts": "2020", "ends": "2024"}, "2024-06-10", ""),
    ({"starts": "2020", "ends": "2024-06"}, "2024-06-10", ""),
    ({"starts": "2020", "ends": "2024-06-10"}, "2024-06-10", ""),
    ({"starts": "2020", "ends": "2024-06-11"}, "2024-06-10", "On record it ends later: 11 June 2024"),
    ({"starts": "2020", "ends": "2025"}, "2024-06-10", "On record it ends later: 2025"),
    # These had ended before: what is on record of it stays.
    ({"starts": "2020", "ends": "2024-06-09"}, "2024-06-09", ""),
    ({"starts": "2020", "ends": "2024-05"}, "2024-05", ""),
    ({"starts": "2020", "ends": "2023"}, "2023", ""),
    ({"starts": "2020", "ended": True}, "None", ""),
    ({"starts": "2024-06-09", "ended": True}, "None", ""),
    ({"starts": None, "ended": True}, "None", ""),
]


def test_mandate_with_each_kind_of_period_ends_on_the_day_or_is_unchanged(secretary: Client, house: Chamber):
    mandates = [sitting(house, **period) for period, _ends, _warned in PERIODS]
    another = sitting(house)
    before = roster_on(house, EVE)
    notes = [
        str(note)
        for _title, notes, _number in show(secretary, house, typed()).context["report"]["notes"]
        for note in notes
    ]
    doubts = [note for note in notes if "some time" in note or "ends later" in note]
    for mandate, (period, _ends, warned) in zip(mandates, PERIODS, strict=True):
        own = [note for note in doubts if mandate.person.name_en in note]
        assert len(own) == bool(warned), period
        assert all(warned in note for note in own), period
    save(secretary, house, typed())
    for mandate, (period, ends, _warned) in zip(mandates, PERIODS, strict=True):
        mandate.refresh_from_db()
        assert str(mandate.ends) == ends, period
    another.refresh_from_db()
    assert str(another.ends) == "2024-06-10"
    assert roster_on(house, EVE) == before
    assert roster_on(house, DAY) == set()


def test_mandate_that_ended_in_the_month_before_is_unchanged(secretary: Client, house: Chamber):
    """“Ended in May” holds until the end of May, so no mandate is left to be ended on the first of June."""
    mandate = sitting(house, ends="2024-05")
    data = typed(mandate, day="2024-06-01", listed="2024-06-01")
    save(secretary, house, data)
    mandate.refresh_from_db()
    assert str(mandate.ends) == "2024-05"
    assert roster_on(house, date(2024, 6, 1)) == {(mandate.person.pk, "delegate")}
    assert mandate.person.mandates.count() == 2


def test_mandate_that_begins_after_the_day_is_a_conflict(secretary: Client, house: Chamber):
    old = sitting(house)
    later = sitting(house, starts="2025-01-01", person__name_en="Ann Late")
    response = show(secretary, house, typed(old))
    assert conflicts(response) == [
        "Mandates of this chamber begin after the first day: Ann Late (2025-01-01). "
        "Correct the day, or change these mandates first."
    ]
    assert "note" not in response.context
    for number in range(6):
        sitting(house, starts="2025", person__name_en=f"Ben Late {made_up(number)}")
    assert "…" in conflicts(show(secretary, house, typed(old)))[0]
    assert later.person.mandates.count() == 1


def test_mandate_that_begins_on_the_day_is_unchanged(secretary: Client, house: Chamber):
    old, early = sitting(house), sitting(house, starts="2024-06-10", person__name_en="Ann Early")
    response = show(secretary, house, typed())
    assert "Ann Early: This mandate begins on the day already and stays as it is." in warnings(response)
    save(secretary, house, typed())
    assert roster_on(house, DAY) == {(early.person.pk, "delegate")}
    assert roster_on(house, EVE) == {(old.person.pk, "delegate")}


# Seats


@pytest.mark.parametrize(
    ("on_record", "seats", "expected"),
    [
        ([], "8", {("2024-06-10", "None", 8)}),
        ([(None, None, 7)], "8", {("None", "2024-06-10", 7), ("2024-06-10", "None", 8)}),
        ([(None, None, 7)], "7", {("None", "None", 7)}),
        ([(None, None, 7)], "", {("None", "None", 7)}),
        ([("2019", "2024", 7)], "8", {("2019", "2024-06-10", 7), ("2024-06-10", "None", 8)}),
        ([("2019", "2024-05", 7)], "8", {("2019", "2024-05", 7), ("2024-06-10", "None", 8)}),
        ([("2019", "2025-01-01", 7)], "8", {("2019", "2024-06-10", 7), ("2024-06-10", "None", 8)}),
        (
            [(None, "2024-06-10", 7), ("2024-06-10", None, 8)],
            "8",
            {("None", "2024-06-10", 7), ("2024-06-10", "None", 8)},
        ),
    ],
)
def test_quota_is_ended_and_succeeded_on_the_day(
    secretary: Client,
    house: Chamber,
    on_record: list,
    seats: str,
    expected: set,
):
    for starts, ends, number in on_record:
        factories.SeatQuotaFactory(chamber=house, starts=starts, ends=ends, seats=number)
    sitting(house)
    save(secretary, house, typed(seats=seats))
    assert {(str(row.starts), str(row.ends), row.seats) for row in SeatQuota.objects.all()} == expected


def test_quota_that_begins_on_or_after_the_day_is_a_conflict(secretary: Client, house: Chamber):
    for starts in ("2024-06-10", "2025"):
        SeatQuota.objects.all().delete()
        factories.SeatQuotaFactory(chamber=house, starts=starts, seats=9)
        response = show(secretary, house, typed(seats="8"))
        assert len(conflicts(response)) == 1
        assert "overlaps with" in conflicts(response)[0]


def test_seats_field_requires_permission_to_change_quotas(client: Client, house: Chamber):
    user = factories.UserFactory()
    rights = ["add_delegate", "change_delegate", "add_person", "change_person", "add_source", "view_chamber"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    sitting(house)
    assert "seats" not in client.get(address(house)).context["form"].fields
    save(client, house, typed(seats="8"))
    assert not SeatQuota.objects.exists()


def test_more_people_than_seats_is_a_warning(secretary: Client, house: Chamber):
    rows = [sitting(house) for _number in range(3)]
    assert "3 people for 2 seats" in warnings(show(secretary, house, typed(*rows, seats="2")))


# What is refused


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"day": ""}, "Give the whole date"),
        ({"day": "2024"}, "Give the whole date"),
        ({"day": "2024-06"}, "Give the whole date"),
        ({"day": "9999-99-99"}, "is not a date"),
        ({"day": "1900-01-01"}, "Dates must lie between 1900 and 2100."),
        ({"day": "2024-06-10\0"}, "is not a date"),
        ({"seats": "0"}, "greater than or equal to 1"),
        ({"seats": "1000"}, "less than or equal to 999"),
        ({"seats": "9" * 5000}, "Enter a whole number."),
        ({"seats": "NaN"}, "Enter a whole number."),
        ({"source": "abc"}, "Select a valid choice."),
        ({"names": "я" * 10_001}, "longer than 10000 letters"),
        ({"names": "я\0"}, "Null characters are not allowed."),
    ],
)
def test_invalid_field_shows_its_error_and_keeps_the_input(
    secretary: Client,
    house: Chamber,
    changes: dict,
    sentence: str,
):
    mandate = sitting(house)
    data = {"day": "2024-06-10", "names": "АСАНОВ Жакип", "seats": "8", "source_title": "Decree"} | changes
    response = show(secretary, house, data)
    (name,) = changes
    assert sentence in " ".join(response.context["form"].errors[name])
    for field, value in data.items():
        assert response.context["form"][field].value() == value
    mandate.refresh_from_db()
    assert mandate.ends is None


def test_changed_day_asks_again_who_continues(secretary: Client, house: Chamber):
    mandate = sitting(house)
    note = show(secretary, house, typed()).context["note"]
    data = typed(mandate, day="2024-07-01", note=note)
    response = secretary.post(address(house), data | {"save": "1"})
    assert "Tick those who stay" in words(response)
    # The ticked box is kept.
    assert [row["stays"] for row in response.context["rows"]] == [True]
    mandate.refresh_from_db()
    assert mandate.ends is None


def test_concurrent_change_is_shown_before_saving(secretary: Client, house: Chamber):
    mandate = sitting(house)
    note = show(secretary, house, typed(mandate)).context["note"]
    Delegate.objects.filter(pk=mandate.pk).update(political_group_en="Another group")
    response = secretary.post(address(house), typed(mandate, note=note, save="1"))
    assert "no longer the one that was shown" in words(response)
    assert "Another group" in words(response)
    sitting(house)
    response = secretary.post(address(house), typed(mandate, note=note, save="1"))
    assert "no longer the one that was shown" in words(response)
    assert Delegate.objects.filter(end__isnull=False).count() == 0


def test_ids_of_another_chamber_are_ignored(secretary: Client, house: Chamber):
    mine, theirs = sitting(house), sitting(factories.ChamberFactory())
    data = typed(theirs) | {"stays-abc": "on", "stays-": "on", f"role-{theirs.uid}": "head"}
    save(secretary, house, data)
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert (theirs.ends, theirs.role, str(mine.ends)) == (None, "delegate", "2024-06-10")


def test_page_requires_import_permissions_and_the_assigned_parliament(
    client: Client,
    secretary: Client,
    house: Chamber,
):
    other = sitting(factories.ChamberFactory())
    User.objects.get(username="me").parliaments.add(house.parliament)
    assert secretary.get(address(house)).status_code == 200
    assert address(house) in secretary.get(page("delegations_chamber_change", house.pk)).text
    assert secretary.get(address(other.chamber)).status_code == 404
    assert secretary.post(address(other.chamber), typed()).status_code == 404
    for strange in ("abc", "99999999999999999999", "%00", "0"):
        assert secretary.get(f"/admin/delegations/chamber/{strange}/convocation/").status_code == 404
    user = factories.UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["change_chamber", "change_delegate"]))
    client.force_login(user)
    assert client.get(address(house)).status_code == 404
    assert client.post(address(house), typed()).status_code == 404
    other.refresh_from_db()
    assert other.ends is None


# Whatever the history


BEGIN = st.sampled_from([None, "2018", "2019-05-26", "2020-03", "2023-12-31", "2024", "2024-06", "2024-06-09"])
END = st.sampled_from(
    [None, "2022-01-01", "2024", "2024-05", "2024-06", "2024-06-09", "2024-06-10", "2024-07-01", "2025"]
)
DAYS = [date(2017, 1, 1), date(2019, 5, 26), date(2020, 3, 1), date(2024, 1, 1), date(2024, 5, 31), EVE]


@pytest.mark.long
@examples(15)
@given(
    rows=st.lists(
        st.tuples(BEGIN, END, st.booleans(), st.sampled_from(Delegate.Role.values), st.booleans()), max_size=6
    ),
    new=st.integers(min_value=0, max_value=2),
)
def test_convocation_keeps_earlier_days_and_shows_continuing_and_new_delegates(rows: list, new: int):
    with transaction.atomic():
        house = factories.ChamberFactory()
        for starts, ends, ended, role, _stays in rows:
            if starts and ends and ends <= starts:
                ends = None
            ended = ended and not ends
            factories.DelegateFactory(chamber=house, role=role, starts=starts, ends=ends, ended=ended)
        before = {day: roster_on(house, day) for day in DAYS}
        present = outgoing_mandates(house, DAY)
        stays = {
            str(mandate.uid): mandate.role for mandate, (*_row, ticked) in zip(present, rows, strict=False) if ticked
        }
        found = name_list.match_names(name_list.read(listed(new)), Person.objects.all(), house)
        report = import_batch(Convocation(house, DAY, stays, found).batch)
        assert report.conflicts == []
        assert report.saved or not (rows or new)
        assert {day: roster_on(house, day) for day in DAYS} == before
        names = {person for person, _role in roster_on(house, DAY)}
        staying = {mandate.person_id for mandate in present if str(mandate.uid) in stays}
        assert staying <= names
        assert len(names - staying) == new
        assert Person.objects.filter(pk__in=names - staying, name_ru__startswith="Иван").count() == new
        transaction.set_rollback(True)


# Numbers


# 300 rows are saved in two batches.
@up_to(200)
def test_convocation_costs_the_same_with_any_number_of_delegates(
    secretary: Client,
    house: Chamber,
    sizes: tuple[int, ...],
):
    def measure(rows: int) -> Costs:
        source = factories.SourceFactory()
        mandates = [sitting(house, sources=[source]) for _number in range(rows)]
        factories.SeatQuotaFactory(chamber=house, seats=7)
        new = (rows + 1) // 2
        data = typed(*mandates, names=listed(new), seats="8")
        showing = cost(lambda: data.update(note=show(secretary, house, data).context["note"]))
        saving = cost(lambda: secretary.post(address(house), data | {"save": "1"}))
        assert len(roster_on(house, DAY)) == rows + new
        return {"convocation shown": showing, "convocation saved": saving}

    assert_same_cost(measure, sizes)


# In the browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_convocation_is_entered_by_keyboard_and_without_javascript(chromium, server):
    me = factories.UserFactory(username="me")
    me.groups.add(Group.objects.get(name=SECRETARIES))
    house = factories.ChamberFactory(name_en="House")
    stays, _goes = sitting(house, person__name_en="Ann Lee"), sitting(house, person__name_en="Ben Ray")
    factories.SeatQuotaFactory(chamber=house, seats=2)
    narrow = {"width": 768, "height": 900}
    options = {"signed_in": True, "locale": "en", "viewport": narrow, "java_script_enabled": False}
    with browsing(chromium, server, **options) as tab:
        sign_in(tab, server, me)
        tab.goto(server + page("delegations_chamber_change", house.pk))
        tab.get_by_role("link", name="Begin a new convocation").click()
        tab.get_by_label("First day of the new convocation:").fill("2024")
        tab.get_by_label("New people:").fill("АСАНОВ Жакип Кажманович")
        tab.get_by_label("Title of the source:").fill("Decree")
        tab.keyboard.press("Enter")
        tab.get_by_text("Give the whole date").wait_for()
        tab.get_by_label("First day of the new convocation:").fill("10.06.2024")
        tab.keyboard.press("Enter")
        tab.get_by_label("Ann Lee").first.focus()
        tab.keyboard.press("Space")
        tab.get_by_role("button", name="Show the difference").last.click()
        tab.get_by_role("heading", name="The difference").wait_for()
        assert tab.get_by_label("Ann Lee").first.is_checked()
        assert tab.get_by_label("New people:").input_value() == "АСАНОВ Жакип Кажманович"
        tab.get_by_role("button", name="Save what is shown").focus()
        tab.keyboard.press("Enter")
        tab.get_by_text("The new convocation of House").wait_for()
    assert {person for person, _role in roster_on(house, DAY)} == {
        stays.person.pk,
        Person.objects.get(name_ru="Жакип Асанов").pk,
    }
