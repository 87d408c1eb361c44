"""A post of another site, as an archive holds it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime

from django.utils import timezone

_BLOCK = re.compile(
    r"</?(?:p|div|h[1-6]|ul|ol|li|table|blockquote|figure|pre|hr|section|article|iframe|!--)\b|<!--", re.IGNORECASE
)


@dataclass(frozen=True)
class Post:
    """A post with its source address. ``place`` and ``line`` say where its text begins."""

    place: str
    line: int
    address: str
    title: str
    # As the archive names it: "ru-RU".
    language: str
    body: str
    published: datetime | None
    changed: datetime | None = None
    slug: str = ""
    summary: str = ""
    is_draft: bool = False
    # Other addresses of the post, such as /?p=12.
    others: tuple[str, ...] = ()
    # Number of the lead picture in the media library.
    thumbnail: str = ""
    # The path under which its folder lay on the former site.
    root: str = ""


@dataclass(frozen=True)
class Upload:
    """A file of the media library of WordPress."""

    number: str
    address: str
    title: str
    alt: str


def moment(text: str) -> datetime | None:
    """Parse a time as WordPress, RSS, Atom or a saved page write it; None for other text."""
    text = text.strip()
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(text)
            # Before the conversion: it may leave the range of years.
            if 1900 < found.year < 2100:
                return found if timezone.is_aware(found) else timezone.make_aware(found)
        except ValueError:
            continue
    return None


def moment_utc(text: str) -> datetime | None:
    """Parse a time that WordPress writes in UTC without saying so."""
    found = moment(f"{text.strip()}+00:00")
    return found.astimezone(UTC) if found else None


def at_midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def paragraphs(text: str) -> str:
    """Return ``text`` with a paragraph for each block between blank lines, as WordPress shows it."""
    # Lines keep their numbers, so that the report names those of the archive.
    pieces = re.split(r"(\n[ \t]*\n\s*)", text.replace("\r\n", "\n"))
    return "".join(
        piece if not piece.strip() or _BLOCK.match(piece.lstrip()) else _paragraph(piece) for piece in pieces
    )


def _paragraph(text: str) -> str:
    start = text[: len(text) - len(text.lstrip())]
    words = text.strip().replace("\n", "<br>\n")
    return f"{start}<p>{words}</p>"
