"""Files that only their owner can read, in a new installation and in one from before."""

import os
import runpy
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.cache.backends.filebased import FileBasedCache
from django.db.utils import ConnectionHandler

from cspa import env
from cspa import settings as module
from cspa.cache import versions
from cspa.management.commands import bootstrap
from cspa.security.private_files import make_private


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The umask of most servers, under which files are readable by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def readable(tmp_path: Path) -> Path:
    """A file that everybody can read, as the tests create it."""
    path = tmp_path / "readable"
    path.write_text("text")
    assert mode(path) == 0o644
    return path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def start(folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Read the settings of an installation in ``folder``."""
    (folder / "cspa").mkdir()
    shutil.copy(module.__file__, folder / "cspa")
    monkeypatch.setenv("SECRET_KEY", "of this test")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    runpy.run_path(str(folder / "cspa" / "settings.py"))


def test_folder_of_a_new_installation_is_private(tmp_path, monkeypatch):
    start(tmp_path, monkeypatch)
    assert mode(tmp_path / "var") == 0o700


def test_folder_and_change_marker_of_an_earlier_installation_become_private(tmp_path, monkeypatch, readable):
    (tmp_path / "var").mkdir()
    assert mode(tmp_path / "var") == 0o755
    start(tmp_path, monkeypatch, CHANGE_MARKER_FILE=str(readable))
    assert mode(tmp_path / "var") == 0o700
    assert mode(readable) == 0o600


@pytest.mark.both_databases("cspa.security.private_files")
@pytest.mark.django_db
@pytest.mark.parametrize("existing", [False, True])
def test_sqlite_files_are_private_wherever_they_are(tmp_path, monkeypatch, existing: bool):
    path = tmp_path / "file.sqlite3"
    if existing:
        path.touch(0o644)
        Path(f"{path}-wal").touch(0o644)
    monkeypatch.setenv("SOME_NAME", f"sqlite:///{path}")
    database = ConnectionHandler({"default": env.env_database("SOME_NAME", "")})["default"]
    with closing(database), database.cursor() as cursor:
        cursor.execute("CREATE TABLE letters (letter)")
        modes = {file.name: mode(file) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["file.sqlite3", "file.sqlite3-wal", "file.sqlite3-shm"], 0o600)


def test_change_marker_is_private(tmp_path, settings):
    settings.CHANGE_MARKER_FILE = tmp_path / "change-marker"
    versions.touch_change_marker()
    assert mode(settings.CHANGE_MARKER_FILE) == 0o600


def test_cached_pages_are_private(tmp_path):
    FileBasedCache(str(tmp_path / "pages"), {}).set("page", "text")
    (file,) = (tmp_path / "pages").iterdir()
    assert (mode(tmp_path / "pages"), mode(file)) == (0o700, 0o600)


@pytest.mark.django_db
def test_lock_of_bootstrap_is_private(tmp_path, settings, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(bootstrap.connection, "vendor", "sqlite")
    with bootstrap.one_at_a_time():
        assert mode(tmp_path / "bootstrap.lock") == 0o600


def test_missing_file_and_private_file_are_left_alone(tmp_path, readable):
    make_private(tmp_path / "missing")
    readable.chmod(0o400)
    make_private(readable)
    assert mode(readable) == 0o400


def test_file_of_another_user_is_left_alone(readable, monkeypatch):
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "chmod", refuse)
    make_private(readable)
    assert mode(readable) == 0o644
