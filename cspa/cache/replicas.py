"""Replicas (DATABASE_REPLICA_URLS): copies of the database, which the pages of readers are read from.

A page is kept under the numbers of the primary (``versions``). It may be read from a replica whose own numbers
are the same, which then holds all that the page shows; what it replays meanwhile has other numbers, with which the
page is made anew. All else, staff and whatever writes, reads the primary.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from ..models import Version
from .versions import Away, Mark

LAGGING = 1.0  # seconds that a replica is left out which is not as far as the primary
ABSENT = 10.0  # and one that is away: to find that out takes a second of a reader's time

_read: ContextVar[str] = ContextVar("read", default=DEFAULT_DB_ALIAS)


@contextmanager
def reading_from(alias: str) -> Iterator[None]:
    """What this thread reads meanwhile comes from the database ``alias``."""
    token = _read.set(alias)
    try:
        yield
    finally:
        _read.reset(token)


class Router:
    """Says Django which database to ask; in use where there are replicas."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _read.get()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True  # they are rows of one database, wherever they were read

    def allow_migrate(self, alias: str, app_label: str, **hints: Any) -> bool:
        return alias == DEFAULT_DB_ALIAS


class Replicas:
    """What this process knows of the replicas."""

    def __init__(self) -> None:
        self.aliases = aliases()
        self._left_out: dict[str, float] = {}  # alias -> until when

    def at(self, mark: Mark) -> str:
        """The alias of a database that holds what ``mark`` stands for: a replica's where there is one."""
        now = time.monotonic()
        for alias in [alias for alias in self.aliases if self._left_out.get(alias, 0) <= now]:
            try:
                is_there = numbers(alias) == mark.written
            except Away:
                self.leave_out(alias)
                continue
            if is_there:
                self._next_one_first()
                return alias
            connections[alias].close()  # back into the pool
            self._left_out[alias] = now + LAGGING
        return DEFAULT_DB_ALIAS

    def leave_out(self, alias: str) -> None:
        """Somebody found the replica away."""
        connections[alias].close()
        self._left_out[alias] = time.monotonic() + ABSENT

    def _next_one_first(self) -> None:
        self.aliases = [*self.aliases[1:], *self.aliases[:1]]


def aliases() -> list[str]:
    """The names under which Django knows the replicas."""
    return [alias for alias in connections if alias != DEFAULT_DB_ALIAS]


def numbers(alias: str) -> dict[str, int]:
    """The numbers of the versions, as the database ``alias`` holds them."""
    return dict(Version.objects.using(alias).values_list("name", "number"))
