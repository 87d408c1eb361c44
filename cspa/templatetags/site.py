"""Tags of every page."""

import json
from datetime import date
from functools import cache, lru_cache

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cspa.pagination import Keyset

from .. import charts, richtext
from ..absolute_urls import absolute, address, in_languages
from ..exports import feeds
from ..i18n import Localised

register = template.Library()

register.filter("printable", feeds.printable)

SECTIONS = {"delegations": "delegations:directory", "news": "news:feed", "about": "about", "search": "search"}


@register.filter
def marked(text: str) -> str | SafeString:
    """``text``, with its language in the markup where it is not the page's."""
    if isinstance(text, Localised) and text and text.lang != get_language():
        return format_html('<span lang="{}">{}</span>', text.lang, str(text))
    return str(text) if isinstance(text, Promise) else text


@register.filter
def published(number: int | None) -> str | SafeString:
    """``number``, or that none is published; never zero for what nobody stated."""
    return str(number) if number is not None else format_html('<span class="unknown">{}</span>', _("not published"))


@register.filter(name="richtext")
def richtext_filter(html: str) -> SafeString:
    """A stored body for a page."""
    return richtext.rendered(html)


@register.filter
def period(row) -> str:
    """The period of a dated row in words, as precise as known; the last day in office where it is exact."""
    start = row.starts.words if row.starts else ""
    if row.ended:
        if start:
            return _("from %(start)s; ended, date not known") % {"start": start}
        return _("ended, date not known")
    if row.end is None:
        return _("%(start)s – to date") % {"start": start} if start else _("since when: not recorded")
    end = type(row.ends)(row.last_day).words if row.last_day else row.ends.words
    if start:
        return _("%(start)s – %(end)s") % {"start": start, "end": end}
    return _("until %(end)s; since when: not recorded") % {"end": end}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The drawing templates/icons/NAME.svg, which says nothing to a screen reader."""
    return _drawing(name)


@cache
def _drawing(name: str) -> SafeString:
    return mark_safe(render_to_string(f"icons/{name}.svg"))  # noqa: S308  the project's own file


@register.filter
def day(value: date | None) -> str:
    """``value`` as the active language writes it in full."""
    return _day(value, get_language()) if value else ""


@lru_cache(maxsize=5000)
def _day(value: date, language: str) -> str:
    return date_format(value, "DATE_FORMAT")


@register.simple_tag
def hemicycle(groups: list[tuple[int, int]]) -> charts.Hemicycle:
    """The seat diagram of (filled, all) seats a group."""
    return charts.hemicycle(groups)


@register.simple_tag
def share(part: int, whole: int) -> charts.Share:
    """The bar of ``part`` of ``whole``."""
    return charts.share(part, whole)


@register.simple_tag(takes_context=True)
def query(context, **parameters) -> str:
    """The present query string with ``parameters`` replaced; one that is None is left out."""
    values = context["request"].GET.copy()
    for name, value in parameters.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return "?" + values.urlencode()


@register.simple_tag
def json_ld(data: dict) -> SafeString:
    """``data`` as a block that no browser runs; nothing in it can end the block."""
    text = json.dumps(data, ensure_ascii=False).translate({60: "\\u003C", 62: "\\u003E", 38: "\\u0026"})
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308  escaped above


@register.simple_tag(takes_context=True)
def absolute_address(context, path: str, query: str = "") -> str:
    """The permanent address of ``path`` with its ``query``."""
    return absolute(context["request"], path) + query


@register.simple_tag(takes_context=True)
def place(context) -> tuple[str, str]:
    """The entry of the main navigation that the page lies in, and its aria-current; empty texts where in none."""
    path = context["request"].path if "request" in context else ""
    for section, name in SECTIONS.items():
        if path.startswith(start := address(name)):
            return section, "page" if path == start else "true"
    return "", ""


@register.simple_tag
def current(place: tuple[str, str], section: str) -> SafeString | str:
    """The attribute aria-current for the entry ``section`` of a page in ``place``."""
    return mark_safe(f' aria-current="{place[1]}"') if place[0] == section else ""  # noqa: S308  one of two words


def _versions(context) -> dict[str, str]:
    """The addresses of the page in the languages it exists in; none on an error page."""
    request = context.get("request")
    if request is None or context.get("is_error") or not getattr(request, "resolver_match", None):
        return {}
    return context.get("versions") or in_languages(request.path)


@register.simple_tag(takes_context=True)
def language_links(context) -> list[dict]:
    """Where the language switch leads: to this page, else to what the view names instead, else home."""
    versions, links = _versions(context), []
    request = context.get("request")
    parameters = request.GET.copy() if request and versions else None
    if parameters:
        for place in ("page", "before", "after"):  # the other language has other pages
            parameters.pop(place, None)
    for code, name in settings.LANGUAGES:
        url = versions.get(code) or address(context.get("instead", "home"), language=code)
        if code in versions and parameters:
            url = f"{url}?{parameters.urlencode()}"
        links.append(
            {"code": code, "name": name, "url": url, "current": code == get_language(), "exists": code in versions}
        )
    return links


@register.simple_tag(takes_context=True)
def page_links(context) -> dict:
    """The canonical address of the page and its versions in other languages, all absolute; none of a private page."""
    versions = _versions(context)
    if not versions or context.get("private"):
        return {"canonical": "", "alternates": []}
    request, numbered, on = context["request"], context.get("page_obj"), context.get("on", "")
    placed = context.get("page")
    later = placed.query if isinstance(placed, Keyset) else ""
    later = later or (f"?page={numbered.number}" if numbered and numbered.number > 1 else "")
    path = request.path + (on or later)
    alternates = [] if on or later else [(code, absolute(request, url)) for code, url in versions.items()]
    return {"canonical": absolute(request, path), "alternates": alternates if len(alternates) > 1 else []}
