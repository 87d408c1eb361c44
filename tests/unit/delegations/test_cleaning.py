"""Cleaning and validation of names: one rule for forms, lists, imports, fixtures and the answers of parliaments."""

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils.translation import override

from cspa.i18n import single_line
from delegations.importer import ImportOptions, import_file
from delegations.importer.rosters import name_list
from delegations.models import Person
from delegations.names import doubts_about, validate_name

from ...support import factories
from ...support.admin_forms import filled_in, page, words
from ...support.imports import popolo, somebody, table_of, take

pytestmark = pytest.mark.django_db

# Decomposed, with a soft hyphen, a space of no width, a byte order mark, and spaces that do not break.
UNCLEAN = "\ufeff\u0007Иваи\u0306н\u00adов\u00a0 \u202fПе\u200bтр "
CLEAN = "Ивайнов Петр"
NO_NAMES = [
    *("vacant", "VACANT", "(Vacant)", "n/a", "N/A", "unknown", "TBD", "None", "-", "—", "...", "№ 7", "123"),
    *("вакант", "Вакансия", "«вакантно»", "н/д", "Н/Д", "нет данных", "Нет", "неизвестно", "#N/A", "#REF!", "#Н/Д"),
    *("vac\u00adant", "нет\u00a0данных", "Ив\ufffdнов Пётр"),
    # Read in an encoding in which they were not written.
    *(
        "Анна Кедрина".encode().decode("cp1252", "ignore"),
        "Кедрина".encode().decode("latin-1"),
        "РђРЅРЅР° РљРµРґСЂРёРЅР°",
    ),
]
NAMES = [
    "Vacantia Lee",
    "Нет Иван",
    "O’Neil",
    "Ли",
    "Ann Unknown",
    "Ó",
    "MUÑOZ NÚÑEZ",
    "GUÐRÚN",
    "СРЂАН ЂУРИЋ",
    "Рёва Сёмин",
    "РІС’ЮК",
    "Նիկոլ Փաշինյան",
    "J. R.",
]


@pytest.mark.parametrize("text", NO_NAMES)
def test_text_that_is_no_name_is_refused(text):
    with pytest.raises(ValidationError):
        validate_name(single_line(text))


def test_text_without_a_visible_character_is_empty():
    assert single_line("\u3164\u2800 \u0008\ufe0f\u00a0") == ""
    # A NUL means that the text is damaged, and is refused.
    assert single_line("a\0") == "a\0"


@pytest.mark.parametrize("text", NAMES)
def test_name_is_accepted_even_if_a_placeholder_is_part_of_it(text):
    validate_name(text)


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        ("Иван Петрoв", ["One word has letters of two alphabets: “Петрoв”."]),
        ("Dr. Ann Lee", ["“Dr.” is a title and no part of a name."]),
        ("Проф. Иванов", ["“Проф.” is a title and no part of a name."]),
        ("д-р Иванов", ["“д-р” is a title and no part of a name."]),
        ("Hon Ann Lee", ["“Hon” is a title and no part of a name."]),
        ("Иван Ivanov", []),
        ("Drew Honeker", []),
    ],
)
def test_doubts_about_a_name(text, doubts):
    assert list(doubts_about(text)) == doubts


# The doors


def test_every_write_cleans_a_name():
    person = factories.PersonFactory(name_ru=UNCLEAN)
    Person.objects.bulk_create([factories.PersonFactory.build(name_ru=UNCLEAN)])
    text = serializers.serialize("json", [person]).replace(CLEAN, UNCLEAN)
    for row in serializers.deserialize("json", text):
        row.save()
    assert set(Person.objects.values_list("name_ru", flat=True)) == {CLEAN}
    assert Person.objects.filter(name_ru=UNCLEAN).count() == 2


def test_form_cleans_names_and_refuses_what_is_none(administrator: Client):
    address = page("delegations_person_add")
    data = filled_in(administrator, address) | {"name_ru": "вакант", "given_name_en": "#N/A"}
    refused = words(administrator.post(address, data))
    assert "“вакант” is no name." in refused
    assert "“#N/A” is no name." in refused
    russian = words(administrator.post(address, data, headers={"accept-language": "ru"}))
    assert "«вакант» – не имя." in russian
    assert administrator.post(address, data | {"name_ru": UNCLEAN, "given_name_en": ""}).status_code == 302
    assert Person.objects.get().name_ru == CLEAN


def test_form_asks_about_a_doubtful_name(administrator: Client):
    address = page("delegations_person_add")
    response = administrator.post(address, filled_in(administrator, address) | {"name_en": "Dr Ann Lee"})
    assert "“Dr” is a title and no part of a name." in words(response)
    assert not Person.objects.exists()


@pytest.mark.parametrize("name", ["vacant", "Нет Данных", "#REF!", "Ив\ufffdнов Пётр"])
def test_imports_and_lists_refuse_what_is_no_name(name):
    chamber = factories.ChamberFactory(slug="house")
    table = table_of({"chamber": "house", "name_en": name, "role": "delegate"})
    reports = [
        import_file(table, "csv"),
        import_file(table, "csv", ImportOptions(chamber=chamber.slug)),
        take(popolo(persons=[somebody(name=name)]), chamber="house"),
    ]
    assert all(report.conflicts and not report.saved for report in reports)
    assert not Person.objects.exists()
    assert all(entry.problem for entry in name_list.read(name))


def test_imports_and_lists_clean_names_and_repeat_without_effect():
    factories.ChamberFactory(slug="house")
    file = popolo(persons=[somebody(name=UNCLEAN)])
    assert take(file, chamber="house").saved
    assert Person.objects.get().name_ru == CLEAN
    assert not take(file, chamber="house").changes
    assert [entry.name for entry in name_list.read(UNCLEAN)] == [CLEAN]
    table = table_of(
        {"chamber": "house", "person_id": "1", "name_ru": UNCLEAN}, header=["chamber", "person_id", "name_ru"]
    )
    assert import_file(table, "csv").counts["changed"]["people"] == 0


def test_import_warns_of_a_doubtful_name():
    factories.ChamberFactory(slug="house")
    report = take(popolo(persons=[somebody(name="Hon. Ann Lee")]), chamber="house")
    assert "“Hon.” is a title and no part of a name." in [note.message for note in report.warnings]


def test_messages_are_translated():
    with override("ru"):
        assert list(doubts_about("Dr Ann")) == ["«Dr» – титул или обращение, а не часть имени."]
