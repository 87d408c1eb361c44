"""The chamber that a file is imported into."""

from datetime import date

import pytest

from delegations.importer import ImportOptions, ImportRefusedError
from delegations.importer.records import OpenQuestionError
from delegations.models import Chamber, Delegate, Parliament

from .....support import factories
from .....support.imports import member, popolo, somebody, table_of, take

pytestmark = pytest.mark.django_db


def house(name, key="legislature", wikidata=""):
    identifiers = [{"scheme": "wikidata", "identifier": wikidata}] if wikidata else []
    return {"id": key, "name": name, "classification": "legislature", "identifiers": identifiers}


def file_of(*houses, names=("Mira Holt",)):
    """A Popolo file with the people ``names`` in each of the organizations."""
    persons = [somebody(f"{place}-{name}", name) for place, _house in enumerate(houses) for name in names]
    rows = [
        member(f"{place}-{name}", organization_id=about["id"]) for place, about in enumerate(houses) for name in names
    ]
    return popolo(persons, rows, organizations=list(houses))


LOWER, UPPER = house("House of Deputies", wikidata="Q1"), house("Senate", wikidata="Q2")


def members(name):
    return sorted(Delegate.objects.filter(chamber__name_en=name).values_list("person__name_en", flat=True))


def test_second_house_with_the_same_id_does_not_become_the_first():
    assert take(file_of(LOWER), country="IT").saved
    upper = file_of(UPPER, names=["Jon Barrow"])
    with pytest.raises(OpenQuestionError, match="Senate") as asked:
        take(upper, country="IT")
    assert [choice.changes for choice in asked.value.choices] == [
        {"chamber": "italy-house-of-deputies", "country": ""},
        {"new_chamber": True},
    ]
    assert take(upper, country="IT", new_chamber=True).saved
    assert (members("House of Deputies"), members("Senate")) == (["Mira Holt"], ["Jon Barrow"])
    assert Parliament.objects.count() == 1
    # From now on each file finds its chamber.
    assert not take(file_of(LOWER), country="IT").changes
    assert not take(upper, country="IT").changes


def test_missing_mandates_of_another_house_do_not_end():
    take(file_of(LOWER), country="IT")
    take(file_of(UPPER, names=["Jon Barrow"]), country="IT", new_chamber=True)
    take(file_of(UPPER, names=["Ann Lee"]), country="IT", end_missing=date(2024, 1, 1))
    ended = Delegate.objects.filter(end__isnull=False).values_list("person__name_en", flat=True)
    assert list(ended) == ["Jon Barrow"]


@pytest.mark.parametrize("name", ["assemblée  NATIONALE", "Палата"])
def test_only_chamber_with_the_name_is_meant_and_keeps_the_id(chamber, name):
    Chamber.objects.update(name_en=name, name_ru="Национальная ассамблея", also_known_as="Chambre; Палата")
    called = house("Палата" if name == "Палата" else "Assemblée nationale", "leg")
    assert take(file_of(called), country="BY").saved
    chamber.refresh_from_db()
    assert (chamber.imported_id, chamber.delegates.count()) == ("leg", 1)
    factories.ChamberFactory(parliament=chamber.parliament, slug="belarus-council")
    assert not take(file_of(called), country="BY").changes


def test_chamber_of_another_organization_must_be_named_with_it(chamber):
    assert take(file_of(LOWER), chamber=chamber.slug).saved
    with pytest.raises(OpenQuestionError, match="Senate") as asked:
        take(file_of(UPPER), chamber=chamber.slug)
    assert [choice.changes for choice in asked.value.choices] == [{"organizations": ["legislature"]}]
    assert take(file_of(UPPER), chamber=chamber.slug, organizations=("legislature",)).saved
    assert Chamber.objects.get().imported_id == "Q2"


def test_one_legislature_of_a_file_is_chosen_or_all():
    both = file_of(house("House", "h"), house("Senate", "s"))
    with pytest.raises(OpenQuestionError) as asked:
        take(both, country="IT")
    assert [choice.changes for choice in asked.value.choices] == [
        {"organizations": ["h"]},
        {"organizations": ["s"]},
        {"organizations": ["all"]},
    ]
    assert take(both, country="IT", organizations=("h",)).saved
    assert (members("House"), members("Senate")) == (["Mira Holt"], [])
    with pytest.raises(OpenQuestionError):
        take(both, country="IT", organizations=("all",))
    report = take(both, country="IT", organizations=("all",), new_chamber=True)
    assert report.saved
    assert (members("House"), members("Senate")) == (["Mira Holt"], ["Mira Holt"])
    assert Parliament.objects.count() == 1
    with pytest.raises(ImportRefusedError, match="party"):
        take(both, country="IT", organizations=("party",))
    with pytest.raises(ImportRefusedError, match="Only one"):
        take(both, chamber="italy-house", organizations=("h", "s"))


def test_table_makes_a_chamber_and_a_parliament_if_the_user_says_so():
    table = table_of({"name_en": "Mira Holt", "start": "2024-03-01"})
    with pytest.raises(ImportRefusedError, match="no legislature"):
        take(table, "csv", country="IT")
    with pytest.raises(ImportRefusedError, match="give the name"):
        take(table, "csv", country="IT", new_chamber=True)
    for _time in range(2):
        assert not take(table, "csv", country="IT", new_chamber=True, chamber_name="Сенат").conflicts
    chamber = Chamber.objects.get()
    assert (chamber.name_ru, chamber.name_en, str(chamber.parliament.short_name_ru)) == ("Сенат", "", "Италия")
    assert list(Delegate.objects.values_list("chamber", flat=True)) == [chamber.pk]


def test_options_come_back_from_json():
    options = ImportOptions(organizations=("a", "b"), end_missing=date(2024, 1, 1), new_chamber=True)
    assert ImportOptions.of_json(options.as_json()) == options
    assert ImportOptions().as_json() == {}
