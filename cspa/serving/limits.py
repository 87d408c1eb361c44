"""Limits on concurrent requests: each kind of request has threads of its own, so that none starves another."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from django.conf import settings

from cspa.api.middleware import PREFIX
from cspa.auth.client_address import client_network
from cspa.auth.session_store import has_signed_session


class Kind(StrEnum):
    """What a request needs, and so whom it may keep waiting."""

    STATIC = "static"
    # A request for which there is no place: it gets the page of an error.
    REFUSAL = "refusal"
    # The health check, which waits for the database.
    HEALTH = "health"
    # A page that was cached before and has changed since.
    CHANGED_PAGE = "changed page"
    # A page that nobody has read, a search, a day of the past.
    NEW_PAGE = "new page"
    # Uploads, exports, feeds and the API.
    FILE = "file"
    # Sign-in, and forms of readers.
    FORM = "form"
    # Pages of the back office, with a session.
    OFFICE = "office"
    # Forms of the back office, which may wait for another writer.
    SAVE = "save"


# Threads of each worker process, and requests that may wait for one of them. A thread holds a database connection.
THREADS = {
    Kind.STATIC: (2, 200),
    Kind.REFUSAL: (1, 20),
    Kind.HEALTH: (1, 20),
    Kind.CHANGED_PAGE: (2, 60),
    Kind.NEW_PAGE: (2, 20),
    Kind.FILE: (2, 20),
    Kind.FORM: (2, 20),
    Kind.OFFICE: (2, 40),
    Kind.SAVE: (2, 20),
}


class BusyError(Exception):
    """Too many requests of a kind are waiting, or too many of one client."""


class Limit:
    """Counts requests that run or wait. One client takes half of the places at most."""

    def __init__(self, places: int):
        self.places = places
        self._by_client: Counter[str] = Counter()

    def enter(self, client: str) -> None:
        """Take a place; raises BusyError where none is left. The event loop alone calls it, so no lock is needed."""
        if self._by_client.total() >= self.places or self._by_client[client] >= max(1, self.places // 2):
            raise BusyError
        self._by_client[client] += 1

    def leave(self, client: str) -> None:
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


class ThreadLimit(Limit):
    """Threads for the requests of a kind, with a bounded queue."""

    def __init__(self, kind: Kind):
        threads, queue = THREADS[kind]
        super().__init__(threads + queue)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"django-{kind.replace(' ', '-')}")

    def start[Result](self, client: str, function: Callable[..., Result], *arguments: Any) -> asyncio.Future[Result]:
        """Run ``function`` in one of the threads. The place is free when it returns, whoever still waits for it."""
        self.enter(client)
        future = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        future.add_done_callback(lambda _future: self.leave(client))
        return future


def kind_of(environ: dict[str, Any]) -> Kind:
    """The kind of a request for which there is no cached page."""
    path: str = environ["PATH_INFO"]
    if path.startswith(settings.STATIC_URL):
        return Kind.STATIC
    if path == "/healthz":
        return Kind.HEALTH
    is_read = environ["REQUEST_METHOD"] in ("GET", "HEAD")
    if has_signed_session(environ):
        return Kind.OFFICE if is_read else Kind.SAVE
    if path.startswith("/admin/") or not is_read:
        return Kind.FORM
    is_file = path.startswith((settings.MEDIA_URL, PREFIX, "/data/")) or "format=" in environ["QUERY_STRING"]
    return Kind.FILE if is_file else Kind.NEW_PAGE


def client_of(environ: dict[str, Any]) -> str:
    """What identifies the client of a request to the limits."""
    return client_network(environ) or ""
