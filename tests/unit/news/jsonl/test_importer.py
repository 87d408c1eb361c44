"""Lines are compared with the articles on record, which change only with --update."""

import io
import json
import re
from datetime import date
from uuid import uuid4

import pytest
from django.core.management import call_command

from cspa import audit
from cspa.models import RowChange
from delegations.models import Person
from news.jsonl import reader
from news.models import Article, FormerAddress

from ....support import factories
from ....support.jsonl import (
    SPOKEN,
    a_line,
    a_rich_archive,
    by_id,
    counts,
    exported,
    imported,
    on_record,
    stored,
    to_file,
    words,
)

pytestmark = pytest.mark.django_db


def test_differing_article_is_listed_and_unchanged_without_update(tmp_path):
    article = factories.ArticleFactory(topics=[factories.TopicFactory()])
    before = exported()
    values = json.loads(before) | {"title": "Other", "topics": [], "published": "2021-01-01T00:00:00Z"}
    report = imported(to_file(tmp_path, values))
    assert report["error"] is None
    assert report["unchanged"]["articles"] == 1
    assert words(report["warnings"]) == [
        "On record the article differs, and stays (--update replaces it): 2021-01-01 Other (title, published, topics)"
    ]
    assert exported() == before
    assert not RowChange.objects.of(article).exists()


def everything_else(values: dict, person: Person) -> dict:
    """``values`` with another value for each key."""
    return {
        "id": values["id"],
        "story": values["story"],
        "language": values["language"],
        "title": "Other",
        "slug": "other",
        "dateline": "Yerevan",
        "summary": "Other.",
        "body": SPOKEN.format(words="Other.", who="Somebody, Chair"),
        "state": "withdrawn",
        "withdrawal_reason": "It never took place.",
        "published": "2021-02-03T04:05:06.000007+00:00",
        "text_changed": "2021-02-04T04:05:06+00:00",
        "topics": [{"slug": "other", "name_en": "Other"}],
        "delegations": [factories.ParliamentFactory().slug],
        "people": [person.public_id],
        "sources": [{"id": str(uuid4()), "title_ru": "Другой"}],
        "corrections": [{"date": "2021-03-04", "text": "Other.", "recorded": "2021-03-04T05:06:07+00:00"}],
        "quotations": [{"place": 0, "person": person.public_id, "original_language": "ru"}],
        "former_addresses": [{"language": "en", "date": "2019-01-01", "slug": "long-ago"}],
        "attachments": [],
    }


@pytest.mark.both_databases("cspa.db.bulk_copy", "news.jsonl", "news.jsonl.writer")
def test_update_replaces_all_differing_values_and_makes_a_revision(media, tmp_path):
    a_rich_archive()
    article = Article.objects.get(slug="second")
    before = by_id(exported())
    values = everything_else(before[str(article.uid)], factories.PersonFactory())
    file = to_file(tmp_path, values)
    report = imported(file, "--update")
    assert (report["error"], report["warnings"]) == (None, [])
    assert report["changed"]["articles"] == 1
    assert {kind: number for kind, number in report["added"].items() if number} == {"topics": 1, "sources": 1}
    change = RowChange.objects.of(article).get()
    assert (change.before["title"], change.after["title"]) == (article.title, "Other")
    assert (len(change.before["topics"]), len(change.before["people"])) == (2, 2)
    after = by_id(exported())
    # Addresses that were its own redirect for ever.
    values["former_addresses"] += [
        {"language": "en", "date": "2020-05-26", "slug": "first"},
        {"language": "en", "date": "2020-05-27", "slug": "second"},
    ]
    assert after.pop(values["id"]) == {key: value for key, value in values.items() if value != []}
    assert before.pop(values["id"])
    assert after == before
    rows = counts()
    assert imported(file, "--update")["unchanged"]["articles"] == 1
    assert counts() == rows


def test_update_of_an_article_without_revisions_stores_the_replaced_state(tmp_path):
    values = a_line()
    imported(to_file(tmp_path, values))
    article = Article.objects.get()
    assert [change.action for change in RowChange.objects.of(article)] == ["added"]
    imported(to_file(tmp_path, values | {"title": "Other"}), "--update")
    article.refresh_from_db()
    titles = [state["title"] for _change, state in audit.history_of(article)]
    assert titles == ["Other", values["title"]]


def test_update_replaces_pictures_and_attachments(media, tmp_path):
    article = factories.ArticleFactory(picture=factories.PictureFactory())
    stays, goes = (factories.AttachmentFactory(article=article, title=title) for title in ("Stays", "Goes"))
    call_command("export_articles", str(tmp_path / "out.jsonl"), "--files", str(tmp_path))
    values = json.loads((tmp_path / "out.jsonl").read_text())
    new = {**values["attachments"][0], "id": str(uuid4()), "title": "New"}
    values["attachments"] = [new, {**values["attachments"][0], "title": "Renamed", "language": "ru"}]
    values["picture"] = {**values["picture"], "id": str(uuid4()), "path": "pictures/another.jpg"}
    (tmp_path / "pictures" / "another.jpg").write_bytes(factories.photo((700, 500)))
    report = imported(to_file(tmp_path, values), "--update")
    assert report["error"] is None
    article.refresh_from_db()
    assert (article.picture.file.name, article.picture.width) == ("pictures/another.jpg", 700)
    rows = [(row.pk, row.title, row.language, row.file.name) for row in article.attachments.all()]
    assert rows[0] == (stays.pk, "Renamed", "ru", stays.file.name)
    assert [row[1] for row in rows] == ["Renamed", "New"]
    assert imported(to_file(tmp_path, values), "--update")["unchanged"]["articles"] == 1
    values["picture"] = json.loads((tmp_path / "out.jsonl").read_text())["picture"]
    assert words(imported(to_file(tmp_path, values))["warnings"])[0].endswith(" (picture)")
    # Files stay, since visitors may have their address.
    assert goes.file.name in stored(media)


