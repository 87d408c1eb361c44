"""RSGI application that answers fresh pages from memory and runs Django in threads for all other requests.

The event loop waits for slow clients: it reads bodies, and granian sends responses without a thread. A request holds a
thread only while Django works, and each kind of request has threads of its own (``limits``).
"""

import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

from cspa.auth.session_store import has_signed_session
from cspa.cache.body_files import BodyFile, collect
from cspa.cache.keys import CacheKey, cache_key
from cspa.cache.page_cache import PageCache
from cspa.cache.responses import REFUSED
from cspa.cache.responses import Response as PageResponse

from .bodies import BodyCutError, BodyTooLargeError, BodyTooSlowError, read_body
from .limits import BusyError, Kind, ThreadLimit, client_of, kind_of

# Seconds after which readers get the last copy of a page whose rendering has not ended.
STALE_AFTER = 1.5
# Seconds after which a refused client gets the status without a page.
REFUSAL_SECONDS = 10.0

# The headers by which the page cache answers, and their variables.
PAGE_HEADERS = [
    ("host", "HTTP_HOST"),
    ("authorization", "HTTP_AUTHORIZATION"),
    ("x-forwarded-proto", "HTTP_X_FORWARDED_PROTO"),
    ("accept-language", "HTTP_ACCEPT_LANGUAGE"),
    ("accept-encoding", "HTTP_ACCEPT_ENCODING"),
    ("if-none-match", "HTTP_IF_NONE_MATCH"),
]

REFUSED_HEADERS = [("Cache-Control", "no-store"), ("Retry-After", "5")]
BASE_ENVIRON: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


