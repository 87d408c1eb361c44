"""The worker: its sign of life, what it does while the database is away, and what its work leaves alone."""

from unittest import mock

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django_tasks_db.management.commands import db_worker

from cspa.cache import versions
from delegations.file_imports import folder
from delegations.management.commands import worker
from delegations.models import FileImport

from ....support import factories
from ....support.waiting import until


@pytest.fixture
def imports(settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path / "imports"
    return settings.IMPORTS_DIR


@pytest.mark.django_db
def test_worker_gives_signs_and_tries_again_while_the_database_is_locked(imports, monkeypatch):
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0)
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    signs = []

    def handle(*args, **options):
        signs.append(folder.is_recent(folder.worker_seen_at()))
        if len(signs) < 3:
            raise OperationalError("database is locked")

    with mock.patch.object(db_worker.Command, "handle", handle):
        call_command("worker", verbosity=0)
    assert signs == [True, True, True]
    assert folder.worker_seen_at() is None


def test_sign_is_renewed_by_a_thread_and_goes_with_its_process(imports):
    with folder.Signs("worker", seconds=0.01):
        path = imports / "worker"
        assert path.stat().st_mode & 0o077 == 0
        first = path.stat().st_mtime_ns
        until(lambda: path.stat().st_mtime_ns > first)
    assert list(imports.iterdir()) == []
    # A killed process leaves its sign behind, which grows old.
    path.touch()
    assert folder.is_recent(folder.worker_seen_at())
    with mock.patch("django.utils.timezone.now", return_value=folder.worker_seen_at() + folder.SILENCE):
        assert not folder.is_recent(folder.worker_seen_at())


def test_full_disk_ends_no_import(imports):
    with folder.Signs("worker", seconds=0.01) as signs, mock.patch.object(folder.Path, "write_text") as write:
        write.side_effect = OSError("No space left on device")
        until(lambda: write.call_count > 2)
        signs.progress("people", 1, 2)
    assert not (imports / "worker").exists()


@pytest.mark.django_db(transaction=True)
def test_work_makes_no_page_stale(imports):
    row = factories.FileImportFactory(state="waiting")
    marker, numbers = versions.change_marker(), versions.TableVersion.objects.order_by("name").values_list()
    before = list(numbers)
    assert FileImport.objects.move(row, "checking")
    assert FileImport.objects.move(row, "checked", report={"numbers": []})
    assert (versions.change_marker(), list(numbers)) == (marker, before)
    # Two processes read the row, and one of them moves it.
    other = FileImport.objects.get()
    assert FileImport.objects.move(other, "confirmed")
    assert not FileImport.objects.move(row, "confirmed")
