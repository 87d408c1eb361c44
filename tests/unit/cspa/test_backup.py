"""Backup and restore: database and uploads together, with the same rows and pages afterwards, or no change."""

import gzip
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
import time_machine
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.apps import apps
from django.conf import settings as configured
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings
from django.utils.translation import override
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa import audit
from cspa.auth.groups import NEWS_EDITORS
from cspa.backup import make, restore
from cspa.backup.archive import digest, file_names, read_manifest, read_rows, rows_path, write_checksums, write_rows
from cspa.backup.tables import EXCLUDED_MODELS, FILLED_BY_MIGRATE, Table, tables
from cspa.db import former_migrations
from cspa.models import ChangeSet, GroupPolicy, User
from delegations.models import FormerPublicId, Identifier, Link, Parliament, Person
from links.models import Address
from news.models import Article, Topic

from ...support import factories
from ...support.crawl import seen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

ROOT = Path(configured.BASE_DIR)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """An empty folder of uploads, a database as `migrate` creates it, and commands in English."""
    settings.MEDIA_ROOT = tmp_path / "media"
    with override("en"):
        yield settings.MEDIA_ROOT


def everything() -> None:
    """At least one row of each model, including edge cases."""
    call_command("loaddata", "seed", verbosity=0)
    sources = factories.SourceFactory.create_batch(2, date=date(2019, 5, 26))
    photo = ContentFile(factories.photo(), "photo.jpg")
    person = factories.PersonFactory(name_ru="Ёлкин «Ё» Қазақ", photo=photo, photo_alt_en="At a lectern")
    FormerPublicId.objects.create(person=person, public_id=777)
    Identifier.objects.create(person=person, scheme="wikidata", identifier="Q1")
    factories.PersonFactory(withdrawn=True, withdrawal_reason_en="On request.")
    quota = factories.SeatQuotaFactory(starts="2019-05", ends="2020", sources=sources)
    chamber, parliament = quota.chamber, quota.chamber.parliament
    factories.SeatQuotaFactory(chamber=chamber, starts="2020-11-01", seats=9)
    parliament.slug = "renamed"
    parliament.save()
    factories.ParticipationFactory(parliament=parliament, starts="2006", sources=sources)
    factories.DelegateFactory(person=person, chamber=chamber, starts="2019", sources=sources)
    factories.DelegateFactory(chamber=chamber, ended=True)
    factories.RepresentativeFactory(person=person, parliament=parliament, sources=sources)
    factories.AssemblyPostFactory(person=person, sources=sources)
    factories.LinkFactory(chamber=chamber, sources=sources)
    factories.ConfirmationFactory(parliament=parliament)
    factories.ObservationFactory(parliament=parliament, statement={"seats": {"z": 1, "a": 0.5}, "posts": ["Ё\u2028"]})
    picture = factories.PictureFactory()
    article = factories.ArticleFactory(
        title="A plenary meeting",
        body="<p>Text</p><blockquote><p>Words</p><p>— Viktor Kogut, Chair</p></blockquote>",
        picture=picture,
        topics=[factories.TopicFactory()],
        parliaments=[parliament],
        people=[person],
        sources=sources,
        published_at=NOW - timedelta(days=1, microseconds=654321),
    )
    article.slug = "another-address"
    article.save()
    factories.ArticleFactory(story=article.story, language="ru", title="Пленарное заседание", slug="meeting")
    factories.ArticleFactory(title="Xylophone", slug="hidden", state="draft")
    factories.CorrectionFactory(article=article)
    factories.AttachmentFactory(article=article)
    user = factories.UserFactory(is_superuser=True, last_login=NOW)
    user.groups.add(Group.objects.get(name=NEWS_EDITORS))
    user.user_permissions.add(Permission.objects.get(codename="delete_person"))
    user.parliaments.add(parliament)
    LogEntry.objects.log_actions(user.pk, [article], CHANGE, change_message="[]")
    GroupPolicy.objects.create(group=Group.objects.get(name=NEWS_EDITORS), demands_two_factors=True)
    TOTPDevice.objects.create(user=user, name="telephone")
    StaticDevice.objects.create(user=user, name="paper").token_set.create(token="abcd2345")
    AccessAttempt.objects.create(username="nobody", ip_address="192.0.2.1", failures_since_start=1)
    for model in (AccessFailureLog, AccessLog):
        model.objects.create(username="nobody", ip_address="192.0.2.1")
    AccessAttemptExpiration.objects.create(access_attempt=AccessAttempt.objects.get(), expires_at=NOW)
    address = Address.objects.create(url="https://example.org/", asked_at=NOW)
    address.websites.add(*Link.objects.all()[:1])
    address.sources.add(*sources)
    address.articles.add(article)
    factories.ProposalFactory(request__parliament=parliament)
    with audit.record_changes(ChangeSet.Kind.EDIT, user, "A slip"):
        article.title = "A plenary session"
        article.save()
        # The key of the deleted row is never reused.
        factories.TopicFactory().delete()


