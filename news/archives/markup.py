"""Pictures and links of a text with their places, and changes of a text at places."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Elements within a paragraph. A picture stands between paragraphs, so that they end before it.
_INLINE = {"a", "abbr", "b", "big", "center", "del", "em", "font", "i", "ins", "s", "small", "span", "strong", "u"}
_CAPTION = re.compile(r"\[(?P<end>/?)caption\b[^\[\]]*\]")
_BEFORE_WORDS = re.compile(r"(?:\s|</a>|<br\s*/?>)+")
_EMPTY = re.compile(rf"<({'|'.join(sorted(_INLINE))}|p)\b[^<>]*>(\s*)</\1>")
# Elements around a picture that become empty when it leaves them; deeper ones stay.
_EMPTY_DEPTH = 10
# Elements around a picture that are looked at.
_AROUND = 20


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    # Its start tag: the text, and where it begins and ends.
    source: str
    start: int
    end: int
    # Counted from 1.
    line: int


@dataclass
class Image(Element):
    # The elements around it, from the outer to the inner; of many, the inner ones.
    around: tuple[Element, ...]


@dataclass
class Link(Element):
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str


class PositionedParser(HTMLParser):
    """A parser that knows where in the text it is, and which elements are open."""

    def __init__(self, text: str, *, convert_charrefs: bool):
        super().__init__(convert_charrefs=convert_charrefs)
        self.text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def parse(self) -> None:
        # What is no whole tag costs the parser the square of its length.
        self.feed(self.text[: self.text.rfind(">") + 1])
        self.close()

    @property
    def position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


class Markup(PositionedParser):
    """The pictures and links of ``text``."""

    def __init__(self, text: str):
        super().__init__(text, convert_charrefs=True)
        self.images: list[Image] = []
        self.links: list[Link] = []
        self._open: list[Element] = []
        # Without it, each stray end tag would take the time of all open elements.
        self._open_tags: Counter[str] = Counter()
        self._captions = _caption_spans(text)
        self.parse()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source, start = self.get_starttag_text() or "", self.position
        place = (
            tag,
            {name: value or "" for name, value in attrs},
            source,
            start,
            start + len(source),
            self.getpos()[0],
        )
        if tag == "img":
            self.images.append(Image(*place, around=tuple(self._open[-_AROUND:])))
        if tag in VOID:
            return
        element = Link(*place) if tag == "a" else Element(*place)
        if isinstance(element, Link):
            self.links.append(element)
        self._open.append(element)
        self._open_tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        while self._open_tags[tag]:
            element = self._open.pop()
            self._open_tags[element.tag] -= 1
            if element.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open_tags["a"] and self.links:
            self.links[-1].words.append(data)

    def shown(self, image: Image, address: str, alt: str) -> Edit:
        """The change that shows the picture at ``address`` in a figure of its own, with its caption."""
        start, end = image.start, image.end
        caption = next((span for span in self._captions if span[0] < start < span[2]), None)
        words = ""
        if caption:
            start, end = caption[0], caption[3]
            words = _BEFORE_WORDS.sub("", self.text[image.end : caption[2]], count=1).strip()
        around: list[Element] = []
        for element in reversed([each for each in image.around if each.start < start]):
            if element.tag not in _INLINE and element.tag != "p":
                break
            around.append(element)
            if element.tag == "p":
                break
        inside_figure = any(element.tag == "figure" for element in image.around if element.start < start)
        picture = f'<img src="{escape(address)}" alt="{escape(alt)}">'
        if not inside_figure:
            picture = f"<figure>{picture}{f'<figcaption>{words}</figcaption>' if words else ''}</figure>"
        closed = "".join(f"</{element.tag}>" for element in around)
        opened = "".join(element.source for element in reversed(around))
        text = f"{closed}{picture}{opened}"
        # The report names lines of the text.
        return Edit(start, end, text + "\n" * (self.text.count("\n", start, end) - text.count("\n")))


def changed(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` after the changes, without the elements that they leave empty."""
    pieces, end = [], 0
    for edit in sorted(edits, key=lambda each: each.start):
        # Of two pictures in one caption, the first counts.
        if edit.start >= end:
            pieces += [text[end : edit.start], edit.text]
            end = edit.end
    if not pieces:
        return text
    whole = "".join([*pieces, text[end:]])
    for _pass in range(_EMPTY_DEPTH):
        whole, number = _EMPTY.subn(r"\2", whole)
        if not number:
            break
    return whole


def _caption_spans(text: str) -> list[tuple[int, int, int, int]]:
    """Where each [caption] begins and ends, then its [/caption]."""
    spans, opened = [], None
    for match in _CAPTION.finditer(text):
        if not match["end"]:
            opened = match
        elif opened:
            spans.append((opened.start(), opened.end(), match.start(), match.end()))
            opened = None
    return spans
