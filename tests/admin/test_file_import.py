"""The page of the admin that imports a file."""

import io
import os
from itertools import product
from unittest import mock

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from openpyxl import load_workbook

from cspa.auth.groups import SECRETARIES
from cspa.models import ChangeSet
from delegations.file_imports import folder, tasks
from delegations.models import Delegate, FileImport, Person

from ..support import factories
from ..support.admin_forms import page, words
from ..support.audit_log import undo
from ..support.imports import (
    member,
    popolo,
    somebody,
    take,
)

pytestmark = pytest.mark.django_db


PAGE = "/admin/delegations/parliament/import/"
HISTORY = "/admin/delegations/fileimport/"


@pytest.fixture
def imports(settings, tmp_path):
    """The folder of imports."""
    settings.IMPORTS_DIR = tmp_path / "imports"
    return settings.IMPORTS_DIR


@pytest.fixture
def secretary(client, imports):
    """A client of a user who may add and change all records of the directory."""
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=SECRETARIES))
    client.force_login(user)
    return client


def upload(client, data, name="file.json", **options):
    file = io.BytesIO(data)
    file.name = name
    return client.post(PAGE, {"file": file, "country": "BI", **options}, follow=True)


def confirm(client, answer):
    """Press “Import” on the page of an import."""
    return client.post(answer.request["PATH_INFO"], {"digest": answer.context["row"].digest}, follow=True)


def files(folder):
    return [path.name for path in folder.iterdir()]


def test_page_shows_the_difference_and_saves_it_after_confirmation(secretary, imports):
    answer = upload(secretary, popolo())
    assert "Ann Lee" in answer.text
    assert not Person.objects.exists()
    assert files(imports) == [answer.context["row"].upload]
    assert (imports / answer.context["row"].upload).stat().st_mode & 0o077 == 0
    done = confirm(secretary, answer)
    assert "The file was imported. added: parliaments: 1, chambers: 1, people: 1" in words(done)
    assert Delegate.objects.count() == 1
    assert files(imports) == []
    change_set = ChangeSet.objects.get()
    assert FileImport.objects.get().change_set == change_set
    assert page("cspa_changeset_change", change_set.pk) in done.text
    assert "no longer in the state" in words(confirm(secretary, answer))
    assert ChangeSet.objects.count() == 1


def test_changed_difference_is_refused_and_can_be_checked_again(secretary):
    answer = upload(secretary, popolo())
    take(popolo([somebody(name="Ann Other")]))
    refused = confirm(secretary, answer)
    assert "no longer the one that was shown" in words(refused)
    assert Person.objects.get().name_en == "Ann Other"
    again = secretary.post(refused.request["PATH_INFO"], {"again": "x"}, follow=True)
    assert "no longer the one that was shown" not in words(again)
    confirm(secretary, again)
    assert Person.objects.get().name_en == "Ann Lee"


def test_page_of_another_language_saves_the_difference_that_was_shown(secretary):
    answer = upload(secretary, popolo())
    done = secretary.post(
        answer.request["PATH_INFO"], {"digest": answer.context["row"].digest}, headers={"accept-language": "ru"}
    )
    assert done.status_code == 302
    assert FileImport.objects.get().state == FileImport.State.SAVED


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"x", "file.json", "This is not JSON"),
        (b"x", "file.txt", "File extension"),
        (b"", "file.json", "empty"),
        (popolo(memberships=[member(start_date="x")]), "file.json", "Nothing can be imported"),
    ],
)
def test_page_shows_errors_of_the_file(secretary, data, name, message):
    answer = upload(secretary, data, name)
    assert answer.status_code == 200
    assert message in words(answer)
    assert 'value="Import"' not in answer.text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (popolo([somebody("a\0\ud800", name="Ann \0\ud800Lee")], [member("a\0\ud800", role="\0")]), "file.json"),
        (popolo([somebody(**{"key \0\ud800": 1})]), "file.json"),
        ("Имя\0;name\nАнна\0;Ann\0\n".encode(), "list.csv"),
    ],
)
def test_letters_that_no_database_stores_are_shown(secretary, chamber, data, name):
    of = {"country": "", "chamber": chamber.slug} if name == "list.csv" else {}
    answer = upload(secretary, data, name, **of)
    assert answer.status_code == 200
    assert FileImport.objects.get().state in (FileImport.State.CHECKED, FileImport.State.REFUSED)


