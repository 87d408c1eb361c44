"""Imports know the other names of people on record, and bring those of a file."""

import json

import pytest

from delegations.importer import import_file
from delegations.importer.rosters.name_list import match_names, read
from delegations.models import Person, PersonName, Source

from ....support import factories
from ....support.imports import export, member, popolo, somebody, table_of, take, words

pytestmark = pytest.mark.django_db


# The mandate that is on record.
MANDATE = [member(start_date="2010-01-01")]


@pytest.fixture
def ann(chamber) -> Person:
    """A member of the chamber, who was Ann Old until 2015."""
    person = factories.PersonFactory(name_en="Ann Lee", name_ru="", family_name_en="Lee", family_name_ru="")
    factories.PersonNameFactory(person=person, name_en="Ann Old", family_name_en="Old", name_ru="", ends="2015")
    factories.DelegateFactory(person=person, chamber=chamber, starts="2010-01-01")
    return person


def names(person: Person) -> tuple[str, str]:
    person.refresh_from_db()
    return person.name_en, person.family_name_en


def test_person_of_a_file_is_found_by_a_former_name_and_keeps_the_present_one(ann: Person, chamber):
    report = take(popolo([somebody(name="Ann Old", family_name="Old")], MANDATE), chamber=chamber.slug)
    assert report.saved
    assert "/persons/0: The file gives another name of this person; the present one was not changed." in words(
        report.warnings
    )
    assert Person.objects.count() == 1
    assert names(ann) == ("Ann Lee", "Lee")
    assert ann.identifiers.get().identifier == "a"


def test_bearers_of_one_name_at_different_times_are_not_confused(ann: Person, chamber):
    factories.DelegateFactory(person=factories.PersonFactory(name_en="Ann Old"), chamber=chamber)
    report = take(popolo([somebody(name="Ann Old")]), chamber=chamber.slug)
    assert not report.saved
    assert "could be one of these" in words(report.conflicts)[0]


def test_other_name_of_a_withdrawn_person_finds_nobody(ann: Person, chamber):
    ann.withdrawn, ann.withdrawal_reason_en = True, "At her own request."
    ann.save()
    take(popolo([somebody(name="Ann Old")]), chamber=chamber.slug)
    assert Person.objects.count() == 2


def test_table_of_a_former_day_does_not_bring_the_former_name_back(ann: Person, chamber):
    row = {"person_id": ann.public_id, "name_en": "Ann Old", "family_name_en": "Old", "chamber": chamber.slug}
    report = take(table_of(row | {"id": ann.mandates.get().uid, "start": "2010-01-01"}), "csv")
    assert report.saved
    assert names(ann) == ("Ann Lee", "Lee")
    take(table_of(row | {"id": ann.mandates.get().uid, "start": "2010-01-01", "name_en": "Ann New"}), "csv")
    assert names(ann) == ("Ann New", "Old")


def test_own_export_says_itself_which_name_is_the_present_one(ann: Person):
    document = json.loads(export())
    (person,) = document["persons"]
    (other,) = [entry for entry in person["other_names"] if "id" in entry]
    assert other | {"name": "Ann Old", "lang": "en", "end_date": "2015", "note": "name at birth"} == other
    assert "start_date" not in other
    person["name_en"], other["name_en"] = "Ann Old", "Ann Lee"
    assert import_file(json.dumps(document).encode(), "popolo").saved
    assert names(ann)[0] == "Ann Old"
    assert PersonName.objects.get().name_en == "Ann Lee"


def test_old_export_without_other_names_is_read(ann: Person):
    document = json.loads(export())
    del document["persons"][0]["other_names"]
    document["persons"][0]["name_en"] = "Ann Old"
    assert import_file(json.dumps(document).encode(), "popolo").saved
    assert names(ann)[0] == "Ann Lee"
    assert PersonName.objects.count() == 1


def test_other_names_of_another_publisher_become_rows_once():
    others = [
        {"name": "Энн Ли", "lang": "ru"},
        {"name": "Ann Old", "start_date": "1999", "end_date": "2001-05", "note": "maiden name"},
        {"name": "Annie Lee", "start_date": "2010"},
        {"name": "アン", "lang": "ja"},
        {"name": "Ann Lee", "lang": "de"},
    ]
    source = {"url": "https://example.org/marriage"}
    others[1]["sources"] = [source]
    file = popolo([somebody(other_names=others)])
    report = take(file)
    assert report.saved, words(report.conflicts)
    person = Person.objects.get()
    assert (person.name_en, person.name_ru) == ("Ann Lee", "Энн Ли")
    former, spelling = person.other_names.get(name_en="Ann Old"), person.other_names.get(name_en="Annie Lee")
    assert (str(former.starts), str(former.ends), former.note_en) == ("1999", "2001-05", "maiden name")
    assert list(former.sources.all()) == [Source.objects.get(url=source["url"])]
    # Nothing says that the other one was ever the name.
    assert (spelling.start, spelling.ended) == (None, True)
    assert report.not_kept["persons.other_names (other languages)"] == 1
    assert not take(file).changes
    assert person.other_names.count() == 2


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"name": "Ann Old", "end_date": "1066"}, "is no date"),
        ({"name": "vacant", "end_date": "2001"}, "is no name"),
        ({"name": "Ann Old", "start_date": "2002", "end_date": "2001"}, "does not come after"),
        ("Ann Old", "not an object"),
    ],
)
def test_wrong_other_name_is_a_conflict(other, message: str):
    report = take(popolo([somebody(other_names=[other])]))
    assert not report.saved
    assert message in " ".join(words(report.conflicts))


def test_overlapping_names_of_a_file_are_a_conflict(ann: Person, chamber):
    others = [{"name": "Ann Elder", "start_date": "2010-01-01", "end_date": "2012-01-01"}]
    factories.PersonNameFactory(person=ann, name_en="Ann Past", starts="2009", ends="2011")
    report = take(popolo([somebody(other_names=others)], MANDATE), chamber=chamber.slug)
    assert "Ann Elder (Ann Lee): overlaps with" in " ".join(words(report.conflicts))


def test_list_of_names_finds_a_former_name(ann: Person, chamber):
    factories.PersonNameFactory(
        person=ann, name_en="", name_ru="Анна Старая", family_name_ru="", starts=None, ends=None
    )
    for text in ("Ann Old", "Анна Старая"):
        (match,) = match_names(read(text), Person.objects.all(), chamber)
        assert match.candidates == [ann]
        assert match.chosen == str(ann.public_id)
    (match,) = match_names(read("Ann Old"), Person.objects.exclude(pk=ann.pk), chamber)
    assert match.candidates == []


def test_import_asks_about_a_former_name_in_another_order(ann: Person):
    report = take(popolo([somebody(name="Old Ann")], [member()]))
    assert [question.choices[0][0] for question in report.questions] == [str(ann.public_id)]
