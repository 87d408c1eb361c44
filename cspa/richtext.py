"""Rich text with a closed set of HTML elements, sanitised when it is saved and again when it is rendered."""

import re
from collections.abc import Callable, Sequence
from html import unescape
from itertools import count

import nh3
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

TAGS = {"p", "h2", "h3", "ul", "ol", "li", "a", "strong", "em", "blockquote", "br", "figure", "img", "figcaption"}
# Folder of uploaded pictures; texts may contain no others.
PICTURES = "pictures/"
MAX_LENGTH = 200_000
# The run time of the sanitiser is quadratic in the depth.
MAX_DEPTH = 200

# Characters that neither HTML nor XML allows, even as references: a feed with one of them cannot be parsed.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BLOCK_END = re.compile("</(?:p|h2|h3|li|blockquote|figcaption)>|<br>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_SPEAKER = re.compile(r"<blockquote>((?:(?!<blockquote>).)*?)<p>\s*[—–]\s*((?:(?!</p>).)*)</p>\s*</blockquote>", re.S)
_UPLOADED = re.compile(rf"{re.escape(settings.MEDIA_URL + PICTURES)}[A-Za-z0-9_-]+\.jpg")
# An attribute may hold ">".
_IMAGE = r'<img((?:\s+[a-z]+="[^"]*")*)\s*>'
_FIGURE = re.compile(rf"<figure>\s*{_IMAGE}\s*(?:<figcaption>((?:(?!</?fig|<img).)*)</figcaption>)?\s*</figure>", re.S)
_LOOSE = re.compile(f"</?fig(?:ure|caption)>|{_IMAGE}")
_LINK = re.compile('<a [^>]*?href="([^"]*)"')
_ELEMENT = re.compile('<[^<>"]*(?:"[^"]*"[^<>"]*)*>')
_ATTRIBUTE = re.compile('(src|alt)="([^"]*)"')


def _depth(html: str) -> int:
    deepest = depth = 0
    for closing, name in _TAG.findall(html):
        # A following p or li closes p and li without an end tag.
        if name.lower() not in {"br", "img", "hr", "p", "li"}:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


class SafeHtml(str):
    """Sanitised HTML, which ``sanitise`` returns unchanged."""

    __slots__ = ()


def sanitise(html: str) -> SafeHtml:
    """``html`` reduced to the allowed elements and attributes.

    Raise ValidationError if it is longer than MAX_LENGTH characters or nested deeper than MAX_DEPTH.
    """
    if isinstance(html, SafeHtml):
        return html
    if len(html) > MAX_LENGTH or _depth(html) > MAX_DEPTH:
        raise ValidationError(_("The text is too long or its elements are nested too deeply."), code="too_much")
    clean = _clean(_NO_TEXT.sub("", html))
    # References such as java&#1;script: are decoded by the sanitiser; without the character the text may be unsafe.
    if _NO_TEXT.search(clean):
        clean = _clean(_NO_TEXT.sub("", clean))
    restricted = _only_uploaded_pictures(clean)
    # Removing a figure may leave invalid nesting, such as a heading within a heading.
    if restricted != clean:
        restricted = _only_uploaded_pictures(_clean(restricted))
    return SafeHtml(restricted.strip())


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href", "hreflang"}, "img": {"src", "alt"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def _only_uploaded_pictures(html: str) -> str:
    """``html`` with uploaded pictures only, each in a figure of its own; of other figures only the caption remains."""
    pieces, end = [], 0
    for match in _FIGURE.finditer(html):
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        caption = _LOOSE.sub("", match[2] or "")
        figure = caption
        if _UPLOADED.fullmatch(attributes.get("src", "")):
            image = f'<img src="{attributes["src"]}" alt="{attributes.get("alt", "")}">'
            figure = f"<figure>{image}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"
        pieces += [_LOOSE.sub("", html[end : match.start()]), figure]
        end = match.end()
    return "".join([*pieces, _LOOSE.sub("", html[end:])])


def pictures(html: str) -> list[tuple[str, str]]:
    """URL and alternative text, which may be empty, of each picture in the sanitised ``html``."""
    found = (dict(_ATTRIBUTE.findall(match[1])) for match in _FIGURE.finditer(html))
    return [(unescape(attributes["src"]), unescape(attributes["alt"])) for attributes in found]


def links(html: str) -> list[str]:
    """URL of each link in the sanitised ``html``."""
    return [unescape(address) for address in _LINK.findall(html)]


def plain_text(html: str) -> str:
    """Plain text of the sanitised ``html``, with a space between blocks."""
    return unescape(_ELEMENT.sub("", _BLOCK_END.sub(" ", html))).strip()


def quotations(html: str) -> list[tuple[str, str]]:
    """Text and caption of each quotation with a speaker in the sanitised ``html``, as plain text.

    The last paragraph of a quotation names the speaker if it starts with a dash (editorial handbook, "Quotations").
    """
    return [(plain_text(words), plain_text(caption)) for words, caption in _SPEAKER.findall(html)]


def render_html(
    html: str, captions: Sequence[str] = (), picture: Callable[[str, str], tuple[str, str]] | None = None
) -> SafeString:
    """``html`` sanitised and rendered for a page: quotations as figures with their speaker, and responsive pictures.

    ``captions`` replace the captions of the quotations in the text, in order. ``picture`` returns, for the URL and the
    alternative text of a picture, its element and its credit. Both must be trusted HTML.
    """
    numbers = count()

    def quotation(match: re.Match[str]) -> str:
        number = next(numbers)
        caption = captions[number] if number < len(captions) else match[2]
        return (
            f'<figure class="quotation"><blockquote>{match[1]}</blockquote><figcaption>{caption}</figcaption></figure>'
        )

    def figure(match: re.Match[str]) -> str:
        if picture is None:
            return match[0]
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        image, credit = picture(unescape(attributes["src"]), unescape(attributes["alt"]))
        words = " · ".join(filter(None, [match[2], credit]))
        return f'<figure class="picture">{image}{f"<figcaption>{words}</figcaption>" if words else ""}</figure>'

    # Replace pictures first: their pattern would match the figures of quotations.
    return mark_safe(_SPEAKER.sub(quotation, _FIGURE.sub(figure, sanitise(html))))  # noqa: S308  sanitised on this line
