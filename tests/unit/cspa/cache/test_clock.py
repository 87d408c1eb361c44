"""A clock that was ahead for a while, or is set back: no page stays as it was at a time that has not come."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
import time_machine
from django.db import OperationalError, connection

from cspa.cache import versions
from cspa.env import env_cache

from ....support import factories
from ....support.page_cache import LIST, Reader, new_process

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = "/en/delegations/people/"
NOW = datetime(2026, 5, 26, 9, tzinfo=UTC)
AHEAD = timedelta(days=365)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def test_pages_of_a_clock_that_was_ahead_are_rendered_again(reader: Reader, clock: time_machine.Traveller):
    factories.DelegateFactory(starts="2026-12-01", person__name_en="Viktor Kogut")
    factories.ArticleFactory(title="To come", published_at=NOW + timedelta(days=30))
    clock.shift(AHEAD)
    assert b"Kogut" in reader.get(PEOPLE).content
    assert b"To come" in reader.get(LIST).content
    clock.move_to(NOW)
    assert b"Kogut" not in reader.get(PEOPLE).content
    assert b"To come" not in reader.get(LIST).content
    # The time of the article is known again.
    clock.shift(timedelta(days=30))
    assert b"To come" in reader.get(LIST).content


def test_scheduled_article_appears_after_the_clock_was_ahead(reader: Reader, clock: time_machine.Traveller):
    factories.ArticleFactory(title="To come", published_at=NOW + timedelta(hours=2))
    clock.shift(timedelta(hours=3))
    assert b"To come" in reader.get(LIST).content
    clock.move_to(NOW)
    assert b"To come" not in reader.get(LIST).content
    clock.shift(timedelta(hours=2))
    assert b"To come" in reader.get(LIST).content


def test_page_rendered_while_the_clock_is_set_is_not_cached(reader: Reader, clock: time_machine.Traveller):
    factories.DelegateFactory(starts="2026-12-01", person__name_en="Viktor Kogut")

    def set_clock(execute: Callable, *arguments: object) -> object:
        if "delegations_delegate" in str(arguments[0]):
            clock.move_to(NOW + AHEAD)
        return execute(*arguments)

    reader.site.versions.current()
    with connection.execute_wrapper(set_clock):
        reader.get(PEOPLE)
    clock.move_to(NOW)
    assert b"Kogut" not in reader.get(PEOPLE).content


def test_page_of_a_clock_that_was_ahead_is_not_served_while_the_database_is_down(
    reader: Reader, clock: time_machine.Traveller, settings, tmp_path: Path
):
    settings.CACHES = {"default": env_cache("", f"file:///{tmp_path}/pages")}
    clock.shift(AHEAD)
    assert reader.get(LIST).status_code == 200
    away = mock.patch("cspa.cache.versions.VersionTracker.current", side_effect=OperationalError)
    with away, new_process() as process:
        for each in (reader, process):
            assert each.get(LIST).status_code == 200
    clock.move_to(NOW)
    with away, new_process() as process:
        for each in (reader, process):
            assert each.get(LIST).status_code == 503
    assert "Age" not in reader.get(LIST)


def test_change_marker_of_each_commit_differs_whatever_the_clock_says(clock: time_machine.Traveller):
    markers = []
    for moment in (NOW, NOW, NOW + AHEAD, NOW, NOW - AHEAD):
        clock.move_to(moment)
        versions.touch_change_marker()
        markers.append(versions.change_marker())
    assert len(set(markers)) == len(markers)
    assert 0 not in markers
