"""Lookup tables for some lines: the rows on record that they refer to."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet

from cspa.models import RetiredAddress
from delegations.models import FormerPublicId, FormerSlug, Parliament, Person, Source

from ..models import Article, Attachment, FormerAddress, LegacyAddress, Picture, Story, Topic
from ..models.former_addresses import address_text
from .reader import ArticleAddress, ArticleRow
from .serializer import with_relations


class Lookups:
    """Rows on record by the ids that lines use, loaded by a constant number of queries."""

    def __init__(self, rows: list[ArticleRow]):
        values = [row.values for row in rows]
        pictures = [picture for row in rows for picture in row.pictures]
        self.stories = _by("uid", Story.objects, (each["story"] for each in values))
        self.topics = _by("slug", Topic.objects, (topic["slug"] for each in values for topic in each["topics"]))
        self.sources = _by("uid", Source.objects, (source["id"] for each in values for source in each["sources"]))
        self.pictures = _by("uid", Picture.objects, (picture["id"] for picture in pictures))
        paths = _by("file", Picture.objects, (picture["path"] for picture in pictures)).values()
        self.files = {picture.file.name: picture for picture in paths}
        self.attachments = _by(
            "uid", Attachment.objects, (one["id"] for each in values for one in each["attachments"])
        )
        self.parliaments = _by_any(
            "slug", Parliament, FormerSlug, (slug for each in values for slug in each["delegations"])
        )
        self.people = _by_any("public_id", Person, FormerPublicId, (number for row in rows for number in row.people))
        ids, stories = [each["id"] for each in values], list(self.stories.values())
        articles = list(with_relations(Article.objects.filter(Q(uid__in=ids) | Q(story__in=stories))))
        self.articles = {article.uid: article for article in articles}
        self.translations = {(article.story.uid, article.language): article for article in articles}
        addresses = [address for row in rows for address in (row.address, *row.former_addresses)]
        texts = {address_text(*address): address for address in addresses}
        # The uids of the articles that had the addresses, if they gave them up.
        self.retired = {texts[text]: uid for text, uid in RetiredAddress.objects.of(Article).had(texts).items()}
        unknown = {topic["slug"] for each in values for topic in each["topics"]} - self.topics.keys()
        self.retired_topics = RetiredAddress.objects.of(Topic).had(unknown).keys()
        legacy = LegacyAddress.objects.filter(address__in={each for one in values for each in one["legacy_addresses"]})
        # Keys of articles; None of a page.
        self.legacy_owners = dict(legacy.values_list("address", "article"))
        self.owners = dict([*_owners(Article, "pk", addresses), *_owners(FormerAddress, "article", addresses)])


def _by(column: str, rows: QuerySet, wanted: Iterable) -> dict[Any, Model]:
    return rows.in_bulk(list(dict.fromkeys(wanted)), field_name=column)


def _by_any(column: str, model: type[Model], former: type[Model], wanted: Iterable) -> dict[Any, Model]:
    """Return rows by present and former ids."""
    wanted = list(wanted)
    found = _by(column, model.objects, wanted)
    owner = model._meta.model_name
    missing = [key for key in wanted if key not in found]
    for key, row in _by(column, former.objects.select_related(owner), missing).items():
        found[key] = getattr(row, owner)
    return found | {getattr(row, column): row for row in found.values()}


def _owners(model: type[Model], owner: str, addresses: list[ArticleAddress]) -> Iterator[tuple[ArticleAddress, int]]:
    """Yield the ``addresses`` that are on record, each with the key of its article."""
    near = model.objects.filter(date__in={day for _, day, _ in addresses}, slug__in={slug for _, _, slug in addresses})
    for language, day, slug, key in near.values_list("language", "date", "slug", owner):
        yield (language, day, slug), key
