"""Fixtures of backups. Models are imported in the fixtures: Django is set up after this file is read."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils.translation import override


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Iterator[Path]:
    """An empty folder of uploads, a database as `migrate` creates it, and commands in English."""
    settings.MEDIA_ROOT = tmp_path / "media"
    with override("en"):
        yield settings.MEDIA_ROOT


@pytest.fixture(scope="package")
def saved(django_db_setup, django_db_blocker, tmp_path_factory) -> Path:
    """A backup of everything. The database is empty again."""
    from cspa.backup import make

    from ....support.backup import everything, wipe

    folder = tmp_path_factory.mktemp("saved")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder / "media"):
        wipe()
        everything()
        make(folder / "backup")
        wipe()
    return folder / "backup"


@pytest.fixture
def backup(saved: Path, tmp_path: Path) -> Path:
    """A copy of the backup, which the test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "backup"))
