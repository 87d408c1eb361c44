"""Rich text from a closed set of elements, sanitised when it is saved and again when it is shown."""

import re
from collections.abc import Sequence
from html import unescape
from itertools import count

import nh3
from django.core.exceptions import ValidationError
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

TAGS = {"p", "h2", "h3", "ul", "ol", "li", "a", "strong", "em", "blockquote", "br"}
MAX_LENGTH = 200_000
MAX_DEPTH = 200  # the sanitiser's time grows with the square of the nesting

_BLOCK_END = re.compile("</(?:p|h2|h3|li|blockquote)>|<br>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_SPEAKER = re.compile(r"<blockquote>((?:(?!<blockquote>).)*?)<p>\s*[—–]\s*((?:(?!</p>).)*)</p>\s*</blockquote>", re.S)


def _depth(html: str) -> int:
    deepest = depth = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in {"br", "img", "hr", "p", "li"}:  # p and li close themselves
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


def sanitise(html: str) -> str:
    """``html`` with the allowed elements only.

    Raises ValidationError where it is longer than MAX_LENGTH characters or nested deeper than MAX_DEPTH.
    """
    if len(html) > MAX_LENGTH or _depth(html) > MAX_DEPTH:
        raise ValidationError(_("The text is too long or its elements are nested too deeply."), code="too_much")
    return nh3.clean(
        html.replace("\x00", ""),
        tags=TAGS,
        attributes={"a": {"href", "hreflang"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    ).strip()


def plain(html: str) -> str:
    """The text of ``html``, its blocks apart from each other."""
    return unescape(strip_tags(_BLOCK_END.sub(" ", html))).strip()


def quotations(html: str) -> list[tuple[str, str]]:
    """The words and the caption of each quotation in the sanitised ``html`` that names its speaker, as plain text.

    A last paragraph of a quotation that begins with a dash names the speaker (editorial handbook, "Quotations").
    """
    return [(plain(words), plain(caption)) for words, caption in _SPEAKER.findall(html)]


def rendered(html: str, captions: Sequence[str] = ()) -> SafeString:
    """``html`` for a page: sanitised, and quotations set with their speaker.

    ``captions`` replace what the text itself says under its quotations, in order; each is HTML that can be trusted.
    """
    numbers = count()

    def figure(match: re.Match) -> str:
        number = next(numbers)
        caption = captions[number] if number < len(captions) else match[2]
        return (
            f'<figure class="quotation"><blockquote>{match[1]}</blockquote><figcaption>{caption}</figcaption></figure>'
        )

    return mark_safe(_SPEAKER.sub(figure, sanitise(html)))  # noqa: S308  sanitised in this line