@pytest.mark.parametrize("field", ["chamber", "country", "end_missing"])
def test_malformed_field_shows_an_error(secretary, field):
    for nonsense in ("x\0", "9999-99-99", "y" * 5_000):
        answer = upload(secretary, popolo(), **{field: nonsense})
        assert answer.status_code == 200
        assert answer.context["form"].errors


def test_import_is_decided_by_its_user_alone_and_seen_by_all_who_may_import(secretary, client):
    answer = upload(secretary, popolo())
    address = answer.request["PATH_INFO"]
    assert secretary.post(address, {"digest": ""}, follow=True).context["row"].state == FileImport.State.CHECKED
    colleague = factories.UserFactory()
    colleague.groups.add(Group.objects.get(name=SECRETARIES))
    client.force_login(colleague)
    seen = client.get(address)
    assert "Only the account that uploaded the file decides on it." in words(seen)
    assert 'value="Import"' not in seen.text
    assert client.post(address, {"digest": answer.context["row"].digest}).status_code == 404
    assert "file.json" in words(client.get(HISTORY))
    client.force_login(factories.UserFactory())
    assert [client.get(each).status_code for each in (address, HISTORY)] == [404, 404]
    assert not Person.objects.exists()


def test_page_requires_permission_to_change_delegates(client):
    client.force_login(factories.UserFactory())
    assert client.get(PAGE).status_code == 404
    assert upload(client, popolo()).status_code == 404


TABLE = "Список\r\nДепутат;Вступил;Палата;Телефон\r\nИнга Вербова;26 мая 2019 г.;Верхняя;<b>1</b>\r\n"


def columns(client, answer, **chosen):
    """Send the form of the columns as a browser sends it, with ``chosen`` by heading."""
    form = answer.context["columns"]
    sent = {field.html_name: chosen.get(field.label, field.value() or "") for field in form}
    return client.post(answer.request["PATH_INFO"], {**sent, "map": "Read the columns so"}, follow=True)


def test_columns_that_are_not_known_are_mapped_on_the_page(secretary, chamber, imports):
    answer = upload(secretary, TABLE.encode("cp1251"), "list.csv", country="", chamber=chamber.slug)
    assert "Unknown columns: Депутат, Вступил, Телефон" in words(answer)
    assert "&lt;b&gt;1&lt;/b&gt;" in answer.text
    assert 'value="Import"' not in answer.text
    assert [(field.label, field.value(), field.help_text) for field in answer.context["columns"]][1:3] == [
        ("Вступил", "", "26 мая 2019 г."),
        ("Палата", "chamber", "Верхняя"),
    ]
    answer = columns(secretary, answer, Депутат="name", Вступил="start")
    assert "The row is of another chamber: Верхняя" in words(answer)
    answer = columns(secretary, answer, Палата="")
    confirm(secretary, answer)
    mandate = Delegate.objects.get()
    assert (mandate.person.name_ru, str(mandate.starts)) == ("Инга Вербова", "2019-05-26")
    assert files(imports) == []


def test_file_that_was_not_shown_cannot_be_confirmed(secretary, chamber):
    answer = upload(secretary, TABLE.encode(), "list.csv", country="", chamber=chamber.slug)
    assert "Unknown columns" in words(confirm(secretary, answer))
    assert not Person.objects.exists()


def test_column_is_mapped_to_none_but_ours(secretary, chamber):
    answer = upload(secretary, TABLE.encode(), "list.csv", country="", chamber=chamber.slug)
    answer = columns(secretary, answer, Депутат="password")
    assert answer.status_code == 200
    assert "column-0" in answer.context["columns"].errors


def test_page_names_what_is_passed_over(secretary, chamber):
    table = "Список;;\nФИО;Роль;Телефон\nИнга Вербова;ДЕЛЕГАТ;1\nИтого: 1;;\n".encode("utf-16")
    answer = upload(secretary, table, "list.csv", country="", chamber=chamber.slug)
    for message in ("above the header", "not known were passed over: Телефон", "A row of totals"):
        assert message in words(answer)
    confirm(secretary, answer)
    assert Delegate.objects.get().role == Delegate.Role.DELEGATE


