"""The folder of imports, which the site and the worker share: uploads, progress, and the sign of the worker.

Progress and signs are files, not rows: while an import saves, SQLite lets nobody else write.
"""

import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.utils import timezone

# For how long an upload waits for a decision.
WAITING = timedelta(days=1)
# Without a sign for so long, a worker or an import counts as stopped.
SILENCE = timedelta(minutes=1)
# Seconds between two signs.
WORKER_SECONDS = 10.0
PROGRESS_SECONDS = 1.0
WORKER = "worker"
PROGRESS = ".progress"
LEFT_OUT = ".left-out"


def folder() -> Path:
    """Return the folder, which only the user of the application can read."""
    path = Path(settings.IMPORTS_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


# Uploads


def store(data: bytes) -> str:
    """Store an upload and return its random name."""
    name = secrets.token_hex(16)
    path = folder() / name
    path.touch(mode=0o600)
    path.write_bytes(data)
    return name


def read(name: str) -> bytes:
    """Return an upload. Raises FileNotFoundError if it no longer waits."""
    if not name:
        raise FileNotFoundError
    return (folder() / name).read_bytes()


def size_of(name: str) -> int | None:
    """Return the size of an upload, None if it no longer waits."""
    try:
        return (folder() / name).stat().st_size if name else None
    except FileNotFoundError:
        return None


def store_left_out(upload: str, chunks: Iterable[bytes]) -> None:
    """Store the rows of an upload that are left out. They stay when the upload is discarded."""
    path = folder() / f"{upload}{LEFT_OUT}"
    path.touch(mode=0o600)
    with path.open("wb") as file:
        file.writelines(chunks)


def left_out(upload: str) -> bytes | None:
    """Return the rows of an upload that were left out, None if there are none or they have waited for too long."""
    try:
        return (folder() / f"{upload}{LEFT_OUT}").read_bytes() if upload else None
    except FileNotFoundError:
        return None


def discard_left_out(upload: str) -> None:
    (folder() / f"{upload}{LEFT_OUT}").unlink(missing_ok=True)


def discard(name: str) -> None:
    if name:
        (folder() / name).unlink(missing_ok=True)
        (folder() / f"{name}{PROGRESS}").unlink(missing_ok=True)


def discard_old() -> None:
    """Delete what has waited for too long, and what a killed process left behind."""
    for path in folder().iterdir():
        if (changed := changed_at(path)) and changed < timezone.now() - WAITING:
            path.unlink(missing_ok=True)


# Signs


@dataclass(frozen=True)
class Progress:
    """Where an import is; ``total`` is None where nobody knows the end yet."""

    saves: bool
    stage: str = ""
    number: int = 0
    total: int | None = None


class Signs:
    """Context in which a thread renews a file, whose time shows others that this process lives.

    The file holds the progress. ``progress()`` has the signature of the importer's progress functions.
    """

    def __init__(self, name: str, seconds: float, saves: bool = False):
        self.path = folder() / name
        self.seconds = seconds
        self.state = Progress(saves)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"signs-{name}", daemon=True)

    def __enter__(self) -> Self:
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def progress(self, stage: str, number: int, total: int | None) -> None:
        self.state = Progress(self.state.saves, stage, number, total)

    def _renew(self) -> None:
        while not self._end.wait(self.seconds):
            # A full disk must not end the import.
            with suppress(OSError):
                self._write()

    def _write(self) -> None:
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(asdict(self.state)))
        part.replace(self.path)


def signs_of_worker() -> Signs:
    return Signs(WORKER, WORKER_SECONDS)


def signs_of_import(upload: str, saves: bool) -> Signs:
    return Signs(f"{upload}{PROGRESS}", PROGRESS_SECONDS, saves)


def changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def worker_seen_at() -> datetime | None:
    return changed_at(folder() / WORKER)


def is_recent(moment: datetime | None) -> bool:
    return moment is not None and timezone.now() - moment < SILENCE


def progress_of(upload: str) -> tuple[Progress | None, datetime | None]:
    """Return where the import is and when it said so."""
    path = folder() / f"{upload}{PROGRESS}"
    try:
        return Progress(**json.loads(path.read_text())), changed_at(path)
    except FileNotFoundError:
        return None, None


def is_busy() -> bool:
    """Whether an import is being checked or saved at present, before which others wait."""
    return any(_running())


def is_saving() -> bool:
    """Whether an import is being saved at present."""
    return any(progress.saves for progress in _running())


def _running() -> Iterator[Progress]:
    for path in folder().glob(f"*{PROGRESS}"):
        progress, moment = progress_of(path.name.removesuffix(PROGRESS))
        if progress and is_recent(moment):
            yield progress
