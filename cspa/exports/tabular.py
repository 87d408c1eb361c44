"""Streamed export of rows as CSV, XLSX, JSON and JSON Lines.

In CSV and XLSX an apostrophe escapes text that a spreadsheet would run as a formula: at the start of a cell, and after
a character at which a spreadsheet may part a cell. ``unescape_formula()`` removes the apostrophes, so that an exported
file can be imported without loss.
"""

import csv
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import StringIO
from itertools import batched, chain
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import FileResponse, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.text import Truncator
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from ..absolute_urls import InvalidParameter
from .feeds import printable

type Cell = str | int | bool | date | None

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}
# Rows of a chunk of a streamed response.
CHUNK_ROWS = 500
# The time of the making of every workbook, so that equal rows give equal bytes. A ZIP archive knows none before.
MADE = datetime(1980, 1, 1)

_LINE_END = re.compile("\r\n?")
# What begins a formula (OWASP, "CSV Injection"), full-width letters of Asian locales included, behind quotes that a
# spreadsheet removes. At the start of a text tab and line ends count as well: a spreadsheet strips them there.
_AT_START = "['\"]*[=+\\-@＝＋－＠\t\r\n]"
_INSIDE = "['\"]*[=+\\-@＝＋－＠]"
# A spreadsheet whose list separator is the semicolon parts cells there, even those that commas have in quotes; pasted
# text is parted at tabs and line ends.
_AFTER_SEPARATOR = "(?<=[;\t\r\n])"
_FORMULA = re.compile(f"\\A(?={_AT_START})|{_AFTER_SEPARATOR}(?={_INSIDE})")
_ESCAPED = re.compile(f"\\A'(?={_AT_START})|{_AFTER_SEPARATOR}'(?={_INSIDE})")


class ExportMixin:
    """Mixin for a list view that exports the rows of all pages with ``?format=csv`` (or xlsx, json, jsonl).

    The view has ``columns``, and the methods ``file_name()`` and ``file_rows()``.
    """

    if TYPE_CHECKING:
        columns: Sequence[str]

        def file_name(self) -> str: ...

        def file_rows(self) -> Iterable[Iterable[Cell]]: ...

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            file_format = requested_format(request.GET)
        except ValueError as error:
            raise InvalidParameter(error) from error
        if file_format:
            refuse_undeclared(request)
            return export_response(file_format, self.file_name(), self.columns, self.file_rows())
        page: HttpResponseBase = super().get(request, *args, **kwargs)  # type: ignore[misc]  # of the view
        return page


def refuse_undeclared(request: HttpRequest) -> None:
    """Raise InvalidParameter for a parameter that the view of the file does not declare.

    A page ignores it, but whoever takes data away would take other data than they asked for.
    """
    if name := undeclared_parameter(request):
        raise InvalidParameter(_("There is no parameter “%(name)s” here.") % {"name": name})


def undeclared_parameter(request: HttpRequest) -> str:
    """The first parameter of the query that the view of ``request`` does not declare; empty if there is none."""
    declared = request.resolver_match.func.cache_parameters  # type: ignore[union-attr]  # resolved long ago
    return next((Truncator(name).chars(60) for name in request.GET if name not in declared), "")


def requested_format(parameters: QueryDict) -> str:
    """Format in the query string; empty for the HTML page.

    Raise ValueError with a translated message if the format is unknown or repeated.
    """
    values = parameters.getlist("format")
    if len(values) > 1:
        raise ValueError(_("The format is given more than once."))
    if values and values[0] and values[0] not in FORMATS:
        raise ValueError(_("“format” is one of: %(formats)s.") % {"formats": ", ".join(FORMATS)})
    return values[0] if values else ""