def wipe() -> None:
    """Reset the database to the result of `migrate`, and delete the uploads."""
    call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(configured.MEDIA_ROOT, ignore_errors=True)


# Read past the code that is tested: plain SQL, plain files.


def of_the_search(table: str) -> bool:
    """Whether the table belongs to the search index of SQLite."""
    indexes = [index.name for model in apps.get_models() for index in model._meta.indexes]
    assert "article_stems" in indexes
    return connection.vendor == "sqlite" and table.startswith(
        tuple(name for name in indexes if name.endswith("stems"))
    )


def database() -> dict[str, list[tuple]]:
    """All rows of all tables, with all columns."""
    names = set(connection.introspection.table_names()) - {"django_migrations", "django_session", "cspa_version"}
    # ANALYZE creates this table in other tests.
    names.discard("sqlite_stat1")
    found = {}
    with connection.cursor() as cursor:
        for name in sorted(name for name in names if not of_the_search(name)):
            cursor.execute(f'SELECT * FROM "{name}"')
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found


def uploads() -> dict[str, bytes]:
    root = Path(configured.MEDIA_ROOT)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def pages() -> dict[str, tuple[int, str]]:
    """All pages that a visitor can reach, at a fixed time."""
    # A request leaves its language active.
    with time_machine.travel(NOW, tick=False), override("en"):
        return seen(Client())


@pytest.fixture(scope="module")
def saved(django_db_setup, django_db_blocker, tmp_path_factory) -> Path:
    """A backup of everything. The database is empty again."""
    folder = tmp_path_factory.mktemp("saved")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder / "media"):
        wipe()
        everything()
        make(folder / "backup")
        wipe()
    return folder / "backup"


