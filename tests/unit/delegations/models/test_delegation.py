"""The delegation of a parliament on a day: its figures, and what it shows for unknown facts."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from cspa.cache.versions import tables_in
from cspa.db.snapshot import Snapshot
from delegations.exports.serializers import delegation_record
from delegations.models import (
    AssemblyPost,
    Chamber,
    Confirmation,
    Delegate,
    Delegation,
    Link,
    Parliament,
    Participation,
    Person,
    Representative,
    SeatQuota,
    Seats,
    Source,
    delegation,
    delegations_on,
)

from ....support import factories

pytestmark = pytest.mark.django_db

DAY = date(2020, 5, 26)


def delegation_of(parliament, day=DAY):
    return delegations_on(day, Parliament.objects.filter(pk=parliament.pk))[0]


@pytest.fixture
def parliament():
    return factories.ParliamentFactory()


def test_substitute_counts_neither_as_named_nor_as_unnamed_seat(parliament):
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=16)
    factories.DelegateFactory.create_batch(12, chamber=chamber)
    factories.DelegateFactory(chamber=chamber, role=Delegate.Role.SUBSTITUTE)
    found = delegation_of(parliament)
    assert (found.seats, found.named, found.unnamed, found.substitutes, found.over) == (16, 12, 4, 1, 0)


def test_more_names_than_seats_are_over_quota_and_unnamed_is_not_negative(parliament):
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=2)
    factories.DelegateFactory.create_batch(3, chamber=chamber)
    found = delegation_of(parliament)
    assert (found.named, found.unnamed, found.over) == (3, 0, 1)
    assert found.seat_groups == [("single", 2, 2)]


def test_figures_of_several_chambers_are_summed(parliament: Parliament):
    for seats, named, substitutes in [(1, 2, 1), (1, 3, 0), (2, 1, 1), (3, 0, 0)]:
        chamber = factories.ChamberFactory(parliament=parliament)
        factories.SeatQuotaFactory(chamber=chamber, seats=seats)
        factories.DelegateFactory.create_batch(named, chamber=chamber)
        factories.DelegateFactory.create_batch(substitutes, chamber=chamber, role=Delegate.Role.SUBSTITUTE)
    factories.ConfirmationFactory(parliament=parliament, date=DAY)
    found = delegation_of(parliament)
    assert (found.seats, found.named, found.substitutes) == (7, 6, 2)
    assert (found.unnamed, found.vacant, found.over) == (4, 4, 3)


def test_names_of_an_empty_roster_are_unknown_until_it_is_confirmed(parliament: Parliament):
    factories.SeatQuotaFactory(chamber__parliament=parliament, seats=2)
    assert delegation_of(parliament).names is None
    factories.ConfirmationFactory(parliament=parliament, date=DAY)
    found = delegation_of(parliament)
    assert (found.names, found.vacant) == (0, 2)


def test_names_are_zero_if_only_a_substitute_is_published(parliament: Parliament):
    factories.DelegateFactory(chamber__parliament=parliament, role=Delegate.Role.SUBSTITUTE)
    assert delegation_of(parliament).names == 0


def test_chamber_without_a_quota_is_excluded_from_the_total(parliament):
    with_quota, without = factories.ChamberFactory.create_batch(2, parliament=parliament)
    factories.SeatQuotaFactory(chamber=with_quota, seats=7)
    found = delegation_of(parliament)
    assert (found.seats, found.unnamed, found.missing) == (7, 7, (without,))
    assert (found.chambers[1].seats, found.chambers[1].unnamed) == (None, None)


def test_seats_are_not_published_without_any_quota(parliament):
    factories.ChamberFactory(parliament=parliament)
    assert delegation_of(parliament).seats is None
    assert Seats.sum([delegation_of(parliament).figures]).seats is None


def test_seats_are_those_of_the_quota_on_the_day(parliament):
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=6, ends="2020-05-26")
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2020-05-26")
    assert delegation_of(parliament, date(2020, 5, 25)).seats == 6
    assert delegation_of(parliament, date(2020, 5, 26)).seats == 7
    assert not delegation_of(parliament, date(2020, 5, 25)).dated
    assert delegation_of(parliament, date(2020, 5, 26)).dated


def test_delegation_is_dated_if_all_quotas_are_dated(parliament: Parliament):
    factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber__parliament=parliament, starts="2019")
    assert delegation_of(parliament).dated
    factories.SeatQuotaFactory(chamber__parliament=parliament)
    assert not delegation_of(parliament).dated


def test_websites_of_the_parliament_come_before_those_of_its_chambers(parliament: Parliament):
    last, first = (factories.ChamberFactory(parliament=parliament, order=order) for order in (2, 1))
    of_last, of_first = (factories.LinkFactory(chamber=chamber) for chamber in (last, first))
    own = factories.LinkFactory(parliament=parliament)
    assert delegation_of(parliament).websites == [own, of_first, of_last]


def test_parliament_without_participations_is_listed_without_a_status(parliament):
    assert delegation_of(parliament).status is None
    assert delegation_of(parliament).status_label == "not recorded"


def test_parliament_with_participations_is_listed_on_covered_days_only(parliament):
    factories.ParticipationFactory(parliament=parliament, status="observer", starts="2020-05-26", ends="2020-06-01")
    assert delegations_on(date(2020, 5, 25)) == []
    assert delegations_on(date(2020, 6, 1)) == []
    assert delegation_of(parliament).status == "observer"


def test_representative_has_the_posts_held_on_the_day(parliament):
    representative = factories.RepresentativeFactory(parliament=parliament)
    held = factories.AssemblyPostFactory(person=representative.person)
    factories.AssemblyPostFactory(person=representative.person, role="chair", ends="2019")
    factories.RepresentativeFactory()
    assert [row.person for row in delegation_of(parliament).representatives] == [representative.person]
    assert delegation_of(parliament).representatives[0].current_posts == [held]


def test_head_comes_first_and_others_are_ordered_by_name(parliament):
    chamber = factories.ChamberFactory(parliament=parliament)
    for family, role in [("Abc", "delegate"), ("Zed", "head"), ("Aaa", "delegate"), ("Aaa", "substitute")]:
        factories.DelegateFactory(chamber=chamber, role=role, person__family_name_en=family)
    shown = [(row.person.family_name_en, row.role) for row in delegation_of(parliament).chambers[0].delegates]
    assert shown == [("Zed", "head"), ("Aaa", "delegate"), ("Abc", "delegate"), ("Aaa", "substitute")]


# Days between which nothing changed


def changing(parliament: Parliament) -> None:
    """Give the parliament facts that change on days of every kind."""
    first, second = (factories.ChamberFactory(parliament=parliament) for _number in range(2))
    factories.ParticipationFactory(parliament=parliament, starts="2018-02-01", ends="2023")
    factories.SeatQuotaFactory(chamber=first, seats=5, starts="2018-03-05", ends="2019-04-01")
    factories.SeatQuotaFactory(chamber=first, seats=3, starts="2019-04-01")
    factories.SeatQuotaFactory(chamber=second, seats=2, ends="2020-06")
    factories.DelegateFactory(chamber=first, starts="2018-05", ends="2019")
    factories.DelegateFactory(chamber=first, starts="2018-06-07", ended=True)
    factories.DelegateFactory(chamber=second, role=Delegate.Role.SUBSTITUTE, ends="2021-01-01")
    member = factories.DelegateFactory(chamber=second, starts="2021-02-28").person
    factories.RepresentativeFactory(parliament=parliament, person=member, starts="2021-03-03", ends="2022-03-03")
    # The succession ends within 2022, when the next one begins.
    factories.RepresentativeFactory(parliament=parliament, starts="2022-03-03", ends="2022")
    factories.RepresentativeFactory(parliament=parliament, starts="2022-10-10")
    factories.AssemblyPostFactory(person=member, starts="2021-06-01", ends="2021-07-01")
    factories.LinkFactory(parliament=parliament, starts="2021-08-01", ends="2021-09-01")
    factories.LinkFactory(chamber=first, starts="2021-10-01")
    factories.PersonNameFactory(person=member, starts="2021-05-05", ends="2021-09-15")
    for day in (date(2020, 2, 29), date(2021, 4, 1), date(2022, 11, 30)):
        factories.ConfirmationFactory(parliament=parliament, date=day)


def shown(found: list[Delegation]) -> list[Any]:
    """What the pages show of delegations."""
    return [
        (
            row.parliament,
            row.day,
            row.status,
            row.counted,
            row.confirmation,
            row.figures,
            row.links,
            [(post, post.current_posts) for post in row.representatives],
            [(part.chamber, part.quota, part.links, part.figures, part.delegates) for part in row.chambers],
            [each.person.public_name for each in (*row.representatives, *row.delegates)],
        )
        for row in found
    ]


@pytest.fixture
def snapshots() -> Iterator[None]:
    """Each call of ``computed()`` is within a snapshot of its own. PostgreSQL raises versions at the commit."""
    with mock.patch("cspa.cache.computed.current_snapshot", side_effect=lambda: Snapshot(DEFAULT_DB_ALIAS)):
        yield


def found_by_reading(day: date) -> tuple[list[Delegation], set[str]]:
    """The delegations on ``day``, and the tables that were read for them."""
    with CaptureQueriesContext(connection) as queries:
        found = delegations_on(day)
    return found, {table for query in queries for table in tables_in(query["sql"])}


@pytest.mark.django_db(transaction=True)
def test_days_between_which_nothing_changed_share_what_was_read(parliament: Parliament, request):
    changing(parliament)
    changes = delegation._days_of_changes()
    days = sorted({day + timedelta(days=number) for day in changes for number in (-1, 0)})
    expected = {day: shown(delegations_on(day)) for day in days}
    request.getfixturevalue("snapshots")
    found = {day: found_by_reading(day) for day in days}
    assert {day: shown(delegations) for day, (delegations, _tables) in found.items()} == expected
    assert sum(bool(tables) for _delegations, tables in found.values()) == len(changes) + 1


EDITS: list[tuple[type[Model], str, Any]] = [
    (Parliament, "name_en", "Changed"),
    (Participation, "status", "observer"),
    (Chamber, "name_en", "Changed"),
    (SeatQuota, "seats", 9),
    (Delegate, "role", "substitute"),
    (Person, "name_en", "Changed"),
    (Representative, "starts", "2019"),
    (AssemblyPost, "role", "chair"),
    (Link, "url", "https://example.org/changed"),
    (Confirmation, "confirmed_by_en", "Changed"),
    (Source, "title_en", "Changed"),
]


@pytest.mark.django_db(transaction=True)
def test_edit_of_each_table_is_seen(parliament: Parliament, snapshots):
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.ParticipationFactory(parliament=parliament, starts="2018")
    factories.SeatQuotaFactory(chamber=chamber, starts="2018", sources=[factories.SourceFactory()])
    factories.DelegateFactory(chamber=chamber, starts="2018")
    representative = factories.RepresentativeFactory(parliament=parliament, starts="2018")
    factories.AssemblyPostFactory(person=representative.person, starts="2018")
    factories.LinkFactory(parliament=parliament, starts="2018")
    factories.LinkFactory(chamber=chamber, starts="2018")
    factories.ConfirmationFactory(parliament=parliament, date=DAY)

    def records() -> list[Any]:
        found = delegations_on(DAY)
        return [delegation_record(row) for row in found], [row.person.name for each in found for row in each.delegates]

    for model, name, value in EDITS:
        before = records()
        for row in model._default_manager.all():
            setattr(row, name, value)
            row.save()
        after = records()
        assert after != before, model
        with mock.patch("cspa.cache.computed.current_snapshot", return_value=None):
            assert records() == after, model


@pytest.mark.django_db(transaction=True)
def test_edit_of_a_name_lets_no_dated_rows_be_read_again(parliament: Parliament, snapshots):
    changing(parliament)
    assert delegations_on(DAY)
    Parliament.objects.update(name_en="Changed")
    ((found,), tables) = found_by_reading(DAY)
    assert str(found.parliament.name) == "Changed"
    assert tables == {"delegations_parliament", "delegations_participation"}


@pytest.mark.django_db(transaction=True)
def test_languages_and_lists_of_parliaments_are_told_apart(parliament: Parliament, snapshots):
    other = factories.ParliamentFactory()
    chamber = factories.ChamberFactory(parliament=parliament)
    for english, russian in (("Adam", "Юрий"), ("Bert", "Артём")):
        names = {"person__family_name_en": english, "person__family_name_ru": russian}
        factories.DelegateFactory(chamber=chamber, **names)
    assert [found.parliament for found in delegations_on(DAY, Parliament.objects.filter(pk=other.pk))] == [other]
    assert delegations_on(DAY, Parliament.objects.none()) == []
    found = []
    for language in ("en", "ru"):
        with override(language):
            found.append([str(row.person.family_name) for row in delegations_on(DAY)[0].delegates])
    assert found == [["Adam", "Bert"], ["Артём", "Юрий"]]
