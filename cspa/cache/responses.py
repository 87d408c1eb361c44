"""Responses: what Django answers to a request of the page cache, and the form in which a page is stored."""

import gzip
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from http import HTTPStatus
from io import BytesIO
from typing import Any

import brotli
from django.conf import settings
from django.core.handlers.wsgi import get_path_info
from django.db import DEFAULT_DB_ALIAS
from django.template.loader import render_to_string
from django.utils.translation import get_language_from_path, override

from cspa.db.snapshot import read_snapshot

from .body_files import BodyFile, collect, send
from .keys import CacheKey
from .replicas import read_from
from .versions import TableVersions, tables_read, tracked_tables

type StartResponse = Callable[..., Any]
type Headers = list[tuple[str, str]]

# Below that, compressing gains nothing.
MIN_COMPRESS_BYTES = 200
# An environ key: the status with which Django refuses the request at once, such as 503 while the database is down.
REFUSED = "cspa.refused"
# An environ key: the alias of the database of which the whole page is read from one snapshot.
SNAPSHOT = "cspa.snapshot"
# What Django sees of a request for a page that all readers share, beside the key.
FORWARDED_ENVIRON = {
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SCRIPT_NAME",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_PROTO",
    REFUSED,
}


@dataclass(frozen=True, slots=True)
class Response:
    """A response of the page cache."""

    status: HTTPStatus
    headers: Headers
    body: bytes | BodyFile = b""

    def send(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        # A copy: servers may add headers of their own.
        start_response(f"{self.status} {self.status.phrase}", list(self.headers))
        return send(self.body, environ) if self.body else ()


@dataclass
class CachedResponse:
    """A rendered page with the versions of the tables that were read for it."""

    table_versions: dict[str, Any]
    # The snapshot that the versions were last compared with.
    checked: TableVersions | None
    # Without those of one encoding.
    headers: Headers
    etag: str
    body: bytes | BodyFile
    # Seconds since 1970.
    created_at: float
    # By whether the reader has the page already, and by encoding.
    variants: dict[tuple[bool, str], Response] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "checked": None, "variants": {}}

    @property
    def size(self) -> int:
        """Bytes of the file; in memory an estimate with compressed bodies and headers. It does not change later."""
        return self.body.size if isinstance(self.body, BodyFile) else 2 * len(self.body) + 2000

    @property
    def is_of_the_past(self) -> bool:
        """False for a page that was rendered while the clock was ahead: it may show a day that is still to come."""
        return self.created_at <= time.time()

    def is_fresh(self, versions: TableVersions) -> bool:
        """Whether no table that was read for the page has changed."""
        if self.checked is versions:
            return True
        if versions.matches(self.table_versions):
            self.checked = versions
            return True
        return False

    def respond(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request with ``response``."""
        return self.response(environ).send(environ, start_response)

    def response(self, environ: dict[str, Any]) -> Response:
        """The page, compressed as the request allows; 304 where the reader has it already."""
        encoding = ""
        if isinstance(self.body, bytes) and len(self.body) >= MIN_COMPRESS_BYTES:
            encoding = best_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        variant = (_has_etag(environ, self.etag), encoding)
        response = self.variants.get(variant) or self.variants.setdefault(variant, self._variant(*variant))
        return response if environ["REQUEST_METHOD"] == "GET" else replace(response, body=b"")

    def _variant(self, is_known: bool, encoding: str) -> Response:
        headers = [*self.headers, ("ETag", f"W/{self.etag}" if encoding else self.etag)]
        if is_known:
            return Response(HTTPStatus.NOT_MODIFIED, headers)
        body = self.body
        if encoding and isinstance(body, bytes):
            body = COMPRESSORS[encoding](body)
            headers.append(("Content-Encoding", encoding))
        headers.append(("Content-Length", str(_length(body))))
        return Response(HTTPStatus.OK, headers, body)

    def stale_response(self, environ: dict[str, Any]) -> Response:
        """The page while the database is down, with its age in words and in Cache-Status (RFC 9211)."""
        age = max(0, int(time.time() - self.created_at))
        headers = [header for header in self.headers if header[0] not in ("Cache-Control", "CDN-Cache-Control")]
        body = self.body
        if dict(self.headers)["Content-Type"].startswith("text/html"):
            context = {"created_at": datetime.fromtimestamp(self.created_at, UTC)}
            with override(get_language_from_path(get_path_info(environ))):
                notice = render_to_string("components/old_copy.html", context)
            whole = body.read() if isinstance(body, BodyFile) else body
            begin, main, rest = whole.partition(b"<main")
            body = begin + notice.encode() + main + rest
        headers += [
            ("Age", str(age)),
            ("Cache-Status", f"site; hit; ttl=-{age}"),
            ("Cache-Control", "no-store"),
            ("Content-Length", str(_length(body))),
        ]
        return Response(HTTPStatus.OK, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body)


@dataclass
class DjangoResponse:
    """Django's response to a request for a cache key, and the tables that were read for it."""

    status: str
    headers: Headers
    body: Iterable[bytes]
    tables: frozenset[str] = frozenset()
    # The whole of a body that Django streams.
    collected: bytes | BodyFile | None = None

    @classmethod
    def fetch(
        cls, django: Callable, key: CacheKey, environ: dict[str, Any], alias: str = DEFAULT_DB_ALIAS
    ) -> "DjangoResponse":
        """Call Django, which reads from one snapshot of the database ``alias``, and a stream from another."""
        started: list[Any] = []
        with read_from(alias), tables_read() as tables:
            request = _environ(key, environ) | {SNAPSHOT: alias}
            body = django(request, lambda *arguments: started.extend(arguments[:2]))
            response = cls(*started, body)
            if response.is_shared and getattr(body, "streaming", False):
                try:
                    with read_snapshot(alias):
                        response.collected, etag = collect(body)
                finally:
                    response.close()
                response.headers.append(("ETag", etag))
        response.tables = frozenset(tables)
        return response

    @property
    def is_shared(self) -> bool:
        """Whether the response is a page or a file for all readers, and no error."""
        found = {name.lower(): value for name, value in self.headers}
        return (
            self.status.startswith("200")
            and "set-cookie" not in found
            and "cache-control" not in found
            and self._vary <= {"accept-language"}
        )

    @property
    def _vary(self) -> set[str]:
        values = [value for name, value in self.headers if name.lower() == "vary"]
        return {name.strip().lower() for value in values for name in value.split(",")} - {""}

    def to_cached(self, versions: TableVersions) -> CachedResponse | None:
        """The page to store; None for an error, or what is meant for one reader."""
        etag = next((value for name, value in self.headers if name.lower() == "etag"), None)
        if not self.is_shared or etag is None or not self.tables <= tracked_tables():
            return None
        if self.collected is None:
            self.collected, _etag = collect(self.body)
            self.close()
        headers = [header for header in self.headers if header[0].lower() not in ("etag", "content-length", "vary")]
        headers.append(("Vary", ", ".join(sorted({"Accept-Encoding", *(name.title() for name in self._vary)}))))
        headers.append(("Cache-Control", "public, max-age=0, stale-if-error=86400"))
        headers += _cdn_headers(self.tables)
        return CachedResponse(
            versions.subset(self.tables), versions, headers, etag, self.collected, created_at=time.time()
        )

    def forward(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer with the response as it is; 304 where the reader has it, as Django saw no If-None-Match."""
        etag = next((value for name, value in self.headers if name.lower() == "etag"), None)
        if self.status.startswith("200") and etag and _has_etag(environ, etag):
            self.close()
            headers = [header for header in self.headers if header[0].lower() != "content-length"]
            start_response("304 Not Modified", headers)
            return ()
        start_response(self.status, self.headers)
        return self.body if self.collected is None else send(self.collected, environ)

    def close(self) -> None:
        """Release the body of a response that nobody reads."""
        if hasattr(self.body, "close"):
            self.body.close()


def _environ(key: CacheKey, environ: dict[str, Any]) -> dict[str, Any]:
    """A request for ``key`` and nothing else: no other header of a reader can end up in a page."""
    forwarded = {
        name: value
        for name, value in environ.items()
        if name in FORWARDED_ENVIRON or (name.startswith("wsgi.") and name != "wsgi.file_wrapper")
    }
    return forwarded | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": key.path,
        "QUERY_STRING": key.query,
        "HTTP_ACCEPT_LANGUAGE": key.language,
        "wsgi.input": BytesIO(),
    }


def _cdn_headers(tables: frozenset[str]) -> Headers:
    """Lifetime in a network in front (RFC 9213) and the keys to purge it by; none unless CDN_MAX_AGE is set."""
    seconds = settings.CDN_MAX_AGE
    if not seconds:
        return []
    lifetime = f"max-age={seconds}, stale-while-revalidate={seconds}, stale-if-error=86400"
    names = sorted(tables)
    return [("CDN-Cache-Control", lifetime), ("Surrogate-Key", " ".join(names)), ("Cache-Tag", ",".join(names))]


def _length(body: bytes | BodyFile) -> int:
    return body.size if isinstance(body, BodyFile) else len(body)


def _has_etag(environ: dict[str, Any], etag: str) -> bool:
    """Whether If-None-Match names ``etag`` (RFC 9110, 13.1.2: the weak comparison)."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    return known is not None and (etag in known or known == "*")


COMPRESSORS = {
    "br": partial(brotli.compress, quality=5),
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
}


@lru_cache(maxsize=256)
def best_encoding(accept_encoding: str) -> str:
    """The best encoding that Accept-Encoding allows (RFC 9110, 12.5.3); empty for none."""
    parts = [part.replace(" ", "").partition(";") for part in accept_encoding.lower().split(",")]
    refused = re.compile(r"q=0(\.0*)?")
    allowed = {name for name, _semicolon, quality in parts if not refused.fullmatch(quality)}
    return next((name for name in COMPRESSORS if name in allowed), "")
