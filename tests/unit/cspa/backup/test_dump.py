"""A backup that cannot be complete is not made."""

import os

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from cspa.backup import make
from cspa.backup.tables import Table
from cspa.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("full", "There is something already"),
        ("full/file", "There is something already"),
        ("nowhere/backup", "There is no such folder"),
        ("media/pictures/backup", "Readers could fetch the backup"),
        ("media", "Readers could fetch the backup"),
        ("full/file/backup", "There is no such folder"),
        ("x" * 300, "File name too long"),
    ],
)
def test_backup_to_an_existing_or_public_folder_is_refused(tmp_path, media, place, words):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    media.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CommandError, match=words):
        call_command("backup", tmp_path / place)
    assert sorted(tmp_path.rglob("*")) == before


def test_backup_to_an_empty_folder_is_made(tmp_path):
    (tmp_path / "backup").mkdir()
    make(tmp_path / "backup")
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["SHA256SUMS", "manifest.json", "tables"]


def test_backup_that_fails_leaves_no_files(tmp_path, monkeypatch):
    rows = Table.rows

    def full(table):
        if table.name == "news_topic":
            raise OSError(28, "No space left on device")
        return rows(table)

    monkeypatch.setattr(Table, "rows", full)
    with pytest.raises(CommandError, match=r"No backup was made\. No space left"):
        call_command("backup", tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("link", "This is no file of its own"), ("pipe", "no file of its own"), ("a\nb", "a file of this name: 'a.nb'")],
)
def test_backup_of_a_link_a_pipe_or_a_malformed_name_is_refused(tmp_path, media, name, words):
    media.mkdir()
    if name == "link":
        (media / name).symlink_to("/etc/passwd")
    elif name == "pipe":
        os.mkfifo(media / name)
    else:
        (media / name).write_text("")
    with pytest.raises(CommandError, match=words):
        call_command("backup", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_database_with_missing_or_later_migrations_is_refused(tmp_path, saved):
    applied = MigrationRecorder(connection).migration_qs
    last = applied.filter(app="news").latest("name").name
    applied.filter(app="news", name=last).update(name="9999_later")
    try:
        for command, folder in (("backup", tmp_path / "backup"), ("restore", saved)):
            with pytest.raises(CommandError, match="lacks migrations"):
                call_command(command, folder)
        applied.create(app="news", name=last)
        for command, folder in (("backup", tmp_path / "backup"), ("restore", saved)):
            with pytest.raises(CommandError, match=r"newer version .* news\.9999_later"):
                call_command(command, folder)
    finally:
        applied.filter(app="news", name=last).delete()
        applied.filter(name="9999_later").update(name=last)
    assert list(tmp_path.iterdir()) == []


def test_database_with_former_migrations_is_refused_with_instructions(tmp_path, saved):
    applied = MigrationRecorder(connection).migration_qs
    applied.create(app="links", name="0001_addresses")
    try:
        for command, *folder in (("migrate",), ("bootstrap",), ("backup", tmp_path / "backup"), ("restore", saved)):
            with pytest.raises(CommandError, match=r"former migrations, .* with this code: manage\.py migrate"):
                call_command(command, *folder, verbosity=0)
    finally:
        applied.filter(name="0001_addresses").delete()
    assert not User.objects.exists()
    assert list(tmp_path.iterdir()) == []
