"""Parser for the block of delegations on a saved page of the Assembly's former site.

A line states the seats of a delegation, a plenipotentiary representative, or a website. For any other line, and for
unknown names, the parser adds a warning with the line number. It never guesses.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from cspa.i18n import single_line

from ..importer.records import Kind, Note, is_web_address
from ..models import Chamber, FormerSlug, Link, Parliament

type PageLine = tuple[int, str]

_THE = re.compile("the ", re.IGNORECASE)
_DELEGATION = re.compile(
    r"Delegation of (?P<name>.+?) (?:to|in) the CSTO (?:PA|Parliamentary Assembly) consists of (?P<seats>.+?)\.?",
    re.IGNORECASE,
)
_SEATS = re.compile(
    r"(?P<seats>[0-9]{1,4}) (?P<called>deput(?:y|ies)|members?|senators?)(?: (?:of|from) (?P<chamber>.+))?",
    re.IGNORECASE,
)
_NEXT_SEATS = re.compile(r"(?:,? and|,) (?=[0-9]+ (?:deput|member|senator))", re.IGNORECASE)
_REPRESENTATIVE = re.compile(r"Plenipotentiary representative of (?P<whose>[^:]+):(?P<name>.*)", re.IGNORECASE)
_WEBSITE = re.compile(r"Website of (?P<whose>[^:]+):(?P<url>.*)", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][^\d,;:()]*[^\W\d_]\.?")
_CALLED = {"d": Chamber.Members.DEPUTIES, "m": Chamber.Members.MEMBERS, "s": Chamber.Members.SENATORS}
_POSTS = {
    f"{post} of the csto {assembly}": value
    for post, value in {
        "chair": "chair",
        "chairman": "chair",
        "chairperson": "chair",
        "member of the council": "council_member",
        "executive secretary": "executive_secretary",
        "deputy executive secretary": "deputy_executive_secretary",
    }.items()
    for assembly in ("parliamentary assembly", "pa")
}


@dataclass
class ParliamentTemplate:
    """A parliament on record or in members.toml, with the names that pages use."""

    # All values of a new row; slug and country of a row on record.
    values: dict[str, Any]
    names: list[str]
    chambers: list[dict[str, Any]]
    on_record: Parliament | None = None

    @property
    def slug(self) -> str:
        return self.values["slug"]


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
    # The line of each fact.
    lines: dict[Any, int] = field(default_factory=dict)
    # Facts with a line that could not be parsed: "representative", "posts", "website".
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
        entry = ParliamentTemplate(member, [member["name_en"], *also], chambers)
        if row:
            taken.add(row.pk)
            _put_on_record(entry, row)
        templates.append(entry)
    for row in rows:
        if row.pk not in taken:
            templates.append(_put_on_record(ParliamentTemplate({}, [], []), row))
    return templates


def _put_on_record(template: ParliamentTemplate, row: Parliament) -> ParliamentTemplate:
    """Give ``template`` the values of ``row``; return it."""
    template.on_record = row
    template.values = {"slug": row.slug, "country": row.country.code}
    template.names += [name for name in (row.name_en, row.short_name_en) if name]
    table = {chamber["slug"]: chamber for chamber in template.chambers}
    by_name = {chamber["name_en"]: chamber for chamber in template.chambers}
    for chamber in row.chambers.all():
        planned = table.get(chamber.slug) or by_name.get(chamber.name_en) or {"name_en": chamber.name_en}
        entry = {
            **planned,
            "slug": chamber.slug,
            "kind": chamber.kind,
            "names": [chamber.name_en, planned["name_en"]],
            "called": chamber.members_called,
            "on_record": True,
        }
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
        if match := _DELEGATION.fullmatch(text):
            self.delegation(number, match["name"], match["seats"])
        elif match := _REPRESENTATIVE.fullmatch(text):
            self.representative(number, match["whose"].strip(), match["name"].strip())
        elif match := _WEBSITE.fullmatch(text):
            self.website(number, match["whose"].strip(), match["url"].strip())
        else:
            self.warn(number, _("Not understood and skipped: %(text)s") % {"text": text[:120]})
            self.mark_unread(text)

    def mark_unread(self, text: str) -> None:
        """Note which facts an unparsed line may state, so that their absence ends nothing."""
        if self.current:
            text = text.casefold()
            self.current.unread |= {what for what in ("representative", "website") if what in text}

    # Names

    def parliament(self, text: str) -> tuple[ParliamentTemplate, str] | None:
        """Return the parliament whose name ``text`` begins with, and the rest. The longest name counts."""
        text = _THE.sub("", text, count=1) if _THE.match(text) else text
        found = [
            (len(name), template)
            for template in self.block.templates
            for name in template.names
            if text.casefold().startswith(name.casefold()) and not text[len(name) : len(name) + 1].isalnum()
        ]
        if not found:
            return None
        length, template = max(found, key=lambda entry: entry[0])
        return template, text[length:].strip()

    def exact_parliament(self, text: str) -> ParliamentTemplate | None:
        found = self.parliament(text)
        return found[0] if found and not found[1] else None

    def chamber(
        self, text: str, among: Iterable[ParliamentTemplate]
    ) -> tuple[ParliamentTemplate, dict[str, Any]] | None:
        """Return the chamber that ``text`` names, alone or as "Senate of the Parliament of …"."""
        text = _THE.sub("", text, count=1) if _THE.match(text) else text
        for template in among:
            for chamber in template.chambers:
                for name in chamber.get("names", [chamber["name_en"]]):
                    rest = text[len(name) :]
                    if not name or not text.casefold().startswith(name.casefold()):
                        continue
                    if not rest or (rest.startswith(" of ") and _ends_like(rest, template.names)):
                        return template, chamber
        return None

    # Lines

    def delegation(self, number: int, name: str, seats: str) -> None:
        template = self.exact_parliament(name)
        self.current = self.statement(template, number) if template else None
        if template is None:
            self.warn(number, _("Unknown parliament, skipped: %(name)s") % {"name": name[:120]})
            return
        statement = self.statement(template, number)
        if statement.seats is not None:
            self.warn(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        read = {}
        for part in _NEXT_SEATS.split(seats):
            match = _SEATS.fullmatch(part.strip())
            chamber = self.seats_of(template, match["chamber"]) if match else None
            if chamber is None or not 1 <= int(match["seats"]) <= 999 or chamber["slug"] in read:
                self.warn(number, _("The seats are not understood and were skipped: %(text)s") % {"text": part[:120]})
                return
            read[chamber["slug"]] = int(match["seats"])
            called = _CALLED[match["called"][0].lower()]
            statement.called[chamber["slug"]] = called
            if chamber.get("called", called) != called:
                self.warn(
                    number,
                    _("%(chamber)s: the page says “%(page)s”, on record are “%(record)s”. Nothing was changed.")
                    % {"chamber": chamber["name_en"], "page": called.value, "record": chamber["called"]},
                )
        statement.seats = read
        for chamber in template.chambers:
            if chamber.get("on_record") and chamber["slug"] not in read:
                self.warn(number, _("The page states no seats of %(chamber)s.") % {"chamber": chamber["name_en"]})

    def seats_of(self, template: ParliamentTemplate, text: str | None) -> dict[str, Any] | None:
        """Return the chamber of "7 deputies of …"; of "7 deputies" the only one."""
        if text is None:
            return template.chambers[0] if len(template.chambers) == 1 else None
        if len(template.chambers) == 1 and self.exact_parliament(text) is template:
            return template.chambers[0]
        found = self.chamber(text, [template])
        return found[1] if found else None

    def representative(self, number: int, whose: str, name: str) -> None:
        found = self.parliament(whose)
        if found is None:
            self.mark_unread("representative")
            self.warn(number, _("Unknown parliament, skipped: %(name)s") % {"name": whose[:120]})
            return
        template, rest = found
        statement = self.statement(template, number)
        if statement.representative:
            self.warn(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        if not _NAME.fullmatch(name) or len(name) > 150 or " and " in name or "\0" in name:
            statement.unread.add("representative")
            self.warn(number, _("The name is not understood and was skipped: %(text)s") % {"text": name[:120]})
            return
        posts = []
        if rest:
            for text in re.split(r"[,;]", re.sub(r"^\s*[,;–—-]\s*", "", rest)):
                words = text.strip().casefold().removeprefix("the ")
                if post := _POSTS.get(words):
                    posts.append(post)
                else:
                    statement.unread.add(Kind.POSTS)
                    self.warn(number, _("The post is not understood and was skipped: %(text)s") % {"text": text[:120]})
        statement.representative, statement.posts = name, posts
        statement.lines["representative"] = number

    def website(self, number: int, whose: str, url: str) -> None:
        template = self.exact_parliament(whose)
        current = [self.current.parliament] if self.current else []
        found = self.chamber(whose, [*current, *self.block.templates])
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


def _ends_like(rest: str, names: Iterable[str]) -> bool:
    """Return whether ``rest`` is " of" and one of ``names`` or the end of one: " of the Russian Federation"."""
    owner = rest.casefold().replace(" of the ", " of ")
    return any(f" of {name}".casefold().replace(" of the ", " of ").endswith(owner) for name in names)
