"""The command and the page of the admin give the same answer to each kind of file."""

import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from cspa.auth.groups import SECRETARIES
from delegations.models import FileImport

from ..support import factories
from ..support.imports import member, popolo, sheet_of, somebody, table_of

pytestmark = pytest.mark.django_db

HEADER = ["ФИО", "Роль", "С", "Источник"]


def row_of(name: str, start: str = "01.03.2024", role: str = "делегат") -> dict[str, str]:
    return dict(zip(HEADER, (name, role, start, "Письмо"), strict=True))


def text_of(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    return table_of(*rows, header=HEADER).decode().encode(encoding)


CASES = {
    "as it should be": ("list.csv", text_of(row_of("Анна Кедрина"), row_of("Олег Ясенев", role="Глава делегации"))),
    "Windows-1251": ("list.csv", text_of(row_of("Анна Кедрина"), row_of("Олег Ясенев"), encoding="cp1251")),
    "UTF-16": ("list.csv", text_of(row_of("Анна Кедрина"), encoding="utf-16")),
    "workbook": ("list.xlsx", sheet_of(row_of("Анна Кедрина"), header=HEADER)),
    "place-holders": ("list.csv", text_of(row_of("вакантно"), row_of("—"), row_of("Олег Ясенев"))),
    "unlikely date": ("list.csv", text_of(row_of("Анна Кедрина", "01.01.1900"))),
    "day number": ("list.csv", text_of(row_of("Анна Кедрина", "43831"))),
    "unknown role": ("list.csv", text_of(row_of("Анна Кедрина", role="канцлер"))),
    "known elsewhere": ("list.csv", text_of(row_of("Глеб Яровой"))),
    "capitals": ("list.csv", text_of(row_of("ЯРОВОЙ Глеб"))),
    "other headings": ("list.csv", b"Member of it;Sworn in\nAnn Lee;2024-03-01\n"),
    "overlapping": ("list.csv", text_of(row_of("Анна Кедрина", "2004-11-13"), row_of("Анна Кедрина", "2010-10-23"))),
    "last days": (
        "list.json",
        popolo(memberships=[member(end_date="2016-01-01"), member(start_date="2016-01-02")]),
    ),
    "two houses": (
        "list.json",
        popolo(
            [somebody(), somebody("b", "Bo Ray")],
            [member(), member("b", organization_id="senate")],
            organizations=[{"id": "senate", "name": "Senate", "classification": "chamber"}],
        ),
    ),
    "no JSON": ("list.json", b"{"),
}


@pytest.mark.parametrize("case", CASES)
def test_command_and_page_answer_alike(case: str, client: Client, chamber, settings, tmp_path: Path, capsys):
    settings.IMPORTS_DIR = tmp_path / "imports"
    factories.DelegateFactory(person__name_ru="Глеб Яровой")
    name, data = CASES[case]
    path = tmp_path / name
    path.write_bytes(data)
    try:
        call_command("import_delegations", path, chamber=chamber.slug, dry_run=True, json=True)
    except CommandError as error:
        refusal = str(error)
    said = json.loads(capsys.readouterr().out)
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=SECRETARIES))
    client.force_login(user)
    file = io.BytesIO(data)
    file.name = name
    client.post("/admin/delegations/parliament/import/", {"file": file, "chamber": chamber.slug})
    row = FileImport.objects.get()
    if row.state == FileImport.State.REFUSED:
        assert row.refusal == refusal == said["conflicts"][0]["message"]
        return
    assert row.report["questions"] == [
        {**question, "choices": [list(choice) for choice in question["choices"]]} for question in said["questions"]
    ]
    assert row.report["neighbours"] == said["neighbours"]
    for notes, kind in ((row.report["conflicts"], "conflicts"), (warnings(row), "warnings")):
        assert [note.rpartition(note_of["message"])[2] for note, note_of in zip(notes, said[kind], strict=True)] == [
            "" for _note in notes
        ]
    numbers = {name: number for name, number in said["added"].items() if number}
    assert row.report["numbers"][0][1] == (words_of(numbers) or "–")


def warnings(row: FileImport) -> list[str]:
    return next((notes for title, notes, _count in row.report["notes"] if title == "Warnings"), [])


def words_of(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name}: {number}" for name, number in numbers.items())
