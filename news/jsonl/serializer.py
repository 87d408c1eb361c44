"""Articles as records, and records as lines of JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import batched
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from cspa.richtext import pictures as shown_pictures
from delegations.exports.popolo_records import column_texts
from delegations.models import Parliament, Person, Source

from ..models import Article, ArticleQuerySet, Correction, Picture, Quotation, Topic
from .schema import ARTICLE, COLUMNS, PICTURE, QUOTATION, SOURCE, TOPIC

# Articles that are looked up and saved together.
CHUNK = 300


def records(articles: ArticleQuerySet) -> Iterator[dict[str, Any]]:
    """Yield the records of ``articles`` in the order of their creation, with bounded memory."""
    for chunk in batched(with_relations(articles).order_by("pk").iterator(chunk_size=CHUNK), CHUNK):
        pictures = Picture.objects.within(chunk)
        yield from (record(article, pictures) for article in chunk)


def line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=_json_default) + "\n"


def files(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that belong to a record."""
    pictures = [record["picture"]] if "picture" in record else []
    return [part["path"] for part in [*pictures, *record.get("pictures", []), *record.get("attachments", [])]]


def _json_default(value: UUID | date) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def with_relations(articles: ArticleQuerySet) -> ArticleQuerySet:
    """Load the relations that records hold, with a constant number of queries."""
    quotations = Quotation.objects.order_by("place").select_related("person")
    return (
        articles.defer("stems")
        .select_related("story", "picture")
        .prefetch_related(
            "topics",
            "sources",
            "former_addresses",
            "legacy_addresses",
            "attachments",
            Prefetch("parliaments", Parliament.objects.only("slug")),
            Prefetch("people", Person.objects.only("public_id")),
            Prefetch("corrections", Correction.objects.order_by("pk")),
            Prefetch(
                "quotations",
                quotations.only("article_id", "place", "function", "original_language", "person__public_id"),
            ),
        )
    )


def record(article: Article, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    """Return the record of ``article``; ``pictures`` come from ``Picture.objects.within``."""
    quotations = list(article.quotations.all())
    shown = dict.fromkeys(address for address, _alt in shown_pictures(article.body) if address in pictures)
    former = sorted(article.former_addresses.all(), key=lambda row: (row.language, row.date, row.slug))
    return ARTICLE.without_defaults(
        {
            "id": article.uid,
            "story": article.story.uid,
            "language": article.language,
            **{key: getattr(article, column) for key, column in COLUMNS.items()},
            "date": None,
            # The order of a table is not the same in another database.
            "topics": [topic_record(row) for row in sorted(article.topics.all(), key=lambda row: row.slug)],
            "delegations": sorted(row.slug for row in article.parliaments.all()),
            "people": sorted(row.public_id for row in article.people.all()),
            "sources": [source_record(row) for row in sorted(article.sources.all(), key=lambda row: row.uid)],
            "corrections": [
                {"date": row.date, "text": row.text, "recorded": row.recorded_at} for row in article.corrections.all()
            ],
            "quotations": annotated_quotations(map(_quotation, quotations)) if quotations else None,
            "former_addresses": [{"language": row.language, "date": row.date, "slug": row.slug} for row in former],
            "legacy_addresses": sorted(row.address for row in article.legacy_addresses.all()),
            "picture": picture_record(article.picture) if article.picture else None,
            "pictures": [picture_record(pictures[address]) for address in shown],
            "attachments": [
                {"id": row.uid, "path": row.file.name, "title": row.title, "language": row.language}
                for row in article.attachments.all()
            ],
        }
    )


def topic_record(topic: Topic) -> dict[str, Any]:
    return TOPIC.without_defaults({"slug": topic.slug, **column_texts(topic, "name")})


def source_record(source: Source) -> dict[str, Any]:
    return SOURCE.without_defaults(
        {
            "id": source.uid,
            **column_texts(source, "title"),
            "url": source.url,
            "date": source.date,
            "accessed": source.accessed,
        }
    )


def picture_record(picture: Picture) -> dict[str, Any]:
    return PICTURE.without_defaults(
        {
            "id": picture.uid,
            "path": picture.file.name,
            "decorative": picture.decorative,
            "focus": [picture.focus_x, picture.focus_y],
            **column_texts(picture, "alt", "credit"),
        }
    )


def _quotation(row: Quotation) -> dict[str, Any]:
    return {
        "place": row.place,
        "person": row.person.public_id if row.person else None,
        "function": row.function,
        "original_language": row.original_language,
    }


def annotated_quotations(quotations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the quotations with values beside their place, in order."""
    entries = [QUOTATION.without_defaults(values) for values in sorted(quotations, key=lambda values: values["place"])]
    return [entry for entry in entries if len(entry) > 1]
