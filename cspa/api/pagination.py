"""Keyset pagination of the API's lists, with signed cursors."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Schema
from pydantic import Field

from ..absolute_urls import absolute_url
from .errors import ApiError
from .parameters import ListParameters


class Page[Record](Schema):
    """A page of a list."""

    count: int | None = Field(
        description=gettext_noop("The number of all results; null where counting would take too long.")
    )
    next: str | None = Field(description=gettext_noop("Address of the next page."))
    previous: str | None = Field(description=gettext_noop("Address of the previous page."))
    results: list[Record]


def paginate_queryset(
    request: HttpRequest,
    asked: ListParameters,
    rows: QuerySet,
    keys: tuple[str, ...],
    records: Callable[[list], list[dict]],
    **fixed_params: str,
) -> dict:
    """The requested page of ``rows``, in the order of ``keys``, all ascending or all descending.

    No two rows share the values of ``keys``.
    A page begins after a row, not at a number, so rows that come and go do not shift the others. The links to other
    pages contain ``fixed_params``, which the request may have left to their defaults.
    """
    size, cursors = asked.size, Cursors(request, fixed_params)
    backwards, position = cursors.read(asked.cursor)
    ordered = rows.order_by(*keys).reverse() if backwards else rows.order_by(*keys)
    if position:
        names = Tuple(*(key.removeprefix("-") for key in keys))
        beyond = TupleLessThan if keys[0].startswith("-") != backwards else TupleGreaterThan
        ordered = ordered.filter(beyond(names, position))
    # Fetch one more row to learn whether there is another page.
    window = list(ordered[: size + 1])
    more, window = len(window) > size, window[:size]
    if backwards:
        window.reverse()
    ends = [[_value(row, key) for key in keys] for row in (window[:1] + window[-1:])]
    return {
        "count": rows.count(),
        "next": cursors.link(False, ends[-1]) if ends and (more or backwards) else None,
        "previous": cursors.link(True, ends[0]) if ends and position and (more or not backwards) else None,
        "results": records(window),
    }


def paginate_sequence(
    request: HttpRequest,
    asked: ListParameters,
    entries: Sequence,
    position_of: Callable[[str], int | None],
    record: Callable[[Any], dict],
    **fixed_params: str,
) -> dict:
    """Paginate entries that are not rows of a table. ``position_of`` returns the present index of an id."""
    size, cursors = asked.size, Cursors(request, fixed_params)
    backwards, position = cursors.read(asked.cursor)
    first = 0
    if position:
        former, identity = position
        present = position_of(identity)
        first = former if present is None else present + (not backwards)
        if backwards:
            first, size = max(first - size, 0), min(first, size)
    window = entries[first : first + size]
    last = first + len(window)
    return {
        "count": len(entries),
        "next": cursors.link(False, [last, str(window[-1].id)]) if window and last < len(entries) else None,
        "previous": cursors.link(True, [first, str(window[0].id)]) if window and first else None,
        "results": [record(entry) for entry in window],
    }


class Cursors:
    """Signer of positions in one list under one set of filters. Rejects a damaged cursor or that of another list."""

    def __init__(self, request: HttpRequest, fixed_params: dict[str, str]):
        self.request = request
        self.parameters = request.GET.copy()
        self.parameters.pop("cursor", None)
        for name, value in fixed_params.items():
            self.parameters[name] = value
        what = sorted((name, value) for name, value in self.parameters.items() if name not in ("limit", "language"))
        self.signer = Signer(salt=f"api {request.path} {what}")

    def read(self, cursor: str) -> tuple[bool, list]:
        """The direction and the position of ``cursor``; an empty position for the first page."""
        if not cursor:
            return False, []
        try:
            backwards, position = self.signer.unsign_object(cursor)
        except BadSignature as error:
            words = _("“cursor” is damaged, or belongs to another list.")
            raise ApiError(404, words, "cursor") from error
        return backwards, position

    def link(self, backwards: bool, position: list) -> str:
        parameters = self.parameters.copy()
        parameters["cursor"] = self.signer.sign_object([backwards, position])
        return absolute_url(self.request, f"{self.request.path}?{parameters.urlencode()}")


def _value(row: Any, key: str) -> int | str:
    value = reduce(getattr, key.removeprefix("-").split("__"), row)
    return value if isinstance(value, int) else str(value)
