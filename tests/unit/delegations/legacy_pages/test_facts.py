"""Facts of pages seen on several days, in any order."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from cspa.models import RetiredAddress
from delegations.exports import popolo
from delegations.importer import import_file
from delegations.legacy_pages.facts import import_block
from delegations.models import (
    AssemblyPost,
    Chamber,
    Link,
    Observation,
    Parliament,
    Person,
    Representative,
    SeatQuota,
    Source,
)

from ....support import factories
from ....support.generated import examples
from ....support.legacy_pages import DAY, ENVOY, KYRGYZ, SITE, block_of, words

pytestmark = pytest.mark.django_db


# Without a day


def test_undated_page_does_not_loosen_what_a_user_has_dated():
    import_block(block_of(KYRGYZ.format(7)), None)
    quota = SeatQuota.objects.get()
    quota.start = date(2019, 3, 1)
    quota.save()
    report = import_block(block_of(KYRGYZ.format(7)), None)
    assert not report.changes
    assert str(SeatQuota.objects.get().starts) == "2019-03-01"


@pytest.mark.parametrize("days", [[None, DAY], [DAY, None]])
def test_undated_page_does_not_loosen_a_dated_one(days: list[date | None]):
    for day in days:
        import_block(block_of(KYRGYZ.format(7)), day)
    quota = SeatQuota.objects.get()
    assert str(quota.starts) == f"by {DAY}"
    assert sorted(str(source.date) for source in quota.sources.all()) == [str(DAY), "None"]
    # The undated page is remembered: before another page it holds again.
    import_block(block_of(KYRGYZ.format(6)), DAY - timedelta(100))
    found = {
        str(row.starts): (row.seats, sorted(str(source.date) for source in row.sources.all()))
        for row in SeatQuota.objects.all()
    }
    earlier = str(DAY - timedelta(100))
    assert found == {
        "None": (7, [earlier, "None"]),
        f"by {earlier}": (6, [earlier, str(DAY)]),
        f"by {DAY}": (7, [str(DAY)]),
    }


def test_block_that_states_nothing_leaves_nothing_behind():
    report = import_block(block_of("A hall", "Website of the Knesset: https://knesset.gov.il/"), DAY)
    assert report.saved
    assert not report.changes
    assert not Source.objects.exists()


# As seen on a day


def test_days_before_the_first_page_have_no_facts():
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev")), DAY)
    assert not SeatQuota.objects.on(DAY - timedelta(1)).exists()
    assert not Representative.objects.on(DAY - timedelta(1)).exists()
    assert SeatQuota.objects.on(DAY).get().seats == 7


def test_block_without_a_representative_ends_the_representative():
    import_block(
        block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev"), SITE.format("http://kenesh.kg/")), None
    )
    import_block(block_of(KYRGYZ.format(7)), DAY)
    assert Representative.objects.get().end == DAY
    assert Link.objects.get().end == DAY
    assert SeatQuota.objects.get().end is None


def test_missing_block_ends_nothing_and_is_a_warning():
    import_block(block_of(KYRGYZ.format(7)), None)
    report = import_block(block_of(), DAY)
    assert "nothing ends" in words(report)
    assert SeatQuota.objects.get().end is None
    assert not Observation.objects.exists()


def test_contradicting_undated_page_changes_nothing_and_is_listed():
    import_block(block_of(KYRGYZ.format(7)), None)
    report = import_block(block_of(KYRGYZ.format(6)), None)
    assert "--as-of" in words(report)
    assert SeatQuota.objects.get().seats == 7


def test_contradicting_pages_of_one_day_are_a_conflict():
    import_block(block_of(KYRGYZ.format(7)), DAY)
    report = import_block(block_of(KYRGYZ.format(6)), DAY)
    assert report.conflicts
    assert not report.saved
    assert SeatQuota.objects.get().seats == 7


def test_fact_dated_by_hand_is_unchanged():
    import_block(block_of(KYRGYZ.format(7)), DAY)
    quota = SeatQuota.objects.get()
    quota.start, quota.seats = date(2019, 3, 1), 8
    quota.save()
    quota.sources.clear()
    for day, seats in ((date(2018, 1, 1), 5), (date(2022, 1, 1), 6)):
        report = import_block(block_of(KYRGYZ.format(seats)), day)
    assert "says otherwise than the dated record" in words(report)
    assert [(row.seats, row.start, row.end) for row in SeatQuota.objects.order_by("start")] == [
        (5, date(2018, 1, 1), date(2019, 3, 1)),
        (8, date(2019, 3, 1), None),
    ]


def test_corrected_end_of_an_imported_fact_is_unchanged():
    import_block(block_of(KYRGYZ.format(7)), date(2018, 1, 1))
    import_block(block_of(KYRGYZ.format(6)), date(2022, 1, 1))
    quota = SeatQuota.objects.get(seats=7)
    quota.end = date(2020, 6, 1)
    quota.save()
    import_block(block_of(KYRGYZ.format(6)), date(2021, 1, 1))
    assert [(row.seats, row.start, row.end) for row in SeatQuota.objects.order_by("start")] == [
        (7, date(2018, 1, 1), date(2020, 6, 1)),
        (6, date(2021, 1, 1), None),
    ]


def test_post_of_another_person_is_unchanged():
    post = factories.AssemblyPostFactory(role="deputy_executive_secretary", start=None)
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev")), DAY)
    post.refresh_from_db()
    assert post.end is None


def test_facts_have_their_pages_as_sources():
    import_block(block_of(KYRGYZ.format(7)), date(2018, 1, 1))
    import_block(block_of(KYRGYZ.format(6)), date(2022, 1, 1))
    import_block(block_of(KYRGYZ.format(6)), date(2020, 1, 1))
    rows = SeatQuota.objects.order_by("start")
    assert [sorted(str(source.date) for source in row.sources.all()) for row in rows] == [
        ["2018-01-01", "2020-01-01"],
        ["2020-01-01"],
    ]


def test_observations_are_unchanged_by_export_and_import():
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev"), SITE.format("http://kenesh.kg/")), DAY)
    import_block(block_of(KYRGYZ.format(6)), date(2022, 1, 1))
    data = "".join(popolo.chunks()).encode()
    assert Observation.objects.count() == 2
    empty()
    report = import_file(data, "popolo")
    assert report.saved, words(report)
    assert "".join(popolo.chunks()).encode() == data
    import_block(block_of(KYRGYZ.format(6)), date(2021, 1, 1))
    assert SeatQuota.objects.get(seats=6).start == date(2021, 1, 1)


@pytest.mark.parametrize("statement", [None, [], {"seats": 7}, {"seats": {"a": "7"}}, {"posts": "x"}, {"other": 1}])
def test_malformed_observation_is_a_conflict(statement):
    import_block(block_of(KYRGYZ.format(7)), DAY)
    document = popolo.document()
    parliament = next(row for row in document["organizations"] if row.get("observations"))
    parliament["observations"][0]["statement"] = statement
    assert import_file(json.dumps(document).encode(), "popolo", dry_run=True).conflicts


def empty() -> None:
    for model in (Observation, AssemblyPost, Representative, Link, SeatQuota, Person, Chamber, Parliament, Source):
        model.objects.all().delete()
    RetiredAddress.objects.all().delete()


# Any pile in any order


DAYS = [date(2019, 1, 1), date(2019, 7, 1), date(2020, 1, 1), date(2020, 7, 1), date(2021, 1, 1)]
PEOPLE = ["Viktor Kogut", "Shabdanbek Alishev"]
SITES = ["http://www.kenesh.kg/", "http://kenesh.kg/ru/"]
POST = ", deputy Executive Secretary of the CSTO Parliamentary Assembly"
blocks = st.builds(
    lambda seats, person, post, sites: (seats, person, post and person is not None, frozenset(sites)),
    st.integers(5, 8),
    st.sampled_from([None, *PEOPLE]),
    st.booleans(),
    st.sets(st.sampled_from(SITES)),
)


def lines_of(block: tuple) -> list[tuple[int, str]]:
    seats, person, post, sites = block
    lines = [KYRGYZ.format(seats)]
    if person:
        lines.append(ENVOY.replace("Republic:", f"Republic{POST}:" if post else "Republic:").format(person))
    return block_of(*lines, *(SITE.format(site) for site in sorted(sites)))


def answer(day: date) -> tuple | None:
    """The facts of the directory on ``day`` as a block, or None if there are none."""
    quota = SeatQuota.objects.on(day).first()
    service = Representative.objects.on(day).first()
    post = AssemblyPost.objects.on(day).first()
    sites = frozenset(Link.objects.on(day).values_list("url", flat=True))
    if not (quota or service or post or sites):
        return None
    assert post is None or service is None or post.person == service.person
    return (quota and quota.seats, service and service.person.name_en, post is not None, sites)


def pages(pile: dict) -> Iterator[date | None]:
    return iter(sorted(pile, key=lambda day: day or date.min))


def reaching_back(undated: tuple, first: tuple | None) -> tuple | None:
    """What an undated page states of the days before ``first``: what that dates itself holds by its day."""
    if first is None:
        return undated
    seats, person, post, sites = undated
    with_post = person if post else None
    left = (
        None if seats == first[0] else seats,
        None if person == first[1] else person,
        post and with_post != (first[1] if first[2] else None),
        sites - first[3],
    )
    return left if any(left) else None


@pytest.mark.long
class TestAnyOrder(TestCase):
    @examples(10)
    @given(
        pile=st.dictionaries(st.sampled_from([None, *DAYS]), blocks, min_size=1),
        order=st.randoms(use_true_random=False),
        twice=st.booleans(),
    )
    def test_facts_of_a_day_equal_the_latest_page_in_any_order_of_import(self, pile: dict, order, twice: bool):
        days = list(pile)
        order.shuffle(days)
        for day in days * (2 if twice else 1):
            report = import_block(lines_of(pile[day]), day)
            assert report.saved, words(report)
        for day in [date(2018, 1, 1), *DAYS, *(day + timedelta(40) for day in DAYS)]:
            told = [seen for seen in pages(pile) if seen is None or seen <= day]
            expected = pile[told[-1]] if told else None
            if told == [None]:
                expected = reaching_back(expected, next((pile[seen] for seen in pages(pile) if seen), None))
            assert answer(day) == expected, (day, pile, days)