MAPPED = {"Депутат": "name", "Вступил": "start", "Палата": "", "Телефон": ""}


def test_columns_are_remembered_for_the_publisher(secretary, chamber):
    answer = upload(secretary, TABLE.encode(), "list.csv", country="", chamber=chamber.slug)
    confirm(secretary, columns(secretary, answer, **MAPPED))
    other = TABLE.replace("Телефон", "Почта").replace("Инга", "Анна")
    answer = upload(secretary, other.encode(), "next.csv", country="", chamber=chamber.slug)
    assert "as in the last table of this publisher" in words(answer)
    assert "not known were passed over: Почта" in words(answer)
    confirm(secretary, answer)
    assert Delegate.objects.count() == 2
    unasked = upload(secretary, other.encode(), "next.csv", country="", chamber=factories.ChamberFactory().slug)
    assert "Unknown columns: Депутат, Вступил, Почта" in words(unasked)


# The worker


@pytest.fixture
def large(monkeypatch):
    """Every file is large."""
    monkeypatch.setattr(tasks, "SMALL", dict.fromkeys(tasks.SMALL, 0))


def work():
    """Do what a worker does until nothing waits."""
    # It would close the connection that holds the transaction of the test.
    kept = mock.patch("django_tasks_db.management.commands.db_worker.close_old_connections")
    with kept, folder.signs_of_worker():
        Worker(
            queue_names=["default"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id="test",
            excluded_queue_names=[],
        ).run()


def test_large_file_is_imported_by_the_worker(secretary, large, imports):
    answer = upload(secretary, popolo())
    address = answer.request["PATH_INFO"]
    assert "Imports wait for the worker, which gives no sign." in words(answer)
    assert answer["Refresh"] == "5"
    assert "<progress" in answer.text
    main = answer.text.partition('id="content-main"')[2]
    assert "<form" not in main
    assert "Refresh" not in secretary.get(f"{address}?still")
    with folder.signs_of_worker():
        assert "Imports wait" not in words(secretary.get(address))
    work()
    answer = secretary.get(address)
    assert "Refresh" not in answer
    assert "Ann Lee" in words(answer)
    assert not Person.objects.exists()
    answer = confirm(secretary, answer)
    assert answer.context["row"].state == FileImport.State.CONFIRMED
    assert answer["Refresh"] == "5"
    work()
    assert "The file was imported." in words(secretary.get(address))
    assert ChangeSet.objects.get().user == FileImport.objects.get().user
    assert files(imports) == []


def test_page_shows_the_progress_of_an_import(secretary, large):
    answer = upload(secretary, popolo())
    row = FileImport.objects.get()
    FileImport.objects.move(row, FileImport.State.CHECKING)
    with folder.signs_of_import(row.upload, saves=False) as signs:
        signs.progress("delegates", 1200, 5000)
        signs._write()
        answer = secretary.get(answer.request["PATH_INFO"])
    assert "Delegates" in words(answer)
    assert 'value="1200" max="5000"' in answer.text
    assert "1200 of 5000" in words(answer)


@pytest.mark.parametrize("state", [FileImport.State.CHECKING, FileImport.State.SAVING])
def test_import_whose_worker_was_killed_can_be_started_again(secretary, large, state, imports):
    address = upload(secretary, popolo()).request["PATH_INFO"]
    work()
    row = FileImport.objects.get()
    FileImport.objects.filter(pk=row.pk).update(state=state)
    # It still may go on.
    answer = secretary.get(address)
    assert answer["Refresh"] == "5"
    assert "no longer in the state" in words(secretary.post(address, {"again": "x"}, follow=True))
    FileImport.objects.filter(pk=row.pk).update(moved_at=timezone.now() - folder.SILENCE)
    answer = secretary.get(address)
    assert "The import stopped before its end" in words(answer)
    assert "Refresh" not in answer
    secretary.post(address, {"again": "x"})
    work()
    ends = {FileImport.State.CHECKING: FileImport.State.CHECKED, FileImport.State.SAVING: FileImport.State.SAVED}
    assert FileImport.objects.get().state == ends[state]


def test_import_that_was_started_again_saves_nothing_twice(secretary, large):
    answer = upload(secretary, popolo())
    work()
    answer = confirm(secretary, secretary.get(answer.request["PATH_INFO"]))
    row = FileImport.objects.get()

    def restart(upload):
        # While the first worker hangs, somebody starts the import again.
        FileImport.objects.filter(pk=row.pk).update(moved_at=timezone.now())
        return popolo()

    with mock.patch("delegations.file_imports.folder.read", restart):
        tasks.run(row.pk)
    assert not Person.objects.exists()
    assert FileImport.objects.get().state == FileImport.State.SAVING


def test_upload_that_nobody_decides_on_expires(secretary, imports):
    address = upload(secretary, popolo()).request["PATH_INFO"]
    (upload_file,) = imports.iterdir()
    old = (timezone.now() - folder.WAITING).timestamp() - 1
    os.utime(upload_file, (old, old))
    upload(secretary, popolo())
    assert "upload the file again" in words(secretary.get(address))
    assert not upload_file.exists()
    assert FileImport.objects.last().state == FileImport.State.EXPIRED


def test_confirmation_of_a_lost_upload_asks_for_the_file_again(secretary, imports):
    answer = upload(secretary, popolo())
    (imports / answer.context["row"].upload).unlink()
    assert "upload the file again" in words(confirm(secretary, answer))


def test_every_page_says_that_a_long_import_keeps_other_writers_waiting(secretary, large):
    upload(secretary, popolo())
    row, notice = FileImport.objects.get(), "A file is being imported."
    with folder.signs_of_import(row.upload, saves=False):
        assert notice not in words(secretary.get("/admin/"))
    with folder.signs_of_import(row.upload, saves=True):
        assert notice in words(secretary.get("/admin/"))
        assert notice not in words(Client().get("/admin/login/"))
    assert notice not in words(secretary.get("/admin/"))


# What a file leaves open


def answer_with(client, shown, **answers):
    return client.post(shown.request["PATH_INFO"], {"answer": "x", **answers}, follow=True)


def test_choice_of_the_meaning_of_ends_is_made_on_the_page(secretary):
    rows = [member(start_date="2014-01-01", end_date="2015-06-29"), member(start_date="2015-06-30")]
    asked = upload(secretary, popolo(memberships=rows))
    assert "What does an end mean in this file?" in words(asked)
    assert 'value="Import"' not in asked.text
    again = answer_with(secretary, asked, choice="")
    assert "This field is required." in words(again)
    confirm(secretary, answer_with(secretary, asked, choice="0"))
    assert [str(row.ends) for row in Delegate.objects.order_by("start")] == ["2015-06-30", "None"]
    assert FileImport.objects.get().options["ends"] == "last-day"


def test_legislature_that_is_not_on_record_becomes_a_chamber_on_the_page(secretary):
    upload(secretary, popolo(), new_chamber="on")
    confirm(secretary, upload(secretary, popolo()))
    other = popolo(organizations=[{"id": "senate", "name": "Senate"}], memberships=[member(organization_id="senate")])
    asked = upload(secretary, other)
    assert "is no chamber on record by its name and identifiers" in words(asked)
    confirm(secretary, answer_with(secretary, asked, choice="1"))
    assert set(Delegate.objects.values_list("chamber__name_en", flat=True)) == {"Assemblée nationale", "Senate"}


def test_people_are_named_on_the_page(secretary, chamber):
    known = factories.DelegateFactory(person__name_en="Ann Lee").person
    other = factories.DelegateFactory(person__name_en="Bo Ray").person
    table = b"name_en,start\nLEE Ann,2024-03-01\nBo Ray,2024-03-01\nCy Dow,2024-03-01\n"
    asked = upload(secretary, table, "list.csv", country="", chamber=chamber.slug)
    assert "LEE Ann (line 2)" in asked.text
    half = answer_with(secretary, asked, **{"person-0": str(known.public_id)})
    assert [question["key"] for question in half.context["answers"].questions] == ["Bo Ray"]
    # What was answered stays answered.
    confirm(secretary, answer_with(secretary, half, **{"person-0": "new"}))
    assert sorted(chamber.delegates.values_list("person__name_en", flat=True)) == ["Ann Lee", "Bo Ray", "Cy Dow"]
    assert (known.mandates.count(), other.mandates.count()) == (2, 1)


def test_mandates_end_where_the_next_begin_on_the_page(secretary, chamber):
    rows = [f"{name},{dates}" for name in ("Ann Lee", "Bo Ray") for dates in ("2004-11-13,", "2010-10-23,2016-01-01")]
    rows = [row.replace("2004-11-13,", "2004-11-13,2010-11-13") for row in rows]
    table = "\n".join(["name_en,start,end", *rows]).encode()
    asked = upload(secretary, table, "list.csv", country="", chamber=chamber.slug)
    assert "end it on 2010-10-23, where the next one begins (line 3)" in words(asked)
    one = answer_with(secretary, asked, **{"end-0": "on"})
    assert len(one.context["report"]["conflicts"]) == 1
    confirm(secretary, answer_with(secretary, one, **{"end-0": "on"}))
    assert [str(row.ends) for row in Delegate.objects.order_by("start", "pk")[:2]] == ["2010-10-23"] * 2


def test_left_out_rows_are_taken_away_before_and_after_the_import(secretary, chamber):
    table = b"name_en,start\nAnn Lee,2024-03-01\nBo Ray,26 Mai\n"
    asked = upload(secretary, table, "list.csv", country="", chamber=chamber.slug)
    address = asked.request["PATH_INFO"]
    for shown in (asked, confirm(secretary, answer_with(secretary, asked, skip_invalid="on"))):
        assert 'href="?left-out"' in shown.text
        file = secretary.get(f"{address}?left-out")
        assert file["Content-Disposition"].startswith('attachment; filename="left-out-')
        header, row = file.content.decode("utf-8-sig").splitlines()
        assert (header, row.startswith("Bo Ray,26 Mai,")) == ("name_en,start,Left out because", True)
    assert Delegate.objects.count() == 1
    whole = confirm(secretary, upload(secretary, popolo([somebody(name="Di Fox")])))
    assert secretary.get(f"{whole.request['PATH_INFO']}?left-out").status_code == 404


def test_workbook_for_a_parliament_is_offered(secretary, chamber):
    response = secretary.get("/admin/delegations/parliament/import/template.xlsx", {"chamber": chamber.slug})
    assert response["Content-Disposition"] == f'attachment; filename="template-{chamber.slug}.xlsx"'
    assert load_workbook(io.BytesIO(response.content)).sheetnames[0] == chamber.slug
    assert "template.xlsx" in secretary.get(PAGE).text
    assert (
        f"template.xlsx?chamber={chamber.slug}" in secretary.get(page("delegations_chamber_change", chamber.pk)).text
    )


@pytest.mark.audit
def test_thousand_rows_are_mapped_answered_imported_and_undone_on_the_pages(secretary, chamber):
    """Nothing but pages of the admin: columns, questions, rows that are left out, and the undo."""
    made = ["".join(syllables).title() for syllables in product(["ba", "de", "fi", "go", "ku", "la", "me"], repeat=4)]
    known = [factories.DelegateFactory(person__name_en=f"Known {made[-number]}").person for number in (1, 2, 3)]
    names = [f"{made[number]} Family" for number in range(995)]
    names += [f"{made[-number].upper()} Known" for number in (1, 2, 3)]
    rows = [f"{name};26.05.2019" for name in names] + ["vacant;26.05.2019", "Cy Dow;26 Mai"]
    asked = upload(secretary, "\n".join(["Who;Sworn", *rows]).encode(), "list.csv", country="", chamber=chamber.slug)
    asked = columns(secretary, asked, Who="name", Sworn="start")
    assert len(asked.context["answers"].questions) == 3
    answers = {f"person-{number}": str(person.public_id) for number, person in enumerate(known)}
    ready = answer_with(secretary, asked, skip_invalid="on", **answers)
    assert 'href="?left-out"' in ready.text
    done = confirm(secretary, ready)
    assert (chamber.delegates.count(), Person.objects.count()) == (998, 998)
    assert [person.mandates.count() for person in known] == [2, 2, 2]
    left_out = secretary.get(f"{done.request['PATH_INFO']}?left-out").content.decode("utf-8-sig")
    assert [line.split(";")[0].split(",")[0] for line in left_out.splitlines()] == ["Who", "vacant", "Cy Dow"]
    assert "undone as a whole" in undo(secretary, ChangeSet.objects.get())
    assert (chamber.delegates.count(), Person.objects.count()) == (0, 3)
