"""The block of delegations on a saved page of the Assembly's former site: lines of prose, read or listed.

A line is one of three: a delegation with its seats, a plenipotentiary representative, a website. What is none of
these, or names what is not known, is listed with its number and never guessed.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..importer.records import Kind, Note, single_line
from ..models import AssemblyPost, Chamber, FormerSlug, Link, Parliament
from ..models.periods import web_address

type Line = tuple[int, str]

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
        "chair": AssemblyPost.Post.CHAIR,
        "chairman": AssemblyPost.Post.CHAIR,
        "chairperson": AssemblyPost.Post.CHAIR,
        "member of the council": AssemblyPost.Post.COUNCIL_MEMBER,
        "executive secretary": AssemblyPost.Post.EXECUTIVE_SECRETARY,
        "deputy executive secretary": AssemblyPost.Post.DEPUTY_EXECUTIVE_SECRETARY,
    }.items()
    for assembly in ("parliamentary assembly", "pa")
}


@dataclass
class Known:
    """A parliament on record or in the table of members, with the names that pages use."""

    values: dict[str, Any]  # of a new row; of one on record its address and country
    names: list[str]
    chambers: list[dict[str, Any]]
    on_record: Parliament | None = None

    @property
    def slug(self) -> str:
        return self.values["slug"]


@dataclass
class Statement:
    """What the block says of one parliament; ``seats`` by the code of the chamber."""

    parliament: Known
    line: int
    seats: dict[str, int] | None = None
    called: dict[str, str] = field(default_factory=dict)
    representative: str = ""
    posts: list[str] = field(default_factory=list)
    websites: dict[tuple[str, str], str] = field(default_factory=dict)  # (chamber or "", address): language
    lines: dict[Any, int] = field(default_factory=dict)  # of each fact
    unread: set[str] = field(default_factory=set)  # "representative", "posts", "website": a line could not be read


@dataclass
class Block:
    """The statements of a page, and what is to be said about its lines."""

    statements: dict[str, Statement] = field(default_factory=dict)
    warnings: list[Note] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)


def known_parliaments() -> list[Known]:
    """The parliaments on record, then those of the table of members that are not."""
    rows = list(Parliament.objects.prefetch_related("chambers"))
    former = dict(FormerSlug.objects.values_list("slug", "parliament_id"))
    with (Path(__file__).parent / "members.toml").open("rb") as file:
        table = tomllib.load(file)["parliament"]
    known, taken = [], set()
    for member in table:
        member = dict(member)
        chambers, also = member.pop("chamber"), member.pop("also")
        row = next((row for row in rows if row.slug == member["slug"] or former.get(member["slug"]) == row.pk), None)
        row = row or next((row for row in rows if row.country.code == member["country"]), None)
        entry = Known(member, [member["name_en"], *also], chambers)
        if row:
            taken.add(row.pk)
            _put_on_record(entry, row)
        known.append(entry)
    for row in rows:
        if row.pk not in taken:
            known.append(_put_on_record(Known({}, [], []), row))
    return known


def _put_on_record(known: Known, row: Parliament) -> Known:
    """``known`` with what the record says of it."""
    known.on_record = row
    known.values = {"slug": row.slug, "country": row.country.code}
    known.names += [name for name in (row.name_en, row.short_name_en) if name]
    table = {chamber["slug"]: chamber for chamber in known.chambers}
    by_name = {chamber["name_en"]: chamber for chamber in known.chambers}
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
        known.chambers = [other for other in known.chambers if other is not planned] + [entry]
    return known


def read(lines: Iterable[Line]) -> Block:
    """The statements that ``lines`` (number, text) make."""
    reader = BlockReader()
    for number, text in lines:
        reader.line(number, single_line(text))
    return reader.block


class BlockReader:
    def __init__(self):
        self.block = Block(known=known_parliaments())
        self.current: Statement | None = None  # of the parliament that the lines before speak of

    def say(self, number: int, message: str) -> None:
        self.block.warnings.append(Note(number, message, Kind.PARLIAMENTS))

    def line(self, number: int, text: str) -> None:
        if match := _DELEGATION.fullmatch(text):
            self.delegation(number, match["name"], match["seats"])
        elif match := _REPRESENTATIVE.fullmatch(text):
            self.representative(number, match["whose"].strip(), match["name"].strip())
        elif match := _WEBSITE.fullmatch(text):
            self.website(number, match["whose"].strip(), match["url"].strip())
        else:
            self.say(number, _("Not understood and skipped: %(text)s") % {"text": text[:120]})
            self.left_unread(text)

    def left_unread(self, text: str) -> None:
        """A line that could not be read may have said it: nothing of the parliament at hand ends for want of it."""
        if self.current:
            words = text.casefold()
            self.current.unread |= {what for what in ("representative", "website") if what in words}

    # Names

    def parliament(self, text: str) -> tuple[Known, str] | None:
        """The parliament whose name ``text`` begins with, and the rest; the longest name counts."""
        text = _THE.sub("", text, count=1) if _THE.match(text) else text
        found = [
            (len(name), known)
            for known in self.block.known
            for name in known.names
            if text.casefold().startswith(name.casefold()) and not text[len(name) : len(name) + 1].isalnum()
        ]
        if not found:
            return None
        length, known = max(found, key=lambda entry: entry[0])
        return known, text[length:].strip()

    def whole(self, text: str) -> Known | None:
        """The parliament that ``text`` names, and nothing else."""
        found = self.parliament(text)
        return found[0] if found and not found[1] else None

    def chamber(self, text: str, among: Iterable[Known]) -> tuple[Known, dict[str, Any]] | None:
        """The chamber that ``text`` names, alone or as "Senate of the Parliament of …"."""
        text = _THE.sub("", text, count=1) if _THE.match(text) else text
        for known in among:
            for chamber in known.chambers:
                for name in chamber.get("names", [chamber["name_en"]]):
                    rest = text[len(name) :]
                    if not name or not text.casefold().startswith(name.casefold()):
                        continue
                    if not rest or (rest.startswith(" of ") and _ends_like(rest, known.names)):
                        return known, chamber
        return None

    # Lines

    def delegation(self, number: int, name: str, seats: str) -> None:
        known = self.whole(name)
        self.current = self.statement(known, number) if known else None
        if known is None:
            self.say(number, _("Unknown parliament, skipped: %(name)s") % {"name": name[:120]})
            return
        statement = self.statement(known, number)
        if statement.seats is not None:
            self.say(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        read = {}
        for part in _NEXT_SEATS.split(seats):
            match = _SEATS.fullmatch(part.strip())
            chamber = self.seats_of(known, match["chamber"]) if match else None
            if chamber is None or not 1 <= int(match["seats"]) <= 999 or chamber["slug"] in read:
                self.say(number, _("The seats are not understood and were skipped: %(text)s") % {"text": part[:120]})
                return
            read[chamber["slug"]] = int(match["seats"])
            called = _CALLED[match["called"][0].lower()]
            statement.called[chamber["slug"]] = called
            if chamber.get("called", called) != called:
                self.say(
                    number,
                    _("%(chamber)s: the page says “%(page)s”, on record are “%(record)s”. Nothing was changed.")
                    % {"chamber": chamber["name_en"], "page": called.value, "record": chamber["called"]},
                )
        statement.seats = read
        for chamber in known.chambers:
            if chamber.get("on_record") and chamber["slug"] not in read:
                self.say(number, _("The page states no seats of %(chamber)s.") % {"chamber": chamber["name_en"]})

    def seats_of(self, known: Known, text: str | None) -> dict[str, Any] | None:
        """The chamber of "7 deputies of …"; of "7 deputies" the only one."""
        if text is None:
            return known.chambers[0] if len(known.chambers) == 1 else None
        if len(known.chambers) == 1 and self.whole(text) is known:
            return known.chambers[0]
        found = self.chamber(text, [known])
        return found[1] if found else None

    def representative(self, number: int, whose: str, name: str) -> None:
        found = self.parliament(whose)
        if found is None:
            self.left_unread("representative")
            self.say(number, _("Unknown parliament, skipped: %(name)s") % {"name": whose[:120]})
            return
        known, rest = found
        statement = self.statement(known, number)
        if statement.representative:
            self.say(number, _("Said twice; the first counts: %(name)s") % {"name": name[:120]})
            return
        if not _NAME.fullmatch(name) or len(name) > 150 or " and " in name or "\0" in name:
            statement.unread.add("representative")
            self.say(number, _("The name is not understood and was skipped: %(text)s") % {"text": name[:120]})
            return
        posts = []
        if rest:
            for text in re.split(r"[,;]", re.sub(r"^\s*[,;–—-]\s*", "", rest)):
                words = text.strip().casefold().removeprefix("the ")
                if post := _POSTS.get(words):
                    posts.append(post.value)
                else:
                    statement.unread.add(Kind.POSTS)
                    self.say(number, _("The post is not understood and was skipped: %(text)s") % {"text": text[:120]})
        statement.representative, statement.posts = name, posts
        statement.lines["representative"] = number

    def website(self, number: int, whose: str, url: str) -> None:
        known = self.whole(whose)
        at_hand = [self.current.parliament] if self.current else []
        found = self.chamber(whose, [*at_hand, *self.block.known])
        if known:
            # The website of a single chamber belongs to the chamber.
            single = known.chambers if len(known.chambers) == 1 else []
            chamber = single[0]["slug"] if single and single[0].get("kind") == Chamber.Kind.SINGLE else ""
        elif found:
            known, chamber = found[0], found[1]["slug"]
        else:
            self.left_unread("website")
            self.say(number, _("Unknown parliament, skipped: %(name)s") % {"name": whose[:120]})
            return
        statement = self.statement(known, number)
        try:
            web_address(url)
        except ValidationError:
            statement.unread.add("website")
            self.say(number, _("This is no address and was skipped: %(text)s") % {"text": url[:120]})
            return
        parts = urlsplit(url).path.split("/")
        codes = {code for code, _name in Link._meta.get_field("language").choices}
        language = next((part for part in parts if part in codes), "")
        if (chamber, url) in statement.websites:
            self.say(number, _("Said twice; the first counts: %(name)s") % {"name": url[:120]})
        statement.websites.setdefault((chamber, url), language)
        statement.lines.setdefault((chamber, url), number)

    def statement(self, known: Known, number: int) -> Statement:
        return self.block.statements.setdefault(known.slug, Statement(known, number))


def _ends_like(rest: str, names: Iterable[str]) -> bool:
    """Whether ``rest`` is " of" one of ``names``, or of what it ends with: " of the Russian Federation"."""
    owner = rest.casefold().replace(" of the ", " of ")
    return any(f" of {name}".casefold().replace(" of the ", " of ").endswith(owner) for name in names)
