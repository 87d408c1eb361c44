"""Absolute addresses of this site, and its pages in their other languages."""

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import translate_url


class Unreadable(BadRequest):
    """A parameter that cannot be read; the words are for the reader, in the reader's language."""


def origin(request: HttpRequest) -> str:
    """Scheme and host of absolute links: SITE_URL, else those of the request."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def absolute(request: HttpRequest, path: str) -> str:
    """``path`` as an absolute address."""
    return origin(request) + path


def in_languages(path: str) -> dict[str, str]:
    """The address of the page at ``path`` in each language, by code."""
    return {code: translate_url(path, code) for code, _name in settings.LANGUAGES}


class SiteSitemap(Sitemap):
    """A sitemap whose addresses follow SITE_URL."""

    limit = 5000

    def get_domain(self, site=None) -> str:
        return settings.SITE_URL.partition("://")[2] or super().get_domain(site)

    def get_protocol(self, protocol=None) -> str:
        return settings.SITE_URL.partition("://")[0] or super().get_protocol(protocol)
