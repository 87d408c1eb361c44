"""Template tags and filters of all pages."""

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

from cspa.pagination import POSITIONS, Keyset

from .. import charts, richtext
from ..absolute_urls import absolute_url, cached_reverse, translated_urls
from ..exports import feeds
from ..i18n import Localised

register = template.Library()

register.filter("printable", feeds.printable)
register.filter("richtext", richtext.render_html)
register.simple_tag(charts.hemicycle)
register.simple_tag(charts.seat_outline)
register.simple_tag(charts.share)

SECTIONS = {
    "assembly": "assembly:assembly",
    "delegations": "delegations:directory",
    "news": "news:feed",
    "about": "about",
    "search": "search",
}


@register.filter
def marked(text: str) -> str | SafeString:
    """``text`` in an element with its ``lang``, if its language differs from that of the page."""
    if isinstance(text, Localised) and text and text.lang != get_language():
        return format_html('<span lang="{}">{}</span>', text.lang, str(text))
    return str(text) if isinstance(text, Promise) else text


@register.filter
def published(number: int | None) -> str | SafeString:
    """``number``, or "not published" for None, which must not look like zero."""
    return str(number) if number is not None else format_html('<span class="unknown">{}</span>', _("not published"))


@register.filter
def period(row) -> str:
    """Period of a dated row as text, in the precision of its dates; an exact end becomes the last day in office."""
    start = row.starts.words if row.starts else ""
    if row.ended:
        if start:
            return _("from %(start)s; ended, date not known") % {"start": start}
        return _("ended, date not known")
    if row.end is None:
        return _open_period(row, start)
    end = type(row.ends)(row.last_day).words if row.last_day else row.ends.words
    if start:
        return _("%(start)s – %(end)s") % {"start": start, "end": end}
    return _("until %(end)s; since when: not recorded") % {"end": end}


def _open_period(row, start: str) -> str:
    if not start:
        return _("date not recorded")
    if row.starts.quality != "by":
        return _("%(start)s – to date") % {"start": start}
    if row.last_recorded == row.start:
        return _("%(start)s; nothing later is recorded") % {"start": start}
    return _("%(start)s; last recorded on %(day)s") % {"start": start, "day": day(row.last_recorded)}


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Icon from templates/icons/NAME.svg, hidden from screen readers."""
    return mark_safe(render_to_string(f"icons/{name}.svg"))  # noqa: S308  a template of the project


@register.filter
def day(value: date | None) -> str:
    """``value`` in the long date format of the active language."""
    return _day(value, get_language()) if value else ""


@lru_cache(maxsize=5000)
def _day(value: date, language: str) -> str:
    return date_format(value, "DATE_FORMAT")


@register.simple_tag
def json_ld(data: dict) -> SafeString:
    """JSON-LD block of ``data``; the escapes keep text such as </script> from ending the block."""
    text = json.dumps(data, ensure_ascii=False).translate({60: "\\u003C", 62: "\\u003E", 38: "\\u0026"})
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308  escaped above


@register.simple_tag(takes_context=True)
def absolute_address(context, path: str, query: str = "") -> str:
    return absolute_url(context["request"], path) + query


@register.simple_tag(takes_context=True)
def place(context) -> tuple[str, str]:
    """Section of the main navigation that contains the page, and its aria-current value; empty if there is none."""
    path = context["request"].path if "request" in context else ""
    for section, name in SECTIONS.items():
        if path.startswith(start := cached_reverse(name)):
            return section, "page" if path == start else "true"
    return "", ""


@register.simple_tag
def current(place: tuple[str, str], section: str) -> SafeString | str:
    """Attribute aria-current of the navigation item ``section``, for a page in ``place``."""
    return mark_safe(f' aria-current="{place[1]}"') if place[0] == section else ""  # noqa: S308  one of two words


def _versions(context) -> dict[str, str]:
    """URLs of the page in the languages in which it exists, by code; empty on an error page."""
    request = context.get("request")
    if request is None or context.get("is_error") or not getattr(request, "resolver_match", None):
        return {}
    return context.get("versions") or translated_urls(request.path)


@register.simple_tag(takes_context=True)
def language_links(context) -> list[dict]:
    """Links of the language switch: to the translated page, else to the page that the view names, else home."""
    versions, links = _versions(context), []
    request = context.get("request")
    parameters = request.GET.copy() if request and versions else None
    if parameters:
        # Positions differ between the lists of two languages.
        for place in POSITIONS:
            parameters.pop(place, None)
    for code, name in settings.LANGUAGES:
        url = versions.get(code) or cached_reverse(context.get("instead", "home"), language=code)
        if code in versions and parameters:
            url = f"{url}?{parameters.urlencode()}"
        links.append(
            {"code": code, "name": name, "url": url, "current": code == get_language(), "exists": code in versions}
        )
    return links


@register.simple_tag(takes_context=True)
def for_robots(context) -> bool:
    """Whether robots may index the page: no private page, and no day, filter or search, of which there is no end."""
    # Parameters that cannot be parsed have led to an error page.
    chosen = context["request"].GET.lists() if _versions(context) else ()
    is_filtered = any(any(values) for name, values in chosen if name not in (*POSITIONS, "on"))
    return not (is_filtered or context.get("on") or context.get("private"))


@register.simple_tag(takes_context=True)
def page_links(context) -> dict:
    """Canonical URL of the page and URLs of its translations, absolute; empty for a private page."""
    versions = _versions(context)
    if not versions or context.get("private"):
        return {"canonical": "", "alternates": []}
    request, numbered, on = context["request"], context.get("page_obj"), context.get("on", "")
    placed = context.get("page")
    later = placed.query if isinstance(placed, Keyset) else ""
    later = later or (f"?page={numbered.number}" if numbered and numbered.number > 1 else "")
    path = request.path + (on or later)
    alternates = [] if on or later else [(code, absolute_url(request, url)) for code, url in versions.items()]
    return {"canonical": absolute_url(request, path), "alternates": alternates if len(alternates) > 1 else []}
