"""From what pages say to dated facts.

A page seen on a day is an observation. For any pile of pages the answer for a day is what the latest page on or
before that day says. An undated fact on record ranks as a page older than all others: it holds until the first dated
page that says otherwise. So all facts of a line (the seats of a chamber, the representative of a parliament, a
website, a post) are computed anew from all observations of the parliament, and rows on record move to the days found.

A row that somebody has dated by hand stands: where a page says otherwise on its days, that is listed.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from cspa.i18n import columns, language_codes

from ..dates import PartialDate
from ..importer import import_batch, no_progress
from ..importer.diff import Progress
from ..importer.records import Batch, Kind, Record
from ..importer.report import Report
from ..importer.validation import blocked_range
from ..models import AssemblyPost, Link, Period, Person, Representative, SeatQuota
from .parser import Block, Statement, read
from .parser import Line as PageLine

PAGE_LANGUAGE = "en"
ADDRESS = "https://paodkb.org/"  # of the site whose pages are read
PAGE = "page"  # what the records call the source of this page


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of a line: on a day (None: an undated fact), a value (None: nothing), under a source."""

    day: date | None
    value: Any
    source: str = ""


@dataclass(slots=True)
class Segment:
    """The days on which pages say ``value``."""

    start: date | None
    end: date | None
    value: Any
    sources: list[str]
    last: date | None  # when a page said so last


@dataclass(slots=True)
class Line:
    """The rows on record of one line, and what has been said of it."""

    kind: str
    location: int
    label: str
    new: dict[str, Any]  # the values of a new row, but for its value and dates
    column: str  # that holds the value; empty: the line itself is the value
    rows: list[Period]
    said: list[Said] = field(default_factory=list)

    def value(self, row: Period) -> Any:
        if self.kind == Kind.REPRESENTATIVES:
            return row.person_id
        return row.seats if self.kind == Kind.QUOTAS else True


def segments(said: Iterable[Said], standing: Iterable[Period]) -> list[Segment]:
    """The periods that ``said`` makes, beside the rows that stand by themselves."""
    fixed = sorted((first, until) for first, until in map(blocked_range, standing) if first < until)
    found: list[Segment] = []
    current: Segment | None = None
    for word in sorted(said, key=lambda word: word.day or date.min):
        day = word.day or date.min
        if any(first <= day < until for first, until in fixed):
            continue
        barrier = _barrier(current, fixed)
        if current and barrier and barrier <= day:
            current.end, current = barrier, None
        if current and current.value == word.value:
            current.last = word.day
            continue
        if current:
            current.end = word.day
            current.sources.append(word.source)
        current = None
        if word.value is not None:
            current = Segment(word.day, None, word.value, [word.source], word.day)
            found.append(current)
    if current and (barrier := _barrier(current, fixed)):
        current.end = barrier
    return found


def _barrier(current: Segment | None, fixed: list[tuple[date, date]]) -> date | None:
    """Where a row that stands begins after ``current`` was said last."""
    if current is None:
        return None
    return next((first for first, _until in fixed if first > (current.last or date.min)), None)


def import_block(lines: Iterable[PageLine], day: date | None, progress: Progress = no_progress) -> Report:
    """Import the block of delegations that ``lines`` (number, text) of a page make, as it was seen on ``day``.

    Without a day its facts are undated. Raises ImportRefusedError if the database refuses them.
    """
    return import_batch(lambda: batch(read(lines), day), progress=progress)


def batch(block: Block, day: date | None) -> Batch:
    """The records that ``block``, seen on ``day``, asks for."""
    return _Observer(block, day).batch


