"""A file of the rows that an import leaves out, to correct them and import them again."""

import json
from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from cspa.exports import tabular

from .options import ImportOptions
from .readers.columns import REASON
from .readers.csv_table import filled_rows
from .readers.files import HEAD_LINES, TABLES, json_of
from .readers.header import Header
from .readers.json_document import JsonList
from .report import Report


def left_out_file(data: bytes, file_format: str, options: ImportOptions, report: Report) -> HttpResponseBase:
    """A file of the format of ``data`` with the rows that ``report`` leaves out, or that conflict, and the reasons."""
    reasons: dict[int | str, str] = {}
    for note in chain(report.conflicts, report.skipped):
        reasons[note.location] = " ".join(filter(None, [reasons.get(note.location), note.message]))
    name = f"left-out-{len(reasons)}"
    if file_format in TABLES:
        rows = filled_rows(TABLES[file_format](data, []))
        head = list(islice(rows, HEAD_LINES))
        header = Header(head, options.columns)
        places = [place for place, column in enumerate(header.columns) if column != REASON]
        headings = [*(header.headings[place] for place in places), _("Left out because")]
        found = (
            [*(tabular.unescape_formula(cells[place]) for place in places), reasons[line]]
            for line, cells in chain(head[header.place + 1 :], rows)
            if line in reasons
        )
        return tabular.export_response(file_format, name, headings, found)
    document = _document(json_of(data), {str(place): reason for place, reason in reasons.items()})
    # JSON knows halves of surrogate pairs as escapes, UTF-8 does not.
    text = json.dumps(document, ensure_ascii=False, indent=1).encode(errors="backslashreplace")
    response = HttpResponse(text, content_type=tabular.FORMATS["json"])
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


def _document(document: dict[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return ``document`` with the people and memberships of ``reasons`` alone; whatever they refer to is kept."""
    # The place of a part of a person is below that of the person.
    by_row = {"/".join(place.split("/")[:3]): reason for place, reason in reasons.items()}

    def rows(name: str) -> dict[str, Any]:
        return {f"/{name}/{number}": row for number, row in enumerate(document.get(name, ()))}

    people, memberships = rows("persons"), rows("memberships")
    rejected = {row.get("id") for place, row in people.items() if place in by_row and isinstance(row, dict)}
    kept = {
        place: row
        for place, row in memberships.items()
        if place in by_row or (isinstance(row, dict) and row.get("person_id") in rejected)
    }
    meant = {row.get("person_id") for row in kept.values() if isinstance(row, dict)}
    kept |= {
        place: row
        for place, row in people.items()
        if place in by_row or (isinstance(row, dict) and row.get("id") in meant)
    }
    for place, reason in by_row.items():
        if isinstance(row := kept.get(place), dict):
            kept[place] = row | {REASON: reason}
    whole = {name: list(value) if isinstance(value, JsonList) else value for name, value in document.items()}
    return whole | {
        name: [kept[place] for place in listed if place in kept]
        for name, listed in (("persons", people), ("memberships", memberships))
    }
