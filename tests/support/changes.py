"""Rows that make changes, and the register of them."""

from datetime import date

from delegations.changes import register

from ..support import factories

WHOLE = date(2100, 12, 31)


def told(**asked):
    """The register as (date, kind, before, after)."""
    return [
        (str(change.date), change.kind.value, change.before, change.after)
        for change in register(**{"until": WHOLE, **asked})
    ]


def mandates(chamber, person, *rows):
    for role, starts, ends in rows:
        factories.DelegateFactory(chamber=chamber, person=person, role=role, starts=starts, ends=ends)
