"""Report of an import of articles."""

from delegations.importer import Report
from delegations.importer.records import Note
from delegations.importer.report import ReportEntry
from delegations.models import Source

from ..models import Article, Attachment, Picture, Topic

# Listed entries; further ones are only counted.
LISTED = {"entries": 1000, "conflicts": 100, "warnings": 1000}


class ArchiveReport(Report):
    """Counts and entries of articles and their related rows. Its size is bounded by LISTED."""

    kinds = {"articles": Article, "topics": Topic, "sources": Source, "pictures": Picture, "attachments": Attachment}

    def conflict(self, line: int, message: str) -> None:
        self.add("conflicts", Note(line, message, "articles"))

    def add(self, name: str, item: ReportEntry | Note) -> None:
        listed = getattr(self, name)
        if len(listed) < LISTED[name]:
            listed.append(item)
        else:
            self.more[name] = self.more.get(name, 0) + 1

    def as_json(self) -> dict:
        return {**super().as_json(), "more": self.more}
