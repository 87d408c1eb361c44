"""The stored pages for a process that starts while the database is down: written in order, never by a request."""

import threading
import time
from pathlib import Path
from unittest import mock

import pytest
from django.core.cache.backends.filebased import FileBasedCache

from cspa.cache.keys import CacheKey
from cspa.cache.responses import CachedResponse
from cspa.cache.shared_cache import shared_cache
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
