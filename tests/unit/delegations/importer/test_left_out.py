"""Rows that are left out: nothing of them is saved, and they come as a file to correct."""

import json

import pytest
from django.core.management import call_command

from delegations.importer import ImportOptions, import_file, left_out_file
from delegations.models import Delegate, Person, PersonName, Source

from ....support import factories
from ....support.imports import member, popolo, sheet_of, somebody, table_of, take

pytestmark = pytest.mark.django_db

HEADER = ["name_en", "start", "end", "source_title"]
ROWS = [
    {"name_en": "Ann Lee", "start": "2015", "source_title": "Decree 1"},
    {"name_en": "Bob Ray", "start": "2015", "end": "2014", "source_title": "Decree 2"},
    {"name_en": "Cy Dow", "start": "26 Mai", "source_title": "Decree 2"},
    {"name_en": "Ann Lee", "start": "2016", "source_title": "Decree 1"},
]


def left_out(data, file_format, **options):
    """Import all but the rows that conflict; return the file of these."""
    stated = ImportOptions(skip_invalid=True, **options)
    report = import_file(data, file_format, stated)
    assert report.saved
    return b"".join(left_out_file(data, file_format, stated, report))


def test_nothing_of_a_row_that_is_left_out_is_saved(chamber):
    left_out(table_of(*ROWS, header=HEADER), "csv", chamber=chamber.slug)
    assert list(Person.objects.values_list("name_en", flat=True)) == ["Ann Lee"]
    assert Delegate.objects.count() == 1
    assert list(Source.objects.values_list("title_en", flat=True)) == ["Decree 1"]


def test_nothing_of_a_membership_that_is_left_out_is_saved():
    other = {"name": "Bobby Ray", "lang": "en", "end_date": "2001"}
    link = {"url": "https://example.org/b"}
    people = [somebody(), somebody("b", "Bob Ray", other_names=[other], sources=[link])]
    left_out(popolo(people, [member("a"), member("b", start_date="never")]), "popolo", country="BI")
    assert list(Person.objects.values_list("name_en", flat=True)) == ["Ann Lee"]
    assert not PersonName.objects.exists()
    assert not Source.objects.exists()


def test_person_on_record_is_not_changed_by_a_row_that_is_left_out(chamber):
    person = factories.DelegateFactory(chamber=chamber, starts="2010", person__name_en="Ann Lee").person
    person.gender = "female"
    person.save()
    row = {"person_id": person.public_id, "name_en": "Ann Ray", "gender": "male", "start": "26 Mai"}
    left_out(table_of({**row, "chamber": chamber.slug}), "csv")
    person.refresh_from_db()
    assert (person.name_en, person.gender) == ("Ann Lee", "female")


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_left_out_rows_of_a_table_can_be_corrected_and_imported(chamber, file_format):
    make = {"csv": table_of, "xlsx": sheet_of}[file_format]
    file = left_out(make(*ROWS, header=HEADER), file_format, chamber=chamber.slug)
    if file_format == "csv":
        header, *lines = file.decode("utf-8-sig").splitlines()
        assert header == "name_en,start,end,source_title,Left out because"
        assert [line.split(",")[:3] for line in lines] == [
            ["Bob Ray", "2015", "2014"],
            ["Cy Dow", "26 Mai", ""],
            ["Ann Lee", "2016", ""],
        ]
        assert "does not come after" in lines[0]
        assert "overlaps with 2015" in lines[2]
        corrected = file.replace(b"2014", b"2017").replace(b"26 Mai", b"26 May 2015").replace(b"Ann Lee", b"Di Fox")
        report = take(corrected, "csv", chamber=chamber.slug)
        assert (report.saved, report.warnings) == (True, [])
        assert Person.objects.count() == 4
    else:
        again = take(file, "xlsx", chamber=chamber.slug)
        assert len(again.conflicts) == 3


def test_left_out_people_come_with_what_they_refer_to():
    people = [somebody(), somebody("b", "vacant"), somebody("c", "Cy Dow")]
    rows = [member("a"), member("b"), member("c", start_date="never")]
    document = json.loads(left_out(popolo(people, rows), "popolo", country="BI"))
    assert [row["id"] for row in document["persons"]] == ["b", "c"]
    assert [row["person_id"] for row in document["memberships"]] == ["b", "c"]
    assert "is no name" in document["persons"][0]["left_out_because"]
    document["persons"][0]["name"] = "Bob Ray"
    document["memberships"][1]["start_date"] = "2015"
    report = take(json.dumps(document).encode())
    assert (report.saved, report.not_kept) == (True, {})
    assert Delegate.objects.count() == 3


def test_command_writes_the_left_out_rows(chamber, tmp_path):
    table, file = tmp_path / "list.csv", tmp_path / "left-out.csv"
    table.write_bytes(table_of(*ROWS, header=HEADER))
    call_command("import_delegations", table, chamber=chamber.slug, skip_invalid=True, left_out=file)
    assert file.read_text("utf-8-sig").count("Decree") == 3
