"""The WSGI middleware that answers public pages from memory where it can, and has Django render them where not."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from cachetools import Cache, LRUCache
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from .body_files import BodyFile
from .keys import CacheKey, cache_key
from .replicas import ReplicaPool
from .responses import REFUSED, CachedResponse, DjangoResponse, StartResponse
from .shared_cache import shared_cache
from .versions import DATABASE_ERRORS, TableVersions, VersionTracker, tracked_tables

# Locks for rendering, shared by all keys: a collision makes a reader wait for another page.
LOCK_COUNT = 128


class PageCache:
    """The page cache of a process, in front of the WSGI application ``django``."""

    def __init__(self, django: Callable[[dict[str, Any], StartResponse], Iterable[bytes]]):
        self.django = django
        self.versions = VersionTracker()
        self.replicas = ReplicaPool()
        self.pages: LRUCache[CacheKey, CachedResponse] = LRUCache(
            settings.PAGE_CACHE_MB * 1024 * 1024, getsizeof=lambda page: page.size
        )
        # Pages and exports that are too large for memory.
        self.files: LRUCache[CacheKey, CachedResponse] = LRUCache(
            settings.PAGE_CACHE_MB * 1024 * 1024, getsizeof=lambda page: page.size
        )
        # Since the start of the process.
        self.render_count = 0
        self._pages_lock = threading.Lock()
        self._render_locks = [threading.Lock() for _number in range(LOCK_COUNT)]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        key = cache_key(environ)
        if key is None:
            # For cspa.health.
            environ["cspa.page_cache"] = self
            return self.django(environ, start_response)
        page = self.get(key)
        try:
            versions = self.versions.current()
            if page is None or not page.is_fresh(versions):
                return self.render_and_store(key, environ, start_response)
        except DATABASE_ERRORS:
            return self.respond_without_database(key, environ, start_response)
        except DatabaseError:
            # There is no table of versions yet: Django says what is wrong.
            return self.django(environ, start_response)
        return page.respond(environ, start_response)

    def get(self, key: CacheKey) -> CachedResponse | None:
        with self._pages_lock:
            page = self.pages.get(key) or self.files.get(key)
        return page if page is not None and page.is_of_the_past else None

    def set(self, key: CacheKey, page: CachedResponse) -> None:
        store, other = (self.files, self.pages) if isinstance(page.body, BodyFile) else (self.pages, self.files)
        # LRUCache raises ValueError for what is larger than the whole of it.
        with self._pages_lock, suppress(ValueError):
            other.pop(key, None)
            store[key] = page

    def delete(self, key: CacheKey) -> None:
        with self._pages_lock:
            self.pages.pop(key, None)
            self.files.pop(key, None)

    def is_certainly_fresh(self, page: CachedResponse) -> bool:
        """Whether the page is known to be fresh without asking the database."""
        known = self.versions.known_current()
        return known is not None and page.is_fresh(known)

    def creation_times(self) -> list[float]:
        """When each page in memory was rendered, in seconds since 1970."""
        with self._pages_lock:
            # LRUCache's own lookup would make every page the last used.
            return [Cache.__getitem__(self.pages, key).created_at for key in self.pages]

    def render_and_store(
        self, key: CacheKey, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Have Django render a page once, however many readers wait for it."""
        with self._render_locks[hash(key) % LOCK_COUNT]:
            versions = self.versions.current()
            stored = self.get(key)
            if stored is not None and stored.is_fresh(versions):
                return stored.respond(environ, start_response)
            with shared_cache.render_lock(key) as shared:
                # Again: waiting for another process takes as long as rendering.
                versions = self.versions.current()
                if shared is not None and shared.is_fresh(versions):
                    self.set(key, shared)
                    return shared.respond(environ, start_response)
                response = self.call_django(key, environ, versions)
                rendered = response.to_cached(versions)
                if rendered is not None:
                    self.render_count += 1
                    self.set(key, rendered)
                    shared_cache.set(key, rendered)
                elif response.status < "500":
                    # The page was withdrawn, moved or is no longer cacheable: an outage must not show its last copy.
                    self.delete(key)
                    shared_cache.delete(key)
        if rendered is not None:
            return rendered.respond(environ, start_response)
        if response.status.startswith("503"):
            self.versions.mark_database_down()
            return self.respond_without_database(key, environ, start_response, response)
        return response.forward(environ, start_response)

    def call_django(self, key: CacheKey, environ: dict[str, Any], versions: TableVersions) -> DjangoResponse:
        """Render from a replica that holds ``versions``; from the primary where there is none or it fails."""
        alias = self.replicas.choose(versions)
        response = DjangoResponse.fetch(self.django, key, environ, alias)
        # Tables without a version, such as those of accounts, are read from the primary.
        if alias == DEFAULT_DB_ALIAS or (response.status < "500" and response.tables <= tracked_tables()):
            return response
        response.close()
        if response.status >= "500":
            self.replicas.mark_down(alias)
        return DjangoResponse.fetch(self.django, key, environ)

    def respond_without_database(
        self,
        key: CacheKey,
        environ: dict[str, Any],
        start_response: StartResponse,
        response: DjangoResponse | None = None,
    ) -> Iterable[bytes]:
        """Answer with the last good page; with 503 where there is none."""
        if page := self.get(key) or shared_cache.get(key):
            if response is not None:
                response.close()
            return page.stale_response(environ).send(environ, start_response)
        if response is None:
            response = DjangoResponse.fetch(self.django, key, environ | {REFUSED: HTTPStatus.SERVICE_UNAVAILABLE})
        return response.forward(environ, start_response)
