"""Doubts and conflicts, missing mandates, and imports that save all or nothing."""

from datetime import date

import pytest
from django.db.models.signals import post_init

from delegations.importer import ImportOptions, import_file
from delegations.importer import save as real_save
from delegations.models import Delegate, FormerPublicId, Identifier, Parliament, Person

from ....support import factories
from ....support.counting import assert_same_cost, cost, up_to
from ....support.imports import GOOD, member, popolo, somebody, table_of, take, words

pytestmark = pytest.mark.django_db


# Doubts and conflicts


def test_repeated_row_is_one_row_with_a_warning():
    report = take(popolo([somebody(), somebody()], [member(), member()]))
    assert report.saved
    assert words(report.warnings)[:2] == [
        "/persons/1: Said twice; taken once. See /persons/0.",
        "/memberships/1: Said twice; taken once. See /memberships/0.",
    ]
    assert Delegate.objects.count() == 1


def test_doubtful_rows_are_saved_with_warnings(chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=1)
    report = take(
        popolo([somebody(), somebody("b", "Bob Ray")], [member(start_date=None), member("b")]),
        chamber="belarus-house",
    )
    assert report.saved
    assert words(report.warnings) == [
        "/memberships/0: Ann Lee, " + chamber.name + ": no dates.",
        "/memberships/0: Ann Lee, " + chamber.name + ": no source.",
        "/memberships/1: Bob Ray, " + chamber.name + ": no source.",
        f"{chamber}: 2 people for 1 seats.",
    ]