class _Observer:
    def __init__(self, block: Block, day: date | None):
        self.day = day
        self.batch = Batch(is_own_export=True)
        self.batch.warnings += block.warnings
        self.pages: dict[str, int] = {}  # keys of the sources of this parliament's pages
        self.names: dict[int, str] = {}  # what the records call the people on record
        self.batch.add(Record(Kind.SOURCES, "", PAGE, {**_titles(day), "url": ADDRESS, "date": day}))
        self.cited: set[str] = set()
        for statement in block.statements.values():
            if statement.parliament.on_record or statement.seats is not None:
                self.observe(statement)
            else:
                self.warn(
                    statement.line,
                    _("The page has no line on the delegation of this parliament; skipped: %(name)s")
                    % {"name": statement.parliament.names[0]},
                )
        for known in block.known:
            if known.on_record and known.slug not in block.statements:
                self.warn(
                    "", _("The page does not speak of it, nothing ends: %(name)s") % {"name": known.on_record.label}
                )

    def warn(self, location: int | str, message: str, kind: Kind = Kind.PARLIAMENTS) -> None:
        self.batch.warn(kind, location, message)

    # One parliament

    def observe(self, statement: Statement) -> None:
        known = statement.parliament
        parliament = known.on_record
        self.add_parliament(statement)
        person = self.person(statement) if statement.representative else None
        stored = list(parliament.observations.select_related("source", "person")) if parliament else []
        self.pages = {str(row.source.uid): row.source_id for row in stored}
        seen = next((row for row in stored if row.date == self.day), None) if self.day else None
        stated = self.stated(statement)
        if seen:
            if (seen.statement, seen.person_id) != (stated, person if isinstance(person, int) else None):
                self.batch.problem(
                    Kind.OBSERVATIONS,
                    statement.line,
                    _("Another page seen on this day says otherwise of this parliament: %(page)s")
                    % {"page": seen.source},
                )
                return
        elif self.day:
            values = {"parliament": known.slug, "date": self.day, "source": PAGE, "statement": stated}
            values["person"] = self.person_key(person) if person else None
            uid = str(uuid.uuid4())
            self.batch.add(Record(Kind.OBSERVATIONS, statement.line, uid, values, uid))
        words = [(row.date, str(row.source.uid), row.statement, row.person_id) for row in stored if row is not seen]
        words.append((self.day, PAGE if not seen else str(seen.source.uid), stated, person))
        for line in self.lines(statement, words, person):
            self.put(line, {entry[0] for entry in words if entry[0]})

    def stated(self, statement: Statement) -> dict[str, Any]:
        """The statement as an observation stores it."""
        stated: dict[str, Any] = {}
        if statement.seats is not None:
            stated["seats"] = {
                chamber["slug"]: statement.seats.get(chamber["slug"]) for chamber in statement.parliament.chambers
            }
        if "representative" not in statement.unread:
            stated["representative"] = bool(statement.representative)
            if "posts" not in statement.unread:
                stated["posts"] = statement.posts
        if "website" not in statement.unread:
            stated["websites"] = sorted([chamber, url] for chamber, url in statement.websites)
        return stated

    def add_parliament(self, statement: Statement) -> None:
        known, location = statement.parliament, statement.line
        self.batch.add(Record(Kind.PARLIAMENTS, location, known.slug, dict(known.values)))
        for number, chamber in enumerate(known.chambers, 1):
            values = {"slug": chamber["slug"], "parliament": known.slug}
            if not chamber.get("on_record"):
                if statement.seats is None or chamber["slug"] not in statement.seats:
                    continue
                names = {column: chamber[column] for column in columns("name") if column in chamber}
                called = statement.called[chamber["slug"]]
                values |= {**names, "kind": chamber["kind"], "members_called": called, "order": number}
            self.batch.add(Record(Kind.CHAMBERS, location, chamber["slug"], values))

    # People

    def person(self, statement: Statement) -> int | str:
        """The key of the person on record whom the page names as representative; of a new one the name."""
        name, parliament = statement.representative, statement.parliament.on_record
        location = statement.lines["representative"]
        found = list(Person.objects.filter(**{f"name_{PAGE_LANGUAGE}__iexact": name}).order_by("public_id"))
        if parliament and len(found) > 1:
            found = [person for person in found if person.services.filter(parliament=parliament).exists()] or found
        key = f"person:{name.casefold()}"
        values = {} if found else {f"name_{PAGE_LANGUAGE}": name}
        if all(record.key != key for record in self.batch.records[Kind.PEOPLE]):
            self.batch.add(Record(Kind.PEOPLE, location, key, values, str(found[0].public_id) if found else ""))
        if len(found) > 1:
            self.warn(
                location,
                _("Several people bear this name; the first was taken: %(people)s")
                % {"people": ", ".join(f"{person.public_id} {person.public_name}" for person in found)},
                Kind.PEOPLE,
            )
        if not found:
            return key
        self.names[found[0].pk] = key
        return found[0].pk

    def person_key(self, person: int | str) -> str:
        """What the records call ``person``."""
        if isinstance(person, str):
            return person
        if person not in self.names:
            row = Person.objects.get(pk=person)
            self.names[person] = f"person:{row.public_id}"
            self.batch.add(Record(Kind.PEOPLE, "", self.names[person], {}, str(row.public_id)))
        return self.names[person]

    # Lines

    def lines(self, statement: Statement, words: list[tuple], person: int | str | None) -> Iterator[Line]:
        """Each line of the parliament with what pages say of it, ``words`` being all that they state."""
        known, parliament, location = statement.parliament, statement.parliament.on_record, statement.line
        for chamber in known.chambers:
            slug = chamber["slug"]
            rows = SeatQuota.objects.filter(chamber__slug=slug)
            line = Line(Kind.QUOTAS, location, chamber["name_en"], {"chamber": slug}, "seats", list(rows))
            for day, source, stated, _person in words:
                if slug in stated.get("seats", {}):
                    line.said.append(Said(day, stated["seats"][slug], source))
            yield line
        services = list(Representative.objects.filter(parliament=parliament)) if parliament else []
        location = statement.lines.get("representative", location)
        line = Line(Kind.REPRESENTATIVES, location, known.names[0], {"parliament": known.slug}, "person", services)
        line.said = [
            Said(day, who if stated["representative"] else None, source)
            for day, source, stated, who in words
            if "representative" in stated
        ]
        yield line
        yield from self.websites(statement, words)
        yield from self.posts(statement, words, services)

    def websites(self, statement: Statement, words: list[tuple]) -> Iterator[Line]:
        known, parliament = statement.parliament, statement.parliament.on_record
        rows = list(Link.objects.filter(parliament=parliament).select_related("chamber")) if parliament else []
        slugs = [chamber["slug"] for chamber in known.chambers]
        rows += Link.objects.filter(chamber__slug__in=slugs).select_related("chamber")
        sites = {(row.chamber.slug if row.chamber_id else "", row.url) for row in rows}
        sites |= {tuple(site) for _day, _source, stated, _who in words for site in stated.get("websites", ())}
        for chamber, url in sorted(sites):
            new = {"parliament": None if chamber else known.slug, "chamber": chamber or None, "url": url}
            new["language"] = statement.websites.get((chamber, url), "")
            location = statement.lines.get((chamber, url), statement.line)
            mine = [row for row in rows if (row.chamber.slug if row.chamber_id else "", row.url) == (chamber, url)]
            line = Line(Kind.LINKS, location, url, new, "", mine)
            for day, source, stated, _who in words:
                if "websites" in stated:
                    line.said.append(Said(day, True if [chamber, url] in stated["websites"] else None, source))
            yield line

    def posts(self, statement: Statement, words: list[tuple], services: list[Representative]) -> Iterator[Line]:
        """The second functions of the representatives: those that pages name, and undated ones on record."""
        posts: dict[tuple[Any, str], list[AssemblyPost]] = {
            (who, post): [] for _day, _source, stated, who in words for post in stated.get("posts", ()) if who
        }
        undated = [row for row in services if row.start is None]
        documents = {source for row in undated for source in row.sources.values_list("pk", flat=True)}
        people = {row.person_id for row in services} | {who for who, _post in posts if isinstance(who, int)}
        rows = AssemblyPost.objects.filter(person__in=people, **dict.fromkeys(columns("commission"), ""))
        for row in rows.prefetch_related("sources"):
            # Only what the document of the service said: a post may be known from elsewhere.
            same_document = documents & {source.pk for source in row.sources.all()}
            if (row.person_id, row.post) in posts or (row.start is None and same_document):
                posts.setdefault((row.person_id, row.post), []).append(row)
        location = statement.lines.get("representative", statement.line)
        for (who, post), rows in posts.items():
            new = {"person": self.person_key(who), "post": post}
            line = Line(Kind.POSTS, location, AssemblyPost.Post(post).label, new, "", rows)
            for day, source, stated, named in words:
                if "posts" in stated:
                    line.said.append(Said(day, True if named == who and post in stated["posts"] else None, source))
            yield line

    # Rows

    def put(self, line: Line, days: set[date]) -> None:
        """Add the records that bring the rows of ``line`` to what has been said of it."""
        movable = [row for row in line.rows if self.moves(line, row, days)]
        standing = [row for row in line.rows if row not in movable]
        base = next((row for row in movable if row.start is None), None)
        said = self.with_base(line, base, standing)
        found = segments(said, standing)
        rows = self.matched(line, found, movable)
        for segment, row in zip(found, rows, strict=True):
            if row:
                self.move(line, row, segment)
            else:
                self.add(line, segment)
        unmatched = [row for row in movable if row not in rows]
        for row in [*standing, *unmatched]:
            self.record(line, row, {}, None)
        self.compare(line, said, standing)

    def matched(self, line: Line, found: list[Segment], movable: list[Period]) -> list[Period | None]:
        """For each segment the row on record that becomes it: of the same value, if it can be of the same start."""
        rows: list[Period | None] = [None] * len(found)
        for same_start in (True, False):
            for place, segment in enumerate(found):
                rows[place] = rows[place] or next(
                    (
                        row
                        for row in movable
                        if row not in rows
                        and line.value(row) == segment.value
                        and (row.start == segment.start or (not same_start and row.start is not None))
                    ),
                    None,
                )
        return rows

    def moves(self, line: Line, row: Period, days: set[date]) -> bool:
        """Whether the dates of ``row`` come from pages, or it has none: as long as nobody has set them otherwise."""
        others = {other.start for other in line.rows if other is not row}
        if row.ended or (row.end and (not row.ends.exact or row.end not in days | others)):
            return False
        if row.start is None:
            return True
        rests_on_page = row.sources.filter(pk__in=self.pages.values()).exists()
        return rests_on_page and any(
            word.day == row.start and word.value == line.value(row) for word in line.said if word.day
        )

    def with_base(self, line: Line, base: Period | None, standing: list[Period]) -> list[Said]:
        """What has been said, the undated fact first: that on record, else the one of an undated page."""
        dated = [word for word in line.said if word.day]
        undated = next((word for word in line.said if word.day is None), None)
        if base is not None:
            if undated and undated.value is not None and undated.value != line.value(base):
                self.differs(line)
            return [Said(None, line.value(base)), *dated]
        if undated is None or undated.value is None:
            return dated
        if standing:
            if undated.value not in map(line.value, standing):
                self.differs(line)
            return dated
        return [undated, *dated]

    def differs(self, line: Line) -> None:
        self.warn(
            line.location,
            _("%(what)s: the page says otherwise than the record, which stays. Say when the page was seen (--as-of).")
            % {"what": line.label},
            line.kind,
        )

    def compare(self, line: Line, said: list[Said], standing: list[Period]) -> None:
        """List where this page says otherwise than a row that stands."""
        word = next((word for word in said if word.day and word.day == self.day), None)
        for row in standing if word else ():
            first, until = blocked_range(row)
            if first <= word.day < until and line.value(row) != word.value:
                self.warn(
                    line.location,
                    _("%(what)s: the page says otherwise than the dated record, which stays.") % {"what": line.label},
                    line.kind,
                )

    def add(self, line: Line, segment: Segment) -> None:
        uid = str(uuid.uuid4())
        values = {**line.new, **self.period(segment)}
        if line.column:
            values[line.column] = segment.value if line.kind == Kind.QUOTAS else self.person_key(segment.value)
        sources = [self.cite(source) for source in segment.sources if source]
        self.batch.add(Record(line.kind, line.location, uid, values, uid, sources))

    def move(self, line: Line, row: Period, segment: Segment) -> None:
        """The record that gives ``row`` the days of ``segment``; pages that no longer mark its days are not cited."""
        kept = [source for source in row.sources.all() if str(source.uid) not in self.pages]
        marks = [source for source in segment.sources if source]
        sources = [self.cite(source) for source in [*(str(source.uid) for source in kept), *marks]]
        self.record(line, row, self.period(segment), sources)

    def record(self, line: Line, row: Period, values: dict[str, Any], sources: list[str] | None) -> None:
        self.batch.add(Record(line.kind, line.location, str(row.uid), values, str(row.uid), sources))

    def period(self, segment: Segment) -> dict[str, Any]:
        return {"starts": PartialDate.of(segment.start), "ends": PartialDate.of(segment.end), "ended": False}

    def cite(self, source: str) -> str:
        """``source``, which the batch then holds."""
        if source != PAGE and source not in self.cited:
            self.cited.add(source)
            self.batch.add(Record(Kind.SOURCES, "", source, {}, source))
        return source


def _titles(day: date | None) -> dict[str, str]:
    """What the page is called as a source, in each language."""
    titles = {}
    for code, column in zip(language_codes(), columns("title"), strict=True):
        with override(code):
            titles[column] = (
                _("List of delegations on the website of the CSTO Parliamentary Assembly, as seen on %(day)s")
                % {"day": PartialDate(day).words}
                if day
                else _("List of delegations on the website of the CSTO Parliamentary Assembly (undated)")
            )
    return titles
