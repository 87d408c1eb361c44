"""Tables of a data package (https://datapackage.org), its descriptor, and the archive that holds all of it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .tabular import FORMATS, Cell, csv_lines

DESCRIPTOR = "datapackage.json"
_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"

_PARTIAL_DATE = {"type": "string", "constraints": {"pattern": "[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"}}
# Fields of the columns that are no plain text. A table may have others.
_FIELDS: dict[str, dict[str, Any]] = {
    "start": _PARTIAL_DATE,
    "end": _PARTIAL_DATE,
    "start_quality": {"type": "string", "constraints": {"enum": ["exact", "partial", "by"]}},
    **{name: {"type": "boolean"} for name in ("ended", "acting", "withdrawn")},
    **{name: {"type": "integer"} for name in ("person_id", "seats", "named", "substitutes", "women", "men", "place")},
}


@dataclass(frozen=True)
class Table:
    """A table of all history, in the language of no reader. ``rows`` reads it anew."""

    name: str
    # Untranslated, for the descriptor. The page of the data shows it translated.
    title: str
    columns: Sequence[str]
    rows: Callable[[], Iterable[Iterable[Cell]]]
    key: Sequence[str] = ("id",)
    # The table whose key a column names.
    references: Mapping[str, str] = field(default_factory=dict)
    # Fields that differ from those of other tables.
    fields: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def resource(self, tables: Mapping[str, "Table"]) -> dict[str, Any]:
        """The table in the descriptor, as the CSV file beside it."""
        return {
            "name": self.name,
            "type": "table",
            "title": self.title,
            "path": f"{self.name}.csv",
            "format": "csv",
            "mediatype": FORMATS["csv"].partition(";")[0],
            "encoding": "utf-8",
            "schema": {
                "fields": [
                    {"name": column, **(self.fields.get(column) or _FIELDS.get(column) or {"type": "string"})}
                    for column in self.columns
                ],
                "primaryKey": list(self.key),
                "foreignKeys": [
                    {"fields": [column], "reference": {"resource": name, "fields": list(tables[name].key)}}
                    for column, name in self.references.items()
                ],
            },
        }


def descriptor(tables: Iterable[Table], **about: Any) -> str:
    """The descriptor of the package of ``tables`` as JSON; ``about`` are further properties of it."""
    by_name = {table.name: table for table in tables}
    resources = [table.resource(by_name) for table in by_name.values()]
    return json.dumps({"$schema": _PROFILE, **about, "resources": resources}, ensure_ascii=False, indent=2) + "\n"


def archive(tables: Iterable[Table], description: str) -> IO[bytes]:
    """A temporary file with a ZIP archive of ``tables`` as CSV and of their descriptor, written row by row."""
    file = TemporaryFile()  # noqa: SIM115  the response closes it
    with ZipFile(file, "w") as package:
        package.writestr(_member(DESCRIPTOR), description)
        for table in tables:
            with package.open(_member(f"{table.name}.csv"), "w", force_zip64=True) as member:
                for line in csv_lines(table.columns, table.rows()):
                    member.write(line.encode())
    file.seek(0)
    return file


def _member(name: str) -> ZipInfo:
    """A file of the archive, of no time, so that equal rows give equal bytes."""
    member = ZipInfo(name)
    member.compress_type = ZIP_DEFLATED
    return member
