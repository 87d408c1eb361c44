"""Dated facts from saved pages of the Assembly's former site.

A page seen on a day is stored as an observation. Each import computes all facts of a line (the seats of a chamber, the
representative of a parliament, a website, a post) anew from all observations of the parliament, so the order in which
pages are imported does not matter. Rows on record move to the computed days.

A row that an editor has dated does not move; where a page contradicts it, the report says so.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import override

from cspa.i18n import language_codes, translated_columns

from ..dates import PartialDate
from ..importer import import_batch
from ..importer.bodies import OFFICES, refer_to_body
from ..importer.records import Batch, Kind, Record
from ..importer.report import Report
from ..models import AssemblyPost, Body, Delegate, Link, Observation, Representative, SeatQuota, Source
from .parser import Block, BlockReader, PageLine, Statement, label_of
from .people import PeopleOfPages
from .periods import Claim, FactLine
from .row_records import PAGE, RowRecords

# The site whose pages are read.
ADDRESS = "https://paodkb.org/"

# Facts of a statement that are lists of names.
LISTS = ("council", "delegates")
# Codes of the offices of one body, by its kind and the role.
_CODES = {office: code for code, office in OFFICES.items() if office[0] != Body.Kind.COMMISSION}


class SeenPage(NamedTuple):
    """What one page, stored or imported now, states of a parliament."""

    day: date | None
    # The record key of the page as a source.
    source: str
    # The shape is that of Observation.statement.
    statement: dict[str, Any]
    # Key of the representative; the record key of a new person.
    person: int | str | None
    # By "council" and "delegates", as far as it states them.
    people: dict[str, list[int | str]]


def import_block(lines: Iterable[PageLine], day: date | None) -> Report:
    """Import the block of delegations of a page that was seen on ``day``.

    Without a day its facts are undated. Raises ImportRefusedError if the database refuses them.
    """
    return import_batch(lambda: BlockRecords(BlockReader(lines).block, day).batch)


class BlockRecords:
    """Builds the batch of one page."""

    def __init__(self, block: Block, day: date | None):
        self.day = day
        self.batch = Batch(is_own_export=True)
        self.batch.warnings += block.warnings
        self.people = PeopleOfPages(self.batch, _names(block))
        page = Record(Kind.SOURCES, "", PAGE, {**_titles(day), "url": ADDRESS, "date": day})
        self.batch.add(page)
        for statement in block.statements.values():
            if statement.parliament.on_record or statement.seats is not None:
                self.observe(statement)
            else:
                self.warn(
                    statement.line,
                    _("The page has no line on the delegation of this parliament; skipped: %(name)s")
                    % {"name": statement.parliament.label},
                )
        for template in block.templates:
            row = template.on_record
            if row and template.slug not in block.statements:
                self.warn("", _("The page does not speak of it, nothing ends: %(name)s") % {"name": row.label})
        # A page that no fact rests on leaves nothing behind.
        if not any(map(_rests_on_page, chain(*self.batch.records.values()))):
            self.batch.records[Kind.SOURCES].remove(page)

    def warn(self, location: int | str, message: str, kind: Kind = Kind.PARLIAMENTS) -> None:
        self.batch.warn(kind, location, message)

    # One parliament

    def observe(self, statement: Statement) -> None:
        """Add the observation of a parliament, and the records that follow from all its observations."""
        template = statement.parliament
        parliament = template.on_record
        self.add_parliament(statement)
        person = self.person(statement)
        named = self.named(statement)
        stored = list(parliament.observations.select_related("source", "person")) if parliament else []
        seen = next((row for row in stored if row.date == self.day), None) if self.day else None
        stated = observation_statement(statement)
        if seen:
            mine = person if isinstance(person, int) else None
            shared = seen.statement.keys() & stated.keys()
            if any(seen.statement[what] != stated[what] for what in shared) or (
                "representative" in shared and seen.person_id != mine
            ):
                self.batch.problem(
                    Kind.OBSERVATIONS,
                    statement.line,
                    _("Another page seen on this day says otherwise of this parliament: %(page)s")
                    % {"page": seen.source},
                )
                return
            # The other edition of the page may state more.
            stated, named = seen.statement | stated, self.named_before(seen) | named
            person = person or seen.person_id
            if stated != seen.statement:
                uid = str(seen.uid)
                values = {"parliament": template.slug, "date": self.day, "statement": stated}
                values["person"] = self.people.key(person) if person else None
                self.batch.add(Record(Kind.OBSERVATIONS, statement.line, uid, values, uid))
        elif self.day:
            values = {"parliament": template.slug, "date": self.day, "source": PAGE, "statement": stated}
            values["person"] = self.people.key(person) if person else None
            uid = str(uuid.uuid4())
            self.batch.add(Record(Kind.OBSERVATIONS, statement.line, uid, values, uid))
        pages = [
            SeenPage(row.date, str(row.source.uid), row.statement, row.person_id, self.named_before(row))
            for row in stored
            if row is not seen
        ]
        pages.append(SeenPage(self.day, str(seen.source.uid) if seen else PAGE, stated, person, named))
        page_sources = {str(row.source.uid): row.source_id for row in stored}
        page_days = {page.day for page in pages if page.day}
        undated = Source.objects.filter(url=ADDRESS, date=None, **_titles(None)).first()
        # The page that is imported has its own key.
        undated_page = PAGE if self.day is None else str(undated.uid) if undated else ""
        rows = RowRecords(
            self.batch,
            self.day,
            self.people.key,
            page_sources,
            page_days,
            undated_page,
            undated.pk if undated else None,
        )
        for line in self.lines(statement, pages):
            rows.add_line(line)

    def add_parliament(self, statement: Statement) -> None:
        template, location = statement.parliament, statement.line
        self.batch.add(Record(Kind.PARLIAMENTS, location, template.slug, dict(template.values)))
        for number, chamber in enumerate(template.chambers, 1):
            values = {"slug": chamber["slug"], "parliament": template.slug}
            if not chamber.get("on_record"):
                if statement.seats is None or chamber["slug"] not in statement.seats:
                    continue
                names = {column: chamber[column] for column in translated_columns("name") if column in chamber}
                called = statement.called[chamber["slug"]]
                values |= {**names, "kind": chamber["kind"], "members_called": called, "order": number}
            self.batch.add(Record(Kind.CHAMBERS, location, chamber["slug"], values))

    # People

    def person(self, statement: Statement) -> int | str | None:
        """Return the key of the representative whom the page names; of a new person the record key."""
        if not statement.representative:
            return None
        location = statement.lines["representative"]
        found = self.people.find(statement.representative, statement.parliament.on_record, location)
        if found is None:
            statement.unread.add("representative")
        return found

    def named(self, statement: Statement) -> dict[str, list[int | str]]:
        """Return the keys of the members of the Council and of the delegates whom the page names."""
        named: dict[str, list[int | str]] = {}
        for what in LISTS:
            names = getattr(statement, what)
            if names is None or (what == "delegates" and not self.tells_chamber(statement)):
                continue
            location = statement.lines[what]
            people = [self.people.find(name, statement.parliament.on_record, location) for name in names]
            if None in people:
                statement.unread.add(what)
            else:
                named[what] = [person for person in people if person is not None]
        return named

    def tells_chamber(self, statement: Statement) -> bool:
        """Whether the names of delegates belong to the only chamber; if not, list them."""
        if len(statement.parliament.chambers) == 1:
            return True
        message = _("The page does not say of which chamber these are; enter them by the list of names: %(names)s")
        names = ", ".join(statement.delegates or ())
        statement.unread.add("delegates")
        self.warn(statement.lines["delegates"], message % {"names": names}, Kind.DELEGATES)
        return False

    def named_before(self, row: Observation) -> dict[str, list[int | str]]:
        """Return the keys of the people whom a stored page names, of each list of which all are on record."""
        named: dict[str, list[int | str]] = {}
        for what in LISTS:
            found = [self.people.on_record(name, row.parliament) for name in row.statement.get(what, ())]
            if what in row.statement and all(len(people) == 1 for people in found):
                named[what] = [person.pk for [person] in found]
        return named

    # Lines

    def lines(self, statement: Statement, pages: list[SeenPage]) -> Iterator[FactLine]:
        """Yield each line of the parliament with the claims of ``pages``."""
        template, parliament, location = statement.parliament, statement.parliament.on_record, statement.line
        for chamber in template.chambers:
            slug = chamber["slug"]
            rows = SeatQuota.objects.filter(chamber__slug=slug)
            line = FactLine(Kind.QUOTAS, location, label_of(chamber), {"chamber": slug}, "seats", list(rows))
            for page in pages:
                if slug in page.statement.get("seats", {}):
                    line.claims.append(Claim(page.day, page.statement["seats"][slug], page.source))
            yield line
        services = list(Representative.objects.filter(parliament=parliament)) if parliament else []
        location = statement.lines.get("representative", location)
        new = {"parliament": template.slug}
        line = FactLine(Kind.REPRESENTATIVES, location, template.label, new, "person", services)
        line.claims = [
            Claim(page.day, page.person if page.statement["representative"] else None, page.source)
            for page in pages
            if "representative" in page.statement
        ]
        yield line
        yield from self.websites(statement, pages)
        yield from self.posts(statement, pages, services)
        yield from self.council(statement, pages)
        yield from self.delegates(statement, pages)

    def websites(self, statement: Statement, pages: list[SeenPage]) -> Iterator[FactLine]:
        template, parliament = statement.parliament, statement.parliament.on_record
        rows = list(Link.objects.filter(parliament=parliament).select_related("chamber")) if parliament else []
        slugs = [chamber["slug"] for chamber in template.chambers]
        rows += Link.objects.filter(chamber__slug__in=slugs).select_related("chamber")
        sites = {(row.chamber.slug if row.chamber_id else "", row.url) for row in rows}
        sites |= {tuple(site) for page in pages for site in page.statement.get("websites", ())}
        for chamber, url in sorted(sites):
            new = {"parliament": None if chamber else template.slug, "chamber": chamber or None, "url": url}
            new["language"] = statement.websites.get((chamber, url), "")
            location = statement.lines.get((chamber, url), statement.line)
            mine = [row for row in rows if (row.chamber.slug if row.chamber_id else "", row.url) == (chamber, url)]
            line = FactLine(Kind.LINKS, location, url, new, "", mine)
            for page in pages:
                if "websites" in page.statement:
                    stated = [chamber, url] in page.statement["websites"]
                    line.claims.append(Claim(page.day, True if stated else None, page.source))
            yield line

    def posts(self, statement: Statement, pages: list[SeenPage], services: list[Representative]) -> Iterator[FactLine]:
        """Yield the other posts of the representatives: those that pages name, and undated ones on record."""
        posts: dict[tuple[Any, str], list[AssemblyPost]] = {
            (page.person, post): [] for page in pages for post in page.statement.get("posts", ()) if page.person
        }
        undated = [row for row in services if row.start is None]
        documents = {source for row in undated for source in row.sources.values_list("pk", flat=True)}
        members = {person for page in pages for person in page.people.get("council", ())}
        people = {row.person_id for row in services} | {person for person, _post in posts if isinstance(person, int)}
        rows = AssemblyPost.objects.filter(person__in=people).select_related("body").prefetch_related("sources")
        for row in rows:
            post = _CODES.get((row.body.kind, row.role))
            # Only posts from the document of the service: others may be known from elsewhere.
            same_document = documents & {source.pk for source in row.sources.all()}
            if post == "council_member" and row.person_id in members and (row.person_id, post) not in posts:
                continue
            if post and ((row.person_id, post) in posts or (row.start is None and same_document)):
                posts.setdefault((row.person_id, post), []).append(row)
        location = statement.lines.get("representative", statement.line)
        for (person, post), rows in posts.items():
            kind, role = OFFICES[post]
            body = refer_to_body(self.batch, location, kind)
            new = {"person": self.people.key(person), "body": body, "role": role}
            line = FactLine(Kind.POSTS, location, str(role.label), new, "", rows)
            for page in pages:
                if "posts" in page.statement:
                    stated = page.person == person and post in page.statement["posts"]
                    line.claims.append(Claim(page.day, True if stated else None, page.source))
            yield line

    def council(self, statement: Statement, pages: list[SeenPage]) -> Iterator[FactLine]:
        """Yield the membership of each person whom pages list as a member of the Council for the parliament.

        A representative's post may be the same membership; then it is a post.
        """
        kind, role = OFFICES["council_member"]
        posts = {page.person for page in pages if "council_member" in page.statement.get("posts", ())}
        location = statement.lines.get("council", statement.line)
        for person in _people(pages, "council"):
            if person in posts:
                continue
            rows: list[AssemblyPost] = []
            if isinstance(person, int):
                rows = list(AssemblyPost.objects.filter(person=person, body__kind=kind, role=role))
            new = {
                "person": self.people.key(person),
                "body": refer_to_body(self.batch, location, kind),
                "role": role,
                "parliament": statement.parliament.slug,
            }
            line = FactLine(Kind.POSTS, location, str(role.label), new, "", rows)
            line.claims = _memberships(pages, "council", person)
            yield line

    def delegates(self, statement: Statement, pages: list[SeenPage]) -> Iterator[FactLine]:
        """Yield the mandate of each person whom pages list as a delegate of the only chamber."""
        location = statement.lines.get("delegates", statement.line)
        for person in _people(pages, "delegates"):
            slug = statement.parliament.chambers[0]["slug"]
            rows: list[Delegate] = []
            if isinstance(person, int):
                rows = list(Delegate.objects.filter(person=person, chamber__slug=slug))
            new = {"person": self.people.key(person), "chamber": slug}
            line = FactLine(Kind.DELEGATES, location, label_of(statement.parliament.chambers[0]), new, "", rows)
            line.claims = _memberships(pages, "delegates", person)
            yield line


def _names(block: Block) -> Iterator[str]:
    """Yield the names in the statements of a page and in those of stored pages about the same parliaments."""
    for statement in block.statements.values():
        yield from filter(None, [statement.representative, *(statement.council or ()), *(statement.delegates or ())])
    parliaments = [template.on_record for template in block.templates if template.slug in block.statements]
    rows = Observation.objects.filter(parliament__in=filter(None, parliaments))
    for stated in rows.values_list("statement", flat=True):
        for what in LISTS:
            yield from stated.get(what, ())


def _rests_on_page(record: Record) -> bool:
    return PAGE in (record.sources or ()) or record.values.get("source") == PAGE


def _people(pages: list[SeenPage], what: str) -> list[int | str]:
    return list(dict.fromkeys(person for page in pages for person in page.people.get(what, ())))


def _memberships(pages: list[SeenPage], what: str, person: int | str) -> list[Claim]:
    return [
        Claim(page.day, True if person in page.people[what] else None, page.source)
        for page in pages
        if what in page.people
    ]


def observation_statement(statement: Statement) -> dict[str, Any]:
    """Return ``statement`` in the shape of Observation.statement."""
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
    for what in LISTS:
        if (names := getattr(statement, what)) is not None and what not in statement.unread:
            stated[what] = names
    return stated


def _titles(day: date | None) -> dict[str, str]:
    """Return the title of the page as a source, in each language."""
    titles = {}
    for code, column in zip(language_codes(), translated_columns("title"), strict=True):
        with override(code):
            titles[column] = (
                _("List of delegations on the website of the CSTO Parliamentary Assembly, as seen on %(day)s")
                % {"day": PartialDate(day).words}
                if day
                else _("List of delegations on the website of the CSTO Parliamentary Assembly (undated)")
            )
    return titles