# Not frozen: each hit makes one, and a frozen one takes twice the time.
@dataclass(slots=True)
class Response:
    """A response to send: a body in memory, or the path of a file."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    path: str = ""


class FileWrapper:
    """``wsgi.file_wrapper`` (PEP 3333): granian sends the file, so that no thread waits for the client."""

    def __init__(self, file: Any, block_size: int = 8192):
        self.file = file
        self.block_size = block_size

    @property
    def path(self) -> str:
        """The path of the file on this machine; empty for a part of a file, or one that is elsewhere."""
        name = getattr(getattr(self.file, "file", self.file), "name", "")
        return name if isinstance(name, str) and os.path.isabs(name) else ""

    def __iter__(self) -> Iterable[bytes]:
        return iter(lambda: self.file.read(self.block_size), b"")

    def close(self) -> None:
        if hasattr(self.file, "close"):
            self.file.close()


class Server:
    """The RSGI application for the WSGI application ``wsgi``."""

    def __init__(self, wsgi: Any):
        self.wsgi = wsgi
        self.page_cache = wsgi if isinstance(wsgi, PageCache) else None
        self._limits = {kind: ThreadLimit(kind) for kind in Kind}
        self._renderings: dict[CacheKey, asyncio.Future[Response]] = {}
        # Those of pages that were cached before.
        self._changed_pages: set[asyncio.Future[Response]] = set()
        # Errors are rendered without the page cache.
        self.django = self.page_cache.django if self.page_cache else wsgi

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        response = self._fresh_page(scope)
        if response is None:
            try:
                response = await self._respond(environ_of(scope), protocol)
            except BodyCutError:
                # Nobody reads this response.
                response = Response(HTTPStatus.BAD_REQUEST, [])
        if response.path:
            protocol.response_file(response.status, response.headers, response.path)
        else:
            protocol.response_bytes(response.status, response.headers, response.body)

    def _fresh_page(self, scope: Any) -> Response | None:
        """The response from memory; None where there is no page that is certainly fresh."""
        if (cache := self.page_cache) is None or (key := cache_key(environ := page_environ(scope))) is None:
            return None
        page = cache.get(key)
        if page is None or not cache.is_certainly_fresh(page):
            return None
        return response_of(page.response(environ))

    async def _respond(self, environ: dict[str, Any], protocol: Any) -> Response:
        client = client_of(environ)
        try:
            if self.page_cache is not None and (key := cache_key(environ)) is not None:
                return await self._respond_with_page(self.page_cache, key, client, environ)
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                length = environ.get("CONTENT_LENGTH", "")
                if length and not (length.isascii() and length.isdecimal()):
                    return await self._refuse(HTTPStatus.BAD_REQUEST, environ)
                body, received = await read_body(
                    protocol, int(length) if length else None, client, has_signed_session(environ)
                )
                environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(received)}
            return await self._limits[kind_of(environ)].start(client, self._call, environ)
        except BodyTooLargeError:
            return await self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, environ)
        except BodyTooSlowError:
            return await self._refuse(HTTPStatus.REQUEST_TIMEOUT, environ)
        except BusyError:
            return await self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, environ)

    async def _respond_with_page(
        self, cache: PageCache, key: CacheKey, client: str, environ: dict[str, Any]
    ) -> Response:
        """Have one thread render a page for all who wait for it.

        Raises BusyError where there is neither an old copy of the page nor a place for its rendering.
        """
        page = cache.get(key)
        if page is None and self._changed_pages:
            # Threads share one interpreter, and more readers wait for a page that has changed than for a new one.
            await asyncio.wait(self._changed_pages, timeout=STALE_AFTER)
        rendering = self._renderings.get(key)
        if rendering is not None:
            await asyncio.wait([rendering], timeout=STALE_AFTER if page else None)
            rendered = cache.get(key)
            if rendered is not None and cache.is_certainly_fresh(rendered):
                return response_of(rendered.response(environ))
        if rendering is None or rendering.done():
            kind = kind_of(environ)
            if kind is Kind.NEW_PAGE and page is not None:
                kind = Kind.CHANGED_PAGE
            try:
                rendering = self._limits[kind].start(client, self._call, environ)
            except BusyError:
                if page is None:
                    raise
                return response_of(page.stale_response(environ))
            self._renderings[key] = rendering
            rendering.add_done_callback(lambda done: self._forget(key, done))
            if kind is Kind.CHANGED_PAGE:
                self._changed_pages.add(rendering)
            await asyncio.wait([rendering], timeout=STALE_AFTER if page else None)
        if page is None or rendering.done():
            return rendering.result()
        # The database hangs, or the machine is overloaded.
        return response_of(page.stale_response(environ))

    def _forget(self, key: CacheKey, rendering: asyncio.Future[Response]) -> None:
        self._changed_pages.discard(rendering)
        if self._renderings.get(key) is rendering:
            del self._renderings[key]

    async def _refuse(self, status: HTTPStatus, environ: dict[str, Any]) -> Response:
        """The page of an error, without a query; the status alone where even that takes too long."""
        words = f"{status} {status.phrase}\n".encode()
        plain = Response(status, [("Content-Type", "text/plain"), *REFUSED_HEADERS], words)
        threads, environ = self._limits[Kind.REFUSAL], environ | {REFUSED: status}
        try:
            page = threads.start(client_of(environ), self._call, environ, self.django)
        except BusyError:
            return plain
        await asyncio.wait([page], timeout=REFUSAL_SECONDS)
        return page.result() if page.done() else plain

    def _call(self, environ: dict[str, Any], wsgi: Any = None) -> Response:
        """Call the WSGI application and take its whole response, so that the thread is free before it is sent."""
        started: list[Any] = []
        body = (wsgi or self.wsgi)(environ, lambda status, headers, *_error: started.extend([status, headers]))
        try:
            status, headers = int(started[0].split()[0]), started[1]
            if environ["REQUEST_METHOD"] == "HEAD":
                return Response(status, headers)
            if isinstance(body, FileWrapper) and (path := body.path):
                return Response(status, headers, path=path)
            content, _etag = collect(body)
            if isinstance(content, BodyFile):
                return Response(status, headers, path=content.path)
            return Response(status, headers, content)
        finally:
            if hasattr(body, "close"):
                body.close()


def response_of(page: PageResponse) -> Response:
    """A response of the page cache in the terms of this server."""
    if isinstance(page.body, BodyFile):
        return Response(page.status, page.headers, path=page.body.path)
    return Response(page.status, page.headers, page.body)


def page_environ(scope: Any) -> dict[str, Any]:
    """The part of ``environ_of`` by which the page cache answers. A reader's other headers take time to convert."""
    environ = {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "wsgi.url_scheme": scope.scheme,
    }
    get = scope.headers.get
    for name, variable in PAGE_HEADERS:
        if (value := get(name)) is not None:
            environ[variable] = value
    return environ


def environ_of(scope: Any) -> dict[str, Any]:
    """The WSGI environ of a request without its body.

    A header whose name has an underscore is left out: in WSGI, ``X_Forwarded_For``, which a client may send, equals
    ``X-Forwarded-For``, which the proxy sets.
    """
    host, _colon, port = scope.server.rpartition(":")
    environ = BASE_ENVIRON | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.file_wrapper": FileWrapper,
    }
    for name, value in scope.headers.items():
        variable = _variable(name)
        if variable in environ:
            environ[variable] += ("; " if name == "cookie" else ",") + value
        elif variable:
            environ[variable] = value
    return environ


@lru_cache(maxsize=1000)
def _variable(header: str) -> str:
    """The WSGI variable of a header; empty for one to leave out."""
    if "_" in header:
        return ""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
