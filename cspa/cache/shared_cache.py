"""The cache of CACHE_URL, behind the memory of each process."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.core.cache.backends.locmem import LocMemCache

from .body_files import BodyFile
from .keys import CacheKey
from .responses import CachedResponse

# How long a process may render before another one tries.
RENDER_LOCK_SECONDS = 15
# How long a cache that did not answer is left alone. Then one request tries it again.
RETRY_SECONDS = 10.0
# Pages whose deletion a cache has missed, which a process remembers.
MAX_MISSED = 10_000
# How long a page is stored for the case that the database is down.
STALE_MAX_AGE = 7 * 24 * 3600

FILE_BASED = "django.core.cache.backends.filebased.FileBasedCache"

log = logging.getLogger(__name__)

# One thread, so that a page that is deleted is not written again by an earlier write.
_file_worker = ThreadPoolExecutor(1, thread_name_prefix="page-files")


class SharedCache:
    """Pages that another process has rendered, or this one before it was restarted.

    Redis serves several machines, and processes take turns by it to render a page. A folder of files is read only
    while the database is down, for pages that this process lacks. A write takes milliseconds; no reader waits for it.
    A cache that does not answer costs one request the timeout of its connection, and the others nothing (circuit
    breaker).
    """

    def __init__(self) -> None:
        # By the address of a cache that did not answer, on the monotonic clock.
        self._retry_at: dict[str, float] = {}
        # Names of pages that were to be deleted while it did not answer.
        self._missed: set[str] = set()

    @property
    def backend(self) -> BaseCache | None:
        backend = caches["default"]
        return None if isinstance(backend, LocMemCache) else backend

    @property
    def _is_file_based(self) -> bool:
        # Not of the backend: to make one creates its folder, which may fail.
        return settings.CACHES["default"]["BACKEND"] == FILE_BASED

    @property
    def _address(self) -> str:
        return str(settings.CACHES["default"].get("LOCATION", ""))

    def get(self, key: CacheKey) -> CachedResponse | None:
        if key.name in self._missed:
            self._missed.discard(key.name)
            self.delete(key)
            return None
        page = self._call("get", key.name)
        return page if page is not None and page.is_of_the_past else None

    def set(self, key: CacheKey, page: CachedResponse) -> None:
        if isinstance(page.body, BodyFile):
            # Each process makes large files itself. An earlier copy may have been small.
            self.delete(key)
        elif self._is_file_based:
            _file_worker.submit(self._run, "set", key.name, page, STALE_MAX_AGE)
        else:
            self._call("set", key.name, page, STALE_MAX_AGE)

    def delete(self, key: CacheKey) -> None:
        self._call("delete", key.name)
        if self._address in self._retry_at and len(self._missed) < MAX_MISSED:
            self._missed.add(key.name)

    @contextmanager
    def render_lock(self, key: CacheKey) -> Iterator[CachedResponse | None]:
        """Hold the right to render a page among all processes; yields what another one has rendered meanwhile."""
        if self._is_file_based:
            # It serves outages only: each process renders its own pages.
            yield None
            return
        lock, token = f"{key.name}:lock", uuid4().hex
        is_mine = self._call("add", lock, token, RENDER_LOCK_SECONDS)
        deadline = time.monotonic() + RENDER_LOCK_SECONDS
        while is_mine is False and time.monotonic() < deadline:
            time.sleep(0.01)
            is_mine = self._call("add", lock, token, RENDER_LOCK_SECONDS)
        try:
            yield self.get(key)
        finally:
            # A rendering may take so long that the lock has expired and belongs to another process.
            if is_mine and self._call("get", lock) == token:
                self._call("delete", lock)

    def _call(self, method: str, *arguments: Any) -> Any:
        if self._is_file_based:
            return _file_worker.submit(self._run, method, *arguments).result()
        return self._run(method, *arguments)

    def _run(self, method: str, *arguments: Any) -> Any:
        """What the backend returns; None without one. A backend that is down costs no reader a page."""
        address = self._address
        if retry_at := self._retry_at.get(address):
            if time.monotonic() < retry_at:
                return None
            # This request tries; the others go on without the cache meanwhile.
            self._retry_at[address] = time.monotonic() + RETRY_SECONDS
        try:
            result = None if self.backend is None else getattr(self.backend, method)(*arguments)
        except Exception:  # each backend has errors of its own
            self._retry_at[address] = time.monotonic() + RETRY_SECONDS
            log.warning("The shared cache does not answer.", exc_info=True)
            return None
        if retry_at:
            self._retry_at.pop(address, None)
        return result


shared_cache = SharedCache()
