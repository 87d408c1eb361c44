"""Rows as files: CSV, XLSX and JSON, streamed, and safe in a spreadsheet.

A text that a spreadsheet would run as a formula gets an apostrophe in front in CSV and XLSX; ``plain()`` takes it
away again, so that what was exported can be imported without loss.
"""

import csv
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from django.http import FileResponse, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from ..absolute_urls import Unreadable

type Cell = str | int | bool | None

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
}
JOINED = " | "  # between several values in one cell
CHUNK = 64 * 1024  # letters

# What no spreadsheet and no XML can hold: control characters but for tab and line ends, halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
# A spreadsheet drops what is blank in front of a formula.
_FORMULA = re.compile("'*[=+\\-@\t\r\n]")
_ESCAPED = re.compile("'+[=+\\-@\t\r\n]")


class Files:
    """For a view of a list: ``?format=csv`` (or xlsx, json) answers with the rows of all its pages as a file.

    The view has ``columns``, and the methods ``file_name()`` and ``file_rows()``.
    """

    if TYPE_CHECKING:
        columns: Sequence[str]

        def file_name(self) -> str: ...

        def file_rows(self) -> Iterable[Iterable[Cell]]: ...

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            file_format = asked_format(request.GET)
        except ValueError as error:
            raise Unreadable(error) from error
        if file_format:
            return answer(file_format, self.file_name(), self.columns, self.file_rows())
        page: HttpResponseBase = super().get(request, *args, **kwargs)  # type: ignore[misc]  # of the view
        return page


def asked_format(parameters: QueryDict) -> str:
    """The ``format=`` among ``parameters``; empty where the page itself is meant.

    ValueError with words where it is unknown or given twice.
    """
    values = parameters.getlist("format")
    if len(values) > 1:
        raise ValueError(_("The format is given more than once."))
    if values and values[0] and values[0] not in FORMATS:
        raise ValueError(_("“format” is one of: %(formats)s.") % {"formats": ", ".join(FORMATS)})
    return values[0] if values else ""


def answer(
    file_format: str, name: str, columns: Iterable[str], rows: Iterable[Iterable[Cell]]
) -> StreamingHttpResponse:
    """``rows`` under ``columns`` as a file to download, called ``name`` with the ending of its format."""
    columns = list(columns)
    rows = _in_language(get_language(), rows)
    filename = f"{name}.{file_format}"
    if file_format == "xlsx":
        return FileResponse(
            _workbook(columns, rows), as_attachment=True, filename=filename, content_type=FORMATS["xlsx"]
        )
    write = {"csv": _csv, "json": _json}[file_format]
    response = StreamingHttpResponse(_in_chunks(write(columns, rows)), content_type=FORMATS[file_format])
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def safe(value: Cell) -> Cell:
    """``value`` as a cell that a spreadsheet shows and never runs."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) else text


def plain(text: str) -> str:
    """What ``safe()`` was given: ``text`` without the apostrophe in front of a formula."""
    return text[1:] if _ESCAPED.match(text) else text


def printable(text: str) -> str:
    """``text`` as all three files can hold it: without unprintable characters, with the line ends of XML."""
    return _LINE_END.sub("\n", _UNPRINTABLE.sub("", text))


def _in_language(language: str, rows: Iterable[Iterable[Cell]]) -> Iterator[Iterable[Cell]]:
    """``rows`` in the language of the request: an answer is streamed when the request has been left."""
    rows = iter(rows)
    while True:
        with override(language):
            row = next(rows, None)
        if row is None:
            return
        yield row


def _in_chunks(texts: Iterable[str]) -> Iterator[str]:
    """``texts`` joined to pieces worth sending."""
    waiting, letters = [], 0
    for text in texts:
        waiting.append(text)
        letters += len(text)
        if letters >= CHUNK:
            yield "".join(waiting)
            waiting, letters = [], 0
    yield "".join(waiting)


def _csv(columns: list[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """RFC 4180, with the mark at the beginning by which spreadsheets know UTF-8."""
    line = StringIO()
    writer = csv.writer(line)
    yield "\ufeff"
    for row in chain([columns], rows):
        writer.writerow(_word(value) for value in row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _word(value: Cell) -> str:
    """``value`` as text: "true" and "false" as JSON has them."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(safe(value))


def _json(columns: list[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """{"results": […], "count": …}: the number is known when the last row has gone."""
    yield '{"results": ['
    count = 0
    for count, row in enumerate(rows, 1):
        values = [printable(value) if isinstance(value, str) else value for value in row]
        record = json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=False)
        yield f"\n{record}" if count == 1 else f",\n{record}"
    yield f'\n], "count": {count}}}\n'


def _workbook(columns: list[str], rows: Iterable[Iterable[Cell]]) -> IO[bytes]:
    """A workbook of one sheet, written row by row to the disk."""
    from openpyxl import Workbook  # a fifth of the start, and few ever need it

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.freeze_panes = "A2"
    for row in chain([columns], rows):
        sheet.append([safe(value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    workbook.save(file)
    file.seek(0)
    return file
