"""Replicas of the test database, simulated by copies of its SQLite file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.test.utils import CaptureQueriesContext

from news.models import Article


class Copy:
    """A replica that replicates only when the test calls ``follow()``."""

    def __init__(self, alias: str, folder: Path):
        self.alias, self.folder, self.number = alias, folder, 0
        self.follow()

    def follow(self) -> None:
        """Replace the copy by the present state of the primary."""
        if self.alias in connections.settings:
            self.leave()
        self.number += 1
        file = self.folder / f"{self.alias}-{self.number}.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM INTO '{file}'")
        connections.settings[self.alias] = {**connections.settings[DEFAULT_DB_ALIAS], "NAME": str(file)}
        copy = connections[self.alias]
        # Django's test cases block connections to a database that was not configured when the test began.
        copy.ensure_connection = lambda: copy.connection or copy.connect()

    def leave(self) -> None:
        connections[self.alias].close()
        del connections[self.alias], connections.settings[self.alias]

    @contextmanager
    def is_read(self, is_it: bool) -> Iterator[None]:
        """Assert whether the block reads articles from this replica."""
        with CaptureQueriesContext(connections[self.alias]) as queries:
            yield
        assert any("news_article" in query["sql"] for query in queries) == is_it


def rename(title: str) -> None:
    row = Article.objects.get()
    row.title = title
    row.save()
