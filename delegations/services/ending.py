"""Ending several dated rows on one day. The number of queries does not depend on the number of rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import batched
from typing import Any, cast

from django.db import models
from django.utils.translation import gettext as _

from cspa import audit

from ..dates import PartialDate
from ..models import Period, Source
from ..models.no_overlap import NoOverlap, no_overlaps, overlap


def counts_until(ends: PartialDate) -> date:
    """The first day on which a row that ends on ``ends`` no longer counts: the Python equivalent of COUNTS_UNTIL."""
    return ends.first if ends.exact else ends.after


def refusals(rows: Sequence[Period], ends: PartialDate) -> Iterator[str]:
    """Set the end of ``rows`` without saving them, and yield why the database would refuse it, each with its row."""
    for row in rows:
        row.ends, row.ended = ends, False
        if row.start and counts_until(ends) <= row.start:
            words = _("The first day no longer in office must come after the first day in office.")
            yield f"{row}: {words}"
    for model, of_model in _by_model(rows).items():
        for constraint in no_overlaps(model):
            for row in _overlapping(model, of_model, constraint):
                yield f"{row}: {constraint.get_violation_error_message()}"


def _overlapping(model: type[Period], rows: Sequence[Period], constraint: NoOverlap) -> Iterator[Period]:
    """Yield those of ``rows`` that overlap another row of their succession. A row without a start can, once ended."""
    names = [cast("models.Field[Any, Any]", model._meta.get_field(name)).attname for name in constraint.fields]
    others = model._base_manager.filter(**{f"{name}__in": {getattr(row, name) for row in rows} for name in names})
    lines: dict[tuple[Any, ...], list[Period]] = defaultdict(list)
    for row in ({other.pk: other for other in others} | {row.pk: row for row in rows}).values():
        lines[tuple(getattr(row, name) for name in names)].append(row)
    for row in rows:
        line = lines[tuple(getattr(row, name) for name in names)]
        if any(other.pk != row.pk and overlap(row, other) for other in line):
            yield row


def end(rows: Iterable[Period], ends: PartialDate, sources: Iterable[Source] = ()) -> None:
    """End ``rows``, for which ``refusals()`` yielded nothing, and add ``sources`` to them."""
    for model, of_model in _by_model(rows).items():
        through = model.sources.through
        for batch in batched((row.pk for row in of_model), audit.BATCH):
            audit.snapshot_before(model, batch)
            model._base_manager.filter(pk__in=batch).update(end=ends.first, end_precision=ends.precision, ended=False)
            cited = [{f"{model._meta.model_name}_id": key, "source": source} for key in batch for source in sources]
            through._base_manager.bulk_create([through(**values) for values in cited], ignore_conflicts=True)


def _by_model(rows: Iterable[Period]) -> dict[type[Period], list[Period]]:
    found: dict[type[Period], list[Period]] = defaultdict(list)
    for row in rows:
        found[type(row)].append(row)
    return found
