"""The command that imports a file."""

import json

import pytest
from django.core.management import CommandError, call_command

from cspa.models import ChangeSet
from delegations.models import Delegate, FileImport, Person

from ....support import factories
from ....support.imports import GOOD, member, popolo

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    code = 0
    try:
        call_command("import_delegations", *map(str, arguments))
    except CommandError as error:
        code = error.returncode
    return code, capsys.readouterr().out


def test_command_prints_one_json_object(capsys, tmp_path):
    file = tmp_path / "file.json"
    file.write_bytes(popolo(GOOD, [member("a"), member("b", start_date="x")]))
    code, out = run(capsys, file, "--country", "bi", "--json")
    report = json.loads(out)
    assert (code, report["saved"], len(report["conflicts"])) == (1, False, 1)
    assert report["conflicts"][0]["pointer"] == "/memberships/1"
    code, out = run(capsys, file, "--country", "BI", "--json", "--skip-invalid")
    report = json.loads(out)
    assert (code, report["saved"], report["added"]["delegates"], len(report["skipped"])) == (0, True, 1, 1)
    assert report["added"].keys() == report["unchanged"].keys() >= {"people", "delegates"}


def test_command_prints_the_difference_as_text(capsys, tmp_path):
    file = tmp_path / "file.json"
    file.write_bytes(popolo())
    code, out = run(capsys, file, "--country", "BI", "--dry-run")
    assert code == 0
    assert "+ delegates: Ann Lee, Assemblée nationale (2015-03-01 –) [/memberships/0]" in out
    assert "dry run" in out
    assert not Person.objects.exists()


@pytest.mark.parametrize("arguments", [["nowhere.json"], ["file.txt"], ["file.json", "--json"]])
def test_command_exits_with_1_for_an_unreadable_file(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "file.json").write_text("x")
    code, out = run(capsys, *arguments)
    assert code == 1
    if "--json" in arguments:
        assert json.loads(out)["conflicts"][0]["message"].startswith("This is not JSON")


def test_command_maps_the_columns_of_a_table(capsys, tmp_path, chamber):
    file = tmp_path / "file.csv"
    file.write_text("Deputy;Sworn=in;chamber\nAnn Lee;26.5.2019;Upper\n")
    mapping = ["--map", "Deputy=name", "--map", "Sworn=in= start", "--map", "chamber="]
    assert run(capsys, file, "--chamber", chamber.slug, *mapping)[0] == 0
    assert str(Delegate.objects.get().starts) == "2019-05-26"


def test_command_and_page_remember_the_columns_of_a_publisher(capsys, tmp_path, chamber):
    file = tmp_path / "file.csv"
    file.write_text("Deputy;Sworn in\nAnn Lee;26.5.2019\n")
    mapping = ["--map", "Deputy=name", "--map", "Sworn in=start"]
    assert run(capsys, file, "--chamber", chamber.slug, "--dry-run", *mapping)[0] == 0
    assert not FileImport.objects.exists()
    assert run(capsys, file, "--chamber", chamber.slug, *mapping)[0] == 0
    row = FileImport.objects.get()
    assert (row.user, row.state, row.change_set) == (None, FileImport.State.SAVED, ChangeSet.objects.get())
    file.write_text("Deputy;Note\nBob Ray;26.5.2019\n")
    assert run(capsys, file, "--chamber", factories.ChamberFactory().slug)[0] == 1
    # What is said now wins; the other headings are read as before.
    assert run(capsys, file, "--chamber", chamber.slug, "--map", "Note=start")[0] == 0
    assert [str(mandate.starts) for mandate in Delegate.objects.order_by("pk")] == ["2019-05-26"] * 2
    file.write_text("Deputy;Note\nCy Dow;26.5.2019\n")
    assert run(capsys, file, "--chamber", chamber.slug, "--map", "note=")[0] == 0
    assert Delegate.objects.last().starts is None


@pytest.mark.parametrize("mapping", ["Deputy", "=name", "Deputy=nobody"])
def test_command_refuses_a_mapping_to_no_column(capsys, tmp_path, mapping):
    with pytest.raises(CommandError, match="THEIRS=OURS"):
        call_command("import_delegations", str(tmp_path), "--map", mapping)
