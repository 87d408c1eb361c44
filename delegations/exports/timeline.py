"""History of one delegation: all of its dated rows, as a table and as a timeline."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.db.models import Count, Window, prefetch_related_objects
from django.utils.translation import gettext

from cspa.cache.computed import computed
from cspa.charts import Span, Timeline, timeline

from ..dates import FOUNDED, today
from ..models import (
    Confirmation,
    Delegate,
    Parliament,
    Participation,
    Period,
    Representative,
    SeatQuota,
    names_on,
)
from ..models.periods import Certainty, PeriodQuerySet

# The number of latest mandates on the page of a delegation; a page of their own shows all.
MANDATES = 20
# Mandates of the timeline. More lines are hard to compare.
MAX_DRAWN = 80


@dataclass(frozen=True)
class History:
    """The dated rows of a delegation, each kind latest first within its succession."""

    participations: list[Participation]
    quotas: list[SeatQuota]
    representatives: list[Representative]
    mandates: list[Delegate]
    # Those of the day and the latest ones, at most MAX_DRAWN.
    drawn_mandates: list[Delegate]
    confirmations: list[Confirmation]
    mandate_count: int

    @classmethod
    def of(cls, parliament: Parliament, of_the_day: Iterable[Delegate], day: date) -> "History":
        """Return the history of ``parliament`` with its MANDATES latest mandates, in a constant number of queries.

        The timeline draws the mandates ``of_the_day`` as well. People have their names of ``day``.
        """
        quotas = SeatQuota.objects.filter(chamber__parliament=parliament).select_related("chamber")
        mandates = Delegate.objects.filter(chamber__parliament=parliament).select_related("chamber", "person")
        services = Representative.objects.filter(parliament=parliament).select_related("person")
        representatives = _rows(parliament, services)
        latest = _rows(parliament, mandates.annotate(total=Window(Count("pk"))), MANDATES)
        drawn = {row.pk: row for row in [*of_the_day, *latest]}
        # The remembered rows belong to all days.
        people = [*(row.person for row in representatives), *(row.person for row in latest)]
        prefetch_related_objects(people, *names_on(day))
        return cls(
            participations=_rows(parliament, Participation.objects.filter(parliament=parliament)),
            quotas=sorted(_rows(parliament, quotas), key=lambda quota: (quota.chamber.order, quota.chamber.slug)),
            representatives=representatives,
            mandates=sorted(latest, key=_place),
            drawn_mandates=sorted(list(drawn.values())[:MAX_DRAWN], key=_place),
            confirmations=list(parliament.confirmations.select_related("source")),
            mandate_count=latest[0].total if latest else 0,
        )

    @property
    def more_mandates(self) -> bool:
        return self.mandate_count > len(self.mandates)

    @property
    def undrawn_mandates(self) -> int:
        return self.mandate_count - len(self.drawn_mandates)

    def __bool__(self) -> bool:
        return any((self.participations, self.quotas, self.representatives, self.mandates, self.confirmations))

    def timeline(self, day: date) -> Timeline | None:
        """Return quotas, representatives and mandates on a scale of years, marked at ``day``; None without rows."""
        rows = [*self.quotas, *self.representatives, *self.drawn_mandates]
        if not rows:
            return None
        known = [bound for row in rows for bound in (row.start, row.counts_until) if bound]
        lines = [
            (str(label), _bars(list(line)[::-1], text))
            for kind, label_of, text in (
                (self.quotas, lambda row: row.chamber.name, lambda row: str(row.seats)),
                (
                    self.representatives,
                    lambda row: row.person.sorted_public_name,
                    lambda _row: gettext("representative"),
                ),
                (self.drawn_mandates, lambda row: row.person.sorted_public_name, lambda row: row.get_role_display()),
            )
            for label, line in groupby(kind, key=label_of)
        ]
        return timeline(lines, min([FOUNDED, *known]), max([today(), *known]), day)


def _place(mandate: Delegate) -> tuple:
    person = mandate.person
    return mandate.chamber.order, mandate.chamber.slug, person.sort_key, person.public_id


def _rows[M: Period](parliament: Parliament, queryset: PeriodQuerySet[M], most: int | None = None) -> list[M]:
    """The rows of the one ``queryset`` of its model, without those of ``parliament`` itself."""
    return computed(
        lambda: (History, queryset.model, parliament.pk),
        lambda: list(queryset.in_order().prefetch_related("sources")[:most]),
    )


def _bars[M: Period](line: list[M], text: Callable[[M], str]) -> list[Span]:
    """Return the periods of a succession, earliest first. No period extends beyond the start of the next.

    A period without a start begins at the end of the one before it. One that is known by a day alone ends on the last
    day of which a source speaks.
    """
    line = sorted(line, key=lambda row: (row.start or row.counts_until or date.max, row.pk))
    starts = [row.start for row in line[1:]] + [None]
    spans: list[Span] = []
    for row, following in zip(line, starts, strict=True):
        end = row.counts_until
        if end is None and row.start and row.certainty(date.max) == Certainty.LAST_RECORDED:
            end = row.last_recorded + timedelta(days=1)
        end = min(filter(None, (end, following)), default=None)
        spans.append(Span(row.start or (spans[-1].end if spans else None), end, text(row), row.start is not None))
    return spans
