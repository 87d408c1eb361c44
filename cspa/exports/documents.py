"""Documents for print, with headings, notes and tables, as an HTML page and as a PDF file.

A document has a section for each language, which consists of printed pages. templates/sheets.html and sheets.typ
render it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from django.conf import settings

from ..i18n import Localised

TEMPLATE = settings.BASE_DIR / "templates" / "sheets.typ"


@dataclass(frozen=True)
class Column:
    """Column of a table.

    Its ``kind`` is "text", "number", "name" (row header) or "box" (empty cell to write in).
    """

    title: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """Table whose rows have a cell for each column; ``empty`` is the text for a table without rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | int]]
    caption: str = ""
    total: Sequence[str | int] = ()
    empty: str = ""

    @property
    def to_sign(self) -> bool:
        return any(column.kind == "box" for column in self.columns)

    @property
    def lines(self) -> list[list[tuple[Column, str | int]]]:
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def total_line(self) -> list[tuple[Column, str | int]]:
        return list(zip(self.columns, self.total, strict=True)) if self.total else []


@dataclass(frozen=True)
class Drawing:
    """Drawing of ``outlines`` (whether filled, SVG path) with its content in ``words``.

    Its ``legend`` explains marks of 24 by 24 units, as (SVG path, meaning), and ``note`` follows it.
    """

    width: int
    height: int
    outlines: Sequence[tuple[bool, str]]
    words: str
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class PrintPage:
    """Content that starts a new page: title, subject, lead, tables, a drawing and notes."""

    title: str
    about: str = ""
    lead: str = ""
    tables: Sequence[Table] = ()
    drawing: Drawing | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class LanguageSection:
    """Pages in one language; ``head`` and ``day`` form the page header, ``foot`` the page footer."""

    language: str
    head: str
    day: str
    foot: str
    notices: Sequence[str] = ()
    pages: Sequence[PrintPage] = ()


@dataclass(frozen=True)
class PrintDocument:
    title: str
    author: str
    sections: Sequence[LanguageSection]


def render_pdf(document: PrintDocument) -> bytes:
    """Tagged PDF of ``document`` on A4, with title, language and page numbers.

    Texts are passed as data, so that typst does not run markup in them. The fonts are those of the library. The file
    conforms to PDF/UA-1 (accessible documents), unless a text has a character that no font contains.
    """
    # Import here: the package is large and rarely used.
    import typst

    data = {"document": json.dumps(_json_value(document))}
    try:
        return typst.compile(TEMPLATE, sys_inputs=data, ignore_system_fonts=True, pdf_standards=["ua-1"])
    except typst.TypstError:
        return typst.compile(TEMPLATE, sys_inputs=data, ignore_system_fonts=True)


def _json_value(value: Any) -> Any:
    """``value`` in types that JSON has; a Localised text becomes an object with its language."""
    if is_dataclass(value):
        return {item.name: _json_value(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Localised):
        return {"text": str(value), "lang": value.lang}
    return [_json_value(item) for item in value] if isinstance(value, list | tuple) else value
