"""The register of changes: which changes the rows make, in which order and words."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
import time_machine
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from delegations.changes import Kind, register
from delegations.models import Chamber, Delegate, Parliament, Participation, Representative, SeatQuota

from ....support import factories
from ....support.changes import mandates, told
from ....support.generated import examples

pytestmark = pytest.mark.django_db


def test_mandate_makes_changes_at_its_start_and_its_end(chamber, person):
    mandates(chamber, person, ("delegate", "2019-05-26", "2020-06"))
    assert told() == [("2020-06", "left", "delegate", None), ("2019-05-26", "joined", None, "delegate")]
    change = register()[-1]
    assert (change.parliament, change.chamber, change.person) == (chamber.parliament, chamber, person)


def test_day_by_which_a_mandate_held_is_no_beginning(chamber, person):
    mandates(chamber, person, ("delegate", "by 2019-05-26", "2020-06-01"))
    assert told() == [("2020-06-01", "left", "delegate", None)]


@pytest.mark.parametrize("end", ["2019-05-26", "2019-05", "2019"])
def test_end_of_a_predecessor_dates_the_change_to_a_row_known_by_a_day(chamber, person, end):
    mandates(chamber, person, ("delegate", "2015", end), ("head", "by 2019-05-26", None))
    assert told()[0] == (end, "role_changed", "delegate", "head")


def test_row_without_dates_makes_no_change(chamber, person):
    factories.DelegateFactory(chamber=chamber)
    factories.DelegateFactory(chamber=chamber, ended=True)
    factories.SeatQuotaFactory(chamber=chamber)
    factories.RepresentativeFactory(parliament=chamber.parliament)
    factories.ParticipationFactory(parliament=chamber.parliament)
    assert told() == []
    factories.DelegateFactory(chamber=chamber, person=person, starts="2019", ended=True)
    assert told() == [("2019", "joined", None, "delegate")]


@pytest.mark.parametrize(
    ("end", "start", "recorded"),
    [
        ("2020-03-01", "2020-03-01", "2020-03-01"),
        ("2020", "2020-03-01", "2020-03-01"),
        ("2020-03", "2020-03-15", "2020-03-15"),
        ("2020", "2020-03", "2020-03"),
        ("2020", "2020", "2020"),
        ("2020-03-01", "2020-03", "2020-03-01"),
        ("2020", "2021", "2021"),
        ("2020-02", "2020-03-01", "2020-03-01"),
    ],
)
def test_adjacent_mandates_of_a_person_are_a_change_of_role_or_none(chamber, person, end, start, recorded):
    mandates(chamber, person, ("delegate", "2019-01-01", end), ("head", start, None))
    assert told() == [
        (recorded, "role_changed", "delegate", "head"),
        ("2019-01-01", "joined", None, "delegate"),
    ]
    Delegate.objects.filter(role="head").update(role="delegate")
    assert told() == [("2019-01-01", "joined", None, "delegate")]


def test_mandate_that_begins_and_ends_in_one_year_makes_two_changes(chamber, person):
    mandates(chamber, person, ("delegate", "2020-03-01", "2020-06-10"), ("head", "2020-06-10", "2020"))
    assert told() == [
        ("2020", "left", "head", None),
        ("2020-06-10", "role_changed", "delegate", "head"),
        ("2020-03-01", "joined", None, "delegate"),
    ]


@pytest.mark.parametrize(("end", "start"), [("2020-03-01", "2020-03-02"), ("2020-02", "2020-03-02"), ("2020", "2022")])
def test_mandates_with_a_gap_make_an_end_and_a_start(chamber, person, end, start):
    mandates(chamber, person, ("delegate", "2019-01-01", end), ("head", start, None))
    assert [kind for _date, kind, *_values in told()] == ["joined", "left", "joined"]


def test_mandates_in_two_chambers_make_changes_of_their_own(chamber, person):
    other = factories.ChamberFactory(parliament=chamber.parliament)
    mandates(chamber, person, ("delegate", None, "2020-03-01"))
    mandates(other, person, ("delegate", "2020-03-01", None))
    assert {kind for _date, kind, *_values in told()} == {"joined", "left"}


def test_mandate_ended_without_a_date_has_no_successor(chamber, person):
    factories.DelegateFactory(chamber=chamber, person=person, starts="2019-05-01", ended=True)
    mandates(chamber, person, ("head", "2019-05-02", None))
    assert told() == [("2019-05-02", "joined", None, "head"), ("2019-05-01", "joined", None, "delegate")]


def test_row_without_a_known_day_does_not_separate_adjacent_rows(chamber, person):
    mandates(chamber, person, ("delegate", "2018-03-01", "2019-01-01"), ("head", "2019-01-01", None))
    for starts in ("2018-06", "2019"):
        factories.DelegateFactory(chamber=chamber, person=person, starts=starts, ended=True)
    assert ("2019-01-01", "role_changed", "delegate", "head") in told()
    assert "left" not in {kind for _date, kind, *_values in told()}


@pytest.mark.parametrize("uids", [(1, 2), (2, 1)])
def test_row_without_a_known_day_has_no_successor_that_begins_with_it(chamber, uids):
    factories.SeatQuotaFactory(chamber=chamber, seats=7, ends="2019-01-01")
    unknown, known = (UUID(int=number) for number in uids)
    factories.SeatQuotaFactory(chamber=chamber, seats=5, starts="2019", ended=True, uid=unknown)
    factories.SeatQuotaFactory(chamber=chamber, seats=6, starts="2019", uid=known)
    assert ("2019-01-01", "quota_changed", 7, 6) in told()
    assert ("2019", "quota_changed", None, 5) in told()


def test_adjacent_quotas_are_one_change_with_both_numbers(chamber):
    for seats, starts, ends in ((7, "2015-01-01", "2017"), (6, "2017-03", "2019-01-01"), (6, "2019-01-01", "2020")):
        factories.SeatQuotaFactory(chamber=chamber, seats=seats, starts=starts, ends=ends)
    assert told() == [
        ("2020", "quota_changed", 6, None),
        ("2017-03", "quota_changed", 7, 6),
        ("2015-01-01", "quota_changed", None, 7),
    ]


def test_handover_of_representatives_is_one_change(chamber, person):
    old, shared, new = factories.SourceFactory.create_batch(3)
    before = factories.RepresentativeFactory(
        parliament=chamber.parliament, starts="2017", ends="2019-06-01", sources=[old, shared]
    )
    factories.RepresentativeFactory(
        parliament=chamber.parliament, person=person, starts="2019-06-01", sources=[shared, new]
    )
    change, first = register()
    assert (change.before, change.after, change.person, change.chamber) == (before.person, person, person, None)
    assert change.sources == (shared, new, old)
    assert (first.kind, first.before, first.after) == (Kind.REPRESENTATIVE_CHANGED, None, before.person)
    assert change.words == f"Anna First succeeded {before.person.name} as plenipotentiary representative of Home."


def test_end_of_mandate_has_sources_of_mandate(chamber: Chamber):
    source = factories.SourceFactory()
    factories.DelegateFactory(chamber=chamber, ends="2020-06-01", sources=[source])
    (left,) = register()
    assert (left.kind, left.sources) == (Kind.LEFT, (source,))


def test_adjacent_participations_are_one_change_with_both_statuses(chamber):
    parliament = chamber.parliament
    factories.ParticipationFactory(parliament=parliament, status="observer", starts="2010", ends="2013-02-01")
    factories.ParticipationFactory(parliament=parliament, status="member", starts="2013-02-01", ends="2020-01-01")
    assert told() == [
        ("2020-01-01", "participation_changed", "member", None),
        ("2013-02-01", "participation_changed", "observer", "member"),
        ("2010", "participation_changed", None, "observer"),
    ]


@time_machine.travel("2020-05-26T12:00:00Z")
def test_future_change_is_not_listed_before_its_day(chamber, person):
    mandates(chamber, person, ("delegate", "2020-05-26", "2020-05-27"))
    factories.SeatQuotaFactory(chamber=chamber, starts="2010", ends="2020")
    assert [str(change.date) for change in register()] == ["2020-05-26", "2010"]
    assert [str(change.date) for change in register(until=date(2020, 12, 31))] == ["2020-05-27", "2020-05-26", "2010"]
    assert str(register(until=date(2021, 1, 1))[0].date) == "2020"


def test_since_includes_partial_dates_that_may_be_later(chamber):
    for starts in ("2019-05-25", "2019-05-26", "2019-05", "2019", "2018"):
        factories.DelegateFactory(chamber=chamber, starts=starts)
    found = [str(change.date) for change in register(since=date(2019, 5, 26))]
    assert found == ["2019-05-26", "2019-05", "2019"]
    mandate = factories.DelegateFactory(chamber=chamber, ends="2017")
    # Whoever asks day after day misses nothing: it is first seen when the year is over.
    seen = [change.person for change in register(since=date(2018, 1, 1), until=date(2018, 1, 1))]
    assert mandate.person in seen


def test_changes_are_filtered_by_parliament_and_kind(chamber, person):
    mandates(chamber, person, ("delegate", "2019-05-26", "2020-01-01"))
    factories.SeatQuotaFactory(chamber=chamber, starts="2019-01-01")
    factories.DelegateFactory(starts="2019-02-01")
    factories.RepresentativeFactory(starts="2019-02-01")
    factories.ParticipationFactory(starts="2019-02-01")
    assert len(register()) == 6
    home = Parliament.objects.filter(slug="home")
    assert {change.parliament for change in register(parliaments=home)} == {chamber.parliament}
    assert told(parliaments=home, kinds=["left", "quota_changed"]) == [
        ("2020-01-01", "left", "delegate", None),
        ("2019-01-01", "quota_changed", None, 7),
    ]
    assert list(register(parliaments=[])) == list(register(kinds=[])) == []


def test_ids_of_changes_depend_on_the_row_and_not_on_its_key(chamber, person):
    uid = UUID("2b0f2a0e-4c1e-4f57-9a55-0d6a1c2b3d4e")

    def ids():
        Delegate.objects.all().delete()
        SeatQuota.objects.all().delete()
        factories.DelegateFactory(chamber=chamber, person=person, starts="2019-05-26", ends="2020-01-01", uid=uid)
        factories.SeatQuotaFactory(chamber=chamber, starts="2018", ends="2020-01-01", uid=uid)
        return [change.id for change in register()]

    first = ids()
    assert len(set(first)) == 4
    assert ids() == first


def test_changes_of_one_day_have_the_order_of_the_directory():
    late = factories.ParliamentFactory(order=9, slug="a")
    early = factories.ParliamentFactory(order=1, slug="b")
    for parliament in (late, early):
        chambers = [factories.ChamberFactory(parliament=parliament, order=order) for order in (2, 1)]
        for chamber in chambers:
            factories.DelegateFactory.create_batch(2, chamber=chamber, starts="2019-01-01", ends="2019-02-01")
            factories.SeatQuotaFactory(chamber=chamber, starts="2019-01-01")
        factories.RepresentativeFactory(parliament=parliament, starts="2019-01-01")
    found = [
        (
            -change.day.toordinal(),
            change.parliament.order,
            change.chamber.order if change.chamber else 0,
            list(Kind).index(change.kind),
            change.person.public_id if change.person else 0,
        )
        for change in register()
    ]
    assert len(found) == 22
    assert found == sorted(found)


def test_changes_of_one_chamber_on_one_day_are_ordered_by_kind(chamber: Chamber):
    # Public ids grow in the order of creation, which is the reverse of the order of kinds.
    factories.DelegateFactory(chamber=chamber, ends="2019-01-01")
    factories.DelegateFactory(chamber=chamber, starts="2019-01-01")
    stays = factories.PersonFactory()
    mandates(chamber, stays, ("delegate", None, "2019-01-01"), ("head", "2019-01-01", None))
    factories.SeatQuotaFactory(chamber=chamber, starts="2019-01-01")
    assert [kind for _date, kind, *_values in told()] == ["quota_changed", "role_changed", "joined", "left"]


def test_changes_of_one_parliament_on_one_day_are_ordered_by_kind(chamber: Chamber):
    of_parliament = {"parliament": chamber.parliament, "starts": "2019-01-01"}
    factories.RepresentativeFactory(**of_parliament, uid=UUID(int=1))
    factories.ParticipationFactory(**of_parliament, uid=UUID(int=2))
    assert [kind for _date, kind, *_values in told()] == ["participation_changed", "representative_changed"]


def test_end_within_a_year_sorts_before_a_change_on_the_next_new_year(chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, ends="2020")
    factories.DelegateFactory(chamber=chamber, starts="2021-01-01")
    assert told() == [("2021-01-01", "joined", None, "delegate"), ("2020", "quota_changed", 7, None)]


# Words


def test_each_kind_of_change_has_a_sentence(chamber, person):
    parliament = chamber.parliament
    mandates(chamber, person, ("delegate", "2015-01-01", "2016-01-01"), ("head", "2016-01-01", "2017-01-01"))
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2014-01-01", ends="2014-02-01")
    factories.SeatQuotaFactory(chamber=chamber, seats=1, starts="2014-02-01", ends="2014-03-01")
    factories.RepresentativeFactory(parliament=parliament, person=person, starts="2013-01-01", ends="2013-02-01")
    factories.ParticipationFactory(parliament=parliament, status="observer", starts="2012-01-01", ends="2012-02-01")
    factories.ParticipationFactory(parliament=parliament, starts="2012-02-01", ends="2012-03-01")
    assert [change.words for change in register()] == [
        "Anna First (Home, House), until then head of the delegation, left the delegation.",
        "Anna First (Home, House), until then delegate, became head of the delegation.",
        "Anna First joined the delegation of Home, House, as delegate.",
        "The quota of House, Home, ended; it was 1 deputy.",
        "The quota of House, Home, changed from 7 deputies to 1 deputy.",
        "The quota of House, Home, was set at 7 deputies.",
        "Anna First ceased to be plenipotentiary representative of Home.",
        "Anna First became plenipotentiary representative of Home.",
        "Home no longer takes part in the Assembly; its status was: member.",
        "The status of Home changed from observer to member.",
        "Home takes part in the Assembly, status: observer.",
    ]
    with override("ru"):
        for change in register():
            assert "Дом" in change.words
            assert "%(" not in change.words


# A register counted out by hand, day by day.


FIRST = date(2019, 1, 1)
DAYS = 12


def state(day):
    """Members, numbers of seats, representatives and statuses, from ``on(day)`` only."""
    state = {}
    for row in Delegate.objects.on(day):
        state["mandate", row.chamber_id, row.person_id] = row.role
    for row in SeatQuota.objects.on(day):
        state["quota", row.chamber_id, None] = row.seats
    for row in Representative.objects.on(day):
        state["service", row.parliament_id, None] = row.person_id
    for row in Participation.objects.on(day):
        state["status", row.parliament_id, None] = row.status
    return state


def naive():
    """All differences between each day and the day before."""
    kinds = {"quota": "quota_changed", "service": "representative_changed", "status": "participation_changed"}
    found, before = set(), state(FIRST - timedelta(days=1))
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        after = state(day)
        for key in before.keys() | after.keys():
            old, new = before.get(key), after.get(key)
            if old != new:
                mandate = "joined" if old is None else "left" if new is None else "role_changed"
                found.add((day, kinds.get(key[0], mandate), *key[1:], old, new))
        before = after
    return found


@st.composite
def successions(draw, values):
    """Periods that do not overlap, with gaps or handovers on one day: [(value, first day or None, end or None)]."""
    places = st.integers(min_value=0, max_value=DAYS - 1)
    bounds = sorted(draw(st.sets(places, max_size=5)))
    open_at_start, open_at_end = draw(st.booleans()), draw(st.booleans())
    bounds = [None] * open_at_start + bounds + [None] * open_at_end
    rows = []
    for start, end in pairwise(bounds):
        if draw(st.booleans()):
            days = [FIRST + timedelta(days=bound) if bound is not None else None for bound in (start, end)]
            rows.append((draw(st.sampled_from(values)), *days))
    return rows


@pytest.mark.long
class Histories(HypothesisTestCase):
    @examples(3)
    @given(st.data())
    def test_register_equals_a_naive_comparison_of_days(self, data):
        people = factories.PersonFactory.create_batch(2)
        for parliament in factories.ParliamentFactory.create_batch(2):
            chamber = factories.ChamberFactory(parliament=parliament)
            for person in people:
                for role, starts, ends in data.draw(successions(["head", "delegate", "substitute"])):
                    factories.DelegateFactory(chamber=chamber, person=person, role=role, starts=starts, ends=ends)
            for seats, starts, ends in data.draw(successions([6, 7])):
                factories.SeatQuotaFactory(chamber=chamber, seats=seats, starts=starts, ends=ends)
            for person, starts, ends in data.draw(successions(people)):
                factories.RepresentativeFactory(parliament=parliament, person=person, starts=starts, ends=ends)
            for status, starts, ends in data.draw(successions(["member", "observer"])):
                factories.ParticipationFactory(parliament=parliament, status=status, starts=starts, ends=ends)

        found = [
            (
                change.day,
                change.kind.value,
                change.chamber.pk if change.chamber else change.parliament.pk,
                change.person.pk if change.kind in ("joined", "left", "role_changed") else None,
                *(getattr(value, "pk", value) for value in (change.before, change.after)),
            )
            for change in register()
        ]
        assert len(found) == len(set(found))
        assert set(found) == naive()
        assert [day for day, *_rest in found] == sorted((day for day, *_rest in found), reverse=True)
