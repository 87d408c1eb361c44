"""Absolute URLs of the site, and the URLs of a page in the other languages."""

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


class InvalidParameter(BadRequest):
    """A query parameter with an invalid value; the error page shows the translated message."""


def base_url(request: HttpRequest) -> str:
    """Scheme and host of absolute URLs: SITE_URL if set, else those of the request."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def absolute_url(request: HttpRequest, path: str) -> str:
    return base_url(request) + path


def cached_reverse(name: str, *arguments: str | int, language: str | None = None) -> str:
    """Path of the view ``name`` in ``language`` (default: the active one), from a cache in front of ``reverse``.

    A path depends on nothing but the URLconf, so no entry becomes stale; lists reverse the same names many times.
    """
    return _reverse(name, arguments, language or get_language())


@lru_cache(maxsize=20_000)
def _reverse(name: str, arguments: tuple[str | int, ...], language: str) -> str:
    with override(language):
        return reverse(name, args=arguments)


def translated_urls(path: str) -> dict[str, str]:
    """Path of the page at ``path`` in each language, by code; the paths differ in the language prefix only."""
    codes, prefix = [code for code, _name in settings.LANGUAGES], get_script_prefix()
    language, slash, rest = path.removeprefix(prefix).partition("/")
    return {code: f"{prefix}{code}/{rest}" if slash and language in codes else path for code in codes}


class SiteSitemap(Sitemap):  # type: ignore[type-arg]  # not generic at run time
    """Sitemap with the scheme and host of SITE_URL."""

    limit = 5000

    def get_domain(self, site: "Site | RequestSite | None" = None) -> str:
        return settings.SITE_URL.partition("://")[2] or super().get_domain(site)

    def get_protocol(self, protocol: str | None = None) -> str:
        return settings.SITE_URL.partition("://")[0] or super().get_protocol(protocol)
