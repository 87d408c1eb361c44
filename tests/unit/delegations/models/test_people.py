"""People: public ids, names in each language, and the order of lists."""

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, transaction
from django.utils.translation import override

from cspa.db.collation import sort_key
from delegations.models import FormerPublicId, Person

from ....support import factories

pytestmark = pytest.mark.django_db


def test_public_ids_are_sequential_and_permanent():
    first, second = factories.PersonFactory(), factories.PersonFactory(public_id=40)
    third = factories.PersonFactory()
    assert (first.public_id, second.public_id, third.public_id) == (1, 40, 41)


@pytest.mark.both_databases("cspa.db.collation")
def test_bulk_create_sets_public_ids_and_sort_keys():
    Person.objects.bulk_create([factories.PersonFactory.build(), factories.PersonFactory.build(public_id=3)])
    Person.objects.bulk_create([factories.PersonFactory.build(), factories.PersonFactory.build()])
    assert sorted(Person.objects.values_list("public_id", flat=True)) == [1, 3, 4, 5]
    assert all(person.sort_key_en and person.sort_key_ru for person in Person.objects.all())


def test_save_with_update_fields_saves_the_sort_key():
    person = factories.PersonFactory(family_name_en="Kogut")
    person.family_name_en = "Alishev"
    person.save(update_fields=["family_name_en"])
    before = person.sort_key_en
    person.refresh_from_db()
    assert person.sort_key_en == before == sort_key("Alishev Viktor")


def test_queryset_update_of_a_name_is_refused():
    factories.PersonFactory()
    with pytest.raises(FieldError, match="family_name_en"):
        Person.objects.update(family_name_en="Other")


def test_person_without_a_name_violates_a_constraint():
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.PersonFactory(name_en="", name_ru="")


def test_missing_name_falls_back_to_another_language_and_names_it():
    person = factories.PersonFactory(name_en="", name_ru="Виктор Когут")
    with override("en"):
        assert (person.name, person.name.lang) == ("Виктор Когут", "ru")
        assert person.slug == "viktor-kogut"


def test_directory_name_in_russian_starts_with_the_family_name():
    person = factories.PersonFactory(name_ru="Виктор Когут", given_name_ru="Виктор", family_name_ru="Когут")
    with override("ru"):
        assert person.sorted_public_name == "Когут Виктор"
    with override("en"):
        assert person.sorted_public_name == person.name_en


@pytest.mark.parametrize(
    "alphabet",
    [
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        # Kazakh, except for і and the order of ү and ұ, which follow UTS 10.
        "аәбвгғдежзийкқлмнңоөпрстуүұфхһцчшщъыьэюя",
        # Kyrgyz.
        "абвгдежзийклмнңоөпрстуүфхцчшщъыьэюя",
        # Tajik.
        "абвгғдежзиӣйкқлмнопрстуӯфхҳчҷшъэюя",
    ],
)
def test_names_are_ordered_by_their_alphabet_on_both_databases(alphabet):
    people = [factories.PersonFactory.build(family_name_ru=letter.upper() + "ан") for letter in reversed(alphabet)]
    Person.objects.bulk_create(people)
    with override("ru"):
        found = Person.objects.in_order().values_list("family_name_ru", flat=True)
        assert "".join(name[0] for name in found).lower() == alphabet


def test_yo_sorts_with_ye():
    assert sort_key("Ежов") < sort_key("Ёлкин") < sort_key("Ермаков") < sort_key("Жуков")


def test_former_public_ids_are_created_in_bulk():
    person = factories.PersonFactory()
    FormerPublicId.objects.bulk_create([FormerPublicId(person=person, public_id=number) for number in (40, 41)])
    assert FormerPublicId.objects.get_by_natural_key(41).person == person
