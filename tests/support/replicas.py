"""Copies of the test database that stand for replicas."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.test.utils import CaptureQueriesContext

from news.models import Article


class Copy:
    """A replica that follows when it is told to."""

    def __init__(self, alias: str, folder: Path):
        self.alias, self.folder, self.number = alias, folder, 0
        self.follow()

    def follow(self) -> None:
        """Be as far as the primary."""
        if self.alias in connections.settings:
            self.leave()
        self.number += 1
        file = self.folder / f"{self.alias}-{self.number}.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM INTO '{file}'")
        connections.settings[self.alias] = {**connections.settings[DEFAULT_DB_ALIAS], "NAME": str(file)}
        copy = connections[self.alias]
        # Django's tests let nobody connect to a database that was not there when the test began.
        copy.ensure_connection = lambda: copy.connection or copy.connect()

    def leave(self) -> None:
        connections[self.alias].close()
        del connections[self.alias], connections.settings[self.alias]

    @contextmanager
    def is_read(self, is_it: bool) -> Iterator[None]:
        """Check whether articles are read from here."""
        with CaptureQueriesContext(connections[self.alias]) as queries:
            yield
        assert any("news_article" in query["sql"] for query in queries) == is_it


def rename(title: str) -> None:
    row = Article.objects.get()
    row.title = title
    row.save()
