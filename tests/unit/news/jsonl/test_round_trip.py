"""Exported articles are imported without loss."""

import json

import pytest
from django.core.management import call_command

from delegations.models import FormerPublicId, FormerSlug, Source
from news.jsonl import records, schema
from news.models import Article, Attachment, Correction, FormerAddress, Picture, Quotation, Topic, Translation

from ....support import factories
from ....support.jsonl import (
    SPOKEN,
    a_line,
    a_rich_archive,
    counts,
    exported,
    forget_everything,
    imported,
    stored,
    to_file,
)

pytestmark = pytest.mark.django_db


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
    parts = {"corrections", "quotations", "former_addresses", "legacy_addresses", "pictures", "attachments"} | {
        "focus_y"
    }
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
