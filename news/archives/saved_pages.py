"""Posts of a folder of saved HTML pages, by CSS selectors of a mapping file.

The mapping is TOML: ``title``, ``date`` and ``body`` are selectors, as in "article.news h1", and ``language`` is a
selector or the language of all pages. ``address`` is where the folder lay: "https://old.example/news/".
"""

import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from cspa.i18n import language_codes, single_line
from delegations.importer import ImportRefusedError
from delegations.legacy_pages.editions import EDITIONS

from .markup import VOID, PositionedParser
from .posts import Post, at_midnight, moment

_REQUIRED = {"title", "date", "body", "language", "address"}
_SIMPLE = re.compile(
    r"(?P<tag>[a-z][a-z0-9]*|\*)?(?P<rest>(?:[.#][\w-]+|\[[\w-]+(?:=\"?[^\"\]]*\"?)?\])*)", re.IGNORECASE
)
_PART = re.compile(r"\.(?P<class>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)(?:=\"?(?P<value>[^\"\]]*)\"?)?\]")


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str]
    start: int
    line: int
    # The selectors whose text begins here.
    names: list[str] = field(default_factory=list)


class _Page(PositionedParser):
    """The inner HTML of the first element of each selector, with its line."""

    def __init__(self, text: str, selectors: dict[str, list[str]]):
        super().__init__(text, convert_charrefs=False)
        self.selectors = selectors
        self.found: dict[str, tuple[str, int]] = {}
        self._open: list[_Element] = []
        # Without it, each stray end tag would take the time of all open elements.
        self._open_tags: Counter[str] = Counter()
        self.parse()
        while self._open:
            self._end(self._pop(), len(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or ""
        attributes = {name: value or "" for name, value in attrs}
        element = _Element(tag, attributes, self.position + len(source), self.getpos()[0])
        self._open.append(element)
        self._open_tags[tag] += 1
        for name, selector in self.selectors.items():
            if name not in self.found and self._matches(selector):
                element.names.append(name)
                # The content of <meta> and the machine's form of <time> say it best.
                said = attributes.get("datetime") or attributes.get("content", "")
                self.found[name] = (said if name != "body" else "", element.line)
        if tag in VOID:
            self._pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open_tags[tag]:
            element = self._pop()
            self._end(element, self.position)
            if element.tag == tag:
                return

    def _pop(self) -> _Element:
        element = self._open.pop()
        self._open_tags[element.tag] -= 1
        return element

    def _end(self, element: _Element, end: int) -> None:
        for name in element.names:
            if not self.found[name][0]:
                self.found[name] = (self.text[element.start : end], element.line)

    def _matches(self, selector: list[str]) -> bool:
        """Whether the last open element matches, and those around it the parts before, in order."""
        *before, last = selector
        if not _is(self._open[-1], last):
            return False
        around = iter(self._open[:-1])
        return all(any(_is(element, part) for element in around) for part in before)


def saved_pages(folder: Path, mapping: Path) -> Iterator[Post]:
    """Yield a post for each HTML file of ``folder``. Raises ImportRefusedError if the mapping is none."""
    try:
        stated = tomllib.loads(mapping.read_text())
    except (OSError, ValueError) as error:
        raise ImportRefusedError(_("The mapping file cannot be read: %(why)s") % {"why": error}) from error
    if wrong := sorted(_REQUIRED ^ stated.keys()) or sorted(key for key in stated if not isinstance(stated[key], str)):
        raise ImportRefusedError(
            _("The mapping file says as text each of title, date, body, language and address: %(names)s")
            % {"names": ", ".join(wrong)}
        )
    address, language = stated.pop("address"), stated["language"]
    if language in language_codes():
        del stated["language"]
    selectors = {name: _parsed(text) for name, text in stated.items()}
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".html", ".htm")):
        place = os.fsencode(file.relative_to(folder).as_posix()).decode(errors="replace")
        text = file.read_bytes().decode("utf-8-sig", errors="replace")
        found = _Page(text, selectors).found
        body, line = found.get("body", ("", 1))
        plain = {name: single_line(strip_tags(value)) for name, (value, _line) in found.items()}
        whole = f"{address.rstrip('/')}/{quote(place)}"
        yield Post(
            place=place,
            line=line,
            address=whole,
            title=plain.get("title", ""),
            language=plain.get("language", language) if "language" in selectors else language,
            # A letter that UTF-8 does not have means another encoding.
            body="" if "\ufffd" in text else body,
            published=_moment(plain.get("date", "")),
            others=(whole,),
            root=urlsplit(address).path,
        )


def _moment(text: str) -> datetime | None:
    numbers = next((found for edition in EDITIONS if (found := edition.date(text))), None)
    try:
        return at_midnight(date(*numbers)) if numbers else moment(text)
    except ValueError:
        return None


def _parsed(selector: str) -> list[str]:
    parts = selector.split()
    if not parts or not all(_SIMPLE.fullmatch(part) for part in parts):
        raise ImportRefusedError(
            _("The selector is not understood (article.news h1, #text, [itemprop=name]): %(selector)s")
            % {"selector": selector}
        )
    return parts


def _is(element: _Element, part: str) -> bool:
    match = _SIMPLE.fullmatch(part)
    if match is None or (match["tag"] not in (None, "*") and match["tag"].lower() != element.tag):
        return False
    for each in _PART.finditer(match["rest"]):
        if each["class"]:
            holds = each["class"] in element.attributes.get("class", "").split()
        elif each["id"]:
            holds = element.attributes.get("id") == each["id"]
        else:
            value = element.attributes.get(each["name"])
            holds = value is not None and each["value"] in (None, value)
        if not holds:
            return False
    return True
