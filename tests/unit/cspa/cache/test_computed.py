"""Computed values are remembered while their tables are unchanged, and their tables count for each page."""

import sys
from threading import Event, Thread, get_ident

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.test.utils import CaptureQueriesContext

from cspa.cache import versions
from cspa.cache.computed import computed
from cspa.db.snapshot import read_snapshot
from cspa.models import TableVersion
from delegations.models import Parliament
from news.models import Topic

from ....support import factories
from ....support.page_cache import Reader
from ....support.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases("cspa.cache.computed")]


class Names:
    """Computes the names of all topics under a key, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, name: str = "names") -> list[str]:
        def compute() -> list[str]:
            self.count += 1
            return list(Topic.objects.values_list("name_en", flat=True))

        return computed(lambda: (id(self), name), compute)


def test_value_is_computed_again_after_a_change_of_its_tables():
    names, topic = Names(), factories.TopicFactory(name_en="One")
    for _number in range(3):
        with read_snapshot(DEFAULT_DB_ALIAS):
            assert names.read() == ["One"]
    factories.ParliamentFactory()
    with read_snapshot(DEFAULT_DB_ALIAS):
        assert (names.read(), names.count) == (["One"], 1)
    Topic.objects.filter(pk=topic.pk).update(name_en="Two")
    with read_snapshot(DEFAULT_DB_ALIAS):
        assert (names.read(), names.count) == (["Two"], 2)
        assert (names.read("others"), names.count) == (["Two"], 3)


def test_versions_are_read_once_in_each_snapshot():
    names = Names()
    for _number in range(2):
        with read_snapshot(DEFAULT_DB_ALIAS), CaptureQueriesContext(connection) as queries:
            names.read()
            names.read("others")
        assert sum(TableVersion._meta.db_table in query["sql"] for query in queries) == 1


def test_nothing_is_remembered_without_a_snapshot_or_within_a_transaction_that_may_write():
    names, topic = Names(), factories.TopicFactory(name_en="One")
    assert (names.read(), names.read(), names.count) == (["One"], ["One"], 2)
    with transaction.atomic(), read_snapshot(DEFAULT_DB_ALIAS):
        Topic.objects.filter(pk=topic.pk).update(name_en="Never committed")
        assert names.read() == ["Never committed"]
        transaction.set_rollback(True)
    Topic.objects.filter(pk=topic.pk).update(name_en="Two")
    with read_snapshot(DEFAULT_DB_ALIAS):
        assert names.read() == ["Two"]


def test_each_caller_gets_an_object_of_its_own():
    names = Names()
    factories.TopicFactory(name_en="One")
    with read_snapshot(DEFAULT_DB_ALIAS):
        names.read().append("Two")
        names.read().append("Three")
        assert (names.read(), names.count) == (["One"], 1)


def test_threads_that_need_one_value_compute_it_once():
    factories.TopicFactory(name_en="One")
    begun, may_end, found = Event(), Event(), []
    keys = [Event(), Event()]
    computed_in: list[int] = []

    def compute() -> list[str]:
        computed_in.append(get_ident())
        begun.set()
        may_end.wait(60)
        return list(Topic.objects.values_list("name_en", flat=True))

    def read(asked: Event) -> None:
        def key() -> tuple[int, str]:
            asked.set()
            return id(found), "names"

        with read_snapshot(DEFAULT_DB_ALIAS):
            found.append(computed(key, compute))
        connection.close()

    threads = [Thread(target=read, args=[asked]) for asked in keys]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    assert keys[1].wait(60)
    # A thread that does not wait for the other one computes at once.
    until(lambda: len(computed_in) > 1 or is_waiting(threads[1]))
    may_end.set()
    for thread in threads:
        thread.join(60)
    assert (found, len(computed_in)) == ([["One"], ["One"]], 1)


def is_waiting(thread: Thread) -> bool:
    """Whether the thread stands at the lock of a key."""
    frame = sys._current_frames().get(thread.ident)
    return frame is not None and frame.f_code.co_name == "computed"


def test_tables_of_a_remembered_value_count_as_read():
    names = Names()
    with read_snapshot(DEFAULT_DB_ALIAS):
        for _number in range(2):
            with versions.tables_read() as outer:
                computed(lambda: id(outer), names.read)
            assert outer == {"news_topic"}
    assert names.count == 1


def test_pages_that_share_a_value_are_current_after_an_edit(reader: Reader):
    parliament = factories.ParliamentFactory(name_en="Zubrovka", short_name_en="Zubrovka")
    pages = ["/en/", "/en/delegations/", "/en/delegations/?on=2019-05-05", "/en/delegations/?on=2019-05-06"]
    assert all(b"Zubrovka" in reader.get(page).content for page in pages)
    Parliament.objects.filter(pk=parliament.pk).update(name_en="Freedonia", short_name_en="Freedonia")
    assert all(b"Freedonia" in reader.get(page).content for page in pages)