def export_response(
    file_format: str, name: str, columns: Iterable[str], rows: Iterable[Iterable[Cell]]
) -> StreamingHttpResponse:
    """Response with ``rows`` under ``columns`` as a download; ``name`` is the file name without extension."""
    columns = list(columns)
    rows = _in_language(get_language(), rows)
    filename = f"{name}.{file_format}"
    if file_format == "xlsx":
        return FileResponse(
            _workbook(columns, rows), as_attachment=True, filename=filename, content_type=FORMATS["xlsx"]
        )
    write = {"csv": csv_lines, "json": _json, "jsonl": _json_lines}[file_format]
    chunks = map("".join, batched(write(columns, rows), CHUNK_ROWS))
    response = StreamingHttpResponse(chunks, content_type=FORMATS[file_format])
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def escape_formula(value: Cell) -> Cell:
    """``value`` as a cell that a spreadsheet does not run as a formula."""
    if not isinstance(value, str):
        return value
    return _FORMULA.sub("'", clean_text(value))


def unescape_formula(text: str) -> str:
    """``text`` without the apostrophes that ``escape_formula()`` has added."""
    return _ESCAPED.sub("", text)


def clean_text(text: str) -> str:
    """``text`` without the characters that XML, and so XLSX, forbids; with line ends as XML parsers normalise them."""
    return _LINE_END.sub("\n", printable(text))


def _in_language(language: str, rows: Iterable[Iterable[Cell]]) -> Iterator[Iterable[Cell]]:
    """``rows`` evaluated in ``language``: a response is streamed after the middleware has reset the language."""
    rows = iter(rows)
    while True:
        with override(language):
            row = next(rows, None)
        if row is None:
            return
        yield row


def csv_lines(columns: Sequence[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Lines of CSV (RFC 4180), after a byte order mark, by which spreadsheets detect UTF-8."""
    line = StringIO()
    writer = csv.writer(line)
    yield "\ufeff"
    for row in chain([columns], rows):
        writer.writerow(_cell_text(value) for value in row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _cell_text(value: Cell) -> str:
    """``value`` as escaped text, with JSON's "true" and "false"."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(escape_formula(value))


def _json(columns: list[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Parts of {"results": […], "count": …}; the count comes last, since rows are streamed."""
    yield '{"results": ['
    count = 0
    for count, line in enumerate(_json_lines(columns, rows), 1):
        record = line.removesuffix("\n")
        yield f"\n{record}" if count == 1 else f",\n{record}"
    yield f'\n], "count": {count}}}\n'


def _json_lines(columns: list[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """A line with a JSON object for each row (https://jsonlines.org)."""
    for row in rows:
        record = dict(zip(columns, map(_json_value, row), strict=True))
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _json_value(value: Cell) -> str | int | None:
    if isinstance(value, date):
        return value.isoformat()
    return clean_text(value) if isinstance(value, str) else value


class _Archive(ZipFile):
    """A ZIP archive whose parts have the time MADE."""

    def writestr(self, name: str, data: bytes | str) -> None:  # type: ignore[override]  # as openpyxl calls it
        super().writestr(ZipInfo(name), data, ZIP_DEFLATED)

    def write(self, path: str, name: str) -> None:  # type: ignore[override]  # as openpyxl calls it
        part = ZipInfo(name)
        part.compress_type = ZIP_DEFLATED
        with open(path, "rb") as source, self.open(part, "w", force_zip64=True) as target:
            copyfileobj(source, target)


def _workbook(columns: list[str], rows: Iterable[Iterable[Cell]]) -> IO[bytes]:
    """Temporary file with a workbook of one sheet, written row by row."""
    # Import here: the package takes a fifth of the time to start and is rarely used.
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    workbook = Workbook(write_only=True)
    workbook.properties.created = workbook.properties.modified = MADE
    sheet = workbook.create_sheet()
    sheet.freeze_panes = "A2"
    for row in chain([columns], rows):
        sheet.append([escape_formula(value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    ExcelWriter(workbook, _Archive(file, "w")).save()
    file.seek(0)
    return file
