"""``on(day)`` beside a plain reading of its rules, on 3,000 days of generated histories.

Posts have both kinds of lines: offices with one holder at a time, and posts of which each person has one.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from delegations.dates import PartialDate, Precision
from delegations.models import AssemblyPost, Period, Person

from ....support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.long]

# Histories lie within these days; the last part of them is still to come.
FIRST, TODAY = date(2016, 1, 1), date(2023, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(3_000)]
# Each has a seed of its own, and at most ROWS rows.
LINES, ROWS = 25, 6


def drawn_date(rng: Random, precisions: Iterable[Precision]) -> PartialDate:
    # Few days, so that bounds often meet.
    day = date(rng.randint(2017, 2023), rng.choice((1, 2, 6, 12)), rng.choice((1, 2, 15, 28)))
    precision = rng.choice(list(precisions))
    if precision == Precision.YEAR:
        return PartialDate(day.replace(month=1, day=1), precision)
    return PartialDate(day.replace(day=1) if precision == Precision.MONTH else day, precision)


def drawn_period(rng: Random) -> dict[str, Any]:
    """A start that is absent, exact, partial or "by", with an end that is absent, known, or of no known date."""
    known = (Precision.DAY, Precision.MONTH, Precision.YEAR)
    starts = drawn_date(rng, (*known, Precision.BY)) if rng.random() < 0.75 else None
    ends = drawn_date(rng, known) if rng.random() < 0.7 else None
    return {"starts": starts, "ends": ends, "ended": ends is None and rng.random() < 0.5}


def fill(rng: Random, person: Person | None = None, **line: Any) -> None:
    """Save what the database takes of a history of one line; without ``person`` each row has another one."""
    for _number in range(ROWS):
        row = AssemblyPost(person=person or factories.PersonFactory(), **line, **drawn_period(rng))
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            continue


# The rules of docs/data-dictionary.md, row by row and day by day.


def first_day_after(row: Period) -> date | None:
    """The first day on which the row holds no longer, regardless of others; None for a row that goes on."""
    if row.ended:
        if row.start is None:
            return date.min
        return row.start + timedelta(days=1) if row.start_precision in (Precision.DAY, Precision.BY) else row.start
    if row.end is None or row.end_precision == Precision.DAY:
        return row.end
    if row.end_precision == Precision.YEAR:
        return date(row.end.year + 1, 1, 1)
    return (row.end.replace(day=1) + timedelta(days=31)).replace(day=1)


def is_within(row: Period, day: date) -> bool:
    until = first_day_after(row)
    return (row.start is None or row.start <= day) and (until is None or day < until)


def holds(row: Period, line: list[Period], day: date) -> bool:
    if not is_within(row, day):
        return False
    others = [other for other in line if other is not row]
    if row.end and row.end_precision != Precision.DAY:
        # A successor began within the month or year of the end.
        own = row.start or date.min
        if any(other.start and other.start >= row.end and own < other.start <= day for other in others):
            return False
    if row.start is not None:
        return True
    if day > TODAY:
        return False
    until = first_day_after(row)
    for other in others:
        if other.start is not None and is_within(other, day):
            return False
        # A predecessor of a known end holds the office until then.
        end = first_day_after(other)
        if end is not None and day < end and (until is None or end < until):
            return False
    return True


def lines_on_record() -> list[list[Period]]:
    lines: dict[Any, list[Period]] = {}
    for row in AssemblyPost.objects.all():
        holder = None if row.role == "chair" else row.person_id
        lines.setdefault((row.body_id, row.role, holder), []).append(row)
    return list(lines.values())


@pytest.mark.both_databases("delegations.models.periods")
@time_machine.travel(f"{TODAY}T12:00:00Z")
def test_rows_of_a_day_are_those_of_a_plain_reading():
    for seed in range(LINES):
        rng = Random(seed)
        body = factories.BodyFactory()
        fill(rng, body=body, role="chair")
        for _member in range(2):
            fill(rng, factories.PersonFactory(), body=body, role="member")
    lines = lines_on_record()
    kinds = {
        (row.starts.quality if row.starts else "none", bool(row.end), row.ended) for line in lines for row in line
    }
    assert len(kinds) == 12, "each kind of start with each kind of end"
    for day in DAYS:
        expected = {row.pk for line in lines for row in line if holds(row, line, day)}
        assert set(AssemblyPost.objects.on(day).values_list("pk", flat=True)) == expected, day
