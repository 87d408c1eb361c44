"""Doubts about dated rows that are about to be saved, by the rules of the list of doubtful facts."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db.models import Q

from cspa import audit

from ..models import AssemblyPost, Delegate, Period, Representative
from ..succession import lines
from .checks import (
    Claim,
    Issue,
    Kind,
    claims_on_record,
    contradictions,
    mandate_claims,
    service_claims,
    unlikely_dates,
)


def doubts_about_rows(rows: Sequence[Period], deleted: Collection[Period] = ()) -> dict[int, list[Issue]]:
    """Return the doubts about ``rows`` by ``id()``, as they will be after all of them are saved together.

    The number of queries does not depend on the number of rows.
    """
    by_id = {id(row): row for row in rows}
    found: dict[int, list[Issue]] = {key: [] for key in by_id}
    own = [claim for row in rows for claim in _claims(row)]
    replaced = {(type(row), row.pk) for row in [*rows, *deleted]}
    others = (claim for claim in _others(rows) if claim.key not in replaced) if own else ()
    for (kind, key), day in contradictions([*others, *own]).items():
        if key in by_id:
            found[key].append(Issue(kind, by_id[key], day))
    for row in rows:
        if isinstance(row, Delegate | Representative | AssemblyPost) and (details := unlikely_dates(row)):
            found[id(row)].append(Issue(Kind.UNLIKELY_DATE, row, details))
    return found


def _claims(row: Period) -> Iterator[Claim]:
    # It holds on no known day.
    if row.ended and not row.start:
        return
    if isinstance(row, Delegate):
        chamber, person = _key(row, "chamber"), _key(row, "person")
        yield from mandate_claims(id(row), row, row.role, chamber, person, _key(row.chamber, "parliament"))
    elif isinstance(row, Representative):
        yield from service_claims(id(row), row, _key(row, "person"), _key(row, "parliament"))


def _key(row: Any, name: str) -> Any:
    """The key of a related row; of one that is not saved yet, what no key equals."""
    return getattr(row, f"{name}_id") or ("new", id(getattr(row, name)))


def _others(rows: Sequence[Period]) -> Iterator[Claim]:
    """Yield the claims on record that may contradict those of ``rows``: of the same people and delegations."""
    mandates, services = Delegate.objects.all(), Representative.objects.all()
    # The rows of a large file are compared with everything.
    if len(rows) <= audit.BATCH:
        people = {row.person_id for row in rows if isinstance(row, Delegate | Representative)}
        parliaments = {row.chamber.parliament_id for row in rows if isinstance(row, Delegate)}
        heads = Q(role=Delegate.Role.HEAD, chamber__parliament__in=parliaments - {None})
        mandates = mandates.filter(Q(person__in=people - {None}) | heads)
        services = services.filter(person__in=people - {None})
    yield from claims_on_record(
        lines(mandates, "role", "chamber", "person", "chamber__parliament"),
        lines(services, "person", "parliament"),
    )
