"""The file of pages for a day without a database."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine
from django.conf import settings

from cspa.cache import sqlite_backend as file_cache
from cspa.cache.sqlite_backend import LOOK, FileCache

from .support.waiting import until

KB = b"x" * 1024


@pytest.fixture(autouse=True)
def _a_locked_file_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    """A page that the file does not take within a second is lost, which a busy machine needs."""
    monkeypatch.setattr(file_cache, "WAIT", 60)


def a_cache(folder: Path, megabytes: int = 1) -> FileCache:
    """As another process has it."""
    file_cache._file.cache_clear()
    return FileCache(str(folder / "there" / "pages"), {"OPTIONS": {"MEGABYTES": megabytes}})


def in_another_process(folder: Path, *statements: str) -> str:
    program = "\n".join(
        [
            "import sys, time",
            "from cspa.cache.sqlite_backend import FileCache",
            "cache = FileCache(sys.argv[1], {})",
            *statements,
        ]
    )
    command = [sys.executable, "-c", program, folder / "there" / "pages"]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True).stdout.strip()


def test_what_is_set_is_there_at_once_and_soon_for_others(tmp_path: Path):
    mine = a_cache(tmp_path)
    other = a_cache(tmp_path)
    mine.set("page", "first")
    assert mine.get("page") == "first"
    until(lambda: other.get("page") == "first")
    mine.set("page", "second")
    assert mine.get("page") == "second"
    until(lambda: other.get("page") == "second")
    assert other.delete("page")
    assert not other.delete("page")
    # Others see a row an instant before the one that wrote it has put its own copy away.
    until(lambda: mine.get("page", "none") == "none")


def test_what_is_deleted_before_it_is_written_is_gone(tmp_path: Path):
    mine, other = a_cache(tmp_path), a_cache(tmp_path)
    for number in range(50):
        mine.set("page", number)
        assert mine.delete("page")
    mine.set("later", "written")
    until(lambda: other.get("later") == "written")
    assert (mine.get("page"), other.get("page")) == (None, None)


def test_a_process_that_ends_leaves_what_it_made(tmp_path: Path):
    in_another_process(tmp_path, "cache.set('page', 'made')")
    assert a_cache(tmp_path).get("page") == "made"
    assert in_another_process(tmp_path, "print(cache.get('page'))") == "made"


def test_the_newest_stay_that_have_room(tmp_path: Path):
    cache = a_cache(tmp_path)
    for number in range(300):
        cache.set(f"page-{number}", 10 * KB, None)
        if number == 250:
            cache.set("page-0", "again", None)
        cache._file.write()
    held = [number for number in range(300) if cache.get(f"page-{number}")]
    fit = 1024 // 10
    assert held[0] == 0
    assert held[1:] == list(range(held[1], 300))
    assert fit <= len(held) <= fit + LOOK
    assert cache.get("page-0") == "again"


def test_an_entry_ends_with_its_time(tmp_path: Path):
    cache = a_cache(tmp_path)
    with time_machine.travel(1e9, tick=False) as clock:
        cache.set("brief", 1, 60)
        cache.set("for-ever", 2, None)
        assert (cache.get("brief"), cache.get("for-ever")) == (1, 2)
        cache._file.write()
        clock.shift(60)
        assert (cache.get("brief"), cache.get("for-ever")) == (1, 2)
        clock.shift(1)
        assert (cache.get("brief"), cache.get("for-ever")) == (None, 2)


def test_those_that_open_a_new_file_at_once_wait_for_each_other(tmp_path: Path):
    for number in range(20):
        files = [a_cache(tmp_path / str(number)) for _process in range(8)]
        with ThreadPoolExecutor(len(files)) as processes:
            assert list(processes.map(lambda cache: cache.get("page"), files)) == [None] * len(files)


def test_nobody_else_may_look_into_it(tmp_path: Path):
    a_cache(tmp_path).get("page")
    assert (tmp_path / "there" / "pages").stat().st_mode & 0o077 == 0


def test_a_file_that_is_broken_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "pages").write_bytes(b"no database" * 100)
    cache = a_cache(tmp_path)
    cache.set("page", 1)
    cache._file.write()
    assert "cannot be written" in caplog.text
    with pytest.raises(Exception, match="not a database"):
        cache.get("page")
    (tmp_path / "there" / "pages").unlink()
    cache.set("page", 2)
    cache._file.write()
    assert a_cache(tmp_path).get("page") == 2
