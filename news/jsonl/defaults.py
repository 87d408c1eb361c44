"""What a line leaves open: id, story, slug, state and the time of the last change."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils import timezone
from django.utils.translation import gettext as _
from slugify import slugify

from delegations.importer.records import RowError

from ..models import Article


def complete(values: dict[str, Any]) -> frozenset[str]:
    """Make the values that ``values`` leave open, and return their keys.

    The id follows from the first address on the former site, or else from language, time and title, so that a second
    run finds the same article. Raises RowError if there is no time.
    """
    published = _published(values)
    made = frozenset(key for key in ("id", "story", "slug", "state", "text_changed") if values[key] is None)
    source, *_others = [*values["legacy_addresses"], f"{values['language']} {published.isoformat()} {values['title']}"]
    uid = values["id"] or uuid5(NAMESPACE_URL, source)
    defaults: dict[str, Callable[[], Any]] = {
        "id": lambda: uid,
        "story": lambda: uuid5(uid, "story"),
        "slug": lambda: slugify(values["title"], max_length=100, word_boundary=True) or "article",
        "state": lambda: Article.State.PUBLISHED.value,
        "text_changed": lambda: published,
    }
    values |= {"published": published, "date": None} | {key: defaults[key]() for key in made}
    return made


def _published(values: dict[str, Any]) -> datetime:
    day, published = values["date"], values["published"]
    if published and day:
        raise RowError(_("“%(one)s” and “%(other)s” say the same: give one.") % {"one": "published", "other": "date"})
    if not (published or day):
        raise RowError(_("“%(name)s” is missing.") % {"name": "published"})
    return published or timezone.make_aware(datetime.combine(day, time()))