@pytest.fixture
def backup(saved, tmp_path) -> Path:
    """A copy of the backup, which the test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "backup"))


# There and back


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


# No backup


def refused(folder: Path, words: str) -> None:
    """Assert that `restore` refuses ``folder`` with ``words`` and changes nothing."""
    before = database(), uploads()
    with pytest.raises(CommandError, match=words):
        call_command("restore", folder)
    assert (database(), uploads()) == before


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


def with_former_migrations(names: list[str]) -> list[str]:
    return sorted({*names} - former_migrations.ADDED | former_migrations.MIGRATIONS)


def as_formerly(folder: Path) -> None:
    """Convert a backup into one with the former migrations."""
    said = read_manifest(folder)
    said["migrations"] = with_former_migrations(said["migrations"])
    for name, before in former_migrations.TABLES.items():
        said["tables"][before] = said["tables"].pop(name)
        (folder / rows_path(name)).rename(folder / rows_path(before))
    (folder / "manifest.json").write_text(json.dumps(said))


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
def test_backup_with_former_migrations_is_restored(backup):
    as_formerly(backup)
    (backup / "SHA256SUMS").unlink()
    write_checksums(backup)
    restore(backup)
    assert User.objects.get(is_superuser=True).parliaments.get().slug == "renamed"


@pytest.mark.django_db
def test_rename_models_gives_models_of_a_former_backup_their_present_names():
    rights = set(Permission.objects.values_list("content_type__app_label", "content_type__model", "codename"))
    for (app, former), present in former_migrations.MODELS.items():
        ContentType.objects.filter(app_label=app, model=present).update(model=former)
        for permission in Permission.objects.filter(content_type__app_label=app, content_type__model=former):
            permission.codename = permission.codename.replace(present, former)
            permission.save()
    assert set(Permission.objects.values_list("content_type__app_label", "content_type__model", "codename")) != rights
    former_migrations.rename_models()
    assert set(Permission.objects.values_list("content_type__app_label", "content_type__model", "codename")) == rights


# Nothing restored: the place


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
def test_restore_into_a_database_with_rows_is_refused(saved):
    parliament = factories.ParliamentFactory()
    refused(saved, r"The database is not empty: delegations_parliament \(1\)")
    parliament.delete()
    Group.objects.create(name="Our own")
    refused(saved, "The database is not empty: Our own")


def test_restore_over_a_different_upload_is_refused(saved, media):
    name = next(name for name in file_names(saved) if name.endswith(".pdf"))
    mine = media / name.removeprefix("media/")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    refused(saved, f"Other files have these names: {mine.relative_to(media)}")
    shutil.copy(saved / name, mine)
    restore(saved)
    assert len(uploads()) == len(list((saved / "media").rglob("*.*")))


def test_restore_keeps_other_uploads(saved, media):
    media.mkdir()
    (media / "other.txt").write_text("mine")
    restore(saved)
    assert uploads()["other.txt"] == b"mine"


def test_restore_aborts_when_row_sums_differ(saved, monkeypatch):
    insert = Table.insert

    def forgetful(table, rows):
        rows = list(rows)
        insert(table, rows[1:] if table.name == "news_correction" else rows)

    monkeypatch.setattr(Table, "insert", forgetful)
    refused(saved, r"Nothing was restored\. What was restored is not equal to the backup: news_correction")


def test_restore_aborts_when_an_upload_cannot_be_stored(saved, monkeypatch):
    from django.core.files.storage import default_storage

    save, stored = default_storage.save, []

    def full(name, content):
        if len(stored) == 3:
            raise OSError(28, "No space left on device")
        stored.append(save(name, content))

    monkeypatch.setattr(default_storage, "save", full)
    refused(saved, "No space left on device")
    assert len(stored) == 3


# Nothing restored: damaged, foreign and forged folders


def cut(folder: Path) -> None:
    path = folder / rows_path("news_article")
    path.write_bytes(path.read_bytes()[:-5])


def another_photo(folder: Path) -> None:
    path = next((folder / "media/people").iterdir())
    path.write_bytes(factories.photo((40, 40)))


def a_link(folder: Path) -> None:
    path = folder / rows_path("news_article")
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


DAMAGES = {
    "a table is cut short": (cut, "damaged: tables/news_article.jsonl.gz"),
    "an upload is another": (another_photo, "damaged: media/people/"),
    "a table is missing": (
        lambda folder: (folder / rows_path("news_article")).unlink(),
        "missing: tables/news_article.jsonl.gz",
    ),
    "uploads are missing": (lambda folder: shutil.rmtree(folder / "media"), "Files of the backup are missing: media/"),
    "the sums are missing": (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS: No such file"),
    "the manifest is missing": (lambda folder: (folder / "manifest.json").unlink(), "missing: manifest.json"),
    "the manifest is cut short": (
        lambda folder: (folder / "manifest.json").write_text('{"format":'),
        "damaged: manifest.json",
    ),
    "a file is foreign": (
        lambda folder: (folder / "media/evil.html").write_text("x"),
        "do not belong to the backup: media/evil.html",
    ),
    "the sums are no sums": (
        lambda folder: (folder / "SHA256SUMS").write_bytes(b"\xff\x00"),
        "cannot be read: SHA256",
    ),
    "the sums are empty": (lambda folder: (folder / "SHA256SUMS").write_text(""), "do not belong to the backup"),
    "the sums name a file outside": (
        lambda folder: (folder / "SHA256SUMS").open("a").write(f"{'0' * 64}  ../../x\n"),
        "missing: ../../x",
    ),
    "a table is a link": (a_link, "no file of its own"),
    "uploads are a link": (
        lambda folder: (folder / "media/more").symlink_to(folder.parent),
        "no file of its own",
    ),
    "the sums are a pipe": (
        lambda folder: ((folder / "SHA256SUMS").unlink(), os.mkfifo(folder / "SHA256SUMS")),
        "no file of its own",
    ),
    "it is no folder": (
        lambda folder: (shutil.rmtree(folder), folder.write_text("x")),
        "Not a directory",
    ),
    "it is not there": (shutil.rmtree, "No such file or directory"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_backup_is_refused(backup, damage):
    spoil, words = DAMAGES[damage]
    spoil(backup)
    refused(backup, words)


def manifest(**changes):
    """A function that writes wrong values into the manifest."""

    def forge(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return forge


def described(table: str, **changes):
    """A function that writes wrong values for a table into the manifest."""

    def forge(folder: Path) -> None:
        said = read_manifest(folder)["tables"]
        manifest(tables={**said, table: {**said[table], **changes}})(folder)

    return forge


def rows(table: str, change):
    """A function that replaces the rows of a table by the result of ``change``, with their sum and number."""

    def forge(folder: Path) -> None:
        path = folder / rows_path(table)
        changed = change(list(read_rows(path)))
        total = write_rows(path, changed)
        described(table, rows=total.rows, sum=str(total))(folder)

    return forge


def cell(table: str, column: str, value):
    """A function that replaces a value of the first row of a table."""

    def change(found: list[list]) -> list[list]:
        (place,) = [place for place, name in enumerate(columns_of(table)) if name == column]
        found[0][place] = value
        return found

    return rows(table, change)


def columns_of(name: str) -> list[str]:
    return next(table for table in tables() if table.name == name).columns


def packed(text: bytes):
    """A function that replaces the compressed rows of the articles by ``text``."""
    return lambda folder: (folder / rows_path("news_article")).write_bytes(gzip.compress(text))


def text(name: str, content: str):
    return lambda folder: (folder / name).write_text(content)


ROWS = "news_article"
UNREADABLE = f"A row of this table cannot be read: {ROWS}|{ROWS}.jsonl.gz: a row cannot be read"
FORGERIES = {
    "a newer format": (manifest(format=2), "Version 0.1.0 of the application made the backup"),
    "no format": (manifest(format=None), "cannot read it"),
    "a newer version": (
        manifest(version="0.10.0"),
        "Version 0.10.0 of the application made the backup; this is 0.1.0",
    ),
    "no version": (manifest(version=None), r"cannot be read: manifest\.json"),
    "a version of many digits": (manifest(version="9" * 5000), r"cannot be read: manifest\.json"),
    "other migrations": (
        manifest(migrations=["news.0001_initial", "news.0099_later"]),
        "Only the backup has: news.0099",
    ),
    "no migrations": (manifest(migrations={"a": 1}), "Only the backup has: –"),
    "some of the former migrations": (
        manifest(migrations=["news.0001_initial", *sorted(former_migrations.MIGRATIONS)[1:]]),
        "Only the backup has: cspa.0003",
    ),
    "the former migrations and a later one": (
        manifest(migrations=["news.0099_later", *former_migrations.MIGRATIONS]),
        r"Only the backup has: news\.0099_later\.",
    ),
    "the former migrations and other tables": (
        lambda folder: manifest(migrations=with_former_migrations(read_manifest(folder)["migrations"]))(folder),
        "tables of the backup are not those",
    ),
    "migrations that are no names": (manifest(migrations=[[], {}, 1]), "The migrations differ"),
    "no tables": (manifest(tables=[]), "tables of the backup are not those"),
    "a table outside": (manifest(tables={"../../x": {}}), "tables of the backup are not those"),
    "other columns": (described(ROWS, columns=["id"]), "tables of the backup are not those"),
    "rows without a number": (described(ROWS, rows="many"), "tables of the backup are not those"),
    "a last key that is none": (described(ROWS, last_key=2**63), "tables of the backup are not those"),
    "a table that is no table": (manifest(tables={"news_article": 1}), "tables of the backup are not those"),
    "more rows than said": (described(ROWS, rows=1), f"more rows than the backup says: {ROWS}"),
    "fewer rows than said": (described(ROWS, rows=10**9), f"not equal to the backup: {ROWS}"),
    "another sum": (described(ROWS, sum="0" * 64), f"not equal to the backup: {ROWS}"),
    "no sum": (described(ROWS, sum=None), f"not equal to the backup: {ROWS}"),
    "a manifest that is no object": (text("manifest.json", "[]"), r"cannot be read: manifest\.json"),
    "a manifest 100,000 deep": (text("manifest.json", "[" * 100_000), r"cannot be read: manifest\.json"),
    "a file that is none of a backup": (text("restore.sh", "x"), "not those of a backup"),
    "rows that are not packed": (lambda folder: (folder / rows_path(ROWS)).write_text("[]"), UNREADABLE),
    "a row 100,000 deep": (packed(b"[" * 100_000), UNREADABLE),
    "a row that is no list": (packed(b"{}\n"), UNREADABLE),
    "a row that is short": (packed(b"[1]\n"), UNREADABLE),
    "a bomb": (packed(b"0" * 200_000_000), UNREADABLE),
    "a bomb of rows": (packed(b"[]\n" * 10_000_000), f"{UNREADABLE}|more rows than"),
    "no date": (cell(ROWS, "date", "9999-99-99"), UNREADABLE),
    "a number of 5,000 digits": (cell(ROWS, "id", "9" * 5_000), UNREADABLE),
    "a number that no database holds": (cell(ROWS, "id", 10**30), f"{UNREADABLE}|The database refuses"),
    "half a letter": (cell(ROWS, "title", "\ud800"), f"{UNREADABLE}|The database refuses"),
    "null": (cell(ROWS, "title", None), "The database refuses"),
    "a row twice": (rows(ROWS, lambda found: [*found, found[0]]), "The database refuses"),
    "a connection to nothing": (cell(ROWS, "story_id", 10**6), "The database refuses"),
    "two quotas on one day": (
        rows("delegations_seatquota", lambda found: [*found, [10**6, str(UUID(int=1)), *found[0][2:]]]),
        "The database refuses",
    ),
    "a value in a JSON column that is none": (
        cell("delegations_observation", "statement", {}),
        "A row of this table cannot be read: delegations_observation",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_backup_with_valid_sums_is_refused(backup, forgery):
    forge, words = FORGERIES[forgery]
    forge(backup)
    (backup / "SHA256SUMS").unlink()
    write_checksums(backup)
    refused(backup, words)


def test_backup_of_an_older_version_with_the_same_migrations_is_restored(backup):
    manifest(version="0.0.9")(backup)
    (backup / "SHA256SUMS").unlink()
    write_checksums(backup)
    restore(backup)
    assert Article.objects.exists()


# Other processes, other databases


def environment(folder: Path, name: str) -> dict[str, str]:
    """The environment of a process with a migrated SQLite database and uploads of its own."""
    there = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / name}.sqlite3",
        "MEDIA_ROOT": str(folder / f"{name}-media"),
    }
    manage(there, "migrate", "--verbosity", "0")
    return there


@pytest.fixture
def elsewhere(tmp_path):
    """The environment of a process with an empty database of this kind and uploads of its own."""
    if connection.vendor == "sqlite":
        yield environment(tmp_path, "elsewhere")
        return
    where, name = connection.settings_dict, f"elsewhere_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    there = {
        **os.environ,
        "DATABASE_URL": f"postgres://{where['USER']}@{quote(where['HOST'], safe='')}/{name}",
        "MEDIA_ROOT": str(tmp_path / "elsewhere-media"),
    }
    manage(there, "migrate", "--verbosity", "0")
    yield there
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def manage(there: dict[str, str], *arguments: str | Path) -> str:
    return run(there, "manage.py", *arguments)


def run(there: dict[str, str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=there, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
@pytest.mark.long
def test_tables_filled_by_migrate_are_those_that_restore_replaces(elsewhere, tmp_path):
    manage(elsewhere, "backup", tmp_path / "empty")
    filled = {name for name, table in read_manifest(tmp_path / "empty")["tables"].items() if table["rows"]}
    assert filled == {apps.get_model(label)._meta.db_table for label in FILLED_BY_MIGRATE}
    assert "all equal" in manage(elsewhere, "restore", tmp_path / "empty")


# Somebody writes while the tables are read: parliaments come early, people and articles after them.
MEANWHILE = """
import sys, threading
from pathlib import Path
import django
django.setup()
from django.db import connection
from cspa.backup import make
from tests.support import factories

