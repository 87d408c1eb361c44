"""Export and import of articles as JSON Lines: without loss, atomic and without duplicates."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.translation import override

from cspa import audit
from cspa.models import ChangeSet, RowChange
from delegations.models import FormerPublicId, FormerSlug, Person, Source
from news.jsonl import reader, records, schema
from news.models import (
    Article,
    Attachment,
    Correction,
    FormerAddress,
    Picture,
    Quotation,
    Story,
    Topic,
    Translation,
)

from ...support import factories
from ...support.counting import assert_equal_costs, assert_same_cost, cost, rolled_back, up_to

pytestmark = pytest.mark.django_db

# The models are in the order in which their rows can be deleted.
NEWS = (Attachment, Article, Story, Topic, Picture, Source)
SPOKEN = "<blockquote><p>{words}</p><p>— {who}</p></blockquote>"


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


@pytest.fixture
def media(settings, tmp_path):
    """An empty MEDIA_ROOT for the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def exported(*options: str) -> str:
    output = io.StringIO()
    call_command("export_articles", *options, stdout=output)
    return output.getvalue()


def imported(file: Path, *options: str) -> dict:
    """Import ``file``. Returns the report as JSON, with ``error`` if the command failed."""
    output, error = io.StringIO(), None
    try:
        call_command("import_articles", str(file), "--json", *options, stdout=output)
    except CommandError as refused:
        error = str(refused) if refused.returncode == 1 else None
    return {**json.loads(output.getvalue()), "error": error}


def words(notes: list[dict]) -> list[str]:
    return [note["message"] for note in notes]


def by_id(text: str) -> dict[str, dict]:
    return {values["id"]: values for values in map(json.loads, text.split("\n")[:-1])}


def a_line(**changes) -> dict:
    """A line with the required keys and ``changes``. The value ... removes a key."""
    number = uuid4().hex[:8]
    values = {
        "id": str(uuid4()),
        "story": str(uuid4()),
        "language": "en",
        "title": f"The Assembly discusses {number}",
        "slug": f"item-{number}",
        "summary": "What was said.",
        "body": "<p>Text.</p>",
        "state": "published",
        "published": "2020-05-26T12:00:00+03:00",
        "text_changed": "2020-05-26T09:00:00+00:00",
        **changes,
    }
    return {key: value for key, value in values.items() if value is not ...}


def to_file(tmp_path: Path, *values: dict | str | bytes) -> Path:
    file = tmp_path / "articles.jsonl"
    texts = [json.dumps(value) if isinstance(value, dict) else value for value in values]
    file.write_bytes(b"".join((text if isinstance(text, bytes) else text.encode()) + b"\n" for text in texts))
    return file


def counts() -> dict[str, int]:
    models = [*NEWS, Quotation, Correction, FormerAddress, ChangeSet, RowChange]
    through = [Article._meta.get_field(name).remote_field.through for name in ("topics", "people", "sources")]
    return {model.__name__: model.objects.count() for model in [*models, *through]}


def stored(media: Path) -> set[str]:
    return {path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()}


def forget_everything(media: Path) -> None:
    """Delete the news and keep the directory."""
    ChangeSet.objects.all().delete()
    for model in NEWS:
        model.objects.all().delete()
    shutil.rmtree(media, ignore_errors=True)


