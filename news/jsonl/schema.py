"""Schema of a line: the keys of each object, their parsers and defaults."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from cspa.i18n import language_codes, translated_columns
from cspa.richtext import MAX_LENGTH, PICTURES, sanitise
from delegations import dates
from delegations.importer.readers.own_export import LARGEST_ID
from delegations.importer.records import RowError, checked_text, exact_date, is_web_address, of_type
from delegations.models import Parliament, Source

from ..models import EARLIEST, LATEST, Article, Attachment, Correction, FormerAddress, Picture, Quotation, Topic
from ..models.legacy_addresses import legacy_address

#: The columns of an article that a line holds as they are, by their keys.
COLUMNS = {
    **{name: name for name in ("title", "slug", "dateline", "summary", "body", "state", "withdrawal_reason")},
    "published": "published_at",
    "text_changed": "text_changed_at",
}

type Read = Callable[[Any, str], Any]

_REQUIRED = object()
_SLUG = re.compile("[-a-zA-Z0-9_]+")


@dataclass(frozen=True)
class Key:
    """The parser of a value, which raises RowError, and the value that an absent key stands for."""

    read: Read
    empty: Any = _REQUIRED


class Shape(dict[str, Key]):
    """The keys of an object, in the order of the file."""

    def read(self, data: Any, path: str = "") -> dict[str, Any]:
        """Parse the JSON object ``data`` at ``path``, with defaults. Raises RowError if a value is wrong."""
        if not isinstance(data, dict):
            raise RowError(
                _("“%(name)s” must be an object.") % {"name": path} if path else _("This is not an object.")
            )
        if unknown := [name for name in data if name not in self]:
            raise RowError(_("There is no key “%(name)s” here.") % {"name": printable(unknown[0])})
        values = {}
        for name, key in self.items():
            key_path = f"{path}/{name}" if path else name
            values[name] = key.read(data[name], key_path) if name in data else key.empty
            if values[name] is _REQUIRED:
                raise RowError(_("“%(name)s” is missing.") % {"name": key_path})
            if values[name] == "" and key.empty is _REQUIRED:
                raise RowError(_("“%(name)s” is empty.") % {"name": key_path})
        return values

    def without_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``values`` without those of absent keys."""
        return {name: values[name] for name, key in self.items() if values[name] != key.empty}


