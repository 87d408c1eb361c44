"""Report of an import or of a dry run."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Self

from django.utils.translation import gettext as _

from .diff import ImportDiff
from .overlaps import Neighbours
from .records import KINDS, Note, describe_location
from .row_diff import Action

# Warnings that say the same are listed up to this number; more of them become one, with the places of this many.
ALIKE_LISTED = 5
PLACES_LISTED = 100


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A line of the report: one row that changes."""

    action: Action
    kind: str
    place: str
    label: str
    details: tuple[str, ...]

    @property
    def action_label(self) -> str:
        return str(self.action.label)

    @property
    def kind_label(self) -> str:
        return str(KINDS[self.kind]._meta.verbose_name)


@dataclass(frozen=True, slots=True)
class Question:
    """Who a person of the file is."""

    # By which the user answers (``ImportOptions.people``).
    key: str
    place: str
    name: str
    # Answers with their labels.
    choices: tuple[tuple[str, str], ...]


@dataclass
class Report:
    """Counts by action and kind, the rows that change, conflicts and warnings."""

    counts: dict[Action, dict[str, int]]
    entries: list[ReportEntry] = field(default_factory=list)
    conflicts: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    neighbours: list[Neighbours] = field(default_factory=list)
    not_kept: dict[str, int] = field(default_factory=dict)
    # Numbers of entries, conflicts and warnings that are not listed.
    more: dict[str, int] = field(default_factory=dict)
    saved: bool = False

    kinds: ClassVar = KINDS

    @classmethod
    def empty(cls) -> Self:
        return cls({action: dict.fromkeys(cls.kinds, 0) for action in Action})

    @classmethod
    def refused(cls, words: str) -> Self:
        report = cls.empty()
        report.conflicts.append(Note("", words))
        return report

    @classmethod
    def of(cls, diff: ImportDiff, skip_invalid: bool) -> "Report":
        report = cls.empty()
        for kind, row_diffs in diff.row_diffs.items():
            for row_diff in row_diffs:
                report.count(row_diff.action, kind, row_diff.location, row_diff.label, row_diff.details)
        report.warnings = summed(diff.warnings)
        report.questions = [
            Question(
                asked.record.answer_key,
                describe_location(asked.record.location),
                asked.record.text("name"),
                tuple(asked.choices),
            )
            for asked in diff.questions
        ]
        report.neighbours = diff.neighbours
        report.not_kept = dict(sorted(diff.batch.not_kept.items()))
        if skip_invalid:
            report.skipped = diff.problems
        else:
            report.conflicts = diff.problems
        return report

    def count(self, action: Action, kind: str, location: int | str, label: str, details: Iterable[str] = ()) -> None:
        """Count a row, and list it if it changes."""
        self.counts[action][kind] += 1
        if action != Action.UNCHANGED:
            self.add("entries", ReportEntry(action, kind, describe_location(location), label, tuple(details)))

    def warn(self, location: int | str, message: str, kind: str) -> None:
        self.add("warnings", Note(location, message, kind))

    def add(self, name: str, item: ReportEntry | Note) -> None:
        """Add ``item`` to ``entries``, ``conflicts`` or ``warnings``."""
        getattr(self, name).append(item)

    @property
    def changes(self) -> bool:
        return bool(self.entries)

    @property
    def digest(self) -> str:
        """Equal digests mean equal reports."""
        text = repr((self.counts, self.entries, self.conflicts, self.skipped, self.warnings))
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()

    def number_of(self, name: str) -> int:
        """Return the number of ``entries``, ``conflicts`` or ``warnings``, listed or not."""
        return len(getattr(self, name)) + self.more.get(name, 0)

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield the label of each action with its counts: "added", "people: 67, delegates: 68"."""
        names = {kind: str(model._meta.verbose_name_plural) for kind, model in self.kinds.items()}
        for action, numbers in self.counts.items():
            words = ", ".join(f"{names[kind]}: {number}" for kind, number in numbers.items() if number)
            yield str(action.label), words or "–"

    def as_json(self) -> dict:
        return {
            **self.counts,
            "conflicts": [note.as_json() for note in self.conflicts],
            "warnings": [note.as_json() for note in self.warnings],
            "skipped": [note.as_json() for note in self.skipped],
            "questions": [asdict(question) for question in self.questions],
            "neighbours": [asdict(offer) for offer in self.neighbours],
            "not_kept": self.not_kept,
            "saved": self.saved,
        }


def summed(notes: list[Note]) -> list[Note]:
    """Return ``notes`` with one in place of many that say the same of different rows."""
    alike: dict[tuple[str, str], list[Note]] = defaultdict(list)
    for note in notes:
        alike[note.kind, note.sentence or note.message].append(note)
    found = []
    for (kind, sentence), group in alike.items():
        if len(group) <= ALIKE_LISTED:
            found += group
            continue
        places = [str(note.location) for note in group[:PLACES_LISTED]] + ["…"] * (len(group) > PLACES_LISTED)
        words = _("%(sentence)s Rows: %(count)d (%(places)s).")
        found.append(Note("", words % {"sentence": sentence, "count": len(group), "places": ", ".join(places)}, kind))
    return found
