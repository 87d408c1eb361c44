"""Posts of an XML file: WordPress WXR, RSS or Atom."""

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser
from django.utils.translation import gettext as _

from delegations.importer import ImportRefusedError

from .markup import VOID
from .posts import Post, Upload, moment, moment_utc, paragraphs

_CHUNK = 64 * 1024
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_WORDPRESS = "http://wordpress.org/export/"
# Kinds of WordPress posts that are texts.
_TEXTS = {"post", "page"}

# Local name of a child, or of a WordPress child with "wp:" before it, to its text and the line where it begins.
# Further data of WordPress have "meta:" before their key.
type Item = dict[str, tuple[str, int]]


class _Handler(ContentHandler):
    """Collects the children of each item or entry."""

    def __init__(self, parser: Any) -> None:
        super().__init__()
        self._parser = parser
        self.items: list[Item] = []
        self.language = ""
        self.seen_root = ""
        self._item: Item | None = None
        self._path: list[str] = []
        self._text: list[str] = []
        self._line = 0
        self._meta_key = ""
        # The markup of a text of XHTML, and how many elements are open in it.
        self._xhtml: list[str] = []
        self._depth = 0

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        if self._depth:
            self._depth += 1
            # The first is the <div> around the text.
            if self._depth > 2:
                said = "".join(f' {key[1]}="{escape(value)}"' for key, value in attrs.items() if key[0] is None)
                self._xhtml.append(f"<{name[1]}{said}>")
            return
        key = _key(*name)
        self._path.append(key)
        self.seen_root = self.seen_root or key
        self.language = self.language or attrs.get(("http://www.w3.org/XML/1998/namespace", "lang"), "")
        if key in ("item", "entry"):
            self._item = {"": ("", self._parser.getLineNumber())}
        elif self._item is not None and key == "link" and (None, "href") in attrs:
            if attrs.get((None, "rel"), "alternate") == "alternate":
                self._item["link"] = (attrs[None, "href"], 0)
        elif self._item is not None and attrs.get((None, "type")) == "xhtml":
            self._xhtml, self._depth = [], 1
        self._text, self._line = [], self._parser.getLineNumber()

    def characters(self, content: str) -> None:
        if self._depth:
            self._xhtml.append(escape(content, quote=False))
        else:
            self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if self._depth:
            self._depth -= 1
            if self._depth > 1 and name[1] not in VOID:
                self._xhtml.append(f"</{name[1]}>")
            if self._depth:
                return
            self._text = self._xhtml
        key, text = self._path.pop(), "".join(self._text)
        self._text = []
        if key in ("item", "entry"):
            if self._item is not None:
                self.items.append(self._item)
            self._item = None
        elif self._item is not None:
            # The first counts; an empty element of Atom's link does not.
            if self._path and self._path[-1] in ("item", "entry") and text.strip():
                self._item.setdefault(key, (text, self._line))
            elif key == "wp:meta_key":
                self._meta_key = text
            elif key == "wp:meta_value":
                self._item.setdefault(f"meta:{self._meta_key}", (text, self._line))
        elif key == "language":
            self.language = text.strip()


def posts(file: Path, name: str = "") -> Iterator[Post]:
    """Yield the posts of ``file``, which the places call ``name``. Raises ImportRefusedError if it is no such file."""
    for item, language in _items(file):
        post = _wordpress if "wp:post_type" in item else _of_feed
        if (found := post(name or file.name, item, language)) is not None:
            yield found


def uploads(file: Path) -> Iterator[Upload]:
    """Yield the media library of ``file``. Raises ImportRefusedError if it is no such file."""
    for item, _language in _items(file):
        text = _texts(item)
        if text("wp:post_type") == "attachment":
            alt = text("meta:_wp_attachment_image_alt")
            yield Upload(text("wp:post_id"), text("wp:attachment_url", "guid"), text("title"), alt)


def _items(file: Path) -> Iterator[tuple[Item, str]]:
    """Yield the items, and the language of the file."""
    parser = make_parser()
    handler = _Handler(parser)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                parser.feed(chunk)
                yield from _finished(handler)
            parser.close()
            yield from _finished(handler)
    except (DefusedXmlException, SAXException) as error:
        line = error.getLineNumber() if isinstance(error, SAXParseException) else 0
        raise ImportRefusedError(_("This is no sound XML file: line %(line)d") % {"line": line or 0}) from error
    if handler.seen_root not in ("rss", "feed"):
        raise ImportRefusedError(_("This is no export of WordPress, no RSS and no Atom."))


def _finished(handler: _Handler) -> Iterator[tuple[Item, str]]:
    items, handler.items = handler.items, []
    return ((item, handler.language) for item in items)


def _texts(item: Item) -> Callable[..., str]:
    """Return the function that gives the first text under some keys."""
    return lambda *names: next((found for name in names if (found := item.get(name, ("", 0))[0].strip())), "")


def _key(space: str | None, name: str) -> str:
    if space == _CONTENT and name == "encoded":
        return "body"
    if space and space.startswith(_WORDPRESS):
        return "excerpt" if "/excerpt/" in space else f"wp:{name}"
    return name


def _wordpress(name: str, item: Item, language: str) -> Post | None:
    text = _texts(item)
    if text("wp:post_type") not in _TEXTS or text("wp:status") in ("trash", "auto-draft", "inherit"):
        return None
    body, line = item.get("body", ("", item[""][1]))
    number = text("wp:post_id")
    by_number = ("?page_id=" if text("wp:post_type") == "page" else "?p=") + number
    return Post(
        place=name,
        line=line,
        address=text("guid") or text("link"),
        title=text("title"),
        language=language,
        body=paragraphs(body),
        published=moment_utc(text("wp:post_date_gmt")) or moment(text("wp:post_date")),
        changed=moment_utc(text("wp:post_modified_gmt")) or moment(text("wp:post_modified")),
        slug=text("wp:post_name"),
        summary=text("excerpt"),
        is_draft=text("wp:status") not in ("publish", "future") or bool(text("wp:post_password")),
        others=tuple(filter(None, [text("link"), f"/{by_number}" if number.isdigit() else ""])),
        thumbnail=text("meta:_thumbnail_id"),
    )


def _of_feed(name: str, item: Item, language: str) -> Post:
    text = _texts(item)
    body, line = item.get("body") or item.get("content") or item.get("description") or ("", item[""][1])
    return Post(
        place=name,
        line=line,
        address=text("link", "guid", "id"),
        title=text("title"),
        language=text("language") or language,
        body=body,
        published=moment(text("pubDate", "published", "date", "updated")),
        changed=moment(text("updated")),
        summary=text("summary"),
        others=tuple(filter(None, [text("link")])),
    )
