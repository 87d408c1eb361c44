"""The importer: what it reads, what it refuses with which message, and that a failed import saves nothing."""

import io
import json
import zipfile
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db.models.signals import post_init
from openpyxl import Workbook

from delegations.admin import file_import
from delegations.exports.serializers import MANDATE_COLUMNS
from delegations.importer import ImportRefusedError, import_file
from delegations.importer import save as real_save
from delegations.importer.readers import files
from delegations.models import (
    Chamber,
    Delegate,
    FormerPublicId,
    FormerSlug,
    Identifier,
    Parliament,
    Person,
    SeatQuota,
    Source,
)

from ....support import factories
from ....support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db

LEGISLATURE = {"id": "leg", "name": "Assemblée nationale", "classification": "legislature"}


def member(person="a", **about):
    about = {"start_date": "2015-03-01", **about}
    return {"person_id": person, "organization_id": "leg", "role": "member"} | {
        name: value for name, value in about.items() if value is not None
    }


def somebody(key="a", name="Ann Lee", **about):
    return {"id": key, "name": name, **about}


def popolo(persons=None, memberships=None, **lists):
    document = {
        "persons": [somebody()] if persons is None else persons,
        "organizations": [LEGISLATURE, *lists.pop("organizations", [])],
        "memberships": [member()] if memberships is None else memberships,
        **lists,
    }
    return json.dumps(document).encode()


def take(data, file_format="popolo", **options):
    """Import a file for a new or an existing country."""
    if file_format == "popolo" and not {"chamber", "country"} & options.keys():
        options["country"] = "BI"
    return import_file(data, file_format, **options)


def words(notes):
    return [str(note) for note in notes]


@pytest.fixture
def chamber():
    return factories.ChamberFactory(slug="belarus-house", parliament__slug="belarus", parliament__country="BY")


# Popolo as others write it


def test_new_country_becomes_a_parliament_with_one_chamber_and_no_quota():
    report = take(popolo())
    parliament = Parliament.objects.get()
    assert (parliament.slug, parliament.country.code, parliament.name_en) == ("burundi", "BI", "Assemblée nationale")
    assert (parliament.short_name_en, parliament.short_name_ru) == ("Burundi", "Бурунди")
    chamber = Chamber.objects.get()
    assert (chamber.slug, chamber.kind, chamber.imported_id) == ("burundi-assemblee-nationale", "", "leg")
    assert not SeatQuota.objects.exists()
    assert report.counts["added"] | {"people": 1, "delegates": 1, "parliaments": 1} == report.counts["added"]


def test_names_in_other_languages_are_stored_without_guessed_parts():
    person = somebody(
        name="Виктор Когут",
        family_name="Когут",
        patronymic_name="Николаевич",
        other_names=[
            {"name": "Former Name", "lang": "en", "end_date": "2001"},
            {"name": "Viktor Kogut", "lang": "en-GB", "given_name": "Viktor"},
            {"name": "Viktar", "lang": "be"},
            {"name": "Second", "lang": "en"},
            {"name": "no language"},
        ],
    )
    take(popolo([person]))
    row = Person.objects.get()
    assert (row.name_ru, row.family_name_ru, row.given_name_ru, row.patronymic_ru) == (
        "Виктор Когут",
        "Когут",
        "",
        "Николаевич",
    )
    assert (row.name_en, row.given_name_en, row.family_name_en) == ("Viktor Kogut", "Viktor", "")
    assert row.sort_key_ru
    assert " kogut " in row.name_words