def write():
    factories.DelegateFactory()
    factories.ArticleFactory(people=[factories.PersonFactory()])
    connection.close()

def progress(stage, number, total):
    if stage == "delegations_parliament" and number == 0:
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(15)
        assert not writer.is_alive(), "the backup holds up who writes"
        print("written")

factories.DelegateFactory()
print(make(Path(sys.argv[1]), progress).rows)
"""


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
@pytest.mark.long
def test_backup_is_a_snapshot_and_does_not_block_writers(elsewhere, tmp_path):
    script = run(elsewhere, "-c", MEANWHILE, tmp_path / "backup").split()
    said = read_manifest(tmp_path / "backup")["tables"]
    assert script[0] == "written"
    assert {name: said[name]["rows"] for name in said if name.startswith(("delegations", "news"))} == {
        name: int(name in {f"delegations_{kind}" for kind in ("parliament", "chamber", "person", "delegate")})
        for name in said
        if name.startswith(("delegations", "news"))
    }
    # What was written is there, and goes into the next one.
    manage(elsewhere, "backup", tmp_path / "next")
    said = read_manifest(tmp_path / "next")["tables"]
    assert (said["delegations_delegate"]["rows"], said["news_article_people"]["rows"]) == (2, 1)


PAGES = """
import json, sys
import django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from tests.unit.cspa.test_backup import pages
json.dump(pages(), sys.stdout)
"""


def plain(value):
    """The value of PostgreSQL in the form of SQLite."""
    match value:
        case bool():
            return int(value)
        case UUID():
            return value.hex
        case datetime():
            return str(value.astimezone(UTC).replace(tzinfo=None))
        case date():
            return str(value)
        case str() if value[:1] in "{[" and value:
            return json.dumps(json.loads(value), sort_keys=True)
    return value


def in_sqlite(file: Path) -> dict[str, list[dict]]:
    """The rows of a SQLite database, read by Python's own module."""
    with sqlite3.connect(file) as there:
        there.row_factory = sqlite3.Row
        return {
            table.name: [
                {name: plain(row[name]) for name in row.keys()}  # noqa: SIM118  a row is no mapping
                for row in there.execute(f'SELECT * FROM "{table.name}" ORDER BY "{table.model._meta.pk.column}"')
            ]
            for table in tables()
        }


