"""Tables of mandates: CSV and XLSX."""

from datetime import date

import pytest
from django.core.management import call_command

from cspa.models import RetiredAddress
from delegations.importer import ImportOptions, import_file
from delegations.importer.readers import files
from delegations.models import Delegate, Person, Source

from .....support import factories
from .....support.imports import sheet_of, table_of, words

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_exported_mandates_are_imported_into_the_same_chambers(tmp_path, file_format, chamber):
    read = factories.SourceFactory(url="", date=None, accessed=date(2026, 11, 30))
    sources = [factories.SourceFactory(title_en="A | B", date=date(2020, 1, 2)), read]
    person = factories.PersonFactory(name_en="=Ann", name_ru='Анна "Энн", Ли', patronymic_ru="'-x", gender="female")
    factories.DelegateFactory(
        person=person, chamber=chamber, starts="2015", ends="2016-05", role="head", sources=sources
    )
    factories.DelegateFactory(
        person=person, chamber=chamber, starts="2017-01-01", ended=True, constituency_en="+1\nline"
    )
    factories.DelegateFactory(chamber=chamber, person__gender="", starts="by 2018-03-04")
    first, second = tmp_path / f"1.{file_format}", tmp_path / f"2.{file_format}"
    call_command("export_delegations", format=file_format, output=first)
    assert not import_file(first.read_bytes(), file_format).changes
    Delegate.objects.all().delete()
    Person.objects.all().delete()
    # Like a database in which these people never were.
    RetiredAddress.objects.all().delete()
    report = import_file(first.read_bytes(), file_format)
    assert report.saved, words(report.conflicts)
    assert report.counts["added"]["delegates"] == 3
    assert report.counts["unchanged"]["sources"] == 2
    call_command("export_delegations", format=file_format, output=second)
    if file_format == "csv":
        assert first.read_text() == second.read_text()
    else:
        rows = [list(files.xlsx_rows(file.read_bytes(), [])) for file in (first, second)]
        assert rows[0] == rows[1]


def test_mandates_ended_without_a_date_are_matched_by_role(chamber):
    person = factories.PersonFactory(name_en="Ann Lee")
    for role in ("head", "substitute"):
        factories.DelegateFactory(chamber=chamber, person=person, role=role, ended=True)
    factories.DelegateFactory(chamber=chamber, person=person, starts="2010", ends="2015")
    for roles in (("head", "substitute"), ("substitute", "head")):
        rows = [{"name_en": "Ann Lee", "role": role, "ended": "true"} for role in roles]
        report = import_file(table_of(*rows), "csv", ImportOptions(chamber=chamber.slug))
        assert report.counts["unchanged"]["delegates"] == 2
        assert not report.changes


@pytest.mark.parametrize("start", [{"start": "by 2019-05-26"}, {"start": "2019-05-26", "start_quality": "By"}])
def test_day_by_which_a_mandate_held_is_imported(chamber, start):
    assert import_file(table_of({"name_en": "Ann Lee", **start}), "csv", ImportOptions(chamber=chamber.slug)).saved
    assert str(Delegate.objects.get().starts) == "by 2019-05-26"


@pytest.mark.parametrize("other", ["person", "chamber"])
def test_id_of_another_mandate_in_a_foreign_table_makes_a_new_mandate(chamber, other):
    ann = factories.PersonFactory(name_en="Ann Lee")
    council = factories.ChamberFactory(parliament=chamber.parliament)
    about = {"person": {"chamber": chamber}, "chamber": {"chamber": council, "person": ann}}[other]
    known = factories.DelegateFactory(**about, starts="2010")
    report = import_file(table_of({"id": known.uid, "name_en": "Ann Lee"}), "csv", ImportOptions(chamber=chamber.slug))
    assert report.saved, words(report.conflicts)
    assert Delegate.objects.get(person=ann, chamber=chamber).uid != known.uid
    assert Delegate.objects.get(uid=known.uid, person=known.person, chamber=known.chamber).starts == known.starts


def test_id_of_the_same_mandate_in_a_foreign_table_changes_its_start(chamber):
    known = factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2010")
    row = {"id": known.uid, "name_en": "Ann Lee", "start": "2011"}
    assert import_file(table_of(row), "csv", ImportOptions(chamber=chamber.slug)).saved
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
    report = import_file(text, "csv", ImportOptions(chamber="belarus-house"))
    assert report.saved
    mandate = Delegate.objects.get()
    assert (mandate.person.name_en, str(mandate.starts), mandate.sources.count()) == ("Ann Lee", "2019-05", 1)
    assert not import_file(text, "csv", ImportOptions(chamber="belarus-house")).changes


def test_spreadsheet_with_dates_and_numbers_is_imported(chamber):
    data = sheet_of({"name_en": "Ann Lee", "start": date(2019, 5, 26), "end": 2020, "ended": False})
    assert import_file(data, "xlsx", ImportOptions(chamber="belarus-house")).saved
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
        ({"start": "43831"}, "if it means the day 2020-01-01"),
        ({"source_title": "#N/A"}, "“source_title” holds an error"),
        ({"start": "2019", "start_quality": "by"}, "start_quality"),
        ({"start": "2019-05-26", "start_quality": "about"}, "start_quality"),
        ({"start": "by 2019-05", "start_quality": "by"}, "start_quality"),
        ({"end": "by 2019-05-26"}, "is no date"),
        ({"ended": "perhaps"}, "true or false"),
        ({"ended": "true", "end": "2020"}, "not both"),
        ({"source_title": "a | b", "source_url": "https://example.org"}, "different numbers"),
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
    skipping = import_file(data, file_format, ImportOptions(skip_invalid=True))
    assert skipping.saved
    assert Delegate.objects.get().person.name_en == "Bob Ray"
