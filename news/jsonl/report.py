"""Report of an import of articles."""

from collections.abc import Iterable

from delegations.importer import Report
from delegations.importer.records import Note
from delegations.importer.report import ReportEntry
from delegations.importer.row_diff import Action
from delegations.models import Source

from ..models import Article, Attachment, Picture, Topic

# Listed entries; further ones are only counted.
LISTED = {"entries": 1000, "conflicts": 100, "warnings": 1000}


class ArchiveReport(Report):
    """Counts and entries of articles and their related rows. Its size is bounded by LISTED."""

    kinds = {"articles": Article, "topics": Topic, "sources": Source, "pictures": Picture, "attachments": Attachment}

    def count(self, action: Action, kind: str, line: int, label: str, details: Iterable[str] = ()) -> None:
        self.counts[action][kind] += 1
        if action != Action.UNCHANGED:
            self._list("entries", ReportEntry(action, kind, Note(line, "").place, label, tuple(details)))

    def conflict(self, line: int, message: str) -> None:
        self._list("conflicts", Note(line, message, "articles"))

    def warn(self, line: int, message: str, kind: str = "articles") -> None:
        self._list("warnings", Note(line, message, kind))

    def _list(self, name: str, item: ReportEntry | Note) -> None:
        listed = getattr(self, name)
        if len(listed) < LISTED[name]:
            listed.append(item)
        else:
            self.more[name] = self.more.get(name, 0) + 1

    def as_json(self) -> dict:
        return {**super().as_json(), "more": self.more}
