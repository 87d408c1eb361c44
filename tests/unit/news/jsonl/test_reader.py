"""Lines and files that cannot be read are reported, and nothing is saved."""

import io
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from news.jsonl import reader
from news.models import Article, Story, Topic

from ....support import factories
from ....support.jsonl import (
    SPOKEN,
    a_line,
    a_rich_archive,
    counts,
    exported,
    forget_everything,
    imported,
    on_record,
    stored,
    to_file,
    words,
)

pytestmark = pytest.mark.django_db


TWICE = a_line()
BAD = {
    "no JSON": ('{"id": 1', "This is not JSON: column 9 cannot be read."),
    "no object": ("[]", "This is not an object."),
    "not UTF-8": (b'{"title": "\xff"}', "This is not in UTF-8."),
    "UTF-16": ("{}".encode("utf-16"), "This is not in UTF-8."),
    "deep": ("[" * 100_000, "The JSON is nested too deeply."),
    "deep object": ('{"a":' * 100_000, "The JSON is nested too deeply."),
    "digits": ('{"people": [' + "9" * 5_000 + "]}", "The file holds a number of 5000 digits; at most 18 are read."),
    "NaN": ('{"people": [NaN]}', "The file holds “NaN”, which is no number in JSON."),
    "long line": ('{"title": "' + "a" * 2 * 1024 * 1024 + '"}', "The line is longer than 2 MB."),
    "a key twice": ('{"id": "a", "id": "b"}', "The key “id” stands twice."),
    "unknown key": ({"colour": "red"}, "There is no key “colour” here."),
    "unprintable key": ({"\ud800\x1b\x00": 1}, r"There is no key “\ud800\u001b\u0000” here."),
    "unknown key inside": ({"topics": [{"slug": "a", "name_en": "A", "x": 1}]}, "There is no key “x” here."),
    "null": ({"summary": None}, "“summary” must be a text."),
    "number for a text": ({"title": 12}, "“title” must be a text."),
    "text for a list": ({"people": "12"}, "“people” must be a list."),
    "text for an object": ({"picture": "a.jpg"}, "“picture” must be an object."),
    "text in a list": ({"corrections": ["a"]}, "“corrections/0” must be an object."),
    "text for a number": ({"people": ["12"]}, "“people/0” must be a whole number."),
    "a share": ({"people": [1.0]}, "“people/0” must be a whole number."),
    "true for a number": ({"people": [True]}, "“people/0” must be a whole number."),
    "zero": ({"people": [0]}, "“people/0” must lie between 1 and 2147483647."),
    "too large": ({"people": [1, 2**31]}, "“people/1” must lie between 1 and 2147483647."),
    "id": ({"id": "12"}, "“12” is no public id (UUID)."),
    "id without hyphens": ({"id": "0" * 32}, f"“{'0' * 32}” is no public id (UUID)."),
    "language": ({"language": "xx"}, "“language” is not one of ours: xx"),
    "surrogate in a choice": ({"state": "\ud800"}, "“state” holds characters that no text has."),
    "state": ({"state": "scheduled"}, "“state” is not one of ours: scheduled"),
    "empty title": ({"title": ""}, "“title” is empty."),
    "long title": ({"title": "a" * 251}, "“title” is longer than 250 letters."),
    "long summary": ({"summary": "a" * 601}, "“summary” is longer than 600 letters."),
    "long body": ({"body": "a" * 200_001}, "“body” is longer than 200000 letters."),
    "body that grows": ({"body": "&" * 60_000}, "“body” is longer than 200000 letters."),
    "deep body": ({"body": "<em>" * 300 + "a"}, "The text is too long or its elements are nested too deeply."),
    "nothing left of the body": ({"body": "<script>alert(1)</script>"}, "“body” is empty."),
    "NUL": ({"title": "a\x00b"}, "“title” holds characters that no text has."),
    "surrogate": ({"body": "<p>\udfff</p>"}, "“body” holds characters that no text has."),
    "slug": ({"slug": "a/b"}, "“slug” may hold Latin letters, digits, “-” and “_” only: a/b"),
    "no offset": (
        {"published": "2020-05-26T09:00:00"},
        "“published” is no time between 1900 and 2100 with its offset, as 2020-05-26T09:00:00+03:00: "
        "2020-05-26T09:00:00",
    ),
    "before 1900": (
        {"published": "1899-12-31T23:59:59Z"},
        "“published” is no time between 1900 and 2100 with its offset, as 2020-05-26T09:00:00+03:00: "
        "1899-12-31T23:59:59Z",
    ),
    "year 1": (
        {"text_changed": "0001-01-01T00:00:00+14:00"},
        "“text_changed” is no time between 1900 and 2100 with its offset, as 2020-05-26T09:00:00+03:00: "
        "0001-01-01T00:00:00+14:00",
    ),
    "year 9999": (
        {"published": "9999-12-31T23:59:59-14:00"},
        "“published” is no time between 1900 and 2100 with its offset, as 2020-05-26T09:00:00+03:00: "
        "9999-12-31T23:59:59-14:00",
    ),
    "time and day": ({"date": "2020-05-26"}, "“published” and “date” say the same: give one."),
    "a day that is none": (
        {"published": ..., "date": "2020-02-30"},
        "“date” is no date between 1900 and 2100 as 2019, 2019-05 or 2019-05-26: 2020-02-30",
    ),
    "partial date": (
        {"corrections": [{"date": "2020-05", "text": "A"}]},
        "“corrections/0/date” must be a whole date as 2019-05-26.",
    ),
    "no such day": (
        {"sources": [{"id": str(UUID(int=1)), "title_en": "A", "date": "2026-02-30"}]},
        "“sources/0/date” is no date between 1900 and 2100 as 2019, 2019-05 or 2019-05-26: 2026-02-30",
    ),
    "day that no correction has": (
        {"corrections": [{"date": "1900-01-01", "text": "A"}]},
        "“corrections/0/date” is no day between 1900 and 2100: 1900-01-01",
    ),
    "topic without a name": ({"topics": [{"slug": "a"}]}, "“topics/0” has no name in any language."),
    "script for an address": (
        {"sources": [{"id": str(UUID(int=1)), "title_en": "A", "url": "javascript:alert(1)"}]},
        "No address: javascript:alert(1)",
    ),
    "no such quotation": (
        {"quotations": [{"place": 0}]},
        "“quotations”: each names the place of another quotation of the text, counted from 0.",
    ),
    "one quotation twice": (
        {"body": SPOKEN.format(words="Yes.", who="X"), "quotations": [{"place": 0}, {"place": 0}]},
        "“quotations”: each names the place of another quotation of the text, counted from 0.",
    ),
    "focus": (
        {"picture": {"id": str(UUID(int=1)), "path": "pictures/a.jpg", "focus": [50]}},
        "“picture/focus” must be two numbers: from the left and from the top.",
    ),
    "focus outside": (
        {"picture": {"id": str(UUID(int=1)), "path": "pictures/a.jpg", "focus": [50, 101]}},
        "“picture/focus/1” must lie between 0 and 100.",
    ),
    "own former address": (
        {"slug": "a", "former_addresses": [{"language": "en", "date": "2020-05-26", "slug": "a"}]},
        "This stands on line 2 already: address en 2020-05-26 a",
    ),
    "the same id": ({"id": TWICE["id"]}, f"This stands on line 1 already: id {TWICE['id']}"),
    "the same story and language": (
        {"story": TWICE["story"]},
        f"This stands on line 1 already: story {TWICE['story']} en",
    ),
    "the same address": (
        {"slug": TWICE["slug"]},
        f"This stands on line 1 already: address en 2020-05-26 {TWICE['slug']}",
    ),
}


