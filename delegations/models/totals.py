"""The seats of the Assembly on a day: which delegations count, and the delegations by status."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from .delegation import KINDS, Delegation, Figures, Seats, kinds_of
from .parliaments import Participation

_GROUPS: dict[str | None, Any] = {
    Participation.Status.MEMBER: _("Members of the Assembly"),
    Participation.Status.OBSERVER: _("Observers"),
    Participation.Status.PARTNER: _("Partners"),
    Participation.Status.SUSPENDED: _("Participation suspended"),
    None: _("Status not recorded"),
}


@dataclass(frozen=True)
class StatusGroup(Figures):
    """The delegations of one status on a day, in protocol order; ``status`` is None where it is not recorded."""

    status: str | None
    delegations: list[Delegation]
    figures: Seats

    @property
    def label(self) -> str:
        return str(_GROUPS[self.status])


@dataclass(frozen=True)
class Totals(Figures):
    """The seats of the Assembly, or of a part of its delegations, which ``groups`` holds by status.

    ``figures`` sums the delegations that count: those of one group, or of none.
    """

    groups: list[StatusGroup]
    counted: StatusGroup | None
    figures: Seats

    @property
    def others(self) -> list[StatusGroup]:
        """The groups that do not count."""
        return [group for group in self.groups if group is not self.counted]

    @property
    def delegations(self) -> list[Delegation]:
        return [delegation for group in self.groups for delegation in group.delegations]

    @property
    def seat_groups(self) -> list[tuple[str, int, int]]:
        """The seats that count, by the kind of their chambers, as the seat diagram takes them."""
        parts = [part for row in self.counted.delegations for part in row.seat_groups] if self.counted else []
        return [part for kind in KINDS for part in parts if part[0] == kind]

    @property
    def seat_kinds(self) -> list[str]:
        """The kinds of chambers in the seat diagrams of the delegations."""
        return kinds_of(self.delegations)

    @property
    def note(self) -> str:
        """What the figures count, in words."""
        sentences = [self._counted_in_words()]
        if self.others:
            names = ", ".join(f"{group.label.lower()} ({len(group.delegations)})" for group in self.others)
            sentences.append(gettext("Not counted: %(groups)s.") % {"groups": names})
        return " ".join(sentences)

    def _counted_in_words(self) -> str:
        if self.counted is None:
            return gettext("Only member parliaments count; there is none here.")
        number = len(self.counted.delegations)
        if self.counted.status:
            words = ngettext("Counts %(number)d member parliament.", "Counts %(number)d member parliaments.", number)
        else:
            words = ngettext(
                "Counts %(number)d parliament: no status is recorded for this day.",
                "Counts %(number)d parliaments: no status is recorded for this day.",
                number,
            )
        return words % {"number": number}


def totals_of(delegations: Iterable[Delegation]) -> Totals:
    """Return the total of ``delegations`` of one day, and the delegations by status.

    Members count, and parliaments without a recorded status as long as no status at all is recorded.
    """
    delegations = list(delegations)
    groups = []
    for status in _GROUPS:
        rows = [delegation for delegation in delegations if delegation.status == status]
        if rows:
            groups.append(StatusGroup(status, rows, Seats.sum(row.figures for row in rows)))
    counted = next((group for group in groups if group.delegations[0].counted), None)
    return Totals(groups, counted, counted.figures if counted else Seats.sum([]))