def test_group_and_constituency_are_stored_and_private_data_are_not():
    person = somebody(birth_date="1960", email="a@example.org", image="https://example.org/a.jpg", gender="Female")
    party = {
        "id": "p",
        "name": "MDC",
        "classification": "party",
        "other_names": [{"lang": "ru", "name": "Движение"}],
    }
    report = take(
        popolo(
            [person],
            [member(on_behalf_of_id="p", area_id="x", label="Mrs")],
            organizations=[party],
            areas=[{"id": "x", "name": "Gitega"}],
        )
    )
    mandate = Delegate.objects.get()
    assert (mandate.political_group_en, mandate.political_group_ru) == ("MDC", "Движение")
    assert (mandate.constituency_en, mandate.person.gender) == ("Gitega", "female")
    assert report.not_kept == {
        "memberships.label": 1,
        "persons.birth_date": 1,
        "persons.email": 1,
        "persons.image": 1,
    }


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2010", "2015-04-30")),
        ("2012-05", None, ("2012-05", "2015-04-30")),
        (None, "2011", ("2010", "2011")),
    ],
)
def test_missing_start_or_end_is_taken_from_the_term(start, end, expected):
    term = {"id": "t", "classification": "legislative period", "start_date": "2010", "end_date": "2015-04-30"}
    take(popolo(memberships=[member(start_date=start, end_date=end, legislative_period_id="t")], events=[term]))
    mandate = Delegate.objects.get()
    assert (str(mandate.starts), str(mandate.ends)) == expected


def test_memberships_of_one_person_become_mandates():
    rows = [member(start_date="2010", end_date="2015"), member(start_date="2015")]
    report = take(popolo(memberships=rows))
    assert (Person.objects.count(), Delegate.objects.count()) == (1, 2)
    assert not report.conflicts
    assert not take(popolo(memberships=rows)).changes


def test_sources_are_stored_once_and_default_to_those_of_the_person():
    link = {"url": "https://example.org/list", "note": "List"}
    rows = [member("a"), member("b", sources=[{"url": "https://example.org/b"}, {"url": "javascript:x"}])]
    report = take(popolo([somebody(sources=[link]), somebody("b", "Bob Ray", sources=[link])], rows))
    assert [source.title_en for source in Delegate.objects.get(person__name_en="Ann Lee").sources.all()] == ["List"]
    assert Delegate.objects.get(person__name_en="Bob Ray").sources.get().title_en == "https://example.org/b"
    assert Source.objects.count() == 2
    assert words(report.warnings) == ["/memberships/1: No address: javascript:x"]


def test_people_are_matched_by_id(chamber):
    people = [somebody("a"), somebody("b", "Lee Ann")]
    rows = [member("a"), member("b")]
    report = take(popolo(people, rows), chamber="belarus-house")
    assert Person.objects.count() == 2
    assert words(report.warnings)[0] == "/persons/1: Lee Ann looks like the person of /persons/0."
    renamed = take(popolo([somebody("a", "Ann Ray"), people[1]], rows), chamber="belarus-house")
    assert renamed.counts["changed"]["people"] == 1
    assert set(Person.objects.values_list("name_en", flat=True)) == {"Ann Ray", "Lee Ann"}
    assert set(Identifier.objects.values_list("scheme", "identifier")) == {
        ("import:belarus", "a"),
        ("import:belarus", "b"),
    }
    third = take(popolo([*people, somebody("c")], [*rows, member("c")]), chamber="belarus-house")
    assert third.counts["added"]["people"] == 1


def test_wikidata_id_is_stored_and_matches_the_person(chamber):
    person = factories.DelegateFactory(chamber=chamber, starts="2001", ends="2002").person
    Identifier.objects.create(person=person, scheme="wikidata", identifier="Q7")
    take(
        popolo([somebody(identifiers=[{"scheme": "wikidata", "identifier": "Q7"}])], [member()]),
        chamber="belarus-house",
    )
    assert Person.objects.count() == 1
    assert person.mandates.count() == 2
    assert person.identifiers.count() == 2


def test_unique_name_matches_the_person_on_record(chamber):
    person = factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2010", ends="2012").person
    elsewhere = factories.DelegateFactory(person__name_en="Bob Ray").person
    report = take(popolo([somebody(), somebody("b", "Bob Ray")], [member(), member("b")]), chamber="belarus-house")
    assert person.mandates.count() == 2
    assert elsewhere.mandates.count() == 1
    assert "Bob Ray is new, and looks like" in words(report.warnings)[0]