@pytest.mark.parametrize(("bad", "why"), BAD.values(), ids=BAD.keys())
def test_invalid_line_is_reported_and_nothing_is_saved(tmp_path, bad, why):
    on_record()
    before = counts()
    bad = a_line(**bad) if isinstance(bad, dict) else bad
    file = to_file(tmp_path, TWICE, bad, a_line())
    for options in ([], ["--dry-run"]):
        report = imported(file, *options)
        assert report["error"] == "Conflicts: 1; nothing was saved."
        assert [(note["line"], note["message"]) for note in report["conflicts"]] == [(2, why)]
        assert (report["saved"], counts()) == (False, before)


@pytest.mark.parametrize("key", ["language", "title", "body", "published"])
def test_missing_key_is_reported(tmp_path, key):
    assert words(imported(to_file(tmp_path, a_line(**{key: ...})))["conflicts"]) == [f"“{key}” is missing."]


def test_lines_with_different_values_for_one_object_are_a_conflict(tmp_path):
    topic = {"slug": "law", "name_en": "Law"}
    report = imported(to_file(tmp_path, a_line(topics=[topic]), a_line(topics=[topic | {"name_ru": "Право"}])))
    assert words(report["conflicts"]) == ["Line 1 says otherwise of this: topics law"]
    assert not Topic.objects.exists()


