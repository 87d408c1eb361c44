"""Decoding of files to JSON or rows, within limits. Raises ImportRefusedError for unreadable files."""

import codecs
import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.utils.translation import gettext as _

from ...names import mixes_alphabets
from ..records import LONGEST_TEXT, ImportRefusedError, RowError
from . import xlsx_process
from .columns import Formula, columns_of
from .json_document import read_object

MAX_BYTES = 60 * 1024 * 1024
# Bytes of an XLSX file after unpacking: it is a ZIP archive.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200

FORMATS = {"popolo": ".json", "csv": ".csv", "xlsx": ".xlsx"}

DELIMITERS = (",", ";", "\t")
# Lines in which the delimiter and the header are looked for: titles may stand above the header.
HEAD_LINES = 20
# Words by which Windows-1251 is recognised.
WORDS_JUDGED = 2_000
_CYRILLIC_WORD = re.compile(r"\w*[\u0400-\u04ff]\w*")
# What other encodings show as Windows-1251: Serbian letters, capitals within words.
_NOT_RUSSIAN = re.compile("[ЂЃѓЉЊЌЋЏђљњќћџ]|[а-яё][А-ЯЁ]")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?\r?\n', re.IGNORECASE)

type TableRow = tuple[int, list[str]]


def format_of(name: str) -> str:
    """Return the format for the suffix of the file's ``name``."""
    for file_format, ending in FORMATS.items():
        if name.lower().endswith(ending):
            return file_format
    raise ImportRefusedError(_("The name of the file does not say its format; name it: popolo, csv or xlsx."))


