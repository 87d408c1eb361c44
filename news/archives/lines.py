"""Posts as lines of JSON Lines, with ids that follow from their source addresses."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from slugify import slugify

from cspa.i18n import language_codes, single_line
from delegations.importer.records import Note

from ..models import Article
from ..models.legacy_addresses import legacy_address
from .media import Media, Missing
from .posts import Post

# A short code, or an address alone in its paragraph, in whose place WordPress shows a film.
_COMMAND = re.compile(
    r"\[/?(?P<name>[a-z][a-z0-9_-]+)(?:\s[^\[\]\n]*)?\]"
    r"|(?:^|<p>|<div[^<>]*>)[ \t]*(?P<embedded>https?://[^\s<>]+)(?=[ \t]*(?:</p>|<br>|</div>)?[ \t]*$)",
    re.MULTILINE,
)
_SUMMARY = Article._meta.get_field("summary").max_length


@dataclass
class Lines:
    """The lines of ``posts``. What is left out and what is no text is noted while they are read."""

    posts: Iterable[Post]
    # Of posts without one; empty: as the archive says.
    language: str = ""
    as_drafts: bool = False
    # None: pictures and documents stay where they are.
    media: Media | None = None
    # Whether a file that does not come along is a problem.
    strict: bool = False
    # Where the text of each line begins, by its number from 1.
    places: list[tuple[str, int]] = field(default_factory=list)
    problems: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    # Numbers of the elements that do not come along, beside those that texts may not hold.
    lost: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[bytes]:
        taken: set[tuple[str, Any, str]] = set()
        for post in self.posts:
            place = f"{post.place}:{post.line}"
            language = self.language or post.language.split("-")[0].split("_")[0].lower()
            if problem := _problem(post, language):
                self.problems.append(Note(place, problem, "articles"))
                continue
            self.places.append((post.place, post.line))
            record = self.record(post, language, place, taken)
            for line, message in _commands(record["body"]):
                self.warnings.append(Note(f"{post.place}:{post.line + line}", message, "articles"))
            yield (json.dumps(record, ensure_ascii=False) + "\n").encode()

    def place(self, number: int, line_of_text: int) -> str:
        """Where a line of the text stands in the archive."""
        name, first = self.places[number - 1]
        return f"{name}:{first + line_of_text}"

    def record(self, post: Post, language: str, place: str, taken: set[tuple[str, Any, str]]) -> dict[str, Any]:
        published: datetime = post.published or post.changed  # type: ignore[assignment]  # _problem() refuses others
        uid = uuid5(NAMESPACE_URL, post.address)
        title = single_line(unescape(strip_tags(post.title)))
        slug = slugify(unquote(post.slug) or title, max_length=100, word_boundary=True) or "article"
        key = (language, timezone.localdate(published), slug)
        if key in taken:
            slug = f"{slug}-{uid.hex[:6]}"
        taken.add(key)
        shown: dict[str, Any] = {}
        body, is_complete = post.body, True
        if self.media:
            brought = self.media.bring(post, language, uid)
            body, is_complete = brought.body, not brought.missing
            shown = {"pictures": list(brought.pictures.values()), "attachments": list(brought.attachments.values())}
            if brought.picture:
                shown["picture"] = brought.picture
            for missing in brought.missing:
                self.note_missing(post, missing)
        is_draft = post.is_draft or self.as_drafts or not is_complete
        return {
            "id": str(uid),
            "language": language,
            "title": title,
            "slug": slug,
            "summary": single_line(unescape(strip_tags(post.summary)))[:_SUMMARY],
            "body": body,
            "state": "draft" if is_draft else "published",
            "published": published.isoformat(),
            "text_changed": (post.changed or published).isoformat(),
            "legacy_addresses": self.addresses(post, place),
            **shown,
        }

    def note_missing(self, post: Post, missing: Missing) -> None:
        """List what does not come along; the article becomes a draft."""
        element = missing.element or _("lead picture")
        note = Note(f"{post.place}:{post.line + missing.line}", f"{element}: {missing.message}", "articles")
        (self.problems if self.strict and missing.is_lost else self.warnings).append(note)
        # The import counts the pictures that texts lose.
        if missing.is_lost and missing.element != "img":
            self.lost[element] += 1

    def addresses(self, post: Post, place: str) -> list[str]:
        found = []
        for text in post.others:
            try:
                found.append(legacy_address(text))
            except ValidationError as error:
                self.warnings.append(Note(place, error.messages[0], "articles"))
        return list(dict.fromkeys(found))


def _commands(body: str) -> Iterator[tuple[int, str]]:
    """Yield what was a command of the former system, with its line in the text, counted from 0."""
    seen = set()
    for match in _COMMAND.finditer(body):
        what = match["name"] or match["embedded"]
        if what in seen:
            continue
        seen.add(what)
        if match["name"]:
            message = _("The text shows what was a command of its system: [%(name)s]") % {"name": what}
        else:
            message = _("The text shows the address of what was embedded: %(address)s") % {"address": what[:200]}
        yield body.count("\n", 0, match.start("name" if match["name"] else "embedded")), message


def _problem(post: Post, language: str) -> str:
    """Why ``post`` cannot be imported; empty if it can."""
    if not post.address:
        return _("There is no address, so that the post could not be found again.")
    if not single_line(unescape(strip_tags(post.title))):
        return _("There is no title.")
    if not post.body.strip():
        return _("There is no full text.")
    if not (post.published or post.changed):
        return _("There is no date that could be read.")
    if language not in language_codes():
        return _("This site has no such language; name one with --language: %(language)s") % {"language": language}
    return ""
