"""Delegations: what a parliament sends on a day, computed from the dated rows, without a table of their own."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from cspa.cache.computed import computed
from cspa.db.natural_keys import NaturalKeyManager, UidModel
from cspa.i18n import any_language, translated

from ..dates import EARLIEST, LATEST, today
from .parliaments import Chamber, Link, Parliament, ParliamentQuerySet, Participation, SeatQuota
from .people import AssemblyPost, Delegate, Representative
from .periods import Period, Source
from .person_names import PersonName, names_on


class ConfirmationQuerySet(models.QuerySet["Confirmation"]):
    def covering(self, day: date) -> Self:
        """Confirmations valid on ``day``: at most twelve months old, with no roster or quota changed since."""
        changed = Q(start__gt=OuterRef("date"), start__lte=day) | Q(
            counts_until__gt=OuterRef("date"), counts_until__lte=day
        )
        roster, quotas = (
            model.objects.filter(changed, chamber__parliament=OuterRef("parliament"))
            for model in (Delegate, SeatQuota)
        )
        recent = self.filter(date__lte=day, date__gt=_year_before(day))
        return recent.exclude(Exists(roster)).exclude(Exists(quotas))

    def expired(self, day: date) -> Self:
        """The latest confirmation of each parliament that has none valid on ``day``."""
        given = Confirmation.objects.filter(date__lte=day)
        later = given.filter(parliament=OuterRef("parliament"), date__gt=OuterRef("date"))
        covering = Confirmation.objects.covering(day).values("parliament")
        return self.filter(date__lte=day).exclude(Exists(later)).exclude(parliament__in=covering)


def _year_before(day: date) -> date:
    """The same day of the year before; 28 February for 29 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _year_after(day: date) -> date:
    """The first day that ``_year_before`` takes to ``day`` or later."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, month=3, day=1)


class Confirmation(UidModel):
    """A parliament's confirmation that its roster was complete on a day: seats without a name were vacant then."""

    parliament = models.ForeignKey(
        Parliament, models.PROTECT, related_name="confirmations", verbose_name=_("parliament")
    )
    date = models.DateField(
        _("day"),
        help_text=_("It speaks for this day and until a mandate or a quota changes, at most for twelve months."),
    )
    confirmed_by = translated(
        _("confirmed by"),
        max_length=200,
        help_text=_("Who, with the office: “Secretariat of the House of Representatives”."),
    )
    source = models.ForeignKey(
        Source,
        models.PROTECT,
        related_name="confirmations",
        verbose_name=_("document"),
        help_text=_("The letter or list in which the parliament says so."),
    )

    objects = NaturalKeyManager.from_queryset(ConfirmationQuerySet)()

    class Meta:
        verbose_name = _("confirmation of a roster")
        verbose_name_plural = _("confirmations of rosters")
        ordering = ["-date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["parliament", "date"],
                name="confirmation_one_a_day",
                violation_error_message=_("This parliament's roster is already confirmed for this day."),
            ),
            models.CheckConstraint(
                name="confirmation_date_1900_to_2100",
                condition=Q(date__range=(EARLIEST, LATEST)),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            ),
            models.CheckConstraint(
                name="confirmation_by_somebody",
                condition=any_language("confirmed_by"),
                violation_error_message=_("Say who confirmed it, in at least one language."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parliament}: {self.date:%Y-%m-%d}"


def with_unnamed_seats(chambers: models.QuerySet[Chamber], day: date) -> models.QuerySet[Chamber]:
    """Those of ``chambers`` that have more seats than published names on ``day``.

    Chambers of a parliament that takes no part on ``day``, or that confirmed its roster, are left out.
    """
    quotas = SeatQuota.objects.on(day).filter(chamber=OuterRef("pk")).values("seats")
    filling = Delegate.objects.on(day).filter(chamber=OuterRef("pk")).exclude(role=Delegate.Role.SUBSTITUTE)
    number = filling.order_by().values("chamber").annotate(number=Count("pk")).values("number")
    return chambers.alias(to_fill=Subquery(quotas[:1]), filled=Coalesce(Subquery(number), 0)).filter(
        ~Exists(Confirmation.objects.covering(day).filter(parliament=OuterRef("parliament"))),
        parliament__in=Parliament.objects.on(day).values("pk"),
        to_fill__gt=F("filled"),
    )


@dataclass(frozen=True)
class Seats:
    """Seats of a chamber, a delegation or the Assembly. ``seats`` is None where no quota is published."""

    seats: int | None
    named: int
    substitutes: int
    unnamed: int | None
    over: int
    vacant: int | None = None
    missing: tuple[Chamber, ...] = ()
    # Whether a quota or a mandate among them has no recorded start.
    undated: bool = False

    @property
    def names(self) -> int | None:
        """The number of seats with a name; None where no name is published, 0 where a confirmed roster is empty."""
        return self.named if self.named or self.substitutes or self.vacant is not None else None

    @classmethod
    def of_chamber(
        cls,
        chamber: Chamber,
        seats: int | None,
        named: int,
        substitutes: int,
        confirmed: bool = False,
        undated: bool = False,
    ) -> "Seats":
        """Return the figures of one chamber; names beyond the quota are ``over``, so ``unnamed`` is never negative.

        Seats without a name are ``vacant`` if the parliament ``confirmed`` its roster; otherwise ``vacant`` is None.
        """
        if seats is None:
            return cls(None, named, substitutes, None, 0, None, (chamber,), undated)
        unnamed = max(seats - named, 0)
        vacant = unnamed if confirmed else None
        return cls(seats, named, substitutes, unnamed, max(named - seats, 0), vacant, undated=undated)

    @classmethod
    def sum(cls, parts: Iterable["Seats"]) -> "Seats":
        """Return the sum of the known figures of ``parts``; ``missing`` lists the chambers without a quota."""
        parts = list(parts)
        return cls(
            seats=_known_sum(part.seats for part in parts),
            named=sum(part.named for part in parts),
            substitutes=sum(part.substitutes for part in parts),
            unnamed=_known_sum(part.unnamed for part in parts),
            over=sum(part.over for part in parts),
            vacant=_known_sum(part.vacant for part in parts),
            missing=tuple(chamber for part in parts for chamber in part.missing),
            undated=any(part.undated for part in parts),
        )


def _known_sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


class Figures:
    """Read access to the figures as attributes of the object that holds them."""

    figures: Seats

    seats = property(lambda self: self.figures.seats)
    named = property(lambda self: self.figures.named)
    names = property(lambda self: self.figures.names)
    substitutes = property(lambda self: self.figures.substitutes)
    unnamed = property(lambda self: self.figures.unnamed)
    over = property(lambda self: self.figures.over)
    vacant = property(lambda self: self.figures.vacant)
    missing = property(lambda self: self.figures.missing)
    undated = property(lambda self: self.figures.undated)


@dataclass(frozen=True)
class ChamberSeats(Figures):
    """A chamber's part of a delegation on a day."""

    chamber: Chamber
    quota: SeatQuota | None
    delegates: list[Delegate]
    links: list[Link]
    figures: Seats

    @property
    def seats_in_words(self) -> str:
        """The number of seats in words, as "7 deputies", or "not published"."""
        return self.chamber.members(self.seats) if self.seats is not None else gettext("not published")


@dataclass(frozen=True)
class Delegation(Figures):
    """The delegation of ``parliament`` on ``day``."""

    parliament: Parliament
    day: date
    status: str | None
    # Whether its seats count in the total of the Assembly.
    counted: bool
    # The row that gives the status; None where none is recorded.
    participation: Participation | None
    chambers: list[ChamberSeats]
    representatives: list[Representative]
    links: list[Link]
    figures: Seats = field(repr=False)
    confirmation: Confirmation | None = None

    @property
    def status_label(self) -> str:
        """The label of the status; "not recorded" where the parliament has no participation row."""
        return str(Participation.Status(self.status).label) if self.status else pgettext("status", "not recorded")

    @property
    def delegates(self) -> list[Delegate]:
        return [delegate for part in self.chambers for delegate in part.delegates]

    @property
    def websites(self) -> list[Link]:
        return self.links + [link for part in self.chambers for link in part.links]

    @property
    def dated(self) -> bool:
        """Whether each of its quotas has a recorded first day."""
        return all(part.quota.dated for part in self.chambers if part.quota)

    @property
    def seat_groups(self) -> list[tuple[str, int, int]]:
        """The kind of each chamber with a quota, its named and its total seats, as the seat diagram takes them."""
        return [
            (KINDS[part.chamber.kind], min(part.named, part.seats), part.seats)
            for part in self.chambers
            if part.seats is not None
        ]

    @property
    def seat_kinds(self) -> list[str]:
        """The kinds of chambers in its seat diagram."""
        return kinds_of([self])


# Kinds of chambers with their labels, in the order of legends; "" where the kind is not recorded.
KINDS: dict[str, str] = {**{kind.value: kind for kind in Chamber.Kind}, "": ""}


def kinds_of(delegations: list[Delegation]) -> list[str]:
    drawn = {kind for row in delegations for kind, _named, _seats in row.seat_groups}
    return [kind for kind in KINDS.values() if kind in drawn]


_ROLE_ORDER = {role: place for place, role in enumerate(Delegate.Role.values)}


def delegations_on(
    day: date, parliaments: ParliamentQuerySet | None = None, figures_only: bool = False
) -> list[Delegation]:
    """Return the delegations of ``parliaments`` (default: all) on ``day``, in protocol order.

    The number of queries is constant. ``figures_only`` is for pages that only count: of the delegates it loads the
    roles alone, and it loads no sources. The pages of days between which nothing changed share the rows, and after an
    edit only the kinds of rows that came from the edited table are read again.
    """
    try:
        return _delegations_on(day, Parliament.objects.all() if parliaments is None else parliaments, figures_only)
    except EmptyResultSet:
        return []


def _last_change(day: date) -> date | None:
    """The last day up to ``day`` on which a delegation differed from the day before; None where none did."""
    days = computed(lambda: "days of changes", _days_of_changes)
    place = bisect_right(days, day)
    return days[place - 1] if place else None


def _days_of_changes() -> list[date]:
    """The days on which a delegation can differ from the day before, in order."""
    periods = (Participation, SeatQuota, Delegate, Representative, AssemblyPost, Link, PersonName)
    columns = [model.objects.order_by().values_list(name) for model in periods for name in ("start", "counts_until")]
    confirmed = set(Confirmation.objects.order_by().values_list("date", flat=True))
    days = {day for (day,) in columns[0].union(*columns[1:]) if day}
    return sorted(days | confirmed | {_year_after(day) for day in confirmed})


def _delegations_on(day: date, parliaments: ParliamentQuerySet, figures_only: bool) -> list[Delegation]:
    sources = () if figures_only else ("sources",)

    def dated(model: type[Period]) -> models.QuerySet[Any]:
        return model.objects.on(day).prefetch_related(*sources)

    def delegates() -> models.QuerySet[Delegate]:
        rows = dated(Delegate)
        if figures_only:
            return rows.only("chamber", "role", "start")
        return rows.select_related("person").prefetch_related(*names_on(day, "person__"))

    def representatives() -> models.QuerySet[Representative]:
        rows = dated(AssemblyPost).select_related("body")
        posts: Prefetch[str, Any, str] = Prefetch("person__posts", rows, to_attr="current_posts")
        names = [] if figures_only else names_on(day, "person__")
        return dated(Representative).select_related("person").prefetch_related(posts, *names)

    def confirmations() -> models.QuerySet[Confirmation]:
        return Confirmation.objects.covering(day).select_related("source")

    def remembered[T](kind: Hashable, compute: Callable[[], T]) -> T:
        # Rows without a start count up to today, and former names up to the day before.
        seen_from = (day > today(), day < today())
        return computed(lambda: (kind, _last_change(day), seen_from, figures_only), compute)

    def attach(name: str, owner: str, owners: list[Any], rows: Callable[[], models.QuerySet[Any]]) -> None:
        """Set the attribute ``name`` of each of ``owners`` to the list of its rows, as a Prefetch does."""
        by_key = {row.pk: row for row in owners}
        of_owners = {f"{owner}__in": tuple(by_key)}
        for row in owners:
            setattr(row, name, [])
        for row in remembered((name, *of_owners.items()), lambda: list(rows().filter(**of_owners))):
            setattr(row, owner, by_key[getattr(row, f"{owner}_id")])
            getattr(getattr(row, owner), name).append(row)

    found = remembered(parliaments.query.sql_with_params(), lambda: list(parliaments.on(day)))
    # Of all parliaments, so that a filter does not change who counts.
    participations = {
        row.parliament_id: row for row in remembered("participations", lambda: list(dated(Participation)))
    }
    attach("current_representatives", "parliament", found, representatives)
    attach("current_links", "parliament", found, lambda: dated(Link))
    attach("current_confirmations", "parliament", found, confirmations)
    attach("all_chambers", "parliament", found, lambda: Chamber.objects.order_by("order", "slug"))
    chambers = [chamber for parliament in found for chamber in parliament.all_chambers]
    attach("current_quotas", "chamber", chambers, lambda: dated(SeatQuota))
    attach("current_delegates", "chamber", chambers, delegates)
    attach("current_links", "chamber", chambers, lambda: dated(Link))
    return [_delegation(parliament, day, participations, figures_only) for parliament in found]


def _delegation(
    parliament: Parliament, day: date, participations: dict[int, Participation], figures_only: bool
) -> Delegation:
    confirmation = next(iter(parliament.current_confirmations), None)
    for chamber in parliament.all_chambers if not figures_only else []:
        chamber.current_delegates.sort(key=lambda delegate: (_ROLE_ORDER[delegate.role], delegate.person.sort_key))
    chambers = [_chamber_seats(chamber, confirmation is not None) for chamber in parliament.all_chambers]
    for representative in parliament.current_representatives:
        representative.current_posts = representative.person.current_posts
    return Delegation(
        parliament=parliament,
        day=day,
        status=parliament.status,
        # While no status at all is on record, each of them counts.
        counted=parliament.status == Participation.Status.MEMBER or not participations,
        participation=participations.get(parliament.pk),
        chambers=chambers,
        representatives=parliament.current_representatives,
        links=parliament.current_links,
        figures=Seats.sum(part.figures for part in chambers),
        confirmation=confirmation,
    )


def _chamber_seats(chamber: Chamber, confirmed: bool) -> ChamberSeats:
    quota = chamber.current_quotas[0] if chamber.current_quotas else None
    delegates = chamber.current_delegates
    named = sum(delegate.fills_seat for delegate in delegates)
    return ChamberSeats(
        chamber=chamber,
        quota=quota,
        delegates=delegates,
        links=chamber.current_links,
        figures=Seats.of_chamber(
            chamber,
            quota.seats if quota else None,
            named,
            len(delegates) - named,
            confirmed=confirmed,
            undated=any(not row.dated for row in [*chamber.current_quotas, *delegates]),
        ),
    )
