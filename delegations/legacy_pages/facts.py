"""Dated facts from saved pages of the Assembly's former site.

A page seen on a day is stored as an observation. Each import computes all facts of a line (the seats of a chamber, the
representative of a parliament, a website, a post) anew from all observations of the parliament, so the order in which
pages are imported does not matter. Rows on record move to the computed days.

A row that an editor has dated does not move; where a page contradicts it, the report says so.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import override

from cspa.i18n import language_codes, translated_columns

from ..dates import PartialDate
from ..importer import import_batch
from ..importer.bodies import OFFICES, refer_to_body
from ..importer.records import Batch, Kind, Record
from ..importer.report import Report
from ..models import AssemblyPost, Body, Link, Person, Representative, SeatQuota
from .parser import Block, BlockReader, PageLine, Statement
from .periods import Claim, FactLine
from .row_records import PAGE, RowRecords

PAGE_LANGUAGE = "en"
# The site whose pages are read.
ADDRESS = "https://paodkb.org/"

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
        # Record keys of people on record.
        self.person_keys: dict[int, str] = {}
        self.batch.add(Record(Kind.SOURCES, "", PAGE, {**_titles(day), "url": ADDRESS, "date": day}))
        for statement in block.statements.values():
            if statement.parliament.on_record or statement.seats is not None:
                self.observe(statement)
            else:
                self.warn(
                    statement.line,
                    _("The page has no line on the delegation of this parliament; skipped: %(name)s")
                    % {"name": statement.parliament.names[0]},
                )
        for template in block.templates:
            row = template.on_record
            if row and template.slug not in block.statements:
                self.warn("", _("The page does not speak of it, nothing ends: %(name)s") % {"name": row.label})

    def warn(self, location: int | str, message: str, kind: Kind = Kind.PARLIAMENTS) -> None:
        self.batch.warn(kind, location, message)

    # One parliament

    def observe(self, statement: Statement) -> None:
        """Add the observation of a parliament, and the records that follow from all its observations."""
        template = statement.parliament
        parliament = template.on_record
        self.add_parliament(statement)
        person = self.person(statement) if statement.representative else None
        stored = list(parliament.observations.select_related("source", "person")) if parliament else []
        seen = next((row for row in stored if row.date == self.day), None) if self.day else None
        stated = observation_statement(statement)
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
            values = {"parliament": template.slug, "date": self.day, "source": PAGE, "statement": stated}
            values["person"] = self.person_key(person) if person else None
            uid = str(uuid.uuid4())
            self.batch.add(Record(Kind.OBSERVATIONS, statement.line, uid, values, uid))
        pages = [
            SeenPage(row.date, str(row.source.uid), row.statement, row.person_id) for row in stored if row is not seen
        ]
        pages.append(SeenPage(self.day, str(seen.source.uid) if seen else PAGE, stated, person))
        page_sources = {str(row.source.uid): row.source_id for row in stored}
        page_days = {page.day for page in pages if page.day}
        rows = RowRecords(self.batch, self.day, self.person_key, page_sources, page_days)
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

    def person(self, statement: Statement) -> int | str:
        """Return the primary key of the representative whom the page names; of a new person the record key."""
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
        self.person_keys[found[0].pk] = key
        return found[0].pk

    def person_key(self, person: int | str) -> str:
        """Return the record key of ``person`` after adding a record of the person."""
        if isinstance(person, str):
            return person
        if person not in self.person_keys:
            row = Person.objects.get(pk=person)
            self.person_keys[person] = f"person:{row.public_id}"
            self.batch.add(Record(Kind.PEOPLE, "", self.person_keys[person], {}, str(row.public_id)))
        return self.person_keys[person]

    # Lines

    def lines(self, statement: Statement, pages: list[SeenPage]) -> Iterator[FactLine]:
        """Yield each line of the parliament with the claims of ``pages``."""
        template, parliament, location = statement.parliament, statement.parliament.on_record, statement.line
        for chamber in template.chambers:
            slug = chamber["slug"]
            rows = SeatQuota.objects.filter(chamber__slug=slug)
            line = FactLine(Kind.QUOTAS, location, chamber["name_en"], {"chamber": slug}, "seats", list(rows))
            for page in pages:
                if slug in page.statement.get("seats", {}):
                    line.claims.append(Claim(page.day, page.statement["seats"][slug], page.source))
            yield line
        services = list(Representative.objects.filter(parliament=parliament)) if parliament else []
        location = statement.lines.get("representative", location)
        new = {"parliament": template.slug}
        line = FactLine(Kind.REPRESENTATIVES, location, template.names[0], new, "person", services)
        line.claims = [
            Claim(page.day, page.person if page.statement["representative"] else None, page.source)
            for page in pages
            if "representative" in page.statement
        ]
        yield line
        yield from self.websites(statement, pages)
        yield from self.posts(statement, pages, services)

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
        people = {row.person_id for row in services} | {person for person, _post in posts if isinstance(person, int)}
        rows = AssemblyPost.objects.filter(person__in=people).select_related("body").prefetch_related("sources")
        for row in rows:
            post = _CODES.get((row.body.kind, row.role))
            # Only posts from the document of the service: others may be known from elsewhere.
            same_document = documents & {source.pk for source in row.sources.all()}
            if post and ((row.person_id, post) in posts or (row.start is None and same_document)):
                posts.setdefault((row.person_id, post), []).append(row)
        location = statement.lines.get("representative", statement.line)
        for (person, post), rows in posts.items():
            kind, role = OFFICES[post]
            body = refer_to_body(self.batch, location, kind)
            new = {"person": self.person_key(person), "body": body, "role": role}
            line = FactLine(Kind.POSTS, location, str(role.label), new, "", rows)
            for page in pages:
                if "posts" in page.statement:
                    stated = page.person == person and post in page.statement["posts"]
                    line.claims.append(Claim(page.day, True if stated else None, page.source))
            yield line


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
