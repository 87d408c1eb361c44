"""Files that cannot be read are refused with a message."""

import io
import zipfile

import pytest

from delegations.exports.serializers import MANDATE_COLUMNS
from delegations.importer import ImportRefusedError, import_file
from delegations.importer.readers import files
from delegations.models import (
    Parliament,
)

from .....support.imports import (
    popolo,
    take,
)

pytestmark = pytest.mark.django_db


def archive(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in parts.items():
            bundle.writestr(name, content)
    return file.getvalue()


HEADER = ",".join(MANDATE_COLUMNS)
UNREADABLE = {
    "empty": (b"", "csv", "empty"),
    "no header": (b"\n\n", "csv", "no header"),
    "unknown columns": (b"shoe_size,chamber\n", "csv", "Unknown columns: shoe_size"),
    "doubled column": (b"name_en,name_en,chamber\n", "csv", "stand twice: name_en"),
    "missing column": (b"person_id,start\n", "csv", "missing: chamber"),
    "no person": (b"chamber,start\n", "csv", "missing: name_en"),
    "unclosed quote": (HEADER.encode() + b'\n"abc\n', "csv", "is not CSV"),
    "large cell": (HEADER.encode() + b"\n" + b"x" * 200_000, "csv", "Line 2"),
    "damaged UTF-16": (HEADER.encode("utf-16")[:-1], "csv", "in UTF-16 and damaged"),
    "CP1252": (HEADER.encode() + "\nJosé".encode("cp1252"), "csv", "not in UTF-8: line 2"),
    "KOI8-R": (HEADER.encode() + "\nКогут".encode("koi8-r"), "csv", "not in UTF-8: line 2"),
    "CP866": (HEADER.encode() + "\nКогут".encode("cp866"), "csv", "not in UTF-8: line 2"),
    "NUL": (HEADER.encode() + b"\na\0b", "csv", "Line 2 holds a NUL"),
    "many columns": (b"," * 300, "csv", "more than 200 columns"),
    "not JSON": (b'{"persons": [}', "popolo", "line 1, column 14"),
    "a list": (b"[]", "popolo", "not Popolo"),
    "no lists": (b"{}", "popolo", "must be a list"),
    "persons is an object": (b'{"persons": {}, "memberships": []}', "popolo", "must be a list"),
    "deep": (b"[" * 100_000, "popolo", "nested too deeply"),
    "long number": (b'{"persons": ' + b"9" * 5_000 + b"}", "popolo", "5000 digits"),
    "NaN": (b'{"persons": NaN}', "popolo", "NaN"),
    "JSON in CP1251": ('{"persons": "Когут"}'.encode("cp1251"), "popolo", "not in UTF-8: line 1"),
    "no legislature": (
        b'{"persons": [], "memberships": [], "organizations": []}',
        "popolo",
        "members of a legislature",
    ),
    "not a ZIP": (b"PK", "xlsx", "undamaged XLSX"),
    "a ZIP of something": (archive(a="b"), "xlsx", "undamaged XLSX"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_file_is_refused_with_a_message(case):
    data, file_format, message = UNREADABLE[case]
    with pytest.raises(ImportRefusedError, match=message):
        take(data, file_format)
    assert not Parliament.objects.exists()


@pytest.mark.long
def test_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *args, **kwargs: pytest.fail("was opened"))
    with pytest.raises(ImportRefusedError, match="when it is unpacked"):
        take(archive(**{"xl/worksheets/sheet1.xml": b"0" * (files.MAX_UNPACKED + 1)}), "xlsx")


def test_xml_entities_in_a_spreadsheet_are_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(ImportRefusedError, match="undamaged"):
        take(archive(**{"[Content_Types].xml": bomb, "xl/workbook.xml": bomb}), "xlsx")


def test_file_above_a_limit_is_refused_with_the_limit(monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 2)
    with pytest.raises(ImportRefusedError, match="more than 2 rows"):
        import_file(b"name_en,chamber\n" + b"a,b\n" * 3, "csv")
    monkeypatch.setattr(files, "MAX_BYTES", 1024 * 1024)
    with pytest.raises(ImportRefusedError, match="larger than 1 MB"):
        import_file(b"x" * (1024 * 1024 + 1), "csv")


def test_foreign_file_requires_a_chamber_or_a_country(chamber):
    with pytest.raises(ImportRefusedError, match="name the chamber or the country"):
        import_file(popolo(), "popolo")
    with pytest.raises(ImportRefusedError, match="no chamber with the code"):
        take(popolo(), chamber="nowhere")
    with pytest.raises(ImportRefusedError, match="no country code"):
        take(popolo(), country="XX")
    with pytest.raises(ImportRefusedError, match="holds no legislature"):
        take(b"name_en\nAnn", "csv", country="BI")
