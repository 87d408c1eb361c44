"""Bodies of responses: in memory where they are small, in files of this process where they are large."""

import hashlib
import os
import time
import weakref
from collections import deque
from collections.abc import Iterable
from functools import cache
from tempfile import NamedTemporaryFile, TemporaryDirectory
from threading import Lock
from typing import IO, Any
from wsgiref.util import FileWrapper

# Bytes of a body in memory.
MAX_MEMORY_BYTES = 1024 * 1024
# Seconds for which a file outlives its last use: the server opens it after the response was handed over.
SECONDS = 60.0

# When a file was used for the last time, on the monotonic clock, and its path.
_unused: deque[tuple[float, str]] = deque()
_removing = Lock()


class BodyFile:
    """A body in a file, which is removed some time after nothing refers to the object any more."""

    def __init__(self, path: str, size: int):
        self.path = path
        # In bytes.
        self.size = size
        weakref.finalize(self, lambda: _unused.append((time.monotonic(), path)))

    def open(self) -> IO[bytes]:
        return open(self.path, "rb")

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()


def collect(chunks: Iterable[bytes]) -> tuple[bytes | BodyFile, str]:
    """Read a whole body; return it and an entity tag of its content (RFC 9110, 8.8.3)."""
    digest, size = hashlib.sha256(), 0
    waiting: list[bytes] = []
    file: IO[bytes] | None = None
    try:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            waiting.append(chunk)
            if size > MAX_MEMORY_BYTES:
                file = file or _new_file()
                file.writelines(waiting)
                waiting.clear()
    except BaseException:
        if file is not None:
            file.close()
            os.unlink(file.name)
        raise
    etag = f'"{digest.hexdigest()[:32]}"'
    if file is None:
        return b"".join(waiting), etag
    file.close()
    return BodyFile(file.name, size), etag


def send(body: bytes | BodyFile, environ: dict[str, Any]) -> Iterable[bytes]:
    """``body`` in the terms of WSGI: a file goes through the server's ``wsgi.file_wrapper`` (PEP 3333)."""
    if isinstance(body, bytes):
        return (body,)
    wrapper: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(body.open())
    return wrapper


def _new_file() -> IO[bytes]:
    """A new file; files that nobody has used for a while are removed first."""
    with _removing:
        while _unused and _unused[0][0] <= time.monotonic() - SECONDS:
            os.unlink(_unused.popleft()[1])
    return NamedTemporaryFile(dir=_folder().name, delete=False)


@cache
def _folder() -> "TemporaryDirectory[str]":
    """The folder of this process, removed with its files when the process ends."""
    return TemporaryDirectory(prefix="bodies-")
