"""Collection of the external links in the directory and the news."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

from django.db import models, transaction

from cspa.richtext import links
from delegations.dates import today
from delegations.models import Link, Source
from news.models import Article

from .models import LONGEST, Address

BATCH = 1000


def named() -> Iterator[tuple[str, str, int]]:
    """URL, relation name and key of each record with an external link: current websites, sources, public articles."""
    for key, url in Link.objects.on(today()).values_list("pk", "url"):
        yield url, "websites", key
    for key, url in Source.objects.exclude(url="").values_list("pk", "url"):
        yield url, "sources", key
    for key, body in Article.objects.published().values_list("pk", "body").iterator(chunk_size=BATCH):
        for url in links(body):
            yield url, "articles", key


@transaction.atomic
def gather() -> None:
    """Synchronise the Address rows with the records. An address that no record contains is deleted."""
    places: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for url, name, key in named():
        if url.startswith(("http://", "https://")) and len(url) <= LONGEST and "\x00" not in url:
            places[url].add((name, key))
    known = dict(Address.objects.values_list("url", "pk"))
    gone = [key for url, key in known.items() if url not in places]
    for start in range(0, len(gone), BATCH):
        Address.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    new = (Address(url=url) for url in places if url not in known)
    Address.objects.bulk_create(new, batch_size=BATCH)
    keys = dict(Address.objects.values_list("url", "pk"))
    for name in ("websites", "sources", "articles"):
        _stand(name, [(keys[url], key) for url, found in places.items() for where, key in found if where == name])


def _stand(name: str, pairs: list[tuple[int, int]]) -> None:
    """Replace the rows of the relation ``name`` by ``pairs`` of the keys of an address and of a record."""
    # All three names are many-to-many fields, and ``through`` is None only while models are loaded.
    field = cast("models.ManyToManyField[Any, Any]", Address._meta.get_field(name))
    through = cast("type[models.Model]", field.remote_field.through)
    through._base_manager.all().delete()
    columns = ("address_id", field.m2m_reverse_name())
    rows = (through(**dict(zip(columns, pair, strict=True))) for pair in pairs)
    through._base_manager.bulk_create(rows, batch_size=BATCH)
