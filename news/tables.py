"""Tables of all published articles and of what was quoted in them, as files and in the data package.

An article is in them without its text, which would be most of the archive: the API has it under the same id.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Prefetch
from django.utils.translation import gettext_noop

from cspa.exports.datapackage import Table
from cspa.exports.tabular import Cell
from delegations.exports.csv_rows import SOURCE_COLUMNS, source_cells
from delegations.exports.serializers import join_cell
from delegations.models import Person

from .models import Article, Quotation

CHUNK = 2000


def _articles() -> Iterator[list[Cell]]:
    rows = Article.objects.published().without_body().select_related("story").order_by("published_at", "pk")
    rows = rows.prefetch_related("topics", "parliaments", Prefetch("people", Person.objects.public()), "sources")
    for article in rows.iterator(chunk_size=CHUNK):
        yield [
            str(article.uid),
            str(article.story.uid),
            article.language,
            article.date,
            article.published_at.isoformat(),
            article.title,
            article.summary,
            article.dateline,
            settings.SITE_URL + article.get_absolute_url(),
            join_cell(topic.slug for topic in article.topics.all()),
            join_cell(parliament.slug for parliament in article.parliaments.all()),
            join_cell(str(person.public_id) for person in article.people.all()),
            *source_cells(article.sources.all()),
        ]


def _quotations() -> Iterator[list[Cell]]:
    rows = Quotation.objects.filter(article__in=Article.objects.published()).select_related("article", "person")
    rows = rows.defer("article__body", "article__stems").order_by("article__published_at", "article", "place")
    for row in rows.iterator(chunk_size=CHUNK):
        # A withdrawn person stays the speaker of the words, without name and number.
        withdrawn = row.person is not None and row.person.withdrawn
        yield [
            str(row.article.uid),
            row.place,
            row.article.date,
            row.article.language,
            row.words,
            "" if withdrawn else row.speaker,
            row.person.public_id if row.person and not withdrawn else None,
            row.function,
            row.original_language or row.article.language,
        ]


_DAY = {"date": {"type": "date"}}

TABLES = [
    Table(
        "articles",
        gettext_noop("Articles, without their texts"),
        [
            *("id", "story", "language", "date", "published", "title", "summary", "dateline", "page"),
            *("topics", "delegations", "people_ids", *SOURCE_COLUMNS),
        ],
        _articles,
        fields=_DAY | {"published": {"type": "datetime"}},
    ),
    Table(
        "quotations",
        gettext_noop("Quotations"),
        [
            *("article", "place", "date", "language", "words", "speaker", "person_id", "function"),
            "original_language",
        ],
        _quotations,
        key=("article", "place"),
        references={"person_id": "people", "article": "articles"},
        fields=_DAY,
    ),
]
