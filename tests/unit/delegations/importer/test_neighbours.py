"""Mandates of a file that overlap because the earlier one does not end where the next one begins."""

import pytest
from django.core.management import CommandError, call_command

from delegations.models import Chamber, Delegate

from ....support import factories
from ....support.imports import table_of, take

pytestmark = pytest.mark.django_db

HEADER = ["name_en", "start", "end"]
ROWS = [
    {"name_en": "Ann Lee", "start": "2004-11-13", "end": "2010-11-13"},
    {"name_en": "Ann Lee", "start": "2010-10-23", "end": "2016-10-23"},
    {"name_en": "Bob Ray", "start": "2004-11-13"},
    {"name_en": "Bob Ray", "start": "2010-10-23"},
]


def file_of(*rows):
    return table_of(*rows, header=HEADER)


def periods(name):
    return [
        f"{row.starts}/{row.ends or ''}" for row in Delegate.objects.filter(person__name_en=name).order_by("start")
    ]


def test_end_where_the_next_begins_is_offered_and_made_for_one_or_all(chamber):
    Chamber.objects.update(name_en="House")
    report = take(file_of(*ROWS), "csv", chamber=chamber.slug)
    offered = [(offer.place, offer.label.split(",")[0], offer.day) for offer in report.neighbours]
    assert offered == [("3", "Ann Lee", "2010-10-23"), ("5", "Bob Ray", "2010-10-23")]
    assert len(report.conflicts) == 2
    one = take(file_of(*ROWS), "csv", chamber=chamber.slug, end_earlier=("5",), dry_run=True)
    assert [note.location for note in one.conflicts] == [3]
    both = take(file_of(*ROWS), "csv", chamber=chamber.slug, end_earlier=("all",))
    assert both.saved
    said = "Ann Lee, House: ended on 2010-10-23, where the next mandate begins."
    assert said in [note.message for note in both.warnings]
    assert periods("Ann Lee") == ["2004-11-13/2010-10-23", "2010-10-23/2016-10-23"]
    assert periods("Bob Ray") == ["2004-11-13/2010-10-23", "2010-10-23/"]
    assert not take(file_of(*ROWS), "csv", chamber=chamber.slug, end_earlier=("all",)).changes


def test_mandate_on_record_ends_where_one_of_the_file_begins(chamber):
    person = factories.PersonFactory(name_en="Bob Ray")
    known = factories.DelegateFactory(chamber=chamber, person=person, starts="2004-11-13")
    report = take(file_of(ROWS[3]), "csv", chamber=chamber.slug, end_earlier=("2",))
    assert (report.saved, report.counts["ended"]["delegates"]) == (True, 1)
    assert periods("Bob Ray") == ["2004-11-13/2010-10-23", "2010-10-23/"]
    known.refresh_from_db()
    assert known.end is not None


@pytest.mark.parametrize(
    "later",
    [{"start": "2005-01-01", "end": "2006-01-01"}, {"start": "2004-11-13"}, {"start": "2010", "end": "2016"}],
    ids=["within the earlier one", "on the same day", "on no certain day"],
)
def test_nothing_is_offered_for_other_overlaps(chamber, later):
    rows = [ROWS[0] | {"end": "2011-11-13"}, {"name_en": "Ann Lee", **later}]
    report = take(file_of(*rows), "csv", chamber=chamber.slug, end_earlier=("all",))
    assert (report.neighbours, len(report.conflicts)) == ([], 1)


def test_command_lists_the_offers_and_takes_them(chamber, tmp_path, capsys):
    file = tmp_path / "list.csv"
    file.write_bytes(file_of(*ROWS))
    with pytest.raises(CommandError):
        call_command("import_delegations", file, chamber=chamber.slug)
    assert f"--end-earlier PLACE, or all):\n  3: Ann Lee, {chamber.name}, 2010-10-23\n  5:" in capsys.readouterr().out
    call_command("import_delegations", file, chamber=chamber.slug, end_earlier=["3", "5"])
    assert Delegate.objects.count() == 4