def in_postgresql() -> dict[str, list[dict]]:
    """The rows of the PostgreSQL database of the tests, in the same form."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'SELECT * FROM "{table.name}" ORDER BY "{table.model._meta.pk.column}"')
            names = [column.name for column in cursor.description]
            found[table.name] = [
                {name: plain(value) for name, value in zip(names, row, strict=True) if not name.endswith("_vector")}
                for row in cursor.fetchall()
            ]
    return found


@pytest.mark.long
def test_rows_and_pages_are_equal_after_postgresql_to_sqlite_and_back(tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: tests/with-postgres")
    everything()
    rows_before, before, files_before = database(), pages(), uploads()
    in_order = in_postgresql()
    make(tmp_path / "first")
    there = environment(tmp_path, "there")
    assert "all equal" in manage(there, "restore", tmp_path / "first")
    assert in_sqlite(tmp_path / "there.sqlite3") == in_order
    on_sqlite = {address: tuple(page) for address, page in json.loads(run(there, "-c", PAGES)).items()}
    assert [address for address in before if on_sqlite.get(address) != before[address]] == []
    assert len(on_sqlite) == len(before) > 250
    manage(there, "backup", tmp_path / "second")
    wipe()
    restore(tmp_path / "second")
    assert database() == rows_before
    assert uploads() == files_before
    assert pages() == before


# What it costs

FILL = """
import sys
import django
django.setup()
from tests.slow import test_volume
test_volume.write_articles(int(sys.argv[1]))
"""
PEAK = r"""
import re, sys
import django
django.setup()
from django.core.management import call_command
call_command(*sys.argv[1:], stdout=open("/dev/null", "w"))
print(int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
def test_memory_of_backup_and_restore_does_not_grow_with_the_articles(elsewhere, tmp_path):
    megabytes = []
    for number in (2_000, 16_000):
        manage(elsewhere, "flush", "--no-input", "--verbosity", "0")
        run(elsewhere, "-c", FILL, str(number))
        folder = tmp_path / str(number)
        peak = [int(run(elsewhere, "-c", PEAK, "backup", folder))]
        manage(elsewhere, "flush", "--no-input", "--verbosity", "0")
        megabytes.append([*peak, int(run(elsewhere, "-c", PEAK, "restore", folder))])
    assert all(large < small + 15 for small, large in zip(*megabytes, strict=True)), megabytes