def test_differing_topics_sources_and_pictures_are_kept_with_a_warning(media, tmp_path):
    topic, source, picture = factories.TopicFactory(), factories.SourceFactory(), factories.PictureFactory()
    factories.ArticleFactory(sources=[source], picture=picture)
    values = json.loads(exported())
    other = a_line(topics=[{"slug": topic.slug, "name_en": "Other"}])
    values["sources"][0]["url"] = "https://example.org/other"
    values["picture"]["alt_en"] = "Other"
    before = counts()
    report = imported(to_file(tmp_path, values, other))
    assert report["error"] is None
    assert report["unchanged"]["articles"] == 1
    assert sorted((note["kind"], note["line"], note["message"]) for note in report["warnings"]) == [
        ("pictures", 1, f"The record says otherwise, and stays: {picture}"),
        ("sources", 1, f"The record says otherwise, and stays: {source}"),
        ("topics", 2, f"The record says otherwise, and stays: {topic}"),
    ]
    assert counts() == before | {"Article": 2, "Story": 2, "Article_topics": 1, "ChangeSet": 1, "RowChange": 2}
    for row in (topic, source, picture):
        again = type(row).objects.get(pk=row.pk)
        assert vars(again) | {"_state": 0, "file": 0} == vars(row) | {"_state": 0, "file": 0}


def of_another_story(there: Article) -> dict:
    return a_line(id=str(there.uid))


def in_another_language(there: Article) -> dict:
    return a_line(id=str(there.uid), story=str(there.story.uid), language="ru")


def with_its_address(there: Article) -> dict:
    return a_line(slug="taken")


def with_its_former_address(there: Article) -> dict:
    FormerAddress.objects.create(article=there, language="en", date=date(2020, 5, 26), slug="once")
    return a_line(slug="once")


def once_with_its_address(there: Article) -> dict:
    return a_line(former_addresses=[{"language": "en", "date": "2020-05-26", "slug": "taken"}])


def with_its_document(there: Article) -> dict:
    attachment = factories.AttachmentFactory(article=there, title="Statement")
    described = {"id": str(attachment.uid), "path": attachment.file.name, "title": "Mine", "language": "en"}
    return a_line(attachments=[described])


def naming_somebody_unknown(there: Article) -> dict:
    return a_line(people=[77, 76])


def quoting_somebody_unknown(there: Article) -> dict:
    return a_line(body=SPOKEN.format(words="Yes.", who="X"), quotations=[{"place": 0, "person": 78}])


def about_an_unknown_delegation(there: Article) -> dict:
    return a_line(delegations=["atlantis"])


def with_the_file_of_another_picture(there: Article) -> dict:
    picture = factories.PictureFactory()
    return a_line(picture={"id": str(uuid4()), "path": picture.file.name, "decorative": True})


@pytest.mark.both_databases("cspa.db.bulk_copy", "news.jsonl", "news.jsonl.writer")
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (of_another_story, "On record this article belongs to another story, or is in another language."),
        (in_another_language, "On record this article belongs to another story, or is in another language."),
        (with_its_address, "On record this address is another article's: en 2020-05-26 taken"),
        (with_its_former_address, "On record this address is another article's: en 2020-05-26 once"),
        (once_with_its_address, "On record this address is another article's: en 2020-05-26 taken"),
        (with_its_document, "On record this document is another article's: Statement"),
        (
            naming_somebody_unknown,
            "“people”: not on record: 76, 77. Import the directory first (import_delegations).",
        ),
        (quoting_somebody_unknown, "“people”: not on record: 78. Import the directory first (import_delegations)."),
        (
            about_an_unknown_delegation,
            "“delegations”: not on record: atlantis. Import the directory first (import_delegations).",
        ),
        (with_the_file_of_another_picture, "On record this file is another picture's: pictures/"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_line_that_contradicts_the_record_is_a_conflict(media, tmp_path, make, why):
    bad = make(on_record())
    before, files = counts(), stored(media)
    report = imported(to_file(tmp_path, a_line(), bad, a_line()), "--update")
    assert report["error"] == "Conflicts: 1; nothing was saved."
    assert [(note["line"], note["message"].startswith(why)) for note in report["conflicts"]] == [(2, True)]
    assert report["saved"] is False
    assert (counts(), stored(media)) == (before, files)


def test_article_is_matched_by_story_and_language(tmp_path):
    there = on_record()
    values = json.loads(exported()) | {"id": str(uuid4())}
    assert imported(to_file(tmp_path, values))["unchanged"]["articles"] == 1
    values["title"] = "Other"
    assert imported(to_file(tmp_path, values), "--update")["changed"]["articles"] == 1
    there.refresh_from_db()
    assert there.title == "Other"
    # A public id never changes.
    assert str(there.uid) != values["id"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal(monkeypatch, tmp_path):
    monkeypatch.setattr(reader, "CHUNK", 2)
    monkeypatch.setattr("news.management.commands.export_articles.CHUNK", 2)
    terminal = Terminal()
    call_command("import_articles", str(to_file(tmp_path, *[a_line() for _ in range(3)])), stderr=terminal)
    assert re.findall(r"articles: \S+", terminal.getvalue()) == ["articles: 2/3", "articles: 3/3"]
    terminal = Terminal()
    call_command("export_articles", str(tmp_path / "out.jsonl"), stderr=terminal)
    assert re.findall(r"articles: \S+", terminal.getvalue()) == ["articles: 2/3"]
