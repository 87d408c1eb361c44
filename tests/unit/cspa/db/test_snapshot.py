"""Snapshots: what is committed while a page is read is seen as a whole or not at all."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from cspa.db.snapshot import read_snapshot
from news.models import Article, Topic

from ....support import factories
from ....support.page_cache import LIST, Reader
from ....support.writers import in_another_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases("cspa.db.snapshot")]

# One commit for both.
RENAME = ("UPDATE news_article SET title = 'A new title'", "UPDATE news_topic SET name_en = 'A new topic'")


@pytest.fixture
def alias(article: Article, request) -> str:
    """The alias of a database with an article of one topic, to which another connection can write meanwhile."""
    article.topics.add(factories.TopicFactory(name_en="An old topic"))
    if connection.vendor == "postgresql":
        return DEFAULT_DB_ALIAS
    # The database of the tests is in memory, where readers see what others have not committed.
    request.getfixturevalue("copies")[0].follow()
    return "replica1"


def rename(alias: str) -> None:
    """Rename the article and the topic on another connection."""

    def on_postgresql() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in RENAME:
                cursor.execute(statement)

    if connection.vendor == "postgresql":
        in_another_thread(on_postgresql)
        return
    with closing(sqlite3.connect(connections[alias].settings_dict["NAME"])) as database, database:
        for name in ("UPPER", "LOWER"):
            database.create_function(name, 1, str, deterministic=True)
        for statement in RENAME:
            database.execute(statement)


def test_snapshot_is_of_before_a_commit_and_the_next_one_of_after(alias: str):
    def names() -> tuple[str, str]:
        return Article.objects.using(alias).get().title, Topic.objects.using(alias).get().name_en

    with read_snapshot(alias):
        title = Article.objects.using(alias).get().title
        rename(alias)
        assert (title, *names()) == ("The Council met", "The Council met", "An old topic")
    with read_snapshot(alias):
        assert names() == ("A new title", "A new topic")


def test_page_shows_one_state_of_the_database(reader: Reader, alias: str):
    old = reader.get(LIST).content
    assert b"The Council met" in old
    assert b"An old topic" in old
    statements: list[str] = []

    def commit_after_the_first(execute: Callable, sql: str, *arguments: object) -> object:
        result = execute(sql, *arguments)
        if "news_" in sql:
            statements.append(sql)
            if len(statements) == 1:
                rename(alias)
        return result

    reader = Reader()
    # The time of the next scheduled article is read with the versions, before the page.
    reader.site.versions.current()
    if alias != DEFAULT_DB_ALIAS:
        reader.site.replicas.aliases = [alias]
    with connections[alias].execute_wrapper(commit_after_the_first):
        during = reader.get(LIST).content
    assert len(statements) > 1
    assert (b"The Council met" in during, b"An old topic" in during) == (True, True)
    if alias == DEFAULT_DB_ALIAS:
        # The page was stored under the versions of before the commit.
        after = reader.get(LIST).content
        assert (b"A new title" in after, b"A new topic" in after) == (True, True)
    reader.site.versions.close()


def test_snapshot_refuses_or_discards_a_write():
    try:
        with read_snapshot(DEFAULT_DB_ALIAS):
            Topic.objects.create(slug="one", name_en="One")
    except DatabaseError:
        assert connection.vendor == "postgresql"
    assert not Topic.objects.exists()
    Topic.objects.create(slug="two", name_en="Two")
    assert Topic.objects.count() == 1


def test_block_within_a_transaction_belongs_to_it():
    with transaction.atomic():
        Topic.objects.create(slug="one", name_en="One")
        with read_snapshot(DEFAULT_DB_ALIAS):
            assert Topic.objects.exists()
    assert Topic.objects.exists()
