"""Tables of mandates. The header has some of serializers.MANDATE_COLUMNS in any order."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.exports.tabular import unescape_formula
from cspa.i18n import single_line, translated_columns

from ...exports.serializers import MANDATE_COLUMNS, split_cell
from ...models import Chamber, Delegate, Person
from ...models.person_names import PARTS
from ..records import (
    Batch,
    ImportRefusedError,
    Kind,
    Record,
    RowError,
    checked_text,
    exact_date,
    is_web_address,
    language_of,
    partial_date,
    start_date,
)
from .files import TableRow
from .own_export import public_id
from .popolo import import_target

_NAME_COLUMNS = [column for name in PARTS for column in translated_columns(name)]
_TEXTS = [*translated_columns("political_group"), *translated_columns("constituency")]
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_YES, _NO = {"true", "1", "yes"}, {"", "false", "0", "no"}


class TableReader:
    """Builds the batch of an own table, or of one for the chamber with a slug or the only chamber of a country."""

    def __init__(self, rows: Iterator[TableRow], chamber: str, country: str):
        self.batch = Batch(is_own_export=not (chamber or country))
        self.chamber = ""
        if not self.batch.is_own_export:
            parliament, house = import_target(chamber, country)
            if not house:
                raise ImportRefusedError(
                    _("A table holds no legislature: import it into a chamber that is on record.")
                )
            self.chamber = house.slug
            self.batch.chambers.add(self.chamber)
            self.batch.scope = parliament.slug
            self.batch.scheme = f"import:{parliament.slug}"
        self.parliaments = {
            slug: (parliament, country)
            for slug, parliament, country in Chamber.objects.values_list(
                "slug", "parliament__slug", "parliament__country"
            )
        }
        _line, header = next(rows, (1, []))
        self.header = self.checked_header([cell.strip() for cell in header])
        self.people: dict[str, dict] = {}
        self.sources: set[str] = set()
        for line, cells in rows:
            if any(cells):
                try:
                    self.row(line, cells)
                except RowError as error:
                    self.batch.problem(Kind.DELEGATES, line, error)

    def checked_header(self, header: list[str]) -> list[str]:
        if not any(header):
            raise ImportRefusedError(_("The file has no header."))
        if unknown := [name for name in header if name not in MANDATE_COLUMNS]:
            raise ImportRefusedError(
                _("Unknown columns: %(names)s. Known are: %(known)s.")
                % {"names": ", ".join(name[:40] or "–" for name in unknown[:20]), "known": ", ".join(MANDATE_COLUMNS)}
            )
        if doubled := sorted({name for name in header if header.count(name) > 1}):
            raise ImportRefusedError(_("Columns that stand twice: %(names)s.") % {"names": ", ".join(doubled)})
        missing = [] if self.chamber or "chamber" in header else ["chamber"]
        if not {"person_id", *translated_columns("name")}.intersection(header):
            missing.append(translated_columns("name")[0])
        if missing:
            raise ImportRefusedError(_("Columns that are missing: %(names)s.") % {"names": ", ".join(missing)})
        return header

    def row(self, line: int, cells: list[str]) -> None:
        if len(cells) != len(self.header):
            raise RowError(
                _("The row has %(count)d cells, the header %(columns)d.")
                % {"count": len(cells), "columns": len(self.header)}
            )
        row = {name: checked_text(unescape_formula(cell), name) for name, cell in zip(self.header, cells, strict=True)}
        if not self.batch.is_own_export:
            row = {name: single_line(cell) for name, cell in row.items()}
        person = self.person(line, row)
        try:
            self.mandate(line, row, person)
        except RowError:
            self.batch.exempt_people.add(person)
            raise

    def mandate(self, line: int, row: dict[str, str], person: str) -> None:
        values = {
            "person": person,
            "chamber": self.chamber_of(row),
            **self.stated(row, "role", *_TEXTS),
            **self.dates(row),
        }
        if not values.get("role", ""):
            values.pop("role", None)
        elif values["role"] not in Delegate.Role.values:
            raise RowError(_("Unknown role: %(role)s") % {"role": values["role"][:40]})
        identity = row.get("id", "").strip()
        if not self.batch.is_own_export and not _UUID.fullmatch(identity):
            # Ids of other publishers are unknown here.
            identity = ""
        self.batch.add(Record(Kind.DELEGATES, line, "", values, identity, sources=self.sources_of(line, row)))

    def stated(self, row: dict[str, str], *names: str) -> dict[str, str]:
        """Return the cells that state a value. In an own table empty cells do."""
        return {name: row[name] for name in names if name in row and (row[name] or self.batch.is_own_export)}

    def person(self, line: int, row: dict[str, str]) -> str:
        """Return the key of the row's person; add the record for the first row."""
        identity = row.get("person_id", "").strip()
        if identity and self.batch.is_own_export:
            identity = str(public_id(identity))
        names = self.stated(row, *_NAME_COLUMNS) if any(row.get(name) for name in translated_columns("name")) else {}
        if not identity and not names:
            raise RowError(_("There is neither a name nor an id of the person."))
        key = identity or "name:" + "\t".join(row.get(name, "") for name in _NAME_COLUMNS)
        values: dict[str, Any] = dict(names)
        gender = row.get("gender", "")
        if gender and gender not in Person.Gender.values:
            raise RowError(_("Unknown gender: %(gender)s") % {"gender": gender[:40]})
        if names:
            values |= self.stated(row, "gender")
        if key not in self.people:
            self.people[key] = values
            self.batch.add(Record(Kind.PEOPLE, line, key, values, identity))
        elif values and self.people[key] != values:
            self.batch.warn(
                Kind.PEOPLE, line, _("An earlier row says other things about this person; they were taken.")
            )
        return key

    def chamber_of(self, row: dict[str, str]) -> str:
        slug = row.get("chamber", "").strip() or self.chamber
        if self.chamber and slug != self.chamber:
            raise RowError(_("The row is of another chamber: %(code)s") % {"code": slug[:80]})
        if slug not in self.parliaments:
            raise RowError(_("There is no chamber with the code “%(code)s”.") % {"code": slug[:80]})
        parliament, country = self.parliaments[slug]
        if row.get("delegation") not in (None, "", parliament) or row.get("country") not in (None, "", country):
            raise RowError(_("The chamber belongs to another delegation: %(slug)s") % {"slug": parliament})
        return slug

    def dates(self, row: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        start, end, quality = (row.get(name, "").strip() for name in ("start", "end", "start_quality"))
        dates = {"start": start_date(start, quality.lower(), "start"), "end": partial_date(end, "end")}
        for name, column in (("start", "starts"), ("end", "ends")):
            date = dates[name]
            if date or (self.batch.is_own_export and name in row):
                values[column] = date
        ended = row.get("ended", "").strip().lower()
        if ended not in _YES | _NO:
            raise RowError(_("“%(name)s” must be true or false.") % {"name": "ended"})
        if ended or (self.batch.is_own_export and "ended" in row):
            values["ended"] = ended in _YES
        return values

    def sources_of(self, line: int, row: dict[str, str]) -> list[str] | None:
        """Return the keys of the sources. Their columns must have the same number of values."""
        names = ("source_title", "source_url", "source_date", "source_accessed")
        cells = [split_cell(row.get(name, "")) for name in names]
        count = max(map(len, cells))
        if not count:
            return [] if self.batch.is_own_export and set(names) & row.keys() else None
        if any(len(cell) not in (0, count) for cell in cells):
            raise RowError(_("The columns of the sources hold different numbers of values."))
        keys = []
        for title, url, date, accessed in zip(*(cell or [""] * count for cell in cells), strict=True):
            if not title and not url:
                raise RowError(_("A source has neither a title nor an address."))
            if url and not is_web_address(url):
                raise RowError(_("No address: %(url)s") % {"url": url[:100]})
            values = {"url": url, "date": exact_date(date, "source_date")}
            if accessed:
                values["accessed"] = exact_date(accessed, "source_accessed")
            if title:
                values[to_attribute("title", language_of(title))] = title
            key = "\t".join((title, url, date, accessed))
            if key not in self.sources:
                self.sources.add(key)
                self.batch.add(Record(Kind.SOURCES, line, key, values))
            if key not in keys:
                keys.append(key)
        return keys
