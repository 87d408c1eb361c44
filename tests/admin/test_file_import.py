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
