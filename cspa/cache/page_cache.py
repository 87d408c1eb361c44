"""The pages of readers, kept in front of Django and answered from there as long as nothing in them has changed.

A page is kept under what its address declares, with the versions of the tables that were read for it. It is answered
while they are still the same: without a query, a session or a template. Only views that say so with ``shared()`` are
kept, and the API; they are asked with nothing of the request but address and language.
"""

import gzip
import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import brotli
from cachetools import Cache, LRUCache
from django.conf import settings
from django.core.cache import BaseCache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import SuspiciousOperation, TooManyFieldsSent
from django.core.handlers.wsgi import get_path_info
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.translation import get_language_from_path, override

from ..api.middleware import PREFIX, language_asked
from . import versions
from .replicas import Replicas, reading_from
from .sqlite_backend import FileCache
from .versions import Away, Mark, Versions

type Start = Callable[..., Any]
type Headers = list[tuple[str, str]]

LARGEST = 1024 * 1024  # bytes of a page that is kept
ADDRESSES = 10_000  # whose meaning is remembered
LONGEST = 1000  # letters of an address; more is none of the site's own
LOCKS = 128
MAKING = 15  # seconds that a process may take for a page that others wait for
KEPT = 7 * 24 * 3600  # seconds that a page is kept for the day on which the database is away
COMPRESSED = 200  # bytes; less is not worth it
# Settings that decide what a page says, or who is answered.
DECIDING = ("SITE_URL", "TIME_ZONE", "CDN_SECONDS", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "BEHIND_PROXY")

log = logging.getLogger(__name__)

AWAY = "cspa.database_away"  # in the environ: Django need not try

