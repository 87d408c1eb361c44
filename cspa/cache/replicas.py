"""Read replicas (DATABASE_REPLICA_URLS): pages are rendered from a copy of the database that is up to date.

A replica is up to date when its table versions equal those of the primary that the page is stored under. What it
replays while a page is rendered has later versions, with which the page is not fresh and is rendered again. Staff, and
everything that writes, use the primary.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from cspa.models import TableVersion

from .versions import DATABASE_ERRORS, TableVersions

# How long a replica is left out after it lagged.
LAG_SECONDS = 1.0
# How long after it was down: to find that out takes a second of a reader's time.
DOWN_SECONDS = 10.0

_alias: ContextVar[str] = ContextVar("alias", default=DEFAULT_DB_ALIAS)


@contextmanager
def read_from(alias: str) -> Iterator[None]:
    token = _alias.set(alias)
    try:
        yield
    finally:
        _alias.reset(token)


class ReplicaRouter:
    """Database router: reads go where ``read_from`` says, everything else to the primary."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _alias.get()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        # A replica holds the rows of the primary.
        return True

    def allow_migrate(self, alias: str, app_label: str, **hints: Any) -> bool:
        return alias == DEFAULT_DB_ALIAS


class ReplicaPool:
    """The replicas of a process, used in turn; one that lags or is down is left out for a while."""

    def __init__(self) -> None:
        self.aliases = replica_aliases()
        # When each may be used again, on the monotonic clock.
        self._left_out_until: dict[str, float] = {}

    def choose(self, versions: TableVersions) -> str:
        """The alias of a replica that holds ``versions``; that of the primary where there is none."""
        now = time.monotonic()
        for alias in [alias for alias in self.aliases if self._left_out_until.get(alias, 0) <= now]:
            try:
                is_up_to_date = stored_versions(alias) == versions.stored
            except DATABASE_ERRORS:
                self.mark_down(alias)
                continue
            if is_up_to_date:
                self.aliases = [*self.aliases[1:], *self.aliases[:1]]
                return alias
            # Back into the pool.
            connections[alias].close()
            self._left_out_until[alias] = now + LAG_SECONDS
        return DEFAULT_DB_ALIAS

    def mark_down(self, alias: str) -> None:
        connections[alias].close()
        self._left_out_until[alias] = time.monotonic() + DOWN_SECONDS


def replica_aliases() -> list[str]:
    return [alias for alias in connections if alias != DEFAULT_DB_ALIAS]


def stored_versions(alias: str) -> dict[str, int]:
    return dict(TableVersion.objects.using(alias).values_list("name", "number"))
