"""A folder that is not an undamaged backup, or a place that is not empty, restores nothing."""

import gzip
import json
import os
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from cspa.backup import restore
from cspa.backup.archive import file_names, read_manifest, read_rows, rows_path, write_checksums, write_rows
from cspa.backup.tables import Table, tables
from cspa.db import former_migrations
from cspa.models import RetiredAddress, User
from news.models import Article

from ....support import factories
from ....support.backup import refused, uploads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def with_former_migrations(names: list[str]) -> list[str]:
    return sorted({*names} - former_migrations.ADDED | former_migrations.MIGRATIONS)


def as_formerly(folder: Path) -> None:
    """Convert a backup into one with the former migrations."""
    said = read_manifest(folder)
    said["migrations"] = with_former_migrations(said["migrations"])
    for name in former_migrations.LATER_TABLES:
        del said["tables"][name]
        (folder / rows_path(name)).unlink()
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
    refused(saved, r"The database is not empty: cspa_retiredaddress \(1\)")
    RetiredAddress.objects.all().delete()
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


def test_restore_replaces_what_a_killed_one_left_of_uploads(saved, media):
    names = [name.removeprefix("media/") for name in file_names(saved) if name.startswith("media/")]
    for name in names[:2]:
        (media / name).parent.mkdir(parents=True, exist_ok=True)
    whole = (saved / "media" / names[0]).read_bytes()
    (media / names[0]).write_bytes(whole[: len(whole) // 2])
    (media / names[1]).write_bytes(b"")
    restore(saved)
    assert uploads() == {name: (saved / "media" / name).read_bytes() for name in names}


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
