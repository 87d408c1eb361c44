"""Uploaded files in the default storage, a folder or a bucket."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import FileSystemStorage, default_storage

from .archive import checked_names, file_names


def names() -> list[str]:
    """Sorted names of the uploaded files. Raise BackupError for a special file or an unsafe name."""
    if isinstance(default_storage, FileSystemStorage):
        root = Path(default_storage.location)
        return file_names(root) if root.is_dir() else []
    return checked_names(_names_below(""))


def _names_below(folder: str) -> Iterator[str]:
    folders, found = default_storage.listdir(folder)
    yield from (f"{folder}{name}" for name in found)
    for inner in folders:
        yield from _names_below(f"{folder}{inner}/")


def digest(name: str) -> str:
    """SHA-256 of an uploaded file in hexadecimal, like ``archive.digest``."""
    with default_storage.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_unfinished(name: str, path: Path) -> bool:
    """Whether an uploaded file holds only the beginning of the file at ``path``, as a killed restore leaves it."""
    with default_storage.open(name) as stored, path.open("rb") as file:
        return stored.size < path.stat().st_size and all(chunk == file.read(len(chunk)) for chunk in stored.chunks())
