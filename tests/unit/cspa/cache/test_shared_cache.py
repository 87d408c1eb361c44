"""The shared cache: pages in order, a cache that does not answer, and the lock for rendering."""

import threading
import time
from pathlib import Path
from unittest import mock

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.filebased import FileBasedCache

from cspa.cache import shared_cache as module
from cspa.cache.keys import CacheKey
from cspa.cache.responses import CachedResponse
from cspa.cache.shared_cache import SharedCache, shared_cache
from cspa.env import env_cache

KEY = CacheKey("https", "example.org", "/en/", "", "")


def response(body: bytes = b"page") -> CachedResponse:
    return CachedResponse({}, None, [], '"etag"', body, created_at=time.time())


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    settings.CACHES = {"default": env_cache("", f"file:///{tmp_path}/there/pages")}
    return tmp_path / "there" / "pages"


def test_deleted_page_is_not_written_by_an_earlier_set(folder: Path):
    for number in range(50):
        shared_cache.set(KEY, response(str(number).encode()))
        shared_cache.delete(KEY)
    assert shared_cache.get(KEY) is None
    shared_cache.set(KEY, response(b"last"))
    assert shared_cache.get(KEY).body == b"last"


def test_set_returns_before_the_page_is_written(folder: Path):
    written, go_on = [], threading.Event()

    def slow(cache: FileBasedCache, *arguments: object) -> None:
        go_on.wait(60)
        written.append(arguments)

    with mock.patch.object(FileBasedCache, "set", slow):
        shared_cache.set(KEY, response())
        assert written == []
        go_on.set()
        # The read waits for the pending write.
        shared_cache.get(KEY)
    assert len(written) == 1


def test_folder_is_readable_by_its_owner_only(folder: Path):
    shared_cache.set(KEY, response())
    assert shared_cache.get(KEY).body == b"page"
    (file,) = folder.iterdir()
    assert [path.stat().st_mode & 0o077 for path in (folder, file)] == [0, 0]


def test_folder_holds_a_bounded_number_of_pages(settings, folder: Path):
    settings.CACHES["default"]["OPTIONS"]["MAX_ENTRIES"] = 10
    # The assignment makes Django recreate the backend.
    settings.CACHES = settings.CACHES
    keys = [CacheKey("https", "example.org", f"/en/{number}/", "", "") for number in range(30)]
    for key in keys:
        shared_cache.set(key, response())
    assert shared_cache.get(keys[-1]).body == b"page"
    assert 0 < len(list(folder.iterdir())) <= 10


# A cache of several machines


class Hanging(BaseCache):
    """A cache that does not answer while it ``hangs``."""

    def __init__(self, *arguments: object):
        super().__init__({})
        self.hangs, self.calls = True, 0

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        self.calls += 1
        if self.hangs:
            raise TimeoutError
        return response()


def test_cache_that_hangs_costs_one_request_its_timeout(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Hanging", "LOCATION": "redis://one"}}
    cache, backend = SharedCache(), caches["default"]
    with mock.patch("time.monotonic", return_value=1000.0) as clock:
        for _request in range(50):
            assert cache.get(KEY) is None
        assert backend.calls == 1
        clock.return_value += module.RETRY_SECONDS
        for _request in range(50):
            assert cache.get(KEY) is None
        assert backend.calls == 2
        backend.hangs = False
        assert cache.get(KEY) is None
        clock.return_value += module.RETRY_SECONDS
        for _request in range(50):
            assert cache.get(KEY).body == b"page"
        assert backend.calls == 52
        # Another cache is asked at once.
        backend.hangs = True
        cache.get(KEY)
        settings.CACHES = {"default": {"BACKEND": f"{__name__}.Hanging", "LOCATION": "redis://two"}}
        cache.get(KEY)
        assert caches["default"].calls == 1


def test_only_one_request_tries_a_cache_that_did_not_answer(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Hanging", "LOCATION": "redis://one"}}
    cache, backend = SharedCache(), caches["default"]
    with mock.patch("time.monotonic", return_value=1000.0) as clock:
        cache.get(KEY)
        clock.return_value += module.RETRY_SECONDS

        def get(key: str) -> None:
            # Another request arrives while this one waits.
            backend.calls += 1
            assert cache.get(KEY) is None
            raise TimeoutError

        with mock.patch.object(backend, "get", get):
            cache.get(KEY)
    assert backend.calls == 2


def test_page_whose_deletion_failed_is_not_served_later(settings, tmp_path: Path):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Shared", "LOCATION": tmp_path}}
    cache = SharedCache()
    with mock.patch("time.monotonic", return_value=1000.0) as clock:
        cache.set(KEY, response())
        with mock.patch.object(Shared, "delete", side_effect=TimeoutError):
            cache.delete(KEY)
        # The cache is left alone now, and the page is still there.
        assert cache.get(KEY) is None
        clock.return_value += module.RETRY_SECONDS
        assert cache.get(KEY) is None
        assert caches["default"].get(KEY.name) is None
        cache.set(KEY, response(b"new"))
        assert cache.get(KEY).body == b"new"


class Shared(FileBasedCache):
    """A cache that is not taken for the folder of one machine."""


def test_long_rendering_leaves_the_lock_of_another_process(settings, tmp_path: Path):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Shared", "LOCATION": tmp_path}}
    lock = f"{KEY.name}:lock"
    with shared_cache.render_lock(KEY):
        mine = caches["default"].get(lock)
        assert mine
        # It expires, and another process takes it.
        caches["default"].set(lock, "of another process")
    assert caches["default"].get(lock) == "of another process"
    caches["default"].delete(lock)
    with shared_cache.render_lock(KEY):
        assert caches["default"].get(lock) not in (None, mine)
    assert caches["default"].get(lock) is None
