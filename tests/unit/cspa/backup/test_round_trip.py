"""A restored site equals the site that was backed up."""

import stat
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection

from cspa import audit
from cspa.backup import make, restore
from cspa.backup.archive import digest, file_names, read_manifest, read_rows, rows_path
from cspa.backup.tables import EXCLUDED_MODELS, tables
from cspa.models import ChangeSet
from delegations.models import Parliament, Person
from news.models import Article, Topic

from ....support import factories
from ....support.backup import database, everything, pages, uploads, wipe

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
def test_restore_after_wipe_gives_equal_rows_pages_and_files(tmp_path, capsys):
    everything()
    SessionStore().create()
    rows, files_before, before = database(), uploads(), pages()
    call_command("backup", tmp_path / "backup")
    number = sum(map(len, rows.values()))
    counts = f"{len(rows)} tables, {number} rows, {len(files_before)} files"
    assert capsys.readouterr().out.startswith(f"{counts}: saved in {tmp_path / 'backup'}\nLeft out: sign-ins")
    wipe()
    assert Article.objects.count() == Parliament.objects.count() == len(uploads()) == 0
    call_command("restore", tmp_path / "backup")
    assert capsys.readouterr().out == f"{counts}: all equal\n"
    assert database() == rows
    assert uploads() == files_before
    after = pages()
    assert [address for address in before if after.get(address) != before[address]] == []
    assert after.keys() == before.keys()
    assert len(before) > 250
    assert len(files_before) == 9
    # The tables that stay out are these, and no model is without a row that proves it.
    known = {table.name for table in tables()}
    assert known == rows.keys()
    assert {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - known == {
        apps.get_model(label)._meta.db_table for label in EXCLUDED_MODELS
    }
    assert [name for name, found in rows.items() if not found] == [], "give everything() a row of these"
    stored = Path(configured.MEDIA_ROOT, Person.objects.exclude(photo="").get().photo.name)
    # The proxy has to read the files.
    assert stat.S_IMODE(stored.stat().st_mode) == 0o644


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
def test_restored_site_keeps_key_sequences_undo_accounts_and_search(saved):
    restore(saved)
    last = read_manifest(saved)["tables"]["news_topic"]["last_key"]
    # The last key belongs to the deleted row.
    assert last == Topic.objects.order_by("-pk").first().pk + 1
    assert factories.TopicFactory().pk == last + 1
    article = Article.objects.get(title="A plenary session")
    assert article.former_addresses.count() == 1
    audit.undo(ChangeSet.objects.get(), None)
    assert Article.objects.get(pk=article.pk).title == "A plenary meeting"
    assert LogEntry.objects.get().user.check_password(factories.PASSWORD)
    assert LogEntry.objects.get().user.has_perm("news.publish_article")
    assert LogEntry.objects.get().get_edited_object() == article
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO article_stems (article_stems) VALUES ('integrity-check')")
    assert Article.objects.search("plenary", "en").count() == 1
    article.title = "A summit"
    article.save()
    assert Article.objects.search("plenary", "en").count() == 0
    assert Article.objects.search("summit", "en").count() == 1
    article.delete()
    assert Article.objects.search("summit", "en").count() == 0


def test_backups_of_the_same_state_have_the_same_bytes(saved, tmp_path):
    restore(saved)
    make(tmp_path / "again")
    differ = [name for name in file_names(saved) if digest(saved / name) != digest(tmp_path / "again" / name)]
    # These files contain the time.
    assert {*differ, "manifest.json", "SHA256SUMS"} == {"manifest.json", "SHA256SUMS"}


def test_backup_is_readable_by_its_owner_only_and_passes_sha256sum(saved):
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [saved, *saved.rglob("*")]}
    assert modes == {0o600, 0o700}
    done = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=saved, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == len(file_names(saved)) - 1 > 50


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
def test_json_null_is_restored_as_json_null(tmp_path):
    observation = factories.ObservationFactory(statement={})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE delegations_observation SET statement = 'null'")
    make(tmp_path / "backup")
    assert next(read_rows(tmp_path / "backup" / rows_path("delegations_observation")))[-1] == [None]
    wipe()
    restore(tmp_path / "backup")
    observation.refresh_from_db()
    assert observation.statement is None