def test_first_hundred_problems_are_listed_and_others_counted(tmp_path, capsys):
    file = to_file(tmp_path, *["[]"] * 1_234)
    report = imported(file)
    assert [note["line"] for note in report["conflicts"]] == list(range(1, 101))
    assert (report["more"], report["error"]) == ({"conflicts": 1_134}, "Conflicts: 1234; nothing was saved.")
    with pytest.raises(CommandError, match="Conflicts: 1234; nothing was saved"):
        call_command("import_articles", str(file))
    printed = capsys.readouterr().out
    assert "Conflicts (1234)\n  line 1: This is not an object.\n" in printed
    assert "  line 100: This is not an object.\n  … and 1134 more\n" in printed


def test_first_thousand_articles_are_listed_and_others_counted(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("news.jsonl.report.LISTED", {"entries": 2, "conflicts": 2, "warnings": 2})
    values = [a_line() for _ in range(5)]
    call_command("import_articles", str(to_file(tmp_path, *values)))
    printed = capsys.readouterr().out
    assert f"+ articles: 2020-05-26 {values[1]['title']} [line 2]\n  … and 3 more\n" in printed
    assert "added: articles: 5\n" in printed
    call_command("import_articles", str(to_file(tmp_path, *[each | {"title": "Other"} for each in values])))
    printed = capsys.readouterr().out
    assert "Warnings (5)\n" in printed
    assert "  … and 3 more\n" in printed


def test_invalid_files_are_refused(tmp_path, capsys):
    for content, why in ((b"", "The file is empty."), (b"\n\n", "The file is empty.")):
        (tmp_path / "none.jsonl").write_bytes(content)
        assert imported(tmp_path / "none.jsonl")["error"] == why
    assert imported(tmp_path / "away.jsonl")["error"] == "The file cannot be read: No such file or directory"
    assert imported(tmp_path)["error"] == "The file cannot be read: Is a directory"
    with pytest.raises(CommandError, match="The file cannot be written"):
        call_command("export_articles", str(tmp_path / "away" / "out.jsonl"))


def test_failed_export_keeps_the_existing_file(monkeypatch, tmp_path):
    factories.ArticleFactory()
    file = tmp_path / "out.jsonl"
    file.write_text("before")
    monkeypatch.setattr("news.management.commands.export_articles.line", lambda record: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("export_articles", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert file.read_text() == "before"


def test_export_writes_to_stdout_and_import_reads_stdin(monkeypatch, tmp_path):
    factories.ArticleFactory()
    text = exported("-")
    Article.objects.all().delete()
    Story.objects.all().delete()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert imported(Path("-"))["added"]["articles"] == 1
    assert exported() == text


def test_dry_run_shows_the_difference_and_saves_nothing(media, tmp_path, capsys):
    a_rich_archive()
    file = tmp_path / "articles.jsonl"
    call_command("export_articles", str(file), "--files", str(tmp_path))
    forget_everything(media)
    rows = counts()
    dry = imported(file, "--dry-run")
    assert (counts(), stored(media)) == (rows, set())
    assert dry["saved"] is False
    call_command("import_articles", str(file), "--dry-run")
    assert "Nothing was saved: this was a dry run." in capsys.readouterr().out
    assert imported(file) == dry | {"saved": True}


def test_dry_run_counts_objects_shared_by_chunks_once(monkeypatch, media, tmp_path):
    a_rich_archive()
    file = tmp_path / "articles.jsonl"
    call_command("export_articles", str(file), "--files", str(tmp_path))
    forget_everything(media)
    monkeypatch.setattr(reader, "CHUNK", 1)
    dry = imported(file, "--dry-run")
    assert dry["added"] == {"articles": 6, "topics": 2, "sources": 3, "pictures": 2, "attachments": 2}
    assert imported(file) == dry | {"saved": True}
    assert exported() == file.read_text()