# What Django sees of a request for a page that all readers share.
PASSED_ON = {"SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SCRIPT_NAME", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO"}


def shared(view: Callable, *parameters: Any) -> Callable:
    """``view``, which answers every reader alike, by its address and these parameters alone.

    A parameter is a name, or a FilterSet or form class that stands for the names of its fields.
    """
    names: set[str] = set()
    for parameter in parameters:
        fields = getattr(parameter, "base_filters", None) or getattr(parameter, "base_fields", None)
        names.update(fields or [parameter])
    view.parameters = frozenset(names)
    return view


# The key


@dataclass(frozen=True, slots=True)
class Address:
    """What a page is made of: two requests with the same address are answered alike."""

    scheme: str
    host: str
    path: str  # as WSGI has it
    query: str  # the declared parameters, in order
    language: str  # that is asked for in a header, where that decides; else empty


@lru_cache(maxsize=ADDRESSES)
def meaning(path: str, query: str, accepted: str) -> tuple[str, str] | None:
    """The query of a shared page without what its view does not declare, and its language; None for other pages.

    The language is empty where the path says it.
    """
    readable = get_path_info({"PATH_INFO": path})
    try:
        with override(get_language_from_path(readable)):  # in which the addresses of pages are resolved
            declared = getattr(resolve(readable).func, "parameters", None)
        given = QueryDict(query.encode("latin-1"))
    except (Resolver404, SuspiciousOperation, TooManyFieldsSent):
        return None
    language = ""
    if readable.startswith(PREFIX):  # where a parameter that is not declared is an error
        declared, language = set(given), language_asked(given, accepted)
    if declared is None:
        return None
    query_of_view = QueryDict(mutable=True)
    for name in sorted(declared & set(given)):
        query_of_view.setlist(name, given.getlist(name))
    return query_of_view.urlencode(), language


def asked(environ: dict[str, Any]) -> Address | None:
    """The address of the page that a request asks for; None where it is not one that all readers share."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in environ:
        return None
    if settings.SESSION_COOKIE_NAME in environ.get("HTTP_COOKIE", ""):
        return None
    path, query = environ.get("PATH_INFO", "/"), environ.get("QUERY_STRING", "")
    accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "") if path.startswith(PREFIX) else ""
    if len(path) + len(query) + len(accepted) > LONGEST or (found := meaning(path, query, accepted)) is None:
        return None
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "") if settings.BEHIND_PROXY else environ["wsgi.url_scheme"]
    return Address(scheme, environ.get("HTTP_HOST", ""), path, *found)


# The page


@dataclass
class Page:
    """An answer, with the numbers of the tables that were read for it."""

    numbers: dict[str, Any]
    mark: Mark | None  # at which the numbers were last compared
    headers: Headers  # without those of one encoding
    etag: str
    body: bytes
    made: float  # seconds since 1970
    encoded: dict[str, bytes] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "mark": None}

    @property
    def size(self) -> int:
        return 2 * len(self.body) + 2000  # with its compressed forms and headers

    def holds(self, mark: Mark) -> bool:
        """Whether nothing in it has changed."""
        if self.mark is mark:
            return True
        if mark.agrees(self.numbers):
            self.mark = mark
            return True
        return False

    def answer(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The page as the request takes it: compressed, or not at all where the reader has it already."""
        encoding = _encoding(environ.get("HTTP_ACCEPT_ENCODING", "")) if len(self.body) >= COMPRESSED else ""
        etag = f"W/{self.etag}" if encoding else self.etag
        if _has(environ, self.etag):
            start("304 Not Modified", [*self.headers, ("ETag", etag)])
            return ()
        headers = [*self.headers, ("ETag", etag)]
        body = self.body
        if encoding:
            body = self.encoded.get(encoding) or self.encoded.setdefault(encoding, COMPRESS[encoding](body))
            headers.append(("Content-Encoding", encoding))
        headers.append(("Content-Length", str(len(body))))
        start("200 OK", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    def answer_old(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The page while the database is away: it says how old it is, to people and to machines (RFC 9211)."""
        age = max(0, int(time.time() - self.made))
        headers = [header for header in self.headers if header[0] not in ("Cache-Control", "CDN-Cache-Control")]
        body = self.body
        if dict(self.headers)["Content-Type"].startswith("text/html"):
            with override(get_language_from_path(get_path_info(environ))):
                words = render_to_string("components/old_copy.html", {"made": datetime.fromtimestamp(self.made, UTC)})
            begin, main, rest = body.partition(b"<main")
            body = begin + words.encode() + main + rest
        headers += [
            ("Age", str(age)),
            ("Cache-Status", f"site; hit; ttl=-{age}"),
            ("Cache-Control", "no-store"),
            ("Content-Length", str(len(body))),
        ]
        start("200 OK", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def _has(environ: dict[str, Any], etag: str) -> bool:
    """Whether If-None-Match names ``etag`` (RFC 9110, 13.1.2: the weak comparison)."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    return known is not None and (etag in known or known == "*")


def _brotli(body: bytes) -> bytes:
    return brotli.compress(body, quality=5)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


COMPRESS = {"br": _brotli, "gzip": _gzip}


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """The best encoding that Accept-Encoding allows (RFC 9110, 12.5.3); empty for none."""
    parts = [part.replace(" ", "").partition(";") for part in accepted.lower().split(",")]
    refused = re.compile(r"q=0(\.0*)?")
    allowed = {name for name, _semicolon, quality in parts if not refused.fullmatch(quality)}
    return next((name for name in COMPRESS if name in allowed), "")


# The layer


class Pages:
    """A WSGI application around ``django`` that answers from what it keeps, where it can."""

    def __init__(self, django: Callable[[dict[str, Any], Start], Iterable[bytes]]):
        self.django = django
        self.versions = Versions()
        self.replicas = Replicas()
        self.kept: LRUCache[Address, Page] = LRUCache(
            settings.PAGES_MEGABYTES * 1024 * 1024, getsizeof=lambda page: page.size
        )
        self.made = 0  # pages, since the start
        self._guard = threading.Lock()
        self._making = [threading.Lock() for _number in range(LOCKS)]

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        address = asked(environ)
        if address is None:
            environ["cspa.pages"] = self  # for cspa.pages.health
            return self.django(environ, start)
        page = self._look(address)
        try:
            mark = self.versions.current()
            if page is None or not page.holds(mark):
                return self._make(address, environ, start)
        except Away:
            return self._without_database(address, environ, start)
        except DatabaseError:  # no table of versions yet: Django says what is wrong
            return self.django(environ, start)
        return page.answer(environ, start)

    def _look(self, address: Address) -> Page | None:
        with self._guard:
            return self.kept.get(address)

    def _keep(self, address: Address, page: Page) -> None:
        with self._guard, suppress(ValueError):  # larger than all there is room for
            self.kept[address] = page

    def _forget(self, address: Address) -> None:
        with self._guard:
            self.kept.pop(address, None)

    def times(self) -> list[float]:
        """When each page that is kept was made, in seconds since 1970."""
        with self._guard:  # past the order of use, which a look must not change
            return [Cache.__getitem__(self.kept, address).made for address in self.kept]

    # A page that is not there, or no longer right

    def _make(self, address: Address, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Have Django make the page, once: whoever else wants it meanwhile waits."""
        with self._making[hash(address) % LOCKS]:
            mark = self.versions.current()
            page = self._look(address)
            if page is not None and page.holds(mark):
                return page.answer(environ, start)
            with shelf.turn(address) as other:
                mark = self.versions.current()
                if other is not None and other.holds(mark):
                    self._keep(address, other)
                    return other.answer(environ, start)
                answer = self._ask(address, environ, mark)
                page = answer.page(mark)
                if page is not None:
                    self.made += 1
                    self._keep(address, page)
                    shelf.put(address, page)
                elif answer.status < "500":  # withdrawn, moved: not even its last good page may be read any more
                    self._forget(address)
                    shelf.forget(address)
        if page is not None:
            return page.answer(environ, start)
        if answer.status.startswith("503"):
            self.versions.fail()
            return self._without_database(address, environ, start, answer)
        return answer.pass_on(environ, start)

    def _ask(self, address: Address, environ: dict[str, Any], mark: Mark) -> "Answer":
        """What Django answers, from a replica where one is as far as the primary and nothing goes wrong there."""
        alias = self.replicas.at(mark)
        answer = Answer.of(self.django, address, environ, alias)
        if alias == DEFAULT_DB_ALIAS or (answer.status < "500" and answer.tables <= versions.tables()):
            return answer
        answer.body.close()
        if answer.status >= "500":
            self.replicas.leave_out(alias)
        return Answer.of(self.django, address, environ)

    def _without_database(
        self, address: Address, environ: dict[str, Any], start: Start, answer: "Answer | None" = None
    ) -> Iterable[bytes]:
        """The last good page, marked as such; where there is none, 503."""
        if page := self._look(address) or shelf.get(address):
            if answer is not None:
                answer.body.close()
            return page.answer_old(environ, start)
        if answer is None:
            answer = Answer.of(self.django, address, environ | {AWAY: True})
        return answer.pass_on(environ, start)


@dataclass
class Answer:
    """What Django answered when it was asked for nothing but an address."""

    status: str
    headers: Headers
    body: Iterable[bytes]
    tables: frozenset[str]

    @classmethod
    def of(
        cls,
        django: Callable,
        address: Address,
        environ: dict[str, Any],
        alias: str = DEFAULT_DB_ALIAS,
    ) -> "Answer":
        """Django's answer, for which it reads from the database ``alias``."""
        started: list[Any] = []
        with reading_from(alias), tables_read() as read:
            body = django(_environ(address, environ), lambda *said: started.extend(said[:2]))
        status, headers = started
        return cls(status, headers, body, frozenset(read))

    def page(self, mark: Mark) -> Page | None:
        """As a page to keep; None where it is none: an error, a file that is streamed, something private."""
        said = {name.lower(): value for name, value in self.headers}
        vary = set(said.get("vary", "").lower().replace(" ", "").split(",")) - {""}
        if (
            not self.status.startswith("200")
            or getattr(self.body, "streaming", True)
            or "set-cookie" in said
            or "etag" not in said
            or "cache-control" in said
            or not vary <= {"accept-language"}
            or not self.tables <= versions.tables()
        ):
            return None
        content = b"".join(self.body)
        self.body.close()
        if len(content) > LARGEST:
            self.body = [content]
            return None
        headers = [header for header in self.headers if header[0].lower() not in ("etag", "content-length", "vary")]
        headers.append(("Vary", ", ".join(sorted({"Accept-Encoding", *(name.title() for name in vary)}))))
        headers.append(("Cache-Control", "public, max-age=0, stale-if-error=86400"))
        if seconds := settings.CDN_SECONDS:
            keys = " ".join(sorted(self.tables))
            lifetime = f"max-age={seconds}, stale-while-revalidate={seconds}, stale-if-error=86400"
            headers += [
                ("CDN-Cache-Control", lifetime),
                ("Surrogate-Key", keys),
                ("Cache-Tag", keys.replace(" ", ",")),
            ]
        return Page(mark.of(self.tables), mark, headers, said["etag"], content, time.time())

    def pass_on(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The answer as it is, or 304: Django was not told what the reader has."""
        etag = next((value for name, value in self.headers if name.lower() == "etag"), None)
        if self.status.startswith("200") and etag and _has(environ, etag):
            if hasattr(self.body, "close"):
                self.body.close()
            start("304 Not Modified", [header for header in self.headers if header[0].lower() != "content-length"])
            return ()
        start(self.status, self.headers)
        return self.body


@contextmanager
def tables_read() -> Iterator[set[str]]:
    """The tables that statements of this thread name meanwhile."""
    read: set[str] = set()

    def note(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        read.update(versions.tables_in(str(sql)))
        return execute(sql, params, many, context)

    with ExitStack() as noting:
        for connection in connections.all():
            noting.enter_context(connection.execute_wrapper(note))
        yield read


def _environ(address: Address, environ: dict[str, Any]) -> dict[str, Any]:
    """A request for ``address`` and for nothing else: what else a reader sends cannot end up in a page."""
    passed_on = {
        name: value
        for name, value in environ.items()
        if name in PASSED_ON or name == AWAY or (name.startswith("wsgi.") and name != "wsgi.file_wrapper")
    }
    return passed_on | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address.path,
        "QUERY_STRING": address.query,
        "HTTP_ACCEPT_LANGUAGE": address.language,
        "wsgi.input": BytesIO(),
    }


# What processes share


class Shelf:
    """The shared cache (CACHE_URL), where there is one: what a process has made the others need not make.

    While the database is away it has the pages of the others, and those of before the start.
    """

    @property
    def cache(self) -> BaseCache | None:
        shared_cache = caches["default"]
        return None if isinstance(shared_cache, LocMemCache) else shared_cache

    def get(self, address: Address) -> Page | None:
        return self._try("get", _name(address))

    def put(self, address: Address, page: Page) -> None:
        self._try("set", _name(address), page, KEPT)

    def forget(self, address: Address) -> None:
        self._try("delete", _name(address))

    @contextmanager
    def turn(self, address: Address) -> Iterator[Page | None]:
        """Wait until it is this process's turn to make a page; what another has made meanwhile comes along."""
        if isinstance(self.cache, FileCache):  # which is for another day: each process makes its own
            yield None
            return
        name = f"{_name(address)}:making"
        mine = self._try("add", name, 1, MAKING)
        until = time.monotonic() + MAKING
        while mine is False and time.monotonic() < until:
            time.sleep(0.01)
            mine = self._try("add", name, 1, MAKING)
        try:
            yield self.get(address)
        finally:
            if mine:
                self._try("delete", name)

    def _try(self, method: str, *arguments: Any) -> Any:
        """What the cache answers; None where there is none. One that is away does not keep a page from its reader."""
        try:
            return None if self.cache is None else getattr(self.cache, method)(*arguments)
        except Exception:  # of whichever engine
            log.warning("The shared cache does not answer.", exc_info=True)
            return None


shelf = Shelf()


def _name(address: Address) -> str:
    return f"page:{release()}:{hashlib.sha256(repr(address).encode()).hexdigest()}"


@cache
def release() -> str:
    """Which version of the site this is: a short form of its files, as they were when the process began.

    And of the settings that decide what its pages say, and to whom: none of another site is found on the shelf.
    """
    digest = hashlib.sha256(repr([getattr(settings, name) for name in DECIDING]).encode())
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
