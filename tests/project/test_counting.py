"""Assertions on query counts: they fail if a cost grows with the rows or exceeds its bound."""

from functools import partial
from typing import Any

import pytest

from delegations.models import Source

from ..support import factories
from ..support.counting import Costs, assert_same_cost, assert_within_bounds, cost
from ..support.query_bounds import QUERY_BOUNDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind of operation with a bound of two queries."""
    monkeypatch.setitem(QUERY_BOUNDS, "test", 2)
    return "test"


def measure(kind: str, rows: int, *, each: bool = False, more: int = 0) -> Costs:
    """Make one query for all rows, one more for each row if ``each`` is true, and ``more`` others."""
    factories.SourceFactory.create_batch(rows)

    def ask() -> None:
        found = list(Source.objects.all())
        assert len(found) == rows
        for source in found if each else ():
            source.refresh_from_db()
        for _number in range(more):
            Source.objects.exists()

    return {kind: cost(ask)}


def test_same_cost_within_its_bound_passes(kind: str):
    assert_same_cost(partial(measure, kind, more=1), (1, 3))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"each": True}, "test: 2 queries for 1 rows, 4 queries for 3 rows"),
        ({"more": 2}, "test: 3 queries, at most 2 are allowed"),
    ],
    ids=["growing", "above its bound"],
)
def test_cost_that_grows_or_is_above_its_bound_fails(kind: str, extra: dict[str, Any], message: str):
    with pytest.raises(AssertionError, match=message):
        assert_same_cost(partial(measure, kind, **extra), (1, 3))


def test_same_cost_of_one_size_fails(kind: str):
    with pytest.raises(AssertionError, match="One size shows no growth"):
        assert_same_cost(partial(measure, kind), (3,))


def test_kind_without_a_bound_fails():
    with pytest.raises(KeyError, match="unknown"):
        assert_within_bounds({"unknown": 0})
