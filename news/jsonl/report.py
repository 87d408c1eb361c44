"""What an import of articles did, or would do."""

from collections.abc import Iterable

from delegations.importer import Report
from delegations.importer.records import Note
from delegations.importer.report import ReportEntry
from delegations.importer.row_diff import Action
from delegations.models import Source

from ..models import Article, Attachment, Picture, Topic

LISTED = {"entries": 1000, "conflicts": 100, "warnings": 1000}  # the others are only counted


class ArchiveReport(Report):
    """What became of the articles and of what they bring along; it does not grow with the file."""

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
