"""Other names in the forms of the back office."""

import pytest
from django.test import Client

from delegations.models import Person, PersonName

from ..support import factories
from ..support.admin_forms import filled_in, page, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Person:
    return factories.PersonFactory(name_en="Anna Abramova")


def added(client: Client, person: Person, **values: str):
    """The answer to the form of ``person`` with one more other name."""
    address = page("delegations_person_change", person.pk)
    number = person.other_names.count()
    row = {f"other_names-{number}-{name}": value for name, value in values.items()}
    data = filled_in(client, address) | {"other_names-TOTAL_FORMS": number + 1, f"other_names-{number}-id": ""}
    return client.post(address, data | row | {"_reason": "Marriage", "_warnings": "on"}, follow=True)


def test_name_is_entered_on_the_page_of_the_person(administrator: Client, anna: Person):
    source = factories.SourceFactory()
    added(administrator, anna, name_en="Anna Zhukova", ends="01.06.2015", sources=str(source.pk))
    row = anna.other_names.get()
    assert (row.name_en, str(row.ends), row.ended, list(row.sources.all())) == (
        "Anna Zhukova",
        "2015-06-01",
        False,
        [source],
    )
    added(administrator, anna, name_en="Hanna Abramava", sources=str(source.pk))
    assert anna.other_names.get(name_en="Hanna Abramava").ended


def test_second_name_of_one_day_is_refused_in_words(administrator: Client, anna: Person):
    source = factories.SourceFactory()
    factories.PersonNameFactory(person=anna, starts="2001", ends="2015", sources=[source])
    answer = added(administrator, anna, name_en="Anna Orlova", starts="2010", ends="2012", sources=str(source.pk))
    assert "This person has another name in the same period." in words(answer)
    assert anna.other_names.count() == 1


def test_end_that_becomes_known_is_entered_without_unticking(administrator: Client, anna: Person):
    row = factories.PersonNameFactory(person=anna, ends=None, sources=[factories.SourceFactory()])
    address = page("delegations_personname_change", row.pk)
    administrator.post(address, filled_in(administrator, address) | {"ends": "2015"}, follow=True)
    row = PersonName.objects.get()
    assert (row.ended, str(row.ends)) == (False, "2015")