def check_size(size: int, limit: int | None = None) -> None:
    """Raise ImportRefusedError for an empty file, and for one of more bytes than ``limit``, by default MAX_BYTES."""
    limit = limit or MAX_BYTES
    if size > limit:
        raise ImportRefusedError(_("The file is larger than %(limit)d MB.") % {"limit": limit // 1024**2})
    if not size:
        raise ImportRefusedError(_("The file is empty."))


def bytes_of(file: Path) -> bytes:
    """Return the content of ``file``, whose size is checked before it is read."""
    try:
        check_size(file.stat().st_size)
        return file.read_bytes()
    except OSError as error:
        raise ImportRefusedError(_("The file cannot be read: %(why)s") % {"why": error.strerror}) from error


def text_of(data: bytes) -> str:
    """Decode ``data``, which must be UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ImportRefusedError(
            _("The file is not in UTF-8: line %(line)d cannot be read.") % {"line": line}
        ) from error


def json_of(data: bytes) -> dict[str, Any]:
    """Return the object of a JSON file, with a JsonList for each list in it."""
    text = text_of(data)
    try:
        document = read_object(text)
    except json.JSONDecodeError as error:
        raise ImportRefusedError(
            _("This is not JSON: line %(line)d, column %(column)d cannot be read.")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    except RowError as error:
        raise ImportRefusedError(str(error)) from error
    if document is None:
        raise ImportRefusedError(_("This is not Popolo: the file must hold one object with lists."))
    return document


def csv_rows(data: bytes, notes: list[str]) -> Iterator[TableRow]:
    """Yield the rows of a CSV file with the numbers of their first lines; add to ``notes`` what the user must know."""
    text = table_text(data, notes)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ImportRefusedError(_("Line %(line)d holds a NUL character.") % {"line": line})
    csv.field_size_limit(LONGEST_TEXT * 4)
    file, line = io.StringIO(text, newline=""), 1
    if match := _SEPARATOR_LINE.match(text):
        delimiter, line = match[1], 2
        file.seek(match.end())
    else:
        delimiter = _delimiter(text)
    # The reader has a copy.
    del text
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    before = line - 1
    try:
        for number, row in enumerate(reader):
            _check_row(number, row, line)
            yield line, row
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise ImportRefusedError(_("Line %(line)d is not CSV: %(why)s") % {"line": line, "why": error}) from error


def table_text(data: bytes, notes: list[str]) -> str:
    """Decode a table: by its byte order mark, as UTF-8, or as Windows-1251 where the letters are those of Russian."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ImportRefusedError(_("The file is in UTF-16 and damaged.")) from error
    try:
        return text_of(data)
    except ImportRefusedError:
        text = data.decode("cp1251", errors="replace")
        if "\ufffd" in text or not _is_russian(text):
            raise
    notes.append(_("The file was read as Windows-1251. Look whether the letters are right."))
    return text


def _is_russian(text: str) -> bool:
    """Whether at most one word in ten has letters that no Russian word has."""
    words = [match[0] for match in islice(_CYRILLIC_WORD.finditer(text), WORDS_JUDGED)]
    return 10 * sum(mixes_alphabets(word) or bool(_NOT_RUSSIAN.search(word)) for word in words) <= len(words)


def _delimiter(text: str) -> str:
    """Return the delimiter that parts the head of ``text`` into the most known columns, or else into most cells."""
    head = text[: LONGEST_TEXT * 2].splitlines()[:HEAD_LINES]

    def parts(delimiter: str) -> tuple[int, int]:
        rows = list(csv.reader(head, delimiter=delimiter))
        known = max((len(list(filter(None, columns_of(row)))) for row in rows), default=0)
        return known, max(map(len, rows), default=0)

    return max(DELIMITERS, key=parts)


def _check_row(number: int, row: list[str], line: int) -> None:
    if number > MAX_ROWS:
        raise ImportRefusedError(_("The file has more than %(limit)d rows.") % {"limit": MAX_ROWS})
    if len(row) > MAX_COLUMNS:
        raise ImportRefusedError(
            _("Line %(line)d has more than %(limit)d columns.") % {"line": line, "limit": MAX_COLUMNS}
        )
    if any(len(cell) > LONGEST_TEXT for cell in row):
        raise ImportRefusedError(
            _("A cell of line %(line)d is longer than %(limit)d letters.") % {"line": line, "limit": LONGEST_TEXT}
        )


def xlsx_rows(data: bytes, notes: list[str]) -> Iterator[TableRow]:
    """Yield the rows of the first sheet that is shown as text, with their numbers; name the others in ``notes``."""
    _check_archive(data)
    command = [sys.executable, xlsx_process.__file__, str(MAX_COLUMNS), str(LONGEST_TEXT)]
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        process = subprocess.Popen(  # noqa: S603  a program of the project
            command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    with process, _ended(process):
        assert process.stdout is not None
        width = 0
        for index, line in enumerate(process.stdout):
            row = json.loads(line)
            if isinstance(row, dict):
                notes += _notes_on_sheets(**row)
                continue
            number, cells, formulas = row
            for place in formulas:
                cells[place] = Formula(cells[place])
            _check_row(index - 1, cells, number)
            # The sheet leaves out the empty cells at the end of a row.
            width = max(width, len(cells))
            yield number, cells + [""] * (width - len(cells))
        if status := process.wait():
            if status == xlsx_process.REFUSED:
                raise ImportRefusedError(_("This is not an undamaged XLSX file."))
            raise ImportRefusedError(
                _("Reading the file takes too much memory or time. Save it with this one sheet, without formats.")
            )


def _notes_on_sheets(read: str, others: list[str], hidden: list[str]) -> Iterator[str]:
    if others:
        yield _("Only the sheet “%(read)s” was read. Passed over: %(others)s.") % {
            "read": read,
            "others": ", ".join(others),
        }
    if hidden:
        yield _("Hidden sheets were passed over: %(titles)s.") % {"titles": ", ".join(hidden)}


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End ``process`` where the rest of its rows is not read."""
    try:
        yield
    finally:
        process.kill()


def _check_archive(data: bytes) -> None:
    """Refuse a ZIP bomb by the declared sizes, before any part is unpacked."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ImportRefusedError(_("This is not an undamaged XLSX file.")) from error
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise ImportRefusedError(
            _("The file is larger than %(limit)d MB when it is unpacked.") % {"limit": MAX_UNPACKED // 1024**2}
        )


# The functions that read the rows of a table, by its format.
TABLES = {"csv": csv_rows, "xlsx": xlsx_rows}
