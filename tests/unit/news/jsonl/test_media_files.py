"""Pictures and documents are read from a folder, and from nowhere else."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from news.jsonl import reader
from news.models import Article, Attachment, Picture

from ....support import factories
from ....support.jsonl import a_line, counts, imported, stored, to_file, words

pytestmark = pytest.mark.django_db


def with_files(tmp_path: Path, **changes) -> dict:
    """A line with a picture and an attachment, whose files are in the folder."""
    for name, content in (("pictures/p.jpg", factories.photo()), ("attachments/a.pdf", factories.PDF)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    picture = {"id": str(uuid4()), "path": "pictures/p.jpg", "alt_en": "Hands"}
    attachment = {"id": str(uuid4()), "path": "attachments/a.pdf", "title": "Statement", "language": "en"}
    return a_line(picture=picture, attachments=[attachment]) | changes


PATHS = ["/etc/passwd", "../p.jpg", "pictures/../p.jpg", "pictures/../../p.jpg", "pictures//p.jpg", "people/p.jpg"]


PATHS += ["pictures\\p.jpg", "pictures/p.png", "pictures/p.jpg/", "pictures/é.jpg", "C:/p.jpg", "p.jpg"]


PATHS += ["pictures/" + "p" * 300 + ".jpg"]


@pytest.mark.parametrize("path", PATHS)
def test_path_outside_the_folder_is_refused(media, tmp_path, path):
    values = with_files(tmp_path)
    values["picture"]["path"] = path
    report = imported(to_file(tmp_path, values))
    assert words(report["conflicts"]) == [f"“picture/path” is no name of a file in pictures/: {path[:40]}"]
    values = with_files(tmp_path)
    values["attachments"][0]["path"] = "pictures/p.jpg"
    report = imported(to_file(tmp_path, values))
    assert words(report["conflicts"]) == ["“attachments/0/path” is no name of a file in attachments/: pictures/p.jpg"]
    assert stored(media) == set()


def test_symlink_to_another_folder_is_not_followed(media, tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    values = with_files(folder)
    (tmp_path / "p.jpg").write_bytes(factories.photo())
    (folder / "pictures" / "p.jpg").unlink()
    (folder / "pictures" / "p.jpg").symlink_to(tmp_path / "p.jpg")
    report = imported(to_file(folder, values))
    assert words(report["conflicts"]) == ["This file lies outside the folder of the files: pictures/p.jpg"]
    assert stored(media) == set()


def test_files_are_found_beside_the_import_or_in_the_files_option(media, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    values = with_files(tmp_path / "elsewhere")
    file = to_file(tmp_path, values)
    report = imported(file)
    assert words(report["conflicts"]) == [
        "This file is not in the folder of the files (--files): pictures/p.jpg",
    ]
    assert imported(file, "--files", str(tmp_path / "elsewhere"))["saved"]
    picture, attachment = Picture.objects.get(), Attachment.objects.get()
    assert (picture.file.name, picture.width, picture.height) == ("pictures/p.jpg", 600, 400)
    assert (attachment.file.name, attachment.size) == ("attachments/a.pdf", len(factories.PDF))
    assert stored(media) == {
        "attachments/a.pdf",
        "pictures/p.jpg",
        *(f"pictures/p.{which}.{ending}" for which in (480, 600, "card-50-50") for ending in ("avif", "webp")),
    }


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("pictures/p.jpg", b"GIF89a", "This is not an undamaged JPEG, PNG or WebP photo."),
        ("pictures/p.jpg", factories.photo((5, 5)), "The photo is too small or too narrow."),
        ("attachments/a.pdf", b"<html>", "This is not an undamaged PDF document."),
        ("attachments/a.pdf", b"%PDF-1.4" + b" " * 21 * 1024 * 1024, "The document is larger than 20 MB."),
    ],
    ids=["no picture", "too small", "no document", "too large"],
)
def test_invalid_picture_or_attachment_is_refused(media, tmp_path, name, content, why):
    good, bad = with_files(tmp_path), a_line()
    (tmp_path / "bad").mkdir()
    file = to_file(tmp_path, good, bad | with_files(tmp_path / "bad"))
    (tmp_path / name).write_bytes(content)
    before = counts()
    report = imported(to_file(tmp_path, a_line(), good))
    assert [(note["line"], note["message"]) for note in report["conflicts"]] == [(2, f"{name}: {why}")]
    assert (counts(), stored(media), file.exists()) == (before, set(), True)


def test_files_of_a_failed_import_are_removed(media, tmp_path, monkeypatch):
    values = with_files(tmp_path)
    file = to_file(tmp_path, values, a_line())
    # After everything, as when the connection is lost.
    monkeypatch.setattr("news.jsonl.writer.ArticleWriter.save_quotations", lambda self, new: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        imported(file)
    assert (stored(media), Picture.objects.count()) == (set(), 0)
    monkeypatch.undo()
    monkeypatch.setattr(reader, "CHUNK", 1)
    assert imported(to_file(tmp_path, values, "[]"), "--files", str(tmp_path))["error"]
    assert (stored(media), Picture.objects.count(), Article.objects.count()) == (set(), 0, 0)


def test_identical_stored_file_is_reused(media, tmp_path, settings):
    values = with_files(tmp_path)
    (media / "pictures").mkdir(parents=True)
    there = media / "pictures" / "p.jpg"
    shutil.copy(tmp_path / "pictures" / "p.jpg", there)
    before = there.read_bytes()
    assert imported(to_file(tmp_path, values))["saved"]
    assert there.read_bytes() == before
    assert Picture.objects.get().file.name == "pictures/p.jpg"


def test_file_left_by_an_earlier_import_is_reused(media, tmp_path):
    values = with_files(tmp_path)
    file = to_file(tmp_path, values)
    assert imported(file)["saved"]
    Article.objects.all().delete()
    Picture.objects.all().delete()
    assert (media / "pictures" / "p.jpg").read_bytes() != (tmp_path / "pictures" / "p.jpg").read_bytes()
    assert imported(file)["saved"]


def test_different_file_of_the_same_name_is_not_overwritten(media, tmp_path):
    values = with_files(tmp_path)
    for name in ("pictures/p.jpg", "attachments/a.pdf"):
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        (media / name).write_bytes(b"another")
        report = imported(to_file(tmp_path, values))
        assert words(report["conflicts"]) == [f"Another file has this name already: {name}"]
        assert (media / name).read_bytes() == b"another"
        (media / name).unlink()


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_published_article_with_a_picture_without_alternative_text_is_a_conflict(media, tmp_path, options):
    values = with_files(tmp_path)
    values["picture"] |= {"alt_en": "", "alt_ru": "Руки"}
    figure = '<p>A</p><figure><img src="/media/pictures/p.jpg" alt=""></figure>'
    inside = a_line(body=figure, pictures=[values["picture"]])
    file = to_file(tmp_path, values, inside)
    why = "Give each picture its alternative text in the language of the article, or mark it as decorative: Руки."
    report = imported(file, *options)
    assert [(note["line"], note["message"]) for note in report["conflicts"]] == [(1, why), (2, why)]
    assert (stored(media), Picture.objects.count()) == (set(), 0)
    for each in (values, inside):
        each["state"] = "draft"
    assert imported(to_file(tmp_path, values, inside), *options)["error"] is None


def test_missing_picture_of_a_body_is_a_warning(tmp_path):
    body = '<p>A</p><figure><img src="/media/pictures/gone.jpg" alt="Hands"></figure>'
    report = imported(to_file(tmp_path, a_line(body=body)))
    assert (report["saved"], words(report["warnings"])) == (
        True,
        ["The text shows a picture that is neither on record nor on this line: /media/pictures/gone.jpg"],
    )


def test_export_reports_missing_files(media, tmp_path):
    article = factories.ArticleFactory(picture=factories.PictureFactory())
    name = article.picture.file.name
    (media / name).unlink()
    with pytest.raises(CommandError) as told:
        call_command("export_articles", str(tmp_path / "out.jsonl"), "--files", str(tmp_path))
    assert str(told.value) == f"The articles were written, but files are missing (1): {name}"
    assert json.loads((tmp_path / "out.jsonl").read_text())["picture"]["path"] == name