def a_rich_archive() -> None:
    """Articles in both languages and every state, with everything that an article can have."""
    speaker, other = factories.PersonFactory(name_en="Viktor Kogut", name_ru="Виктор Когут"), factories.PersonFactory()
    belarus, armenia = factories.ParliamentFactory(slug="belarus"), factories.ParliamentFactory(slug="armenia")
    topics = [factories.TopicFactory(slug="security"), factories.TopicFactory(slug="law", name_ru="")]
    sources = [
        factories.SourceFactory(date=date(1900, 1, 1), title_ru=""),
        factories.SourceFactory(url="", date=None),
        # This source comes first, so that it is the older one after an import.
        factories.SourceFactory(),
    ]
    lead = factories.PictureFactory(focus_x=0, focus_y=100)
    shown = factories.PictureFactory(decorative=True, alt_en="", alt_ru="", credit_en="", credit_ru="")
    lead_too = f'<figure><img src="{lead.address}" alt="Hands"><figcaption>A &amp; “B”</figcaption></figure>'
    body = (
        '<p>«Ё»\u2028<a href="https://example.org/?a=1&amp;b=2">link</a></p>'
        f'<figure><img src="{shown.address}" alt=""></figure>{lead_too}'
        + SPOKEN.format(words="We agreed.", who="Viktor Kogut, Secretary")
        + SPOKEN.format(words="We did not.", who="Somebody")
        + SPOKEN.format(words="We agreed.", who="Viktor Kogut")
    )
    with time_machine.travel(datetime(2020, 5, 20, 8, 30, 15, 123456, tzinfo=UTC), tick=False):
        english = factories.ArticleFactory(
            slug="first",
            dateline="Minsk",
            body=body,
            picture=lead,
            topics=topics,
            parliaments=[belarus, armenia],
            people=[other, speaker],
            sources=[sources[2], sources[0]],
            # The local day is the 26th in the Assembly's time zone.
            published_at=datetime(2020, 5, 25, 21, 30, 0, 1, tzinfo=UTC),
        )
        russian = factories.ArticleFactory(
            story=english.story,
            language="ru",
            title="Заголовок",
            slug="",
            body=SPOKEN.format(words="Да.", who="Виктор Когут"),
            sources=sources,
        )
    quoted = Quotation.objects.filter(article=english)
    assert [row.person_id for row in quoted] == [speaker.pk, None, speaker.pk]
    # These values are chosen by hand and differ from the text.
    quoted.filter(place=0).update(person=None, function="")
    quoted.filter(place=1).update(person=other, function="Chair", original_language="ru")
    Quotation.objects.filter(article=russian).update(person=None)
    english.title = "Another title, which the translation does not have"
    english.slug = "second"
    english.published_at += timedelta(days=1)
    english.save()
    Correction.objects.bulk_create(
        Correction(article=english, date=day, text=text)
        for day, text in [(date(2020, 6, 2), "B"), (date(2020, 6, 1), "A"), (date(2020, 6, 2), "C")]
    )
    for number in (1, 2):
        factories.AttachmentFactory(article=english, title=f"Statement {number}", language="ru")
    factories.ArticleFactory(state="draft", summary="", picture=shown, topics=topics[:1])
    factories.ArticleFactory(state="review", published_at=datetime(1900, 1, 2, tzinfo=UTC))
    factories.ArticleFactory(state="withdrawn", withdrawal_reason="The meeting was cancelled.")
    factories.ArticleFactory(published_at=datetime(2100, 12, 30, tzinfo=UTC), language="ru")


@pytest.mark.both_databases("cspa.db.bulk_copy", "news.jsonl", "news.jsonl.writer")
def test_exported_news_is_imported_without_loss(media, tmp_path):
    a_rich_archive()
    file = tmp_path / "archive" / "articles.jsonl"
    file.parent.mkdir()
    call_command("export_articles", str(file), "--files", str(file.parent))
    text = file.read_text()
    assert exported() == text
    # A line separator inside a text does not separate lines of the file.
    assert len(text.splitlines()) > 6
    assert text.count("\n") == 6
    before = list(records(Article.objects.all()))
    dates = dict(Article.objects.values_list("uid", "date"))
    pictures = {picture.uid: (picture.width, picture.height) for picture in Picture.objects.all()}
    translations = {row.uid: row.translation for row in Article.objects.with_translation()}
    assert Translation.OUTDATED in translations.values()

    forget_everything(media)
    assert exported() == ""
    report = imported(file)
    assert (report["error"], report["conflicts"], report["warnings"], report["saved"]) == (None, [], [], True)
    assert report["added"] == {"articles": 6, "topics": 2, "sources": 3, "pictures": 2, "attachments": 2}
    assert list(records(Article.objects.all())) == before
    assert exported() == text
    assert dict(Article.objects.values_list("uid", "date")) == dates
    assert {picture.uid: (picture.width, picture.height) for picture in Picture.objects.all()} == pictures
    assert {row.uid: row.translation for row in Article.objects.with_translation()} == translations
    assert [row.words for row in Quotation.objects.filter(article__slug="second")] == [
        "We agreed.",
        "We did not.",
        "We agreed.",
    ]
    assert [attachment.size for attachment in Attachment.objects.all()] == [len(factories.PDF)] * 2
    for picture in Picture.objects.all():
        assert {f"{picture.file.name.removesuffix('.jpg')}.{picture.width}.avif"} < stored(media)

    rows, files = counts(), stored(media)
    report = imported(file)
    assert report["unchanged"]["articles"] == 6
    assert {**report["added"], **report["changed"]} == dict.fromkeys(report["added"], 0)
    assert (report["warnings"], counts(), stored(media)) == ([], rows, files)
    report = imported(file, "--update")
    assert (report["unchanged"]["articles"], counts(), exported()) == (6, rows, text)


# What a line does not hold: keys of the database, what follows from the rest, and the secret of preview links.
LEFT_OUT = {"id", "date", "stems", "preview_key", "article", "width", "height", "size", "words", "speaker"}


