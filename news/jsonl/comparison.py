"""Comparison of a line with the article on record."""

from typing import Any

from ..models import Article
from .reader import ArticleAddress, ArticleRow
from .schema import ARTICLE
from .serializer import annotated_quotations, record

#: The key by which lines refer to rows that they share. Other values of such rows do not belong to the article.
IDENTITIES = {"topics": "slug", "sources": "id"}
# The first three identify the article; the pictures of a text follow from the text.
_NOT_COMPARED = {"id", "story", "language", "pictures"}


def changed_keys(row: ArticleRow) -> list[str]:
    """Return the keys under which the line differs from the article on record."""
    recorded = {name: key.empty for name, key in ARTICLE.items()} | record(row.article, {})
    return [name for name in ARTICLE if name not in _NOT_COMPARED and _differs(row, name, recorded[name])]


def _differs(row: ArticleRow, name: str, recorded: Any) -> bool:
    value = row.values[name]
    if name == "quotations":
        return value is not None and annotated_quotations(value) != (recorded or [])
    if name == "former_addresses":
        # Those on record stay, so that they redirect for ever.
        known = {(each["language"], each["date"], each["slug"]) for each in recorded}
        return not known.issuperset(set(row.former_addresses) - {_address(row.article)})
    if name == "legacy_addresses":
        return not set(recorded).issuperset(value)
    return _comparable(name, value) != _comparable(name, recorded)


def _comparable(name: str, value: Any) -> Any:
    """Return the part of ``value`` that belongs to the article."""
    if name == "corrections":
        return [(each["date"], each["text"]) for each in value]
    if name in IDENTITIES:
        return {each[IDENTITIES[name]] for each in value}
    if name == "attachments":
        return {each["id"]: (each["title"], each["language"]) for each in value}
    if name == "picture":
        return value and value["id"]
    return value


def _address(article: Article) -> ArticleAddress:
    return article.language, article.date, article.slug
