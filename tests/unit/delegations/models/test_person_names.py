"""Other names of people: the name of a day, the search, and what the database refuses."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils.translation import override

from delegations.dates import today
from delegations.models import Delegate, Person, PersonName, delegations_on, names_on
from delegations.succession import holding, lines

from ....support import factories
from ....support.counting import cost

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases("delegations.models.person_names")]


@pytest.fixture
def anna() -> Person:
    """A person who bore another name until 1 June 2015."""
    person = factories.PersonFactory(
        name_en="Anna Abramova", given_name_ru="Анна", family_name_ru="Абрамова", patronymic_ru="Ильинична"
    )
    factories.PersonNameFactory(
        person=person,
        name_en="Anna Zhukova",
        family_name_en="Zhukova",
        name_ru="Анна Жукова",
        given_name_ru="Анна",
        family_name_ru="Жукова",
        patronymic_ru="Ильинична",
        starts="2001",
        ends="2015-06-01",
    )
    return person


def named(person: Person, day: date) -> str:
    return Person.objects.prefetch_related(*names_on(day)).get(pk=person.pk).public_name


def test_name_is_that_of_the_day(anna: Person):
    days = [date(2000, 12, 31), date(2001, 1, 1), date(2015, 5, 31), date(2015, 6, 1), today(), date(2090, 1, 1)]
    former, present = "Anna Zhukova", "Anna Abramova"
    assert [named(anna, day) for day in days] == [present, former, former, present, present, present]
    with override("ru"):
        found = Person.objects.prefetch_related(*names_on(date(2010, 1, 1))).get()
        assert found.sorted_public_name == found.staff_name == "Жукова Анна Ильинична"
    assert str(found) == found.name == "Anna Abramova"
    assert found.slug == "anna-abramova"


def test_spelling_without_dates_is_found_and_never_shown(anna: Person):
    spelling = factories.PersonNameFactory(person=anna, name_en="Hanna Abramava", ends=None)
    assert spelling.ended
    assert named(anna, date(1999, 1, 1)) == "Anna Abramova"
    assert list(Person.objects.search("Abramava")) == [anna]


def test_name_of_which_the_start_is_not_known_reaches_back_to_its_predecessor(anna: Person):
    factories.PersonNameFactory(person=anna, name_en="Anna Orlova", starts=None, ends="1998")
    assert named(anna, date(1970, 1, 1)) == named(anna, date(1998, 12, 31)) == "Anna Orlova"
    assert named(anna, date(1999, 1, 1)) == "Anna Abramova"


def test_today_has_no_query_for_names_and_a_past_day_has_one(anna: Person):
    def measure(day: date) -> int:
        return cost(lambda: list(Person.objects.prefetch_related(*names_on(day))))

    assert measure(today()) == measure(date(2090, 1, 1)) == 1
    assert measure(date(2010, 1, 1)) == 2


def test_delegation_has_the_names_of_the_day(anna: Person):
    chamber = factories.ChamberFactory()
    factories.DelegateFactory(person=anna, chamber=chamber, starts="2010")
    factories.RepresentativeFactory(person=anna, parliament=chamber.parliament, starts="2010")
    for day, name in [(date(2012, 1, 1), "Anna Zhukova"), (date(2016, 1, 1), "Anna Abramova")]:
        (delegation,) = delegations_on(day)
        assert [row.person.public_name for row in [*delegation.delegates, *delegation.representatives]] == [name, name]


def test_search_knows_each_name_and_mixes_none(anna: Person):
    other = factories.PersonFactory(name_en="Anna Petrova")
    for text in ("Zhukova", "Анна Жукова", "zhukva anna", "Abramova", "Жукова Анна Ильинична"):
        assert list(Person.objects.search(text)) == [anna], text
    assert not Person.objects.search("Zhukova Abramova")
    assert not Person.objects.filter(pk=other.pk).search("Zhukova")
    anna.withdrawn, anna.withdrawal_reason_en = True, "At her own request."
    anna.save()
    assert not Person.objects.public().search("Zhukova")


@pytest.mark.parametrize("way", ["save", "bulk_create", "loaddata"])
def test_words_of_the_search_follow_each_way_to_write_the_row(way: str, tmp_path):
    person = factories.PersonFactory()
    row = factories.PersonNameFactory.build(person=person, name_en="Old Name", ends=None)
    if way == "bulk_create":
        PersonName.objects.bulk_create([row])
    else:
        row.save()
    if way == "loaddata":
        file = tmp_path / "names.json"
        call_command("dumpdata", "delegations.personname", natural_foreign=True, natural_primary=True, output=file)
        text = file.read_text().replace("Old Name", "Very Former")
        file.write_text(text)
        call_command("loaddata", str(file), verbosity=0)
        assert list(Person.objects.search("Former")) == [person]
    found = Person.objects.search("Old Name")
    assert bool(found) == (way != "loaddata")
    PersonName.objects.all().delete()
    assert not Person.objects.search("Old Name")


def test_database_refuses_two_names_of_one_day_and_a_name_that_goes_on(anna: Person):
    row = factories.PersonNameFactory.build(person=anna, starts="2014", ends="2016")
    with pytest.raises(ValidationError, match="another name in the same period"):
        row.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonName._base_manager.filter(person=anna).update(end=None, ended=False)


def test_name_is_required_in_some_language(anna: Person):
    with pytest.raises(ValidationError, match="Give the name"):
        PersonName(person=anna).full_clean()
    with pytest.raises(ValidationError, match="is no name"):
        PersonName(person=anna, name_en="vacant").full_clean()


def test_other_names_go_with_the_person(anna: Person):
    assert PersonName.objects.exists()
    anna.delete()
    assert not PersonName.objects.exists()
    assert not Delegate.objects.exists()


def test_end_that_becomes_known_replaces_the_unknown_one(anna: Person):
    row = factories.PersonNameFactory(person=anna, ends=None)
    row.ends = "1999"
    row.save(update_fields=["end", "end_precision"])
    row.refresh_from_db()
    assert (row.ended, str(row.ends)) == (False, "1999")


LIVES = {
    "dated": [("2001", "2005-06"), ("2006-01-02", "2010"), ("2010-03", "2012-04-05")],
    "start not known": [(None, "1998"), (None, "2003-05-05"), ("2004", "2005")],
    "start not known, beside a dated name": [("2001", "2003"), (None, "2010")],
    "by a day": [("by 2001-02-03", "2004"), ("2004-05", "2009")],
    "without dates": [(None, None), ("2003-04-05", None), ("2007", None), (None, "2001")],
}


@pytest.mark.parametrize("life", LIVES)
def test_succession_in_python_is_that_of_the_database(life: str):
    person = factories.PersonFactory()
    for starts, ends in LIVES[life]:
        factories.PersonNameFactory(person=person, starts=starts, ends=ends)
    (line,) = lines(PersonName.objects.all(), "pk", "person")
    edges = {bound for row in line for bound in (row.start, row.end, row.counts_until) if bound}
    days = {edge + timedelta(days=more) for edge in edges for more in (-1, 0, 1)} | {date(1950, 1, 1)}
    for day in sorted(days):
        row = holding(line, day)
        assert ([row.pk] if row else []) == list(PersonName.objects.on(day).values_list("pk", flat=True)), day