def test_withdrawn_person_stays_withdrawn():
    take(popolo())
    person = Person.objects.get()
    person.withdrawn, person.withdrawal_reason_en, person.name_en = True, "Own request.", "Gone"
    person.save()
    take(popolo())
    person.refresh_from_db()
    assert (person.withdrawn, person.name_en) == (True, "Gone")


def test_chamber_of_a_known_country_is_matched_by_imported_id_or_is_the_only_one(chamber):
    take(popolo(), country="BY")
    chamber.refresh_from_db()
    assert (chamber.imported_id, chamber.delegates.count()) == ("leg", 1)
    factories.ChamberFactory(parliament=chamber.parliament, slug="belarus-council")
    assert not take(popolo(), country="BY").changes
    Chamber.objects.update(imported_id="")
    with pytest.raises(ImportRefusedError, match="belarus-council, belarus-house"):
        take(popolo(), country="BY")


def test_values_missing_in_the_file_are_kept():
    take(popolo())
    mandate = Delegate.objects.get()
    mandate.role, mandate.ends = "head", "2018"
    mandate.save()
    report = take(popolo())
    assert not report.changes
    assert words(report.warnings) == ["/memberships/0: On record the mandate has ended; the file does not say so."]


def test_more_precise_start_and_new_end_change_the_same_mandate():
    take(popolo(memberships=[member(start_date="2015")]))
    report = take(popolo(memberships=[member(start_date="2015-03-01", end_date="2019")]))
    assert report.counts["ended"]["delegates"] == 1
    mandate = Delegate.objects.get()
    assert (str(mandate.starts), str(mandate.ends)) == ("2015-03-01", "2019")


@pytest.mark.parametrize("end", [None, "2019"])
def test_earlier_membership_in_a_new_file_is_a_mandate_of_its_own(end):
    take(popolo(memberships=[member(start_date="2015-03-01")]))
    mandate = Delegate.objects.get()
    # The dates of the earlier membership alone could mean the mandate on record.
    earlier = member(start_date="2015", end_date="2015-03")
    report = take(popolo(memberships=[earlier, member(start_date="2015-03-01", end_date=end)]))
    assert report.counts["added"]["delegates"] == 1
    mandate.refresh_from_db()
    assert (str(mandate.starts), mandate.ends and str(mandate.ends)) == ("2015-03-01", end)


def test_swapped_dates_are_saved_in_one_import():
    before = [member(start_date="2010", end_date="2015-01-01"), member(start_date="2015-01-01", end_date="2016")]
    take(popolo(memberships=before))
    first, second = Delegate.objects.order_by("start")
    text = table_of(
        {"id": first.uid, "person_id": 1, "chamber": first.chamber.slug, "start": "2010", "end": "2015-06-01"},
        {"id": second.uid, "person_id": 1, "chamber": first.chamber.slug, "start": "2015-06-01", "end": "2017"},
    )
    report = import_file(text, "csv")
    assert (report.saved, report.counts["changed"]["delegates"]) == (True, 2)
    assert [str(row.ends) for row in Delegate.objects.order_by("start")] == ["2015-06-01", "2017"]


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


GOOD = [somebody(), somebody("b", "Bob Ray"), somebody("c", "Cy Dow")]
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
    assert "could be any of these" in report.conflicts[0].message
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
        skip_invalid=True,
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


# Tables


def table_of(*rows, header=MANDATE_COLUMNS):
    lines = [",".join(header)]
    lines += [",".join(f'"{row.get(name, "")}"' for name in header) for row in rows]
    return "\n".join(lines).encode()