@pytest.mark.parametrize(
    ("model", "keys", "names"),
    [
        (Article, schema.ARTICLE, {**schema.COLUMNS, "id": "uid", "delegations": "parliaments"}),
        (Topic, schema.TOPIC, {}),
        (Source, schema.SOURCE, {"id": "uid"}),
        (Correction, schema.CORRECTION, {"recorded": "recorded_at"}),
        (Quotation, schema.QUOTATION, {}),
        (FormerAddress, schema.ADDRESS, {}),
        (Picture, schema.PICTURE, {"id": "uid", "path": "file", "focus": "focus_x"}),
        (Attachment, schema.ATTACHMENT, {"id": "uid", "path": "file"}),
    ],
)
def test_export_covers_all_fields_of_the_models(model, keys, names):
    parts = {"corrections", "quotations", "former_addresses", "pictures", "attachments"} | {"focus_y"}
    held = {names.get(key, key) for key in keys} | parts
    fields = {field.name for field in [*model._meta.fields, *model._meta.many_to_many]} - LEFT_OUT
    assert fields - held == set()
    assert len(fields) > 1


def test_import_reads_keys_in_any_order(tmp_path):
    values = a_line(quotations=[], body=SPOKEN.format(words="Yes.", who="Nobody"))
    file = to_file(tmp_path, "\ufeff" + json.dumps(dict(reversed(values.items()))), "", "  ")
    assert imported(file)["added"]["articles"] == 1
    assert imported(to_file(tmp_path, values))["unchanged"]["articles"] == 1


def test_quotations_missing_in_the_line_are_read_from_the_body(tmp_path):
    person = factories.PersonFactory(name_en="Viktor Kogut")
    body = SPOKEN.format(words="Yes.", who="Viktor Kogut, Secretary")
    silent, telling = a_line(body=body), a_line(body=body, quotations=[])
    assert imported(to_file(tmp_path, silent, telling))["saved"]
    said = Quotation.objects.order_by("article_id").values_list("person", "speaker", "function")
    assert list(said) == [(person.pk, "Viktor Kogut", "Secretary"), (None, "Viktor Kogut", "")]
    assert imported(to_file(tmp_path, silent))["unchanged"]["articles"] == 1


def test_people_and_delegations_are_matched_by_former_ids_and_slugs(tmp_path):
    person, parliament = factories.PersonFactory(), factories.ParliamentFactory()
    FormerPublicId.objects.create(person=person, public_id=9_000)
    FormerSlug.objects.create(parliament=parliament, slug="former")
    body = SPOKEN.format(words="Yes.", who="Somebody")
    values = a_line(
        people=[9_000, person.public_id],
        delegations=["former", parliament.slug],
        body=body,
        quotations=[{"place": 0, "person": 9_000}],
    )
    file = to_file(tmp_path, values)
    assert imported(file)["saved"]
    article = Article.objects.get()
    assert [list(article.people.all()), list(article.parliaments.all())] == [[person], [parliament]]
    assert article.quotations.get().person == person
    assert imported(file)["unchanged"]["articles"] == 1


def test_export_with_published_has_published_articles_only(client, tmp_path):
    a_rich_archive()
    text = exported("--published")
    assert sorted(json.loads(each)["slug"] for each in text.split("\n")[:-1]) == ["second", "zagolovok"]


def test_unpublished_article_is_imported_unpublished(client, tmp_path):
    states = {
        "draft": a_line(state="draft"),
        "review": a_line(state="review"),
        "scheduled": a_line(published="2099-01-01T00:00:00Z"),
        "withdrawn": a_line(state="withdrawn", withdrawal_reason="Cancelled."),
    }
    public = a_line()
    assert imported(to_file(tmp_path, public, *states.values()))["added"]["articles"] == 5
    assert [article.title for article in Article.objects.published()] == [public["title"]]
    page = client.get("/en/news/").text
    assert public["title"] in page
    for name, values in states.items():
        article = Article.objects.get(uid=values["id"])
        assert values["title"] not in page
        assert client.get(article.get_absolute_url()).status_code == (410 if name == "withdrawn" else 404)
    assert client.get(Article.objects.published().get().get_absolute_url()).status_code == 200


# What is on record


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


def on_record() -> Article:
    return factories.ArticleFactory(slug="taken", published_at=datetime(2020, 5, 26, 9, tzinfo=UTC))


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


# Lines that cannot be read

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


@pytest.mark.parametrize("key", ["id", "story", "language", "title", "slug", "body", "state", "published"])
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


# Pictures and documents


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


# Cost


