"""Pages of a list: numbered ones, and those of a list so long that only a place in it can be named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.views.generic.list import MultipleObjectMixin

_NUMBER = re.compile("[1-9][0-9]{0,8}")
_PLACE = re.compile("(-?[0-9]{1,17})-([1-9][0-9]{0,17})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def is_page_number(text: str) -> bool:
    """Whether ``text`` is a page number as the site's own links write it."""
    return bool(_NUMBER.fullmatch(text))


class StrictPages(MultipleObjectMixin):  # type: ignore[type-arg]  # not generic at run time
    """Takes a page number only as the site's own links write it; int() would take "+1", "01" and "1_000" too."""

    request: HttpRequest  # of the view

    def paginate_queryset(self, queryset: Any, page_size: int) -> "tuple[Paginator[Any], Page[Any], Any, bool]":
        if not is_page_number(self.request.GET.get(self.page_kwarg, "1")):
            raise Http404(_("There is no such page."))
        return super().paginate_queryset(queryset, page_size)


@dataclass(frozen=True)
class Keyset:
    """A page of a list that is newest first, found by the place of a row: page 4,000 costs what page 1 does.

    What is published meanwhile moves no row to another page.
    """

    rows: Sequence[Model]
    query: str = ""  # of this page; empty for the first
    newer: str = ""
    older: str = ""

    @classmethod
    def asked(cls, queryset: QuerySet[Any], time: str, parameters: QueryDict, size: int) -> "Keyset":
        """The page of ``queryset`` that ``before=`` or ``after=`` among ``parameters`` asks for.

        ``time`` names the column that comes first in the order; the primary key decides. Http404 where a place is
        not as the site's own links write it.
        """
        asked = [(name, value) for name in ("before", "after") for value in parameters.getlist(name)]
        if not asked:
            return cls._of(queryset, time, size, None)
        if len(asked) > 1:
            raise Http404(_("There is no such page."))
        ((name, value),) = asked
        place = _read(value)
        key = Tuple(time, "pk")
        if name == "before":
            return cls._of(queryset.filter(TupleLessThan(key, place)), time, size, value)
        newer = queryset.filter(TupleGreaterThan(key, place)).order_by(time, "pk")[: size + 1]
        rows = list(newer)[::-1]
        if len(rows) <= size:  # nothing is newer than these: it is the first page
            return cls._of(queryset, time, size, None)
        rows = rows[1:]
        return cls(rows, f"?after={value}", f"after={_written(rows[0], time)}", f"before={_written(rows[-1], time)}")

    @classmethod
    def _of(cls, queryset: QuerySet[Any], time: str, size: int, before: str | None) -> "Keyset":
        rows = list(queryset.order_by(f"-{time}", "-pk")[: size + 1])
        older = f"before={_written(rows[size - 1], time)}" if len(rows) > size else ""
        rows = rows[:size]
        if before is None:
            return cls(rows, older=older)
        return cls(rows, f"?before={before}", f"after={_written(rows[0], time) if rows else before}", older)


def _written(row: Model, time: str) -> str:
    """The place of ``row``: microseconds since 1970 and the key."""
    return f"{(getattr(row, time) - _EPOCH) // _MICROSECOND}-{row.pk}"


def _read(place: str) -> tuple[datetime, int]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise Http404(_("There is no such page."))
    try:
        return _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])
    except OverflowError as error:
        raise Http404(_("There is no such page.")) from error
