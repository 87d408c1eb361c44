"""Saving the articles of some lines."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from cspa import audit
from cspa.cache import versions
from cspa.db.bulk_copy import bulk_copy
from cspa.db.computed_fields import DerivedQuerySet
from cspa.richtext import quotations
from delegations.models import Source

from ..models import Article, Attachment, Correction, FormerAddress, LegacyAddress, Quotation, Story, Topic
from .comparison import IDENTITIES
from .lookups import Lookups
from .reader import ArticleRow

#: The relations of an article by the keys of a line.
_RELATIONS = {"topics": "topics", "delegations": "parliaments", "people": "people", "sources": "sources"}


@dataclass
class ArticleWriter:
    """Saves new articles in a constant number of queries, and changed ones one by one."""

    lookups: Lookups
    # Called while PostgreSQL takes in an article.
    between_articles: Callable[[], Any]

    def save(self, rows: list[ArticleRow], new_rows: dict[type[models.Model], list]) -> None:
        """Save the articles of ``rows``, and before them the ``new_rows`` that they refer to."""
        for model in (Story, Topic, Source):
            self.create(model, new_rows[model])
        self.save_new([row for row in rows if row.new])
        for row in rows:
            # Each save leaves a revision.
            if not row.new:
                self.save_changed(row)
        self.create(
            Correction,
            (
                Correction(article=row.article, date=each["date"], text=each["text"], recorded_at=each["recorded"])
                for row in rows
                if row.new or "corrections" in row.changed
                for each in row.values["corrections"]
            ),
        )
        self.create(
            Attachment,
            (
                Attachment(
                    article=row.article,
                    uid=each["id"],
                    file=each["path"],
                    title=each["title"],
                    language=each["language"],
                    size=each["size"],
                )
                for row in rows
                for each in row.values["attachments"]
                if "size" in each
            ),
        )

    def save_new(self, rows: list[ArticleRow]) -> None:
        insert([row.article for row in rows], self.between_articles)
        audit.mark_created(Article, [row.article.pk for row in rows])
        self.save_quotations(rows)
        for key, relation in _RELATIONS.items():
            field = Article._meta.get_field(relation)
            names = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
            if pairs := [(row.article.pk, other.pk) for row in rows for other in self.related(row, key)]:
                bulk_copy(field.remote_field.through, names, pairs)
        self.create(
            FormerAddress,
            (FormerAddress(article=row.article, **each) for row in rows for each in row.values["former_addresses"]),
        )
        self.create(
            LegacyAddress,
            (
                LegacyAddress(article=row.article, address=address)
                for row in rows
                for address in dict.fromkeys(row.values["legacy_addresses"])
            ),
        )
        if rows:
            # COPY sends no signal.
            versions.touch_on_commit()

    def save_changed(self, row: ArticleRow) -> None:
        article, values = row.article, row.values
        article.save()
        # save() sets the time of the change to now; the line has the real one.
        Article.objects.filter(pk=article.pk).update(text_changed_at=values["text_changed"])
        for key, relation in _RELATIONS.items():
            if key in row.changed:
                getattr(article, relation).set(self.related(row, key))
        if "corrections" in row.changed:
            article.corrections.all().delete()
        if values["quotations"] is not None:
            stored = list(Quotation.objects.filter(article=article))
            for quotation in stored:
                self.apply_quotation(row, quotation)
            Quotation.objects.bulk_update(stored, ["person", "function", "original_language"])
        for each in values["former_addresses"]:
            FormerAddress.objects.get_or_create(**each, defaults={"article": article})
        for address in values["legacy_addresses"]:
            LegacyAddress.objects.get_or_create(address=address, defaults={"article": article})
        if "attachments" in row.changed:
            remaining = [each["id"] for each in values["attachments"]]
            Attachment.objects.filter(article=article).exclude(uid__in=remaining).delete()
            audit.snapshot_before(Attachment, Attachment.objects.filter(article=article).values_list("pk", flat=True))
            for each in values["attachments"]:
                Attachment.objects.filter(uid=each["id"]).update(title=each["title"], language=each["language"])

    def create(self, model: type[models.Model], rows: Iterable[models.Model]) -> None:
        audit.mark_created(model, [row.pk for row in model.objects.bulk_create(rows)])

    def related(self, row: ArticleRow, key: str) -> list[models.Model]:
        """Return the rows that a line names under ``key``, each once."""
        known = getattr(self.lookups, _RELATIONS[key])
        names = [each[IDENTITIES[key]] if key in IDENTITIES else each for each in row.values[key]]
        return [known[name] for name in dict.fromkeys(names)]

    def save_quotations(self, rows: list[ArticleRow]) -> None:
        """Save the quotations of new articles: from the line if it states any, else from text and directory."""
        stated = []
        for row in rows:
            if row.values["quotations"] is not None:
                for place, (words, _caption) in enumerate(quotations(row.article.body)):
                    quotation = Quotation(article=row.article, place=place, words=words)
                    self.apply_quotation(row, quotation)
                    stated.append(quotation)
        Quotation.objects.bulk_create(stated)
        Quotation.objects.follow([row.article for row in rows])

    def apply_quotation(self, row: ArticleRow, quotation: Quotation) -> None:
        """Set what the line states about the place of ``quotation``."""
        stated = next((each for each in row.values["quotations"] if each["place"] == quotation.place), {})
        quotation.person = self.lookups.people[stated["person"]] if stated.get("person") else None
        quotation.function = stated.get("function", "")
        quotation.original_language = stated.get("original_language", "")


def insert(articles: list[Article], between_articles: Callable[[], Any]) -> None:
    """Save new articles. PostgreSQL takes one in while Python prepares the next and calls ``between_articles``.

    Article.objects would ask the directory who is quoted, but the lines state that.
    """
    if not articles or connection.vendor != "postgresql":
        DerivedQuerySet(Article).bulk_create(articles)
        return
    with connection.cursor() as cursor:
        keys = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        cursor.execute(keys, [connection.ops.quote_name(Article._meta.db_table), len(articles)])
        for article, (article.pk,) in zip(articles, cursor.fetchall(), strict=True):
            # The story has been saved since it was assigned: copy its key.
            article.story = article.story
            article._state.adding, article._state.db = False, connection.alias
    names = [field.attname for field in Article._meta.concrete_fields]

    def rows() -> Iterator[list[Any]]:
        for article in articles:
            article.derive()
            yield [getattr(article, name) for name in names]
            between_articles()

    bulk_copy(Article, names, rows())