def many_lines(number: int) -> list[dict]:
    """Lines with a translation each, and with all related objects that need no file."""
    person, parliament = factories.PersonFactory(), factories.ParliamentFactory()
    shared = {
        "people": [person.public_id],
        "delegations": [parliament.slug],
        "body": SPOKEN.format(words="A", who="B"),
    }
    shared["quotations"] = [{"place": 0, "person": person.public_id}]
    shared["corrections"] = [{"date": "2020-06-01", "text": "A", "recorded": "2020-06-01T12:00:00Z"}]
    values = []
    for each in range(number):
        shared["topics"] = [{"slug": f"topic-{each}", "name_en": "A"}]
        shared["sources"] = [{"id": str(uuid4()), "title_en": "A"}]
        shared["former_addresses"] = [{"language": "en", "date": "2019-01-01", "slug": f"former-{each}"}]
        values.append(a_line(**shared))
    return values


@up_to(300)
def test_import_and_export_cost_the_same_with_any_number_of_articles(tmp_path, sizes):
    def measure(rows):
        file = to_file(tmp_path, *many_lines(rows))
        new = cost(partial(imported, file))
        assert Article.objects.count() == rows
        known = cost(partial(imported, file))
        return {"import of new articles": new, "import of known articles": known, "export of articles": cost(exported)}

    assert_same_cost(measure, sizes)


@pytest.mark.both_databases("cspa.db.bulk_copy", "news.jsonl", "news.jsonl.writer")
def test_chunks_cost_the_same(monkeypatch, tmp_path):
    def cost_of(number):
        with rolled_back():
            return cost(partial(imported, to_file(tmp_path, *many_lines(number))))

    monkeypatch.setattr(reader, "CHUNK", 2)
    one, two, three = (cost_of(number) for number in (2, 4, 6))
    kind = "one more chunk of new articles"
    assert_equal_costs({4: {kind: two - one}, 6: {kind: three - two}})


# The peak that getrusage() gives would be that of this process where it is higher: a child takes it over.
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
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fewer", [1_500, pytest.param(5_000, marks=pytest.mark.audit)])
def test_memory_is_constant_with_any_number_of_articles(tmp_path, fewer: int):
    """A hundred thousand articles take three minutes, so the test compares a number of articles with twice as many."""
    database = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if connection.vendor == "postgresql":
        where = connection.settings_dict
        database = f"postgres://{where['USER']}@{quote(where['HOST'], safe='')}/{where['NAME']}"
    environment = {**os.environ, "DATABASE_URL": database}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    run("manage.py", "migrate", "--verbosity", "0")
    megabytes: dict[str, list[int]] = {"in": [], "again": [], "out": []}
    for number in (fewer, 2 * fewer):
        file = tmp_path / f"{number}.jsonl"
        with file.open("w") as output:
            for place in range(number):
                source = {"id": str(UUID(int=place)), "title_en": f"Decree {place}"}
                body = f"<p>{' '.join(f'word{(place + each) % 997}' for each in range(400))}</p>"
                output.write(json.dumps(a_line(body=body, sources=[source])) + "\n")
        run("manage.py", "flush", "--no-input", "--verbosity", "0")
        for name in ("in", "again"):
            megabytes[name].append(int(run("-c", PEAK, "import_articles", str(file))))
        megabytes["out"].append(int(run("-c", PEAK, "export_articles", str(tmp_path / "out.jsonl"))))
        assert sum(1 for _ in (tmp_path / "out.jsonl").open()) == number
    for name, (less, more) in megabytes.items():
        assert less < (160 if name == "out" else 130), megabytes
        # Each article here has a source of its own, and both directions remember the sources that they met.
        assert more < 1.15 * less, megabytes


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite packs no texts")
@pytest.mark.django_db(transaction=True)
def test_import_compresses_bodies_with_lz4_and_other_saves_do_not(tmp_path):
    long = f"<p>{' '.join(f'word{place % 97}' for place in range(2000))}</p>"

    def packed(slug: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_column_compression(body) FROM news_article WHERE slug = %s", [slug])
            return cursor.fetchone()[0]

    imported(to_file(tmp_path, a_line(slug="imported", body=long)))
    assert packed("imported") == "lz4"
    factories.ArticleFactory(slug="saved", body=long)
    assert packed("saved") == "pglz"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL plans by what it has counted")
def test_large_import_updates_database_statistics(tmp_path, monkeypatch):
    monkeypatch.setattr("news.jsonl.ANALYZE_AFTER", 3)
    imported(to_file(tmp_path, *many_lines(6)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'news_article'")
        assert cursor.fetchone()[0] == 6
