"""The report of an import as the admin shows it, in JSON, so that a page can show it again."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from ..importer import Report
from ..importer.records import Note

# The number of rows shown of each kind; the totals count all rows.
SHOWN = 500
# Questions of one page: each is a field of a form.
QUESTIONS_SHOWN = 200


def report_as_json(report: Report) -> dict[str, Any]:
    notes = [
        (_("Conflicts"), report.conflicts),
        (_("Left out"), report.skipped),
        (_("Warnings"), report.warnings),
    ]
    return {
        "numbers": [list(row) for row in report.numbers()],
        "changes": report.changes,
        "conflicts": _shown(report.conflicts),
        "entries": [
            {
                "action_label": entry.action_label,
                "kind_label": entry.kind_label,
                "label": entry.label,
                "details": list(entry.details),
                "place": entry.place,
            }
            for entry in report.entries[:SHOWN]
        ],
        "more": max(len(report.entries) - SHOWN, 0),
        "questions": [asdict(question) for question in report.questions[:QUESTIONS_SHOWN]],
        "neighbours": [asdict(offer) for offer in report.neighbours[:QUESTIONS_SHOWN]],
        "notes": [[title, _shown(rows), len(rows)] for title, rows in notes if rows],
        "not_kept": report.not_kept,
    }


def _shown(notes: list[Note]) -> list[str]:
    return [str(note) for note in notes[:SHOWN]]


def numbers_in_words(numbers: Iterable[Sequence[str]]) -> str:
    return "; ".join(f"{action}: {count}" for action, count in numbers)