def sheet_of(*rows, header=MANDATE_COLUMNS):
    workbook = Workbook()
    for row in [header, *([row.get(name) for name in header] for row in rows)]:
        workbook.active.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_exported_mandates_are_imported_into_the_same_chambers(tmp_path, file_format, chamber):
    sources = [factories.SourceFactory(title_en="A | B", date=date(2020, 1, 2)), factories.SourceFactory(url="")]
    person = factories.PersonFactory(name_en="=Ann", name_ru='Анна "Энн", Ли', patronymic_ru="'-x", gender="female")
    factories.DelegateFactory(
        person=person, chamber=chamber, starts="2015", ends="2016-05", role="head", sources=sources
    )
    factories.DelegateFactory(
        person=person, chamber=chamber, starts="2017-01-01", ended=True, constituency_en="+1\nline"
    )
    factories.DelegateFactory(chamber=chamber, person__gender="")
    first, second = tmp_path / f"1.{file_format}", tmp_path / f"2.{file_format}"
    call_command("export_delegations", format=file_format, output=first)
    assert not import_file(first.read_bytes(), file_format).changes
    Delegate.objects.all().delete()
    Person.objects.all().delete()
    report = import_file(first.read_bytes(), file_format)
    assert report.saved, words(report.conflicts)
    assert report.counts["added"]["delegates"] == 3
    assert report.counts["unchanged"]["sources"] == 2
    call_command("export_delegations", format=file_format, output=second)
    if file_format == "csv":
        assert first.read_text() == second.read_text()
    else:
        rows = [list(files.xlsx_rows(file.read_bytes())) for file in (first, second)]
        assert rows[0] == rows[1]


def test_mandates_ended_without_a_date_are_matched_by_role(chamber):
    person = factories.PersonFactory(name_en="Ann Lee")
    for role in ("head", "substitute"):
        factories.DelegateFactory(chamber=chamber, person=person, role=role, ended=True)
    factories.DelegateFactory(chamber=chamber, person=person, starts="2010", ends="2015")
    for roles in (("head", "substitute"), ("substitute", "head")):
        rows = [{"name_en": "Ann Lee", "role": role, "ended": "true"} for role in roles]
        report = import_file(table_of(*rows), "csv", chamber=chamber.slug)
        assert report.counts["unchanged"]["delegates"] == 2
        assert not report.changes


@pytest.mark.parametrize("other", ["person", "chamber"])
def test_id_of_another_mandate_in_a_foreign_table_makes_a_new_mandate(chamber, other):
    ann = factories.PersonFactory(name_en="Ann Lee")
    council = factories.ChamberFactory(parliament=chamber.parliament)
    about = {"person": {"chamber": chamber}, "chamber": {"chamber": council, "person": ann}}[other]
    known = factories.DelegateFactory(**about, starts="2010")
    report = import_file(table_of({"id": known.uid, "name_en": "Ann Lee"}), "csv", chamber=chamber.slug)
    assert report.saved, words(report.conflicts)
    assert Delegate.objects.get(person=ann, chamber=chamber).uid != known.uid
    assert Delegate.objects.get(uid=known.uid, person=known.person, chamber=known.chamber).starts == known.starts


def test_id_of_the_same_mandate_in_a_foreign_table_changes_its_start(chamber):
    known = factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2010")
    row = {"id": known.uid, "name_en": "Ann Lee", "start": "2011"}
    assert import_file(table_of(row), "csv", chamber=chamber.slug).saved
    known.refresh_from_db()
    assert str(known.starts) == "2011"


@pytest.mark.parametrize(
    ("title", "day", "documents"),
    [
        ("Decree", "2020-01-02", 1),
        ("Decree", "", 1),
        ("", "2020-01-02", 1),
        ("Decree", "2021-01-02", 2),
        ("Another decree", "2020-01-02", 2),
    ],
)
def test_sources_at_one_address_are_matched_by_title_and_date(chamber, title, day, documents):
    source = factories.SourceFactory(title_en="Decree", url="https://example.org/decrees", date=date(2020, 1, 2))
    row = {"name_en": "Ann Lee", "source_title": title, "source_url": source.url, "source_date": day}
    assert import_file(table_of({**row, "chamber": chamber.slug}), "csv").saved
    assert Source.objects.count() == documents
    assert (Delegate.objects.get().sources.get() == source) is (documents == 1)


