"""Papers made of sheets: headings, notes and tables, the same as a page for print and as PDF.

A document has a part for each of its languages; every sheet begins a new page. templates/sheets.html and sheets.typ
draw it.
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
    """A column of a table.

    Its ``kind`` is "text", "number", "name" (what the row is about) or "box" (empty, to be written in).
    """

    title: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as there are columns; ``empty`` is said where there is no row."""

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
        """The rows, each cell with its column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def total_line(self) -> list[tuple[Column, str | int]]:
        return list(zip(self.columns, self.total, strict=True)) if self.total else []


@dataclass(frozen=True)
class Sheet:
    """What begins a page of its own: the kind of paper, what it is about, tables and what they alone do not say."""

    title: str
    about: str = ""
    lead: str = ""
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """The sheets in one language; ``head`` and ``day`` stand above each page, ``foot`` below."""

    language: str
    head: str
    day: str
    foot: str
    notices: Sequence[str] = ()
    sheets: Sequence[Sheet] = ()


@dataclass(frozen=True)
class Document:
    """A part in each language, one after the other."""

    title: str
    author: str
    parts: Sequence[Part]


def pdf(document: Document) -> bytes:
    """``document`` on A4 with page numbers: tagged, with title and language, its text selectable.

    Its words are handed over as data, so that nothing in them is run; the fonts are those inside the library. It keeps
    and claims the rules for accessible documents (PDF/UA-1), unless a text has a letter that no font can show.
    """
    import typst  # large, and few ever need it

    data = {"document": json.dumps(_plain(document))}
    try:
        return typst.compile(TEMPLATE, sys_inputs=data, ignore_system_fonts=True, pdf_standards=["ua-1"])
    except typst.TypstError:
        return typst.compile(TEMPLATE, sys_inputs=data, ignore_system_fonts=True)


def _plain(value: Any) -> Any:
    """``value`` as JSON takes it; a text that knows its language keeps it."""
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Localised):
        return {"text": str(value), "lang": value.lang}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
