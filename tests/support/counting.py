"""Query counts of pages and operations, equal on both databases, and assertions on them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from .query_bounds import QUERY_BOUNDS

# The number of queries of each kind of page or operation that a test measures.
Costs = Mapping[str, int]


def up_to(most: int) -> pytest.MarkDecorator:
    """Parametrise a test with ``sizes``: 1 and 3 rows, and additionally ``most`` rows in a variant marked long."""
    return pytest.mark.parametrize(
        "sizes",
        [(1, 3), pytest.param((1, 3, most), marks=pytest.mark.long)],
        ids=lambda sizes: "-".join(map(str, sizes)),
    )


def cost(do: Callable[[], object]) -> int:
    """The number of queries of ``do``, without the lock of the audit log, which only PostgreSQL takes.

    The content types are loaded first, because Django caches them for the process.
    """
    ContentType.objects.get_for_models(*apps.get_models())
    with CaptureQueriesContext(connection) as queries:
        do()
    return len([query for query in queries.captured_queries if "pg_advisory" not in query["sql"]])


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back all writes of the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def assert_within_bounds(costs: Costs) -> None:
    """Assert that each kind takes at most the queries that tests/support/query_bounds.py allows."""
    above = [
        f"{kind}: {number} queries, at most {QUERY_BOUNDS[kind]} are allowed"
        for kind, number in costs.items()
        if number > QUERY_BOUNDS[kind]
    ]
    assert not above, "; ".join(above)


def assert_equal_costs(by_size: Mapping[int, Costs]) -> None:
    """Assert that each kind takes the same number of queries for all numbers of rows, within its bound."""
    assert len(by_size) > 1, "One size shows no growth."
    first, *others = by_size.values()
    assert all(costs.keys() == first.keys() for costs in others)
    growing = [
        f"{kind}: " + ", ".join(f"{costs[kind]} queries for {rows} rows" for rows, costs in by_size.items())
        for kind in first
        if any(costs[kind] != first[kind] for costs in others)
    ]
    assert not growing, "; ".join(growing)
    assert_within_bounds(first)


def assert_same_cost(measure: Callable[[int], Costs], sizes: Iterable[int]) -> None:
    """Assert that ``measure``, which creates rows and counts queries, returns the same counts for all ``sizes``.

    The rows of one size are rolled back before those of the next are created.
    """
    by_size = {}
    for rows in sizes:
        with rolled_back():
            by_size[rows] = measure(rows)
    assert_equal_costs(by_size)
