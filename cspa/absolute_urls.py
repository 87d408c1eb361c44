"""Absolute addresses of this site, and its pages in their other languages."""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language, override

if TYPE_CHECKING:
    from django.contrib.sites.models import Site
    from django.contrib.sites.requests import RequestSite


class Unreadable(BadRequest):
    """A parameter that cannot be read; the words are for the reader, in the reader's language."""


def origin(request: HttpRequest) -> str:
    """Scheme and host of absolute links: SITE_URL, else those of the request."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def absolute(request: HttpRequest, path: str) -> str:
    """``path`` as an absolute address."""
    return origin(request) + path


def address(name: str, *arguments: str | int, language: str | None = None) -> str:
    """The path of the page ``name`` in ``language`` (default: the active one), as ``reverse`` finds it.

    It is a matter of the code alone, and lists ask for the same ones again and again: so it is remembered.
    """
    return _address(name, arguments, language or get_language())


@lru_cache(maxsize=20_000)
def _address(name: str, arguments: tuple[str | int, ...], language: str) -> str:
    with override(language):
        return reverse(name, args=arguments)


def in_languages(path: str) -> dict[str, str]:
    """The address of the page at ``path`` in each language, by code: they differ in their beginning alone."""
    codes, prefix = [code for code, _name in settings.LANGUAGES], get_script_prefix()
    language, slash, rest = path.removeprefix(prefix).partition("/")
    return {code: f"{prefix}{code}/{rest}" if slash and language in codes else path for code in codes}


class SiteSitemap(Sitemap):  # type: ignore[type-arg]  # not generic at run time
    """A sitemap whose addresses follow SITE_URL."""

    limit = 5000

    def get_domain(self, site: "Site | RequestSite | None" = None) -> str:
        return settings.SITE_URL.partition("://")[2] or super().get_domain(site)

    def get_protocol(self, protocol: str | None = None) -> str:
        return settings.SITE_URL.partition("://")[0] or super().get_protocol(protocol)
