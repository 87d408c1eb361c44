"""Cache keys: which requests the page cache may answer, and what identifies a page."""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import SuspiciousOperation, TooManyFieldsSent
from django.core.handlers.wsgi import get_path_info
from django.db import DEFAULT_DB_ALIAS
from django.http import QueryDict
from django.urls import Resolver404, resolve
from django.utils.translation import get_language_from_path, override

from cspa.api.middleware import PREFIX, negotiate_language

KEY_CACHE_SIZE = 10_000
# Where files of data are.
DATA = "/data/"
# Path, query and language header together; no link of the site is as long.
MAX_URL_LENGTH = 1000
# Settings that decide what a page says, or who is answered.
KEY_SETTINGS = ("SITE_URL", "TIME_ZONE", "CDN_MAX_AGE", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "BEHIND_PROXY")


def cacheable(view: Callable, *parameters: Any) -> Callable:
    """Let the page cache answer for ``view``, which must answer by address and these query parameters alone.

    A parameter is a name, or a FilterSet or form class, which stands for the names of its fields.
    """
    names: set[str] = set()
    for parameter in parameters:
        fields = getattr(parameter, "base_filters", None) or getattr(parameter, "base_fields", None)
        names.update(fields or [parameter])
    view.cache_parameters = frozenset(names)
    return view


class CacheKey(NamedTuple):
    """What identifies a page. Two requests with the same key get the same page."""

    scheme: str
    host: str
    # As WSGI has it.
    path: str
    # The declared parameters, sorted by name.
    query: str
    # Of the API, whose addresses name no language; else empty.
    language: str

    @property
    def name(self) -> str:
        """The key in a cache that several builds of the site may use."""
        return f"page:{build_id()}:{hashlib.sha256(repr(self).encode()).hexdigest()}"


def cache_key(environ: dict[str, Any]) -> CacheKey | None:
    """The key of the page that a request asks for; None where the cache may not answer it."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in environ:
        return None
    path, query = environ.get("PATH_INFO", "/"), environ.get("QUERY_STRING", "")
    accept_language = environ.get("HTTP_ACCEPT_LANGUAGE", "") if path.startswith(PREFIX) else ""
    if len(path) + len(query) + len(accept_language) > MAX_URL_LENGTH:
        return None
    normalised = normalise_query(path, query, accept_language)
    if normalised is None:
        return None
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "") if settings.BEHIND_PROXY else environ["wsgi.url_scheme"]
    return CacheKey(scheme, environ.get("HTTP_HOST", ""), path, *normalised)


@lru_cache(maxsize=KEY_CACHE_SIZE)
def normalise_query(path: str, query: str, accept_language: str) -> tuple[str, str] | None:
    """The declared parameters of ``query`` in order, and the language of the API; None for a view without cache."""
    readable = get_path_info({"PATH_INFO": path})
    try:
        # Addresses of pages can be resolved in their own language only.
        with override(get_language_from_path(readable)):
            declared = getattr(resolve(readable).func, "cache_parameters", None)
        given = QueryDict(query.encode("latin-1"))
    except (Resolver404, SuspiciousOperation, TooManyFieldsSent):
        return None
    language = ""
    if readable.startswith(PREFIX):
        # The API declares nothing: it answers an unknown parameter with an error.
        declared, language = set(given), negotiate_language(given, accept_language)
    elif declared is not None and (("format" in declared and given.get("format")) or readable.startswith(DATA)):
        # So do files.
        declared = set(given)
    if declared is None:
        return None
    normalised = QueryDict(mutable=True)
    for name in sorted(declared & set(given)):
        normalised.setlist(name, given.getlist(name))
    return normalised.urlencode(), language


@cache
def build_id() -> str:
    """A digest of the site's files as they were when the process began, of KEY_SETTINGS and of the database's name.

    Processes with the same build id render the same pages.
    """
    digest = hashlib.sha256(repr([getattr(settings, name) for name in KEY_SETTINGS]).encode())
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    digest.update(repr([str(database.get(name, "")) for name in ("HOST", "PORT", "NAME")]).encode())
    folders = [path.parent for path in settings.BASE_DIR.glob("*/__init__.py")] + [settings.BASE_DIR / "templates"]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".html", ".svg", ".mo")
    ]
    for path in sorted([*files, *Path(settings.STATIC_ROOT).glob("staticfiles.json")]):
        status = path.stat()
        digest.update(repr((str(path), status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()[:12]
