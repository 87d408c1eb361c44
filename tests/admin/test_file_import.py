"""The page of the admin that imports a file."""

import io

import pytest
from django.contrib.auth.models import Group

from cspa.auth.groups import SECRETARIES
from delegations.admin import file_import
from delegations.exports.serializers import MANDATE_COLUMNS
from delegations.models import (
    Delegate,
    Person,
)

from ..support import factories
from ..support.imports import (
    member,
    popolo,
    somebody,
    take,
)

pytestmark = pytest.mark.django_db


PAGE = "/admin/delegations/parliament/import/"


@pytest.fixture
def secretary(client, tmp_path, monkeypatch):
    """A client of a user who may add and change all records of the directory."""
    monkeypatch.setattr(file_import, "FOLDER", tmp_path / "imports")
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=SECRETARIES))
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


TABLE = "Список\r\nДепутат;Вступил;Палата;Телефон\r\nИнга Вербова;26 мая 2019 г.;Верхняя;<b>1</b>\r\n"


def columns(answer, **chosen):
    """The form of the columns as a browser sends it, with ``chosen`` by heading."""
    form = answer.context["columns"]
    sent = {field.html_name: chosen.get(field.label, field.value() or "") for field in form}
    return {**sent, "note": answer.context["waiting"], "map": "Read the columns so"}


def test_columns_that_are_not_known_are_mapped_on_the_page(secretary, chamber, tmp_path):
    answer = upload(secretary, TABLE.encode("cp1251"), "list.csv", country="", chamber=chamber.slug)
    shown = answer.content.decode()
    assert "Unknown columns: Депутат, Вступил, Телефон" in shown
    assert "&lt;b&gt;1&lt;/b&gt;" in shown
    assert "note" not in answer.context
    assert [(field.label, field.value(), field.help_text) for field in answer.context["columns"]][1:3] == [
        ("Вступил", "", "26 мая 2019 г."),
        ("Палата", "chamber", "Верхняя"),
    ]
    answer = secretary.post(PAGE, columns(answer, Депутат="name", Вступил="start"))
    assert "The row is of another chamber: Верхняя" in answer.content.decode()
    answer = secretary.post(PAGE, columns(answer, Палата=""))
    secretary.post(PAGE, {"note": answer.context["note"]})
    mandate = Delegate.objects.get()
    assert (mandate.person.name_ru, str(mandate.starts)) == ("Инга Вербова", "2019-05-26")
    assert not list((tmp_path / "imports").iterdir())


def test_file_that_was_not_shown_cannot_be_confirmed(secretary, chamber):
    answer = upload(secretary, TABLE.encode(), "list.csv", country="", chamber=chamber.slug)
    done = secretary.post(PAGE, {"note": answer.context["waiting"]}, follow=True)
    assert "Unknown columns" in done.content.decode()
    assert not Person.objects.exists()


def test_column_is_mapped_to_none_but_ours(secretary, chamber):
    answer = upload(secretary, TABLE.encode(), "list.csv", country="", chamber=chamber.slug)
    answer = secretary.post(PAGE, columns(answer, Депутат="password"))
    assert answer.status_code == 200
    assert "column-0" in answer.context["columns"].errors


def test_page_names_what_is_passed_over(secretary, chamber):
    table = "Список;;\nФИО;Роль;Телефон\nИнга Вербова;ДЕЛЕГАТ;1\nИтого: 1;;\n".encode("utf-16")
    answer = upload(secretary, table, "list.csv", country="", chamber=chamber.slug)
    shown = answer.content.decode()
    for words in ("above the header", "not known were passed over: Телефон", "A row of totals"):
        assert words in shown
    secretary.post(PAGE, {"note": answer.context["note"]})
    assert Delegate.objects.get().role == Delegate.Role.DELEGATE