CONFLICTS = {
    "end before its start": (member("b", start_date="2015", end_date="2014"), "does not come after"),
    "no date": (member("b", start_date="2015-02-30"), "is no date"),
    "a date before 1900": (member("b", start_date="1066"), "is no date"),
    "overlap": (member("a", start_date="2016-01-01"), "overlaps with"),
    "unknown person": (member("zz"), "not in the file"),
    "person is a list": (member("b") | {"person_id": ["b"]}, "must be a text"),
    "a NUL": (member("b", area_id="a\0"), "no text has"),
    "half a surrogate pair": (member("b", role="\ud800"), "no text has"),
    "too long a name": (member("b", area_id="long"), "constituency_en"),
    "not an object": ("x", "not an object"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_conflict_stops_the_import_unless_skipped(case):
    bad, message = CONFLICTS[case]
    data = popolo(GOOD, [member("a"), member("c"), bad], areas=[{"id": "long", "name": "x" * 201}])
    report = take(data)
    assert not report.saved
    assert len(report.conflicts) == 1
    assert report.conflicts[0].location == "/memberships/2"
    assert message in report.conflicts[0].message
    assert not Person.objects.exists()
    skipping = take(data, skip_invalid=True)
    assert skipping.saved
    assert (len(skipping.skipped), skipping.conflicts) == (1, [])
    assert set(Delegate.objects.values_list("person__name_en", flat=True)) == {"Ann Lee", "Cy Dow"}
    assert not take(data, skip_invalid=True).changes


@pytest.mark.parametrize(
    "person",
    [{"id": "b"}, {"name": "Bob"}, somebody("b", "x" * 151), somebody("b", 5), somebody("b", "a\0"), ["b"], None],
)
def test_invalid_person_is_skipped_with_all_rows(person):
    data = popolo([somebody(), person], [member("a"), member("b")])
    assert len(take(data).conflicts) == 2 or not isinstance(person, dict) or "id" not in person
    report = take(data, skip_invalid=True)
    assert Delegate.objects.get().person.name_en == "Ann Lee"
    assert {note.location for note in report.skipped} >= {"/memberships/1"}


def test_ambiguous_person_is_a_conflict(chamber):
    for _ in range(2):
        factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2001", ends="2002")
    report = take(popolo(), chamber="belarus-house")
    assert "could be one of these, or a new person" in report.conflicts[0].message
    assert report.conflicts[0].location == "/persons/0"
    assert Person.objects.count() == 2


def test_row_that_overlaps_one_on_record_is_a_conflict(chamber):
    factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2010", ends="2016")
    report = take(popolo(), chamber="belarus-house")
    assert "overlaps with 2010 – 2016 on record" in report.conflicts[0].message


def test_skipped_change_keeps_its_days_from_other_rows(chamber):
    first = factories.DelegateFactory(chamber=chamber, starts="2010", ends="2015")
    second = factories.DelegateFactory(chamber=chamber, person=first.person, starts="2015", ends="2018")
    about = {"person_id": first.person.public_id, "chamber": chamber.slug}
    report = import_file(
        table_of(
            {**about, "id": first.uid, "start": "2012", "end": "2011"},
            {**about, "id": second.uid, "start": "2014", "end": "2018"},
        ),
        "csv",
        ImportOptions(skip_invalid=True),
    )
    assert report.saved
    assert "does not come after" in report.skipped[0].message
    assert "overlaps with 2010 – 2015 on record" in report.skipped[1].message
    assert [str(row.starts) for row in Delegate.objects.order_by("start")] == ["2010", "2015"]


def test_many_conflicts_of_one_person_are_reported_quickly():
    rows = [member(start_date=f"{year}-{month:02}", area_id="x") for year in range(1950, 2090) for month in (1, 2)]
    assert len(take(popolo(memberships=rows * 10)).conflicts) == len(rows) - 1


# Missing mandates


@pytest.mark.parametrize("start", ["2020-05-01", "2021-01-01"])
def test_missing_mandate_is_ended_only_if_a_day_is_given(start):
    everybody = popolo(GOOD, [member("a"), member("b"), member("c", start_date=start)])
    fewer = popolo(GOOD[:1], [member("a")])
    take(everybody)
    assert not take(fewer).changes
    report = take(fewer, end_missing=date(2020, 5, 1))
    assert report.counts["ended"]["delegates"] == 1
    assert Delegate.objects.get(person__name_en="Bob Ray").end == date(2020, 5, 1)
    assert Delegate.objects.get(person__name_en="Cy Dow").end is None
    assert "begins on or after the day" in words(report.warnings)[-1]
    assert not take(fewer, end_missing=date(2020, 5, 1)).changes


@pytest.mark.parametrize("dates", [{"start_date": "never"}, {"end_date": "2014"}])
def test_mandate_of_a_skipped_row_is_not_missing(dates):
    take(popolo(GOOD, [member("a"), member("b")]))
    bad = popolo(GOOD, [member("a"), member("b", **dates)])
    report = take(bad, skip_invalid=True, end_missing=date(2020, 5, 1))
    assert len(report.skipped) == 1
    assert not Delegate.objects.filter(end__isnull=False).exists()


def test_mandate_stays_open_if_a_row_of_its_person_is_skipped_for_an_overlap():
    take(popolo(GOOD, [member("a"), member("b", start_date="2015-03-01")]))
    later = [{"start_date": "2016-01-01", "end_date": "2016-05-01", "role": "head"}, {"start_date": "2021-01-01"}]
    report = take(
        popolo(GOOD, [member("a"), *(member("b", **values) for values in later)]),
        skip_invalid=True,
        end_missing=date(2020, 5, 1),
    )
    mandate = Delegate.objects.get(person__name_en="Bob Ray")
    assert (mandate.start, mandate.end) == (date(2015, 3, 1), None)
    assert len(report.skipped) == 2
    assert not any("2020-05-01" in line for line in words(report.skipped))


def test_missing_mandate_in_another_chamber_is_not_ended(chamber):
    other = factories.DelegateFactory(chamber__parliament=chamber.parliament, starts="2010")
    take(popolo(), chamber="belarus-house", end_missing=date(2020, 5, 1))
    other.refresh_from_db()
    assert other.end is None


# All or nothing, and how dear


def test_failed_import_saves_nothing(monkeypatch):
    def break_off(difference, progress):
        real_save(difference, progress)
        assert Delegate.objects.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("delegations.importer.save", break_off)
    with pytest.raises(KeyboardInterrupt):
        take(popolo())
    assert not Parliament.objects.exists()
    assert not Person.objects.exists()


def test_dry_run_reports_all_and_saves_nothing():
    report = take(popolo(), dry_run=True)
    assert (report.saved, report.counts["added"]["delegates"]) == (False, 1)
    assert not Parliament.objects.exists()


@up_to(300)
def test_import_costs_the_same_with_any_number_of_rows(sizes):
    def measure(rows):
        people = [somebody(str(number), f"Person {number}") for number in range(rows)]
        members = [member(str(number), sources=[{"url": "https://example.org"}]) for number in range(rows)]
        costs = {"import of a delegation": cost(lambda: take(popolo(people, members)))}
        assert Delegate.objects.count() == rows
        return costs

    # The chamber and the source are on record from here on.
    measure(1)
    Delegate.objects.all().delete()
    Person.objects.all().delete()
    assert_same_cost(measure, sizes)


def test_import_into_a_chamber_loads_no_mandate_of_another_parliament(chamber):
    here, elsewhere = factories.DelegateFactory(chamber=chamber), factories.DelegateFactory()
    loaded = set()

    def remember(instance, **kwargs):
        loaded.add(instance.pk)

    post_init.connect(remember, sender=Delegate)
    try:
        take(popolo(), chamber=chamber.slug, dry_run=True)
    finally:
        post_init.disconnect(remember, sender=Delegate)
    assert here.pk in loaded
    assert elsewhere.pk not in loaded


def test_former_id_matches_the_person_it_was_merged_into(chamber):
    person = factories.PersonFactory()
    FormerPublicId.objects.create(person=person, public_id=900)
    report = import_file(table_of({"person_id": 900, "name_en": "Old Name", "chamber": "belarus-house"}), "csv")
    assert report.saved
    assert Delegate.objects.get().person == person
    assert "Old Name" not in Person.objects.values_list("name_en", flat=True)


def test_identifier_of_another_person_is_skipped_with_a_warning(chamber):
    same = [{"scheme": "wikidata", "identifier": "Q7"}]
    people = [somebody(identifiers=same), somebody("b", "Bob Ray", identifiers=same)]
    report = take(popolo(people, [member("a"), member("b")]), chamber="belarus-house")
    assert report.saved
    assert "The identifier is another person's and was not kept: wikidata: Q7" in words(report.warnings)[0]
    assert Identifier.objects.get(scheme="wikidata").person.name_en == "Ann Lee"