def test_csv_with_few_columns_and_semicolons_is_imported(chamber):
    text = "name_en;start;source_url\nAnn Lee;2019-05;https://example.org/x\n".encode("utf-8-sig")
    report = import_file(text, "csv", chamber="belarus-house")
    assert report.saved
    mandate = Delegate.objects.get()
    assert (mandate.person.name_en, str(mandate.starts), mandate.sources.count()) == ("Ann Lee", "2019-05", 1)
    assert not import_file(text, "csv", chamber="belarus-house").changes


def test_spreadsheet_with_dates_and_numbers_is_imported(chamber):
    data = sheet_of({"name_en": "Ann Lee", "start": date(2019, 5, 26), "end": 2020, "ended": False})
    assert import_file(data, "xlsx", chamber="belarus-house").saved
    assert (str(Delegate.objects.get().starts), str(Delegate.objects.get().ends)) == ("2019-05-26", "2020")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"role": "king"}, "Unknown role"),
        ({"start": "31/02/2020"}, "is no date"),
        ({"start": "2020", "end": "2019"}, "does not come after"),
        ({"chamber": "nowhere"}, "no chamber"),
        ({"delegation": "narnia"}, "another delegation"),
        ({"name_en": "", "person_id": ""}, "neither a name nor an id"),
        ({"person_id": "abc"}, "no public id"),
        ({"person_id": "99999999999999999999"}, "no public id"),
        ({"person_id": "99", "name_en": ""}, "no name"),
        ({"id": "1"}, "no public id"),
        ({"gender": "x"}, "Unknown gender"),
        ({"ended": "perhaps"}, "true or false"),
        ({"ended": "true", "end": "2020"}, "not both"),
        ({"source_title": "a | b", "source_url": "https://example.org"}, "different numbers"),
        ({"source_url": "javascript:x"}, "No address"),
        ({"name_en": "x" * 151}, "name_en"),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_invalid_row_of_a_table_is_reported_with_its_line(chamber, row, message, file_format):
    make = {"csv": table_of, "xlsx": sheet_of}[file_format]
    good = {"name_en": "Bob Ray", "chamber": "belarus-house"}
    data = make(good, {"name_en": "Ann Lee", "chamber": "belarus-house", **row})
    report = import_file(data, file_format)
    assert report.conflicts[0].location == 3
    assert message in report.conflicts[0].message
    skipping = import_file(data, file_format, skip_invalid=True)
    assert skipping.saved
    assert Delegate.objects.get().person.name_en == "Bob Ray"


# Files that cannot be read


