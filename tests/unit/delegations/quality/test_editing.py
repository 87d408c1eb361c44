"""Doubts about rows before they are saved: the rules of the list of doubtful facts, for rows of a form or a file."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delegations.models import Delegate, Period, Representative
from delegations.quality.checks import Claim, Kind, contradictions, doubts
from delegations.quality.editing import doubts_about_rows

from ....support import factories
from ....support.counting import Costs, assert_same_cost, cost, up_to
from ....support.generated import examples

pytestmark = pytest.mark.django_db


def found(*rows: Period, deleted: tuple[Period, ...] = ()) -> list[list[tuple[str, date | None]]]:
    about = doubts_about_rows(rows, deleted)
    return [[(issue.kind.value, issue.details.get("day")) for issue in about[id(row)]] for row in rows]


def test_second_head_of_a_delegation_is_doubtful_as_on_the_list():
    head = factories.DelegateFactory(role="head", starts="2016-01-01")
    second = factories.DelegateFactory.build(
        person=factories.PersonFactory(),
        chamber=factories.ChamberFactory(parliament=head.chamber.parliament),
        role="head",
        starts="2017-01-01",
    )
    assert found(second) == [[("several_holders", date(2017, 1, 1))]]
    assert found(second, deleted=(head,)) == [[]]
    words = [issue.words for issue in doubts_about_rows([second])[id(second)]]
    second.save()
    assert words == [issue.words for issue in doubts() if issue.object == second and issue.kind != Kind.NO_SOURCE]
    # The row on record is compared as it will be.
    head.ends = "2017"
    assert found(head, second) == [[], []]
    assert found(second) == [[("several_holders", date(2017, 1, 1))]]


def test_new_people_in_new_chambers_are_compared_with_each_other():
    parliament = factories.ParliamentFactory.build()
    ann, ben = factories.PersonFactory.build_batch(2)
    houses = factories.ChamberFactory.build_batch(2, parliament=parliament)
    rows = [
        factories.DelegateFactory.build(person=ann, chamber=houses[0], starts="2019"),
        factories.DelegateFactory.build(person=ann, chamber=houses[1], starts="2020-05-26"),
        factories.DelegateFactory.build(person=ben, chamber=houses[0], starts="2019"),
    ]
    seats = ("several_seats", date(2020, 5, 26))
    assert found(*rows) == [[seats], [seats], []]
    rows[0].ended = True
    assert found(*rows) == [[], [], []]


def test_person_for_two_countries_is_doubtful_on_either_row():
    service = factories.RepresentativeFactory(starts="by 2016-01-01")
    mandate = factories.DelegateFactory.build(
        person=service.person, chamber=factories.ChamberFactory(), starts="2017-01-01"
    )
    assert found(mandate) == [[("several_seats", date(2017, 1, 1))]]
    mandate.save()
    assert found(service) == [[("several_seats", date(2017, 1, 1))]]
    service.ended, service.start = True, None
    assert found(service) == [[]]


@pytest.mark.parametrize(
    "factory", [factories.DelegateFactory, factories.RepresentativeFactory, factories.AssemblyPostFactory]
)
@pytest.mark.parametrize(
    ("period", "doubtful"),
    [
        ({"starts": "2006-11-15"}, True),
        ({"starts": "2006-11-16"}, False),
        ({"ends": "2099"}, True),
        ({"starts": "2100"}, True),
    ],
)
def test_unlikely_date_is_doubtful(factory, period, doubtful):
    assert found(factory(**period)) == [[("unlikely_date", None)] if doubtful else []]


def test_other_facts_are_not_doubtful():
    quota = factories.SeatQuotaFactory(starts="1990")
    assert found(quota) == [[]]
    assert found() == []


days = st.integers(1, 12)
spans = st.lists(st.tuples(st.integers(0, 2), days, days), max_size=12)


@examples(100)
@given(spans)
def test_first_meetings_equal_those_of_all_pairs(spans: list[tuple[int, int, int]]):
    claims = [
        Claim(Kind.SEVERAL_SEATS, (), value, key, (date(2019, 1, first), date(2019, 1, until)))
        for key, (value, first, until) in enumerate(spans)
    ]
    expected: dict = {}
    for one in claims:
        for other in claims:
            start, end = max(one.span[0], other.span[0]), min(one.span[1], other.span[1])
            if one.value != other.value and start < end:
                expected[one.key] = min(start, expected.get(one.key, start))
    assert {key: found["day"] for (_kind, key), found in contradictions(claims).items()} == expected


@up_to(300)
def test_doubts_cost_the_same_with_any_number_of_rows(sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        people = factories.create_many(factories.PersonFactory, [{}] * 2 * rows)
        parliaments = factories.create_many(factories.ParliamentFactory, [{}] * rows)
        for role in ("head", "delegate"):
            chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
            of_people = zip(people, chambers, strict=False)
            seats = [{"person": person, "chamber": row, "role": role, "starts": "2019"} for person, row in of_people]
            factories.create_many(factories.DelegateFactory, seats)
        of_others = zip(people, reversed(parliaments), strict=False)
        factories.create_many(
            factories.RepresentativeFactory, [{"person": person, "parliament": row} for person, row in of_others]
        )
        edited = [*Delegate.objects.select_related("chamber"), *Representative.objects.all()]
        number = cost(lambda: doubts_about_rows(edited))
        assert sum(map(len, doubts_about_rows(edited).values())) >= 2 * rows
        return {"doubts about edited rows": number}

    assert_same_cost(measure, sizes)
