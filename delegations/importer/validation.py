"""Validation of rows that are not saved yet, by the rules of forms and database."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django_countries import countries

from cspa.i18n import translated_columns

from ..dates import EARLIEST, LATEST
from ..models import (
    Body,
    Chamber,
    Confirmation,
    Observation,
    Parliament,
    Period,
    Person,
    PersonName,
    SeatQuota,
    Source,
)
from ..models.bodies import ASSEMBLY_SLUG
from ..models.parliaments import RESERVED_SLUGS
from .records import RowError

_NAMED = {
    Parliament: "name",
    Chamber: "name",
    Person: "name",
    PersonName: "name",
    Source: "title",
    Body: "name",
    Confirmation: "confirmed_by",
}
_REFUSED = {
    Parliament: lambda row: row.slug in RESERVED_SLUGS,
    Person: lambda row: (
        row.withdrawn and not any(getattr(row, name) for name in translated_columns("withdrawal_reason"))
    ),
    SeatQuota: lambda row: not 1 <= row.seats <= 999,
    Body: lambda row: (row.kind == Body.Kind.ASSEMBLY) != (row.slug == ASSEMBLY_SLUG) or row.is_part_of_itself,
    Confirmation: lambda row: not EARLIEST <= row.date <= LATEST,
    Observation: lambda row: not EARLIEST <= row.date <= LATEST,
}


def validate(row: Model) -> None:
    """Raise RowError if the database would refuse ``row``, whatever the other rows are."""
    skipped = {field.name for field in row._meta.fields if field.is_relation or not field.editable}
    try:
        row.clean_fields(exclude={*skipped, "country", "photo"})
    except ValidationError as error:
        words = [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
        raise RowError("; ".join(words)) from error
    model = type(row)
    named = model in _NAMED and not (model is Person and row.withdrawn)
    if named and not any(getattr(row, column) for column in translated_columns(_NAMED[model])):
        raise RowError(_("There is no name in any language."))
    if isinstance(row, Parliament) and row.country and row.country.code not in countries:
        raise RowError(_("“%(code)s” is no country code as BY or KZ.") % {"code": str(row.country.code or "")[:40]})
    if isinstance(row, Period):
        _validate_period(row)
    if model in _REFUSED and _REFUSED[model](row):
        raise RowError(_("The directory cannot hold such a row."))


def _validate_period(row: Period) -> None:
    row.derive()
    if row.ended and row.end:
        raise RowError(_("Give the end date or “ended, date not known”, not both."))
    if row.start and row.end:
        until = row.end if row.ends.exact else row.ends.after
        if until <= row.start:
            raise RowError(
                _("The end %(end)s does not come after the start %(start)s.")
                % {"end": row.ends, "start": row.starts.written}
            )


def restore(row: Model, before: dict[str, Any]) -> None:
    for column, value in before.items():
        setattr(row, column, value)


def peak_concurrency(rows: Iterable[Period], quota: SeatQuota) -> int:
    """Return the largest number of ``rows`` that hold on the same day of ``quota``. Takes n log n steps."""
    first, until = counted_range(quota)
    steps: dict[date, int] = defaultdict(int)
    for row in rows:
        start, end = counted_range(row)
        start, end = max(start, first), min(end, until)
        if start < end:
            steps[start] += 1
            steps[end] -= 1
    most = now = 0
    for day in sorted(steps):
        now += steps[day]
        most = max(most, now)
    return most


def counted_range(row: Period) -> tuple[date, date]:
    """The days for which ``row`` may count. A row without a start may have begun at any time."""
    if row.ended and not row.start:
        return date.min, date.min
    return row.start or date.min, row.computed_blocks_until() or date.max
