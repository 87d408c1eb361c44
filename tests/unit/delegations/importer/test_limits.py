"""Files that would take gigabytes or minutes to read are refused in words, within memory and time."""

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from delegations.importer import ImportRefusedError, read
from delegations.importer.readers import files, xlsx_process

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{PACKAGE}/content-types">
        <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>
        <Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET}.worksheet+xml"/>
        <Override PartName="/xl/sharedStrings.xml" ContentType="{SHEET}.sharedStrings+xml"/></Types>""",
    "xl/workbook.xml": f"""<workbook {MAIN} xmlns:r="{OFFICE}">
        <sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
        <Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""",
}
STRINGS = "<si><t>chamber</t></si><si><t>name_en</t></si>"
ROWS = """<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>"""


def workbook(strings: Iterable[str] = (), rows: Iterable[str] = ()) -> bytes:
    """An XLSX file with a header; ``strings`` and ``rows`` follow in the parts, which need not be complete."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        for name, root, content in (
            ("sharedStrings", "sst", [STRINGS, *strings]),
            ("worksheets/sheet1", "worksheet", ["<sheetData>", ROWS, *rows, "</sheetData>"]),
        ):
            with archive.open(f"xl/{name}.xml", "w") as part:
                part.write(f"<{root} {MAIN}>".encode())
                part.writelines(text.encode() for text in content)
                part.write(f"</{root}>".encode())
    return file.getvalue()


def test_shared_strings_are_read():
    rows = workbook(["<si><t>Ann Lee</t></si>"], ['<row r="2"><c r="B2" t="s"><v>2</v></c></row>'])
    assert list(files.xlsx_rows(rows, [])) == [(1, ["chamber", "name_en"]), (2, ["", "Ann Lee"])]


def repeated(text: str, number: int) -> list[str]:
    return [text * 10_000] * (number // 10_000)


LARGE = {
    "shared strings": lambda: workbook(strings=repeated("<si><t>a</t></si>", 10_000_000)),
    "empty shared strings": lambda: workbook(strings=repeated("<si/>", 10_000_000)),
    "long string": lambda: workbook(strings=["<si><t>", *repeated("a" * 100, 1_500_000), "</t></si>"]),
    "wide row": lambda: workbook(rows=['<row r="2">', *repeated("<c><v>1</v></c>", 5_000_000), "</row>"]),
    "deep row": lambda: workbook(rows=['<row r="2"><c t="inlineStr"><is>', *repeated("<r>", 3_000_000)]),
    "rows within rows": lambda: workbook(rows=repeated("<row>", 10_000_000)),
    "gap": lambda: workbook(rows=['<row r="999999999"/>']),
}


def test_process_ends_where_its_rows_are_not_read(monkeypatch):
    processes = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        files.subprocess, "Popen", lambda *a, **options: processes.append(popen(*a, **options)) or processes[0]
    )
    rows = files.xlsx_rows(workbook(rows=['<row r="999999999"/>']), [])
    next(rows)
    rows.close()
    assert processes[0].returncode is not None


@pytest.mark.parametrize("content", [b"[]", b'{"a":0}', b"0"])
def test_json_of_too_many_values_is_refused(content: bytes):
    many = b",".join([content] * 600_000)
    for persons, words in ((many, "more than 200000 rows"), (b"[%b]" % many, "more than 1048576 letters")):
        with override("en"), pytest.raises(ImportRefusedError, match=words):
            read(b'{"persons": [%b]}' % persons, "popolo")


# The peak that getrusage() gives would be that of this process where it is higher: a child takes it over.
MEASURED = """
import re, resource, sys
import django
django.setup()
from delegations.importer import ImportRefusedError, read
from delegations.importer.readers.files import format_of
from delegations.models import Chamber
Chamber.objects.values_list = lambda *names: [("house", "belarus", "BY")]
words = ""
try:
    read(open(sys.argv[1], "rb").read(), format_of(sys.argv[1]))
except ImportRefusedError as error:
    words = str(error)
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
child = resource.getrusage(resource.RUSAGE_CHILDREN)
print(words, (own + child.ru_maxrss) // 1024, child.ru_utime + child.ru_stime, sep="\\n")
"""


def measured(file: Path) -> tuple[str, int, float]:
    """The words with which ``file`` is refused, the peak in megabytes, and the seconds of the process that reads XLSX.

    The seconds are those of the processor, which do not depend on the load of the machine.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(file)], cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    )
    words, megabytes, seconds = done.stdout.splitlines()
    return words, int(megabytes), float(seconds)


only_linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process"
)


@pytest.mark.long
@only_linux
@pytest.mark.parametrize("kind", LARGE)
def test_workbook_that_takes_gigabytes_is_refused(kind: str, tmp_path: Path):
    file = tmp_path / "table.xlsx"
    file.write_bytes(LARGE[kind]())
    assert file.stat().st_size < 1024 * 1024
    words, megabytes, seconds = measured(file)
    assert re.search("too much memory or time|more than 50000 rows", words)
    assert megabytes < 300
    assert seconds < xlsx_process.MAX_SECONDS + 2


@pytest.mark.long
@only_linux
@pytest.mark.parametrize("rows", [files.MAX_ROWS, 199_000])
@pytest.mark.parametrize("letter", ["a", "\U0001f600"])
def test_table_of_many_rows_takes_less_than_300_megabytes(tmp_path: Path, rows: int, letter: str):
    file = tmp_path / "table.csv"
    # Half of the largest file.
    cell = letter * min(files.MAX_BYTES // 2 // rows // len(letter.encode()), 100)
    file.write_text("chamber,name_en\n" + "".join(f"house,{row} {cell}\n" for row in range(rows)))
    words, megabytes, _seconds = measured(file)
    assert words == ("" if rows == files.MAX_ROWS else "The file has more than 50000 rows.")
    assert megabytes < 300