def printable(text: str) -> str:
    """Return ``text`` for a message: shortened, with control characters escaped."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text[:40])


def _text(value: Any, path: str, limit: int) -> str:
    return checked_text(of_type(value, str, path), path, limit)


def _of(model: type[models.Model], column: str) -> Read:
    """Return the parser of a text for ``column`` of ``model``."""
    return partial(_text, limit=model._meta.get_field(column).max_length)


def _translated(model: type[models.Model], name: str) -> dict[str, Key]:
    return {column: Key(_of(model, column), "") for column in translated_columns(name)}


def _body(value: Any, path: str) -> str:
    """Sanitise a text. The limit counts twice, since escaping makes texts longer."""
    try:
        return _text(sanitise(_text(value, path, MAX_LENGTH)), path, MAX_LENGTH)
    except ValidationError as error:
        raise RowError(" ".join(error.messages)) from error


def _slug(value: Any, path: str, model: type[models.Model]) -> str:
    text = _of(model, "slug")(value, path)
    if not _SLUG.fullmatch(text):
        raise RowError(
            _("“%(name)s” may hold Latin letters, digits, “-” and “_” only: %(text)s")
            % {"name": path, "text": printable(text)}
        )
    return text


def _choice(value: Any, path: str, choices: Iterable[str]) -> str:
    if _text(value, path, 1000) not in choices:
        raise RowError(_("“%(name)s” is not one of ours: %(text)s") % {"name": path, "text": printable(value)})
    return value


def _number(value: Any, path: str, least: int, most: int) -> int:
    if not least <= of_type(value, int, path) <= most:
        raise RowError(
            _("“%(name)s” must lie between %(least)d and %(most)d.") % {"name": path, "least": least, "most": most}
        )
    return value


def _flag(value: Any, path: str) -> bool:
    return of_type(value, bool, path)


def _uid(value: Any, path: str) -> UUID:
    text = _text(value, path, 1000)
    try:
        uid = UUID(text)
    except ValueError:
        uid = None
    if str(uid) != text.lower():
        raise RowError(_("“%(text)s” is no public id (UUID).") % {"text": printable(text)})
    return uid


def _moment(value: Any, path: str) -> datetime:
    text = _text(value, path, 1000)
    try:
        moment = datetime.fromisoformat(text)
        known = EARLIEST <= moment <= LATEST
    # TypeError: a time without an offset cannot be compared.
    except (ValueError, TypeError):
        known = False
    if not known:
        raise RowError(
            _("“%(name)s” is no time between 1900 and 2100 with its offset, as 2020-05-26T09:00:00+03:00: %(text)s")
            % {"name": path, "text": printable(text)}
        )
    return moment


def _day(value: Any, path: str, earliest: date = dates.EARLIEST, latest: date = dates.LATEST) -> date:
    text = _text(value, path, 1000)
    day = exact_date(printable(text), path)
    if not day or not earliest <= day <= latest:
        raise RowError(
            _("“%(name)s” is no day between 1900 and 2100: %(text)s") % {"name": path, "text": printable(text)}
        )
    return day


def _url(value: Any, path: str) -> str:
    text = _of(Source, "url")(value, path)
    if text and not is_web_address(text):
        raise RowError(_("No address: %(url)s") % {"url": printable(text)})
    return text


def _legacy_address(value: Any, path: str) -> str:
    try:
        return legacy_address(_text(value, path, 1000))
    except ValidationError as error:
        raise RowError(f"“{path}”: {error.messages[0]}") from error


def _path(value: Any, path: str, folder: str, ending: str) -> str:
    """Parse the name of a file in ``folder`` of MEDIA_ROOT. No path to elsewhere is accepted."""
    text = _text(value, path, 1000)
    # File names as the site makes them; richtext accepts no others.
    if not re.fullmatch(rf"{re.escape(folder)}[A-Za-z0-9_-]+\.{ending}", text) or len(text) > 100:
        raise RowError(
            _("“%(name)s” is no name of a file in %(folder)s: %(text)s")
            % {"name": path, "folder": folder, "text": printable(text)}
        )
    return text


def _list(each: Read) -> Read:
    def read(value: Any, path: str) -> list:
        return [each(entry, f"{path}/{number}") for number, entry in enumerate(of_type(value, list, path))]

    return read


def _focus(value: Any, path: str) -> list[int]:
    focus = _list(partial(_number, least=0, most=100))(value, path)
    if len(focus) != 2:
        raise RowError(_("“%(name)s” must be two numbers: from the left and from the top.") % {"name": path})
    return focus


def _named(shape: Shape, name: str) -> Read:
    """Return the parser of an object with a name in at least one language."""

    def read(value: Any, path: str) -> dict[str, Any]:
        values = shape.read(value, path)
        if not any(values[column] for column in translated_columns(name)):
            raise RowError(_("“%(name)s” has no name in any language.") % {"name": path})
        return values

    return read


_language = partial(_choice, choices=language_codes())
TOPIC = Shape(slug=Key(partial(_slug, model=Topic)), **_translated(Topic, "name"))
SOURCE = Shape(
    id=Key(_uid),
    **_translated(Source, "title"),
    url=Key(_url, ""),
    date=Key(_day, None),
    accessed=Key(_day, None),
)
CORRECTION = Shape(
    date=Key(partial(_day, earliest=EARLIEST.date(), latest=LATEST.date())),
    text=Key(_of(Correction, "text")),
    recorded=Key(_moment),
)
QUOTATION = Shape(
    place=Key(partial(_number, least=0, most=MAX_LENGTH)),
    person=Key(partial(_number, least=1, most=LARGEST_ID), None),
    function=Key(_of(Quotation, "function"), ""),
    original_language=Key(_language, ""),
)
ADDRESS = Shape(language=Key(_language), date=Key(_day), slug=Key(partial(_slug, model=FormerAddress)))
PICTURE = Shape(
    id=Key(_uid),
    path=Key(partial(_path, folder=PICTURES, ending="jpg")),
    **_translated(Picture, "alt"),
    decorative=Key(_flag, False),
    **_translated(Picture, "credit"),
    focus=Key(_focus, [50, 50]),
)
ATTACHMENT = Shape(
    id=Key(_uid),
    path=Key(partial(_path, folder="attachments/", ending="pdf")),
    title=Key(_of(Attachment, "title")),
    language=Key(_language),
)
# None: made by defaults.py.
ARTICLE = Shape(
    id=Key(_uid, None),
    story=Key(_uid, None),
    language=Key(_language),
    title=Key(_of(Article, "title")),
    slug=Key(partial(_slug, model=Article), None),
    dateline=Key(_of(Article, "dateline"), ""),
    summary=Key(_of(Article, "summary"), ""),
    body=Key(_body),
    state=Key(partial(_choice, choices=Article.State.values), None),
    withdrawal_reason=Key(_of(Article, "withdrawal_reason"), ""),
    published=Key(_moment, None),
    # A day in place of a time.
    date=Key(partial(_day, earliest=EARLIEST.date(), latest=LATEST.date()), None),
    text_changed=Key(_moment, None),
    topics=Key(_list(_named(TOPIC, "name")), []),
    delegations=Key(_list(partial(_slug, model=Parliament)), []),
    people=Key(_list(partial(_number, least=1, most=LARGEST_ID)), []),
    sources=Key(_list(_named(SOURCE, "title")), []),
    corrections=Key(_list(CORRECTION.read), []),
    # None: as the text and the directory say.
    quotations=Key(_list(QUOTATION.read), None),
    former_addresses=Key(_list(ADDRESS.read), []),
    legacy_addresses=Key(_list(_legacy_address), []),
    picture=Key(PICTURE.read, None),
    pictures=Key(_list(PICTURE.read), []),
    attachments=Key(_list(ATTACHMENT.read), []),
)
