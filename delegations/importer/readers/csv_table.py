"""Tables of mandates. The header names some of serializers.MANDATE_COLUMNS, in any order and in people's own words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, zip_longest
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import single_line, translated_columns

from ...exports.serializers import split_cell
from ...models import Chamber, Delegate, Person
from ...models.person_names import PARTS
from ...names import validate_name
from ..options import NEW, Ends, ImportOptions
from ..records import (
    Batch,
    Kind,
    Record,
    RowError,
    exact_date,
    is_web_address,
    language_of,
    partial_date,
    start_date,
)
from .columns import LAST_DAY, REASON, SAME_AS, choice_of, flag_of, is_example, is_new, is_total
from .ends import day_after, settle_ends
from .files import HEAD_LINES, TableRow
from .header import Header
from .legislature import Legislature, chamber_of_file, names_of
from .own_export import public_id

_NAME_COLUMNS = [column for name in PARTS for column in translated_columns(name)]
_GROUP, _CONSTITUENCY = map(translated_columns, ("political_group", "constituency"))
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# As Popolo: a role that adds nothing to the mandate.
_PLAIN_ROLES = {"", "member"}
# By which the user recognises a column.
VALUES_SHOWN = 3
# Written for an end in an unknown future.
_NEVER = re.compile(r"(?:9999(?:-12(?:-31)?)?|31\.12\.9999)(?:[T ].*)?")


@dataclass(frozen=True)
class FileColumn:
    """A column of a file as the user sees it: heading, first values, and ours that it is read as, "" for none."""

    heading: str
    values: list[str]
    column: str


def columns_of_table(rows: Iterator[TableRow], mapping: Mapping[str, str]) -> list[FileColumn]:
    """Return the columns that have a heading. Raises ImportRefusedError if the file has no rows."""
    head = list(islice(filled_rows(rows), HEAD_LINES))
    header = Header(head, mapping)
    values = zip_longest(*(cells for _line, cells in head[header.place + 1 :]), fillvalue="")
    columns = zip_longest(header.headings, header.columns, values, fillvalue="")
    return [
        FileColumn(single_line(heading), list(filter(None, map(single_line, cells)))[:VALUES_SHOWN], column)
        for heading, column, cells in columns
        if heading.strip() and column != REASON
    ]


def filled_rows(rows: Iterator[TableRow]) -> Iterator[TableRow]:
    return ((line, cells) for line, cells in rows if any(map(str.strip, cells)))


class TableReader:
    """Builds the batch of an own table, or of one for the chamber with a slug or the only chamber of a country."""

    def __init__(self, rows: Iterator[TableRow], options: ImportOptions, notes: list[str]):
        self.batch = Batch(is_own_export=not (options.chamber or options.country), people_have_mandates=True)
        self.chamber = ""
        # How another publisher may call it.
        self.chamber_names: set[str] = set()
        if not self.batch.is_own_export:
            self.chamber = chamber_of_file(self.batch, Legislature(), options)
            # A new chamber has no row yet.
            house = Chamber.objects.filter(slug=self.chamber).first()
            self.chamber_names = names_of(house) if house else {options.chamber_name.casefold()}
        self.parliaments = {
            slug: (parliament, country)
            for slug, parliament, country in Chamber.objects.values_list(
                "slug", "parliament__slug", "parliament__country"
            )
        }
        if self.chamber:
            self.parliaments.setdefault(self.chamber, (self.batch.scope, options.country))
        self.people: dict[str, dict] = {}
        self.sources: set[str] = set()
        # Numbers of the columns without a heading that have values.
        self.unnamed: set[int] = set()
        self.has_numbers_as_ids = False
        filled = filled_rows(rows)
        head = list(islice(filled, HEAD_LINES))
        self.header = self.header_of(head, options.columns)
        for line, cells in chain(head[self.header.place + 1 :], filled):
            try:
                self.row(line, cells)
            except RowError as error:
                self.batch.problem(Kind.DELEGATES, line, error)
        settle_ends(self.batch, self.meaning_of_ends(options.ends))
        for note in (*notes, *self.notes()):
            self.batch.warn("", "", note)

    def header_of(self, head: list[TableRow], mapping: Mapping[str, str]) -> Header:
        """Return the header; name what is passed over beside it and above it."""
        header = Header(head, mapping)
        header.check(*([] if self.chamber else ["chamber"]))
        for line, cells in head[: header.place]:
            self.pass_over(line, cells, _("It stands above the header and was passed over: %(text)s"))
        if header.unknown:
            names = ", ".join(header.unknown[:20])
            message = _("Columns that are not known were passed over: %(names)s.") % {"names": names}
            self.batch.warn("", header.line, message)
        return header

    def meaning_of_ends(self, stated: str) -> str:
        """Return what the ends are now: first days out in our own tables, and after a column of last days was read."""
        if LAST_DAY in self.header.columns:
            return Ends.FIRST_DAY_OUT
        return stated or (Ends.FIRST_DAY_OUT if self.batch.is_own_export else "")

    def notes(self) -> Iterator[str]:
        """Yield what is to be said of the whole table."""
        if self.unnamed:
            numbers = ", ".join(map(str, sorted(self.unnamed)))
            yield _("Columns without a heading were passed over: %(numbers)s.") % {"numbers": numbers}
        if self.has_numbers_as_ids:
            yield _("The numbers of the column “id” may count the rows and were not used. Map it to “person_id”.")

    def pass_over(self, line: int, cells: list[str], words: str) -> None:
        self.batch.warn("", line, words % {"text": " ".join(filter(None, map(single_line, cells)))[:100]})

    def row(self, line: int, cells: list[str]) -> None:
        if is_total(cells, self.header.names_person(cells)):
            self.pass_over(line, cells, _("A row of totals was passed over: %(text)s"))
            return
        if is_example(cells[0]):
            self.pass_over(line, cells, _("The example of the template was passed over: %(text)s"))
            return
        row = self.header.row(cells)
        self.unnamed.update(self.header.without_heading(cells))
        if not self.batch.is_own_export:
            row = {name: single_line(cell) for name, cell in row.items()}
            self.header.join_names(row)
            self.identify(row)
        errors = list(self.header.errors(cells))
        if errors and not any(map(row.get, ("person_id", *translated_columns("name")))):
            raise errors[0]
        person = self.person(line, row)
        try:
            if errors:
                raise errors[0]
            self.mandate(line, row, person)
        except RowError:
            self.batch.exempt_people.add(person)
            raise

    def identify(self, row: dict[str, str]) -> None:
        """Read ``id`` as that of the person where the table has no other one and it is no id of our mandates."""
        if "person_id" in self.header.columns or not row.get("id") or row["id"] in self.mandate_ids:
            return
        identity = row.pop("id")
        if identity.isdecimal():
            self.has_numbers_as_ids = True
        else:
            row["person_id"] = identity

    @cached_property
    def mandate_ids(self) -> set[str]:
        """Ids of our mandates, by which an edited export is told from ids that another publisher gives to people."""
        return set(map(str, Delegate.objects.values_list("uid", flat=True)))

    def mandate(self, line: int, row: dict[str, str], person: str) -> None:
        values = {
            "person": person,
            "chamber": self.chamber_of(row),
            **self.stated(row, "role", *_CONSTITUENCY),
            **self.group(line, row),
            **self.dates(line, row),
        }
        role = values.pop("role", "").strip()
        if role.lower() not in _PLAIN_ROLES:
            values["role"] = choice_of(Delegate.Role, role)
            if not values["role"]:
                raise RowError(
                    _("Unknown role: %(role)s. Known are: %(known)s.")
                    % {"role": role[:40], "known": ", ".join(map(str, Delegate.Role.labels))}
                )
        identity = row.get("id", "").strip()
        if not self.batch.is_own_export and not _UUID.fullmatch(identity):
            # Ids of other publishers are unknown here.
            identity = ""
        self.batch.add(Record(Kind.DELEGATES, line, "", values, identity, sources=self.sources_of(line, row)))

    def group(self, line: int, row: dict[str, str]) -> dict[str, str]:
        """Return the names of the group without what is none, such as a place-holder."""
        groups = self.stated(row, *_GROUP)
        for column, text in list(groups.items()):
            try:
                Delegate._meta.get_field(column).run_validators(single_line(text))
                validate_name(text)
            except ValidationError:
                del groups[column]
                message = _("This is not a political group and was left out: %(text)s") % {"text": text[:40]}
                self.batch.warn(Kind.DELEGATES, line, message)
        return groups

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
        parliament = "" if identity else self.parliament_of(row)
        key = identity or "name:" + "\t".join([parliament, *(row.get(name, "") for name in _NAME_COLUMNS)])
        values: dict[str, Any] = dict(names)
        if gender := row.get("gender", "").strip():
            row["gender"] = choice_of(Person.Gender, gender) or ""
            if not row["gender"]:
                del row["gender"]
                self.batch.warn(
                    Kind.PEOPLE,
                    line,
                    _("The gender is unknown and was left out: %(gender)s") % {"gender": gender[:40]},
                )
        if names:
            values |= self.stated(row, "gender")
        if key not in self.people:
            self.people[key] = values
            record = Record(Kind.PEOPLE, line, key, values, identity, parliament=parliament)
            self.batch.add(record)
            if answer := row.get(SAME_AS, "").strip():
                self.batch.answers[record.answer_key] = NEW if is_new(answer) else answer
        elif values and self.people[key] != values:
            self.batch.warn(
                Kind.PEOPLE, line, _("An earlier row says other things about this person; they were taken.")
            )
        return key

    def parliament_of(self, row: dict[str, str]) -> str:
        """Return the parliament of the row in a table of several, empty where the row does not say it."""
        if self.chamber:
            return ""
        parliament, _country = self.parliaments.get(row.get("chamber", "").strip(), ("", ""))
        return parliament

    def chamber_of(self, row: dict[str, str]) -> str:
        slug = row.get("chamber", "").strip() or self.chamber
        if slug.casefold() in self.chamber_names:
            slug = self.chamber
        if self.chamber and slug != self.chamber:
            raise RowError(_("The row is of another chamber: %(code)s") % {"code": slug[:80]})
        if slug not in self.parliaments:
            raise RowError(_("There is no chamber with the code “%(code)s”.") % {"code": slug[:80]})
        parliament, country = self.parliaments[slug]
        if row.get("delegation") not in (None, "", parliament) or row.get("country", "").upper() not in ("", country):
            raise RowError(_("The chamber belongs to another delegation: %(slug)s") % {"slug": parliament})
        return slug

    def dates(self, line: int, row: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        start, end, last, quality = (row.get(name, "").strip() for name in ("start", "end", LAST_DAY, "start_quality"))
        end = end or last
        if _NEVER.fullmatch(end):
            self.batch.warn(
                Kind.DELEGATES, line, _("The end is a place-holder and was left out: %(text)s") % {"text": end}
            )
            end = ""
        dates = {"start": start_date(start, quality.lower(), "start"), "end": partial_date(end, "end")}
        if last:
            dates["end"] = day_after(dates["end"])
        for name, column in (("start", "starts"), ("end", "ends")):
            date = dates[name]
            if date or (self.batch.is_own_export and name in row):
                values[column] = date
        written = row.get("ended", "").strip()
        ended = flag_of(written) if written else False
        if ended is None:
            raise RowError(_("“%(name)s” must be true or false.") % {"name": "ended"})
        if written or (self.batch.is_own_export and "ended" in row):
            values["ended"] = ended
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
            if url and (not is_web_address(url) or len(url) > 1000):
                words = _("No address: %(url)s") % {"url": url[:100]}
                self.batch.warn(Kind.SOURCES, line, words, _("The address of the source is not a web address."))
                url = ""
                if not title:
                    continue
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
