"""What a text loses when it is reduced to the elements that texts may hold."""

from collections import Counter
from html.parser import HTMLParser

from cspa.richtext import sanitise

# Written either way.
_SAME = {"b": "strong", "i": "em"}
# They say nothing of a text.
_WITHOUT_MEANING = {"html", "head", "body", "span", "font", "tbody", "thead", "colgroup", "col", "meta", "wbr"}


class _Elements(HTMLParser):
    """The elements of a text with the lines on which they begin, counted from 0."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, int]] = []
        # What is no whole tag costs the parser the square of its length.
        self.feed(html[: html.rfind(">") + 1])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _WITHOUT_MEANING:
            self.found.append((_SAME.get(tag, tag), self.getpos()[0] - 1))


def lost_elements(html: str) -> dict[str, tuple[int, int]]:
    """Return by each element that ``html`` loses the number and the line of the first, counted from 0."""
    clean = sanitise(html)
    if clean == html:
        return {}
    before = _Elements(html).found
    lost = Counter(name for name, _line in before) - Counter(name for name, _line in _Elements(clean).found)
    first = dict(reversed(before))
    return {name: (number, first[name]) for name, number in lost.items()}
