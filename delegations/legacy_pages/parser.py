"""Parser for the block of delegations on a saved page of the Assembly's former site, in English or in Russian.

A line states the seats of a delegation, a plenipotentiary representative, a website, members of the Council or the
names of delegates. For any other line, and for unknown names, the parser adds a warning with the line number. It never
guesses.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import single_line, translated_columns

from .. import names
from ..importer import ImportRefusedError
from ..importer.records import Kind, Note, is_web_address
from ..importer.rosters import name_list
from ..models import Chamber, FormerSlug, Link, Parliament
from .editions import EDITIONS, ENGLISH, Edition, ends_with

type PageLine = tuple[int, str]

# Names of parliaments and chambers are compared in the language of the line.
type Stems = tuple[str, ...]

_NAME = re.compile(r"[^\W\d_][^\d,;:()]*[^\W\d_]\.?")
_TWO_NAMES = re.compile(" (?:and|и) ")
_POSTS = re.compile(r"\s*[,;]\s*|\s+[–—-]\s+")


@dataclass
class ParliamentTemplate:
    """A parliament on record or in members.toml, with the names that pages use."""

    # All values of a new row; slug and country of a row on record.
    values: dict[str, Any]
    # By language.
    names: dict[str, list[str]]
    chambers: list[dict[str, Any]]
    on_record: Parliament | None = None

    @property
    def slug(self) -> str:
        return self.values["slug"]

    @property
    def label(self) -> str:
        return next(name for names in self.names.values() for name in names)

    def stems(self, edition: Edition) -> list[Stems]:
        return [edition.stems(name) for name in self.names[edition.language]]


@dataclass
class Statement:
    """What a block says about one parliament."""

    parliament: ParliamentTemplate
    line: int
    # By the slug of the chamber.
    seats: dict[str, int] | None = None
    called: dict[str, str] = field(default_factory=dict)
    representative: str = ""
    posts: list[str] = field(default_factory=list)
    # Language by slug of the chamber (empty: the parliament) and URL.
    websites: dict[tuple[str, str], str] = field(default_factory=dict)
    # Names; None without such a line.
    council: list[str] | None = None
    delegates: list[str] | None = None
    # The line of each fact.
    lines: dict[Any, int] = field(default_factory=dict)
    # Facts with a line that could not be parsed: "representative", "posts", "website", "council", "delegates".
    unread: set[str] = field(default_factory=set)


@dataclass
class Block:
    """The parsed statements of a page, with warnings about its lines."""

    statements: dict[str, Statement] = field(default_factory=dict)
    warnings: list[Note] = field(default_factory=list)
    templates: list[ParliamentTemplate] = field(default_factory=list)


def parliament_templates() -> list[ParliamentTemplate]:
    """Return templates for the parliaments of members.toml, then for the others on record."""
    rows = list(Parliament.objects.prefetch_related("chambers"))
    former = dict(FormerSlug.objects.values_list("slug", "parliament_id"))
    with (Path(__file__).parent / "members.toml").open("rb") as file:
        table = tomllib.load(file)["parliament"]
    templates, taken = [], set()
    for member in table:
        member = dict(member)
        chambers, also = member.pop("chamber"), member.pop("also")
        row = next((row for row in rows if row.slug == member["slug"] or former.get(member["slug"]) == row.pk), None)
        row = row or next((row for row in rows if row.country.code == member["country"]), None)
        names = {edition.language: [member[f"name_{edition.language}"]] for edition in EDITIONS}
        names[ENGLISH.language] += also
        entry = ParliamentTemplate(member, names, chambers)
        if row:
            taken.add(row.pk)
            _put_on_record(entry, row)
        templates.append(entry)
    for row in rows:
        if row.pk not in taken:
            templates.append(_put_on_record(ParliamentTemplate({}, {}, []), row))
    return templates


def label_of(chamber: dict[str, Any]) -> str:
    return next(filter(None, (chamber.get(column) for column in translated_columns("name"))), chamber["slug"])


def _put_on_record(template: ParliamentTemplate, row: Parliament) -> ParliamentTemplate:
    """Give ``template`` the values of ``row``; return it."""
    template.on_record = row
    template.values = {"slug": row.slug, "country": row.country.code}
    for edition in EDITIONS:
        own = [getattr(row, to_attribute(name, edition.language)) for name in ("name", "short_name")]
        template.names.setdefault(edition.language, []).extend(filter(None, own))
    table = {chamber["slug"]: chamber for chamber in template.chambers}
    by_name = {chamber["name_en"]: chamber for chamber in template.chambers}
    for chamber in row.chambers.all():
        planned = table.get(chamber.slug) or by_name.get(chamber.name_en) or {}
        entry = {
            **planned,
            "slug": chamber.slug,
            "kind": chamber.kind,
            "names": [getattr(chamber, column) for column in translated_columns("name")],
            "called": chamber.members_called,
            "on_record": True,
        }
        entry |= {column: planned.get(column) or getattr(chamber, column) for column in translated_columns("name")}
        template.chambers = [other for other in template.chambers if other is not planned] + [entry]
    return template


class BlockReader:
    """Parses line by line. A line may refer to the parliament of the line before."""

    def __init__(self, lines: Iterable[PageLine]):
        self.block = Block(templates=parliament_templates())
        self.current: Statement | None = None
        for number, text in lines:
            self.parse_line(number, single_line(text))

    def warn(self, number: int, message: str) -> None:
        self.block.warnings.append(Note(number, message, Kind.PARLIAMENTS))

    def parse_line(self, number: int, text: str) -> None:
        for edition in EDITIONS:
            if match := edition.delegation.fullmatch(text):
                self.delegation(number, edition, match["name"], match["seats"])
            elif match := edition.representative.fullmatch(text):
                self.representative(number, edition, match["whose"].strip(), match["name"].strip())
            elif match := edition.website.fullmatch(text):
                self.website(number, edition, match["whose"].strip(), match["url"].strip())
            elif self.current and (match := edition.council.fullmatch(text)):
                self.council(number, self.current, match["names"])
            else:
                continue
            return
        if self.current and (listed := _listed_names(text)):
            self.current.delegates = [*(self.current.delegates or []), *listed]
            self.current.lines.setdefault("delegates", number)
            return
        self.warn(number, _("Not understood and skipped: %(text)s") % {"text": text[:120]})
        self.mark_unread(text)

    def mark_unread(self, text: str) -> None:
        """Note which facts an unparsed line may state, so that their absence ends nothing."""
        if self.current:
            text = text.casefold()
            hints = [hint for edition in EDITIONS for hint in edition.hints.items()]
            self.current.unread |= {what for word, what in hints if word in text}

    # Names

    def parliament(self, edition: Edition, text: str) -> ParliamentTemplate | None:
        """Return the parliament that ``text`` names."""
        stems = edition.stems(text)
        return next((template for template in self.block.templates if stems in template.stems(edition)), None)

    def chamber(
        self, edition: Edition, text: str, among: Iterable[ParliamentTemplate]
    ) -> tuple[ParliamentTemplate, dict[str, Any]] | None:
        """Return the chamber that ``text`` names, alone or as "Senate of the Parliament of …"."""
        stems = edition.stems(text)
        for template in among:
            for chamber in template.chambers:
                for name in filter(None, [chamber.get(f"name_{edition.language}"), *chamber.get("names", [])]):
                    own = edition.stems(name)
                    rest = stems[len(own) :]
                    if stems[: len(own)] == own and (
                        not rest or any(ends_with(owner, rest) for owner in template.stems(edition))
                    ):
                        return template, chamber
        return None

    # Lines

    def delegation(self, number: int, edition: Edition, name: str, seats: str) -> None:
        template = self.parliament(edition, name)
        self.current = self.statement(template, number) if template else None
        if template is None:
            self.warn(number, _("Unknown parliament, skipped: %(name)s") % {"name": name[:120]})
            return
        statement = self.statement(template, number)
        if statement.seats is not None:
            self.warn(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        read = {}
        for part in edition.next_seats.split(seats):
            match = edition.seats.fullmatch(part.strip())
            chamber = self.seats_of(edition, template, match["chamber"]) if match else None
            if chamber is None or not 1 <= int(match["seats"]) <= 999 or chamber["slug"] in read:
                self.warn(number, _("The seats are not understood and were skipped: %(text)s") % {"text": part[:120]})
                return
            read[chamber["slug"]] = int(match["seats"])
            called = edition.called[match["called"][0].lower()]
            statement.called[chamber["slug"]] = called
            if chamber.get("called", called) != called:
                self.warn(
                    number,
                    _("%(chamber)s: the page says “%(page)s”, on record are “%(record)s”. Nothing was changed.")
                    % {"chamber": label_of(chamber), "page": called.value, "record": chamber["called"]},
                )
        statement.seats = read
        for chamber in template.chambers:
            if chamber.get("on_record") and chamber["slug"] not in read:
                self.warn(number, _("The page states no seats of %(chamber)s.") % {"chamber": label_of(chamber)})

    def seats_of(self, edition: Edition, template: ParliamentTemplate, text: str | None) -> dict[str, Any] | None:
        """Return the chamber of "7 deputies of …"; of "7 deputies" the only one."""
        if text is None or self.parliament(edition, text) is template:
            return template.chambers[0] if len(template.chambers) == 1 else None
        found = self.chamber(edition, text, [template])
        return found[1] if found else None

    def representative(self, number: int, edition: Edition, whose: str, name: str) -> None:
        whose, *functions = _POSTS.split(whose)
        template = self.parliament(edition, whose)
        if template is None:
            self.mark_unread("representative")
            self.warn(number, _("Unknown parliament, skipped: %(name)s") % {"name": whose[:120]})
            return
        statement = self.statement(template, number)
        if statement.representative:
            self.warn(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        if not _is_name(name):
            statement.unread.add("representative")
            self.warn(number, _("The name is not understood and was skipped: %(text)s") % {"text": name[:120]})
            return
        posts = []
        for function in functions:
            if post := edition.post(function):
                posts.append(post)
            else:
                statement.unread.add(Kind.POSTS)
                self.warn(number, _("The post is not understood and was skipped: %(text)s") % {"text": function[:120]})
        statement.representative, statement.posts = name, posts
        statement.lines["representative"] = number

    def council(self, number: int, statement: Statement, listed: str) -> None:
        for name in map(str.strip, listed.split(",")):
            if _is_name(name):
                statement.council = [*(statement.council or []), name]
            else:
                statement.unread.add("council")
                self.warn(number, _("The name is not understood and was skipped: %(text)s") % {"text": name[:120]})
        statement.lines.setdefault("council", number)

    def website(self, number: int, edition: Edition, whose: str, url: str) -> None:
        template = self.parliament(edition, whose)
        current = [self.current.parliament] if self.current else []
        found = self.chamber(edition, whose, [*current, *self.block.templates])
        if template:
            # The website of a single chamber belongs to the chamber.
            single = template.chambers if len(template.chambers) == 1 else []
            chamber = single[0]["slug"] if single and single[0].get("kind") == Chamber.Kind.SINGLE else ""
        elif found:
            template, chamber = found[0], found[1]["slug"]
        else:
            self.mark_unread("website")
            self.warn(number, _("Unknown parliament, skipped: %(name)s") % {"name": whose[:120]})
            return
        statement = self.statement(template, number)
        if not is_web_address(url):
            statement.unread.add("website")
            self.warn(number, _("This is no address and was skipped: %(text)s") % {"text": url[:120]})
            return
        parts = urlsplit(url).path.split("/")
        codes = {code for code, _name in Link._meta.get_field("language").choices}
        language = next((part for part in parts if part in codes), "")
        if (chamber, url) in statement.websites:
            self.warn(number, _("Said twice; the first counts: %(name)s") % {"name": url[:120]})
        statement.websites.setdefault((chamber, url), language)
        statement.lines.setdefault((chamber, url), number)

    def statement(self, template: ParliamentTemplate, number: int) -> Statement:
        return self.block.statements.setdefault(template.slug, Statement(template, number))


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and len(text) <= 150 and not _TWO_NAMES.search(text) and "\0" not in text


def _listed_names(text: str) -> list[str]:
    """Return the names of a line that lists nothing else; empty if one entry may be no name.

    Only capitals of a family name or a patronymic tell a name from other words with capital letters.
    """
    try:
        listed = name_list.read(text.rstrip("."))
    except ImportRefusedError:
        return []
    for name in listed:
        words = name.name.split()
        is_marked = name.family_name or any(names.patronymic(names.fold(word)) for word in words[1:])
        if name.problem or name.left or not is_marked:
            return []
    return [name.text for name in listed]