def archive(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in parts.items():
            bundle.writestr(name, content)
    return file.getvalue()


HEADER = ",".join(MANDATE_COLUMNS)
UNREADABLE = {
    "empty": (b"", "csv", "empty"),
    "no header": (b"\n\n", "csv", "no header"),
    "unknown column": (b"name_en,chamber,shoe_size\n", "csv", "Unknown columns: shoe_size"),
    "doubled column": (b"name_en,name_en,chamber\n", "csv", "stand twice: name_en"),
    "missing column": (b"person_id,start\n", "csv", "missing: chamber"),
    "no person": (b"chamber,start\n", "csv", "missing: name_en"),
    "unclosed quote": (HEADER.encode() + b'\n"abc\n', "csv", "is not CSV"),
    "large cell": (HEADER.encode() + b"\n" + b"x" * 200_000, "csv", "Line 2"),
    "UTF-16": (HEADER.encode("utf-16"), "csv", "not in UTF-8: line 1"),
    "CP1251": (HEADER.encode() + "\nКогут".encode("cp1251"), "csv", "not in UTF-8: line 2"),
    "NUL": (HEADER.encode() + b"\na\0b", "csv", "Line 2 holds a NUL"),
    "many columns": (b"," * 300, "csv", "more than 200 columns"),
    "not JSON": (b'{"persons": [}', "popolo", "line 1, column 14"),
    "a list": (b"[]", "popolo", "not Popolo"),
    "no lists": (b"{}", "popolo", "must be a list"),
    "persons is an object": (b'{"persons": {}, "memberships": []}', "popolo", "must be a list"),
    "deep": (b"[" * 100_000, "popolo", "nested too deeply"),
    "long number": (b'{"persons": ' + b"9" * 5_000 + b"}", "popolo", "5000 digits"),
    "NaN": (b'{"persons": NaN}', "popolo", "NaN"),
    "JSON in CP1251": ('{"persons": "Когут"}'.encode("cp1251"), "popolo", "not in UTF-8: line 1"),
    "no legislature": (b'{"persons": [], "memberships": [], "organizations": []}', "popolo", "one legislature"),
    "not a ZIP": (b"PK", "xlsx", "undamaged XLSX"),
    "a ZIP of something": (archive(a="b"), "xlsx", "undamaged XLSX"),
    "formula": (sheet_of({"name_en": "=1+1", "chamber": "x"}), "xlsx", "Line 2 holds a formula"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_file_is_refused_with_a_message(case):
    data, file_format, message = UNREADABLE[case]
    with pytest.raises(ImportRefusedError, match=message):
        take(data, file_format)
    assert not Parliament.objects.exists()


@pytest.mark.long
def test_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("openpyxl.load_workbook", lambda *args, **kwargs: pytest.fail("was opened"))
    with pytest.raises(ImportRefusedError, match="when it is unpacked"):
        take(archive(**{"xl/worksheets/sheet1.xml": b"0" * (files.MAX_UNPACKED + 1)}), "xlsx")


def test_xml_entities_in_a_spreadsheet_are_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(ImportRefusedError, match="undamaged"):
        take(archive(**{"[Content_Types].xml": bomb, "xl/workbook.xml": bomb}), "xlsx")


def test_file_above_a_limit_is_refused_with_the_limit(monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 2)
    with pytest.raises(ImportRefusedError, match="more than 2 rows"):
        import_file(b"name_en,chamber\n" + b"a,b\n" * 3, "csv")
    monkeypatch.setattr(files, "MAX_BYTES", 1024 * 1024)
    with pytest.raises(ImportRefusedError, match="larger than 1 MB"):
        import_file(b"x" * (1024 * 1024 + 1), "csv")


def test_foreign_file_requires_a_chamber_or_a_country(chamber):
    with pytest.raises(ImportRefusedError, match="name the chamber or the country"):
        import_file(popolo(), "popolo")
    with pytest.raises(ImportRefusedError, match="no chamber with the code"):
        take(popolo(), chamber="nowhere")
    with pytest.raises(ImportRefusedError, match="no country code"):
        take(popolo(), country="XX")
    with pytest.raises(ImportRefusedError, match="holds no legislature"):
        take(b"name_en\nAnn", "csv", country="BI")


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


# Our own export, edited


def edited(change):
    """Import an export of one parliament that ``change`` has edited."""
    chamber = factories.SeatQuotaFactory(
        chamber__slug="a-house", chamber__parliament__slug="a", chamber__parliament__country="BY", starts="2010"
    ).chamber
    factories.DelegateFactory(chamber=chamber, starts="2015")
    document = json.loads(export_popolo())
    change(document)
    return import_file(json.dumps(document).encode(), "popolo")


def export_popolo():
    file = io.StringIO()
    call_command("export_delegations", stdout=file)
    return file.getvalue()


def again(rows, **about):
    rows.append({**rows[-1], **about})


OTHER = "11111111-1111-4111-8111-111111111111"
EDITS = {
    "an id used twice": (lambda file: again(file["memberships"], role="head"), "used for something else"),
    "an unknown person": (lambda file: file["memberships"][0].update(person_id="7777"), "neither in the file"),
    "no chamber": (lambda file: file["memberships"][0].update(on_behalf_of_id="x"), "does not hold: x"),
    "no seats": (lambda file: file["posts"][0].pop("seats"), "seats:"),
    "a thousand seats": (lambda file: file["posts"][0].update(seats=1000), "cannot hold"),
    "an unknown role": (lambda file: file["memberships"][0].update(role="king"), "role:"),
    "quotas that overlap": (lambda file: again(file["posts"], id=OTHER, seats=9), "overlaps with"),
    "no UUID": (lambda file: file["memberships"][0].update(id="1"), "no public id"),
    "no name": (lambda file: [file["persons"][0].pop(name) for name in ("name_en", "name_ru")], "no name"),
    "another address": (lambda file: file["organizations"][1].update(slug="b", id="b"), "under another address"),
    "a reserved slug": (
        lambda file: file["organizations"][1].update(slug="people", id="people", country="KZ"),
        "cannot hold",
    ),
    "an unknown class": (lambda file: file["organizations"][1].update(classification="x"), "not one of ours"),
}


@pytest.mark.parametrize("case", EDITS)
def test_fault_in_an_own_export_is_reported(case):
    change, message = EDITS[case]
    report = edited(change)
    assert not report.saved
    assert any(message in note.message for note in report.conflicts), words(report.conflicts)
    assert Delegate.objects.count() == 1


def test_values_removed_from_an_own_export_are_removed():
    def change(file):
        file["memberships"][0].pop("start_date")
        file["memberships"][0] |= {"end_date": "2020-01-01", "role": "head"}

    report = edited(change)
    assert report.counts["ended"]["delegates"] == 1
    mandate = Delegate.objects.get()
    assert (mandate.starts, str(mandate.ends), mandate.role) == (None, "2020-01-01", "head")


def test_former_slug_in_an_own_export_keeps_the_current_slug():
    def rename(file):
        parliament = Parliament.objects.get()
        parliament.slug = "renamed"
        parliament.save()

    report = edited(rename)
    assert report.saved, words(report.conflicts)
    assert Parliament.objects.get().slug == "renamed"


def test_former_slug_of_another_parliament_is_not_imported():
    def claim(file):
        other = factories.ParliamentFactory(slug="present")
        FormerSlug.objects.create(parliament=other, slug="former")
        file["organizations"][1]["former_slugs"] = ["present", "former", "own"]

    report = edited(claim)
    assert report.saved, words(report.conflicts)
    assert [note.message for note in report.warnings if note.kind == "parliaments"] == [
        "The former address “present” is another parliament's.",
        "The former address “former” is another parliament's.",
    ]
    assert set(FormerSlug.objects.values_list("slug", "parliament__slug")) == {("former", "present"), ("own", "a")}


# The command


def run(capsys, *arguments):
    code = 0
    try:
        call_command("import_delegations", *map(str, arguments))
    except CommandError as error:
        code = error.returncode
    return code, capsys.readouterr().out


def test_command_prints_one_json_object(capsys, tmp_path):
    file = tmp_path / "file.json"
    file.write_bytes(popolo(GOOD, [member("a"), member("b", start_date="x")]))
    code, out = run(capsys, file, "--country", "bi", "--json")
    report = json.loads(out)
    assert (code, report["saved"], len(report["conflicts"])) == (1, False, 1)
    assert report["conflicts"][0]["pointer"] == "/memberships/1"
    code, out = run(capsys, file, "--country", "BI", "--json", "--skip-invalid")
    report = json.loads(out)
    assert (code, report["saved"], report["added"]["delegates"], len(report["skipped"])) == (0, True, 1, 1)
    assert report["added"].keys() == report["unchanged"].keys() >= {"people", "delegates"}


def test_command_prints_the_difference_as_text(capsys, tmp_path):
    file = tmp_path / "file.json"
    file.write_bytes(popolo())
    code, out = run(capsys, file, "--country", "BI", "--dry-run")
    assert code == 0
    assert "+ delegates: Ann Lee, Assemblée nationale (2015-03-01 –) [/memberships/0]" in out
    assert "dry run" in out
    assert not Person.objects.exists()


@pytest.mark.parametrize("arguments", [["nowhere.json"], ["file.txt"], ["file.json", "--json"]])
def test_command_exits_with_1_for_an_unreadable_file(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "file.json").write_text("x")
    code, out = run(capsys, *arguments)
    assert code == 1
    if "--json" in arguments:
        assert json.loads(out)["conflicts"][0]["message"].startswith("This is not JSON")


# The page of the admin

PAGE = "/admin/delegations/parliament/import/"


@pytest.fixture
def secretary(client, tmp_path, monkeypatch):
    """A client of a user who may add and change delegates."""
    monkeypatch.setattr(file_import, "FOLDER", tmp_path / "imports")
    user = factories.UserFactory()
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_delegate", "change_delegate", "view_delegate"])
    )
    client.force_login(user)
    return client


def upload(client, data, name="file.json", **options):
    file = io.BytesIO(data)
    file.name = name
    return client.post(PAGE, {"file": file, "country": "BI", **options})


def test_page_shows_the_difference_and_saves_it_after_confirmation(secretary, tmp_path):
    answer = upload(secretary, popolo())
    assert "Ann Lee" in answer.content.decode()
    assert not Person.objects.exists()
    assert len(list((tmp_path / "imports").iterdir())) == 1
    done = secretary.post(PAGE, {"note": answer.context["note"]}, follow=True)
    assert "The file was imported." in done.content.decode()
    assert Delegate.objects.count() == 1
    assert not list((tmp_path / "imports").iterdir())
    again = secretary.post(PAGE, {"note": answer.context["note"]}, follow=True)
    assert "upload the file again" in again.content.decode()


def test_page_refuses_a_changed_difference(secretary):
    answer = upload(secretary, popolo())
    take(popolo([somebody(name="Ann Other")]))
    done = secretary.post(PAGE, {"note": answer.context["note"]}, follow=True)
    assert "no longer the one that was shown" in done.content.decode()
    assert Person.objects.get().name_en == "Ann Other"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"x", "file.json", "This is not JSON"),
        (b"x", "file.txt", "File extension"),
        (b"", "file.json", "empty"),
        (popolo(memberships=[member(start_date="x")]), "file.json", "Nothing can be imported"),
    ],
)
def test_page_shows_errors_of_the_file(secretary, data, name, words):
    answer = upload(secretary, data, name)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert "note" not in answer.context


@pytest.mark.parametrize("field", ["chamber", "country", "end_missing"])
def test_malformed_field_shows_an_error(secretary, field):
    for nonsense in ("x\0", "9999-99-99", "y" * 5_000):
        answer = upload(secretary, popolo(), **{field: nonsense})
        assert answer.status_code == 200
        assert answer.context["form"].errors


@pytest.mark.parametrize("note", ["", "x", "../../etc/passwd"])
def test_forged_token_saves_nothing(secretary, note):
    assert "upload the file again" in secretary.post(PAGE, {"note": note}, follow=True).content.decode()


def test_page_requires_permission_to_change_delegates(client):
    client.force_login(factories.UserFactory())
    assert client.get(PAGE).status_code == 404
    assert upload(client, popolo()).status_code == 404


def test_template_of_the_table_is_downloaded(secretary):
    answer = secretary.get(PAGE + "template.csv")
    assert answer.getvalue().decode("utf-8-sig").strip() == ",".join(MANDATE_COLUMNS)
