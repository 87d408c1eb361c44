"""Pagination: page numbers with strict parsing, and keyset pagination for long lists."""

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

# The parameters that select a page of a list.
POSITIONS = ("page", "before", "after")

_PAGE_NUMBER = re.compile("[1-9][0-9]{0,8}")
_POSITION = re.compile("(-?[0-9]{1,17})-([1-9][0-9]{0,17})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def is_page_number(text: str) -> bool:
    """Whether ``text`` is a page number in the format of the site's own links."""
    return bool(_PAGE_NUMBER.fullmatch(text))


class StrictPaginationMixin(MultipleObjectMixin):  # type: ignore[type-arg]  # not generic at run time
    """Mixin that accepts page numbers in the format of the site's own links only.

    Django parses them by int(), which accepts "+1", "01" and "1_000", too: several URLs for one page.
    """

    # Set by the view.
    request: HttpRequest

    def paginate_queryset(self, queryset: Any, page_size: int) -> "tuple[Paginator[Any], Page[Any], Any, bool]":
        if not is_page_number(self.request.GET.get(self.page_kwarg, "1")):
            raise Http404(_("There is no such page."))
        return super().paginate_queryset(queryset, page_size)


@dataclass(frozen=True)
class Keyset:
    """Page of a list in descending order of time, by keyset pagination.

    Page 4,000 costs as much as page 1, and rows that are added meanwhile do not shift the pages.
    """

    rows: Sequence[Model]
    # Query string of this page; empty for the first one.
    query: str = ""
    newer: str = ""
    older: str = ""

    @classmethod
    def for_parameters(cls, queryset: QuerySet[Any], time: str, parameters: QueryDict, size: int) -> "Keyset":
        """Page of ``queryset`` for ``before=`` or ``after=`` in ``parameters``.

        ``time`` is the name of the column to order by; the primary key breaks ties. Raise Http404 if a position is not
        in the format of the site's own links.
        """
        requested = [(name, value) for name in ("before", "after") for value in parameters.getlist(name)]
        if not requested:
            return cls._of(queryset, time, size, None)
        if len(requested) > 1:
            raise Http404(_("There is no such page."))
        ((name, value),) = requested
        position = _parse_position(value)
        key = Tuple(time, "pk")
        if name == "before":
            return cls._of(queryset.filter(TupleLessThan(key, position)), time, size, value)
        newer = queryset.filter(TupleGreaterThan(key, position)).order_by(time, "pk")[: size + 1]
        rows = list(newer)[::-1]
        # There are no newer rows, so this is the first page.
        if len(rows) <= size:
            return cls._of(queryset, time, size, None)
        rows = rows[1:]
        return cls(
            rows,
            f"?after={value}",
            f"after={_format_position(rows[0], time)}",
            f"before={_format_position(rows[-1], time)}",
        )

    @classmethod
    def _of(cls, queryset: QuerySet[Any], time: str, size: int, before: str | None) -> "Keyset":
        rows = list(queryset.order_by(f"-{time}", "-pk")[: size + 1])
        older = f"before={_format_position(rows[size - 1], time)}" if len(rows) > size else ""
        rows = rows[:size]
        if before is None:
            return cls(rows, older=older)
        return cls(rows, f"?before={before}", f"after={_format_position(rows[0], time) if rows else before}", older)


def _format_position(row: Model, time: str) -> str:
    """Position of ``row`` for the query string: microseconds since 1970, and the key."""
    return f"{(getattr(row, time) - _EPOCH) // _MICROSECOND}-{row.pk}"


def _parse_position(position: str) -> tuple[datetime, int]:
    match = _POSITION.fullmatch(position)
    if match is None:
        raise Http404(_("There is no such page."))
    try:
        return _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])
    except OverflowError as error:
        raise Http404(_("There is no such page.")) from error
