"""A delegation: what a parliament sends on a day, computed from the dated rows; it has no table of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from .parliaments import Chamber, Link, Parliament, Participation, SeatQuota
from .people import AssemblyPost, Delegate, Representative


@dataclass(frozen=True)
class Seats:
    """Seats of a chamber, a delegation or the Assembly; None means that no quota is published."""

    seats: int | None
    named: int
    substitutes: int
    unnamed: int | None
    over: int
    missing: tuple[Chamber, ...] = ()

    @property
    def names(self) -> int | None:
        """How many seats have a name; None where no name at all is published, which is not the same as zero."""
        return self.named if self.named or self.substitutes else None

    @classmethod
    def of_chamber(cls, chamber: Chamber, seats: int | None, named: int, substitutes: int) -> "Seats":
        """The figures of one chamber; more names than seats are ``over``, never a negative ``unnamed``."""
        if seats is None:
            return cls(None, named, substitutes, None, 0, (chamber,))
        return cls(seats, named, substitutes, max(seats - named, 0), max(named - seats, 0))

    @classmethod
    def sum(cls, parts: Iterable["Seats"]) -> "Seats":
        """What is known of ``parts`` together; ``missing`` names the chambers without a quota."""
        parts = list(parts)
        known = [part for part in parts if part.seats is not None]
        return cls(
            seats=sum(part.seats for part in known) if known else None,
            named=sum(part.named for part in parts),
            substitutes=sum(part.substitutes for part in parts),
            unnamed=sum(part.unnamed for part in known) if known else None,
            over=sum(part.over for part in parts),
            missing=tuple(chamber for part in parts for chamber in part.missing),
        )


class _Figures:
    """Gives an object with ``figures`` their names."""

    figures: Seats

    seats = property(lambda self: self.figures.seats)
    named = property(lambda self: self.figures.named)
    names = property(lambda self: self.figures.names)
    substitutes = property(lambda self: self.figures.substitutes)
    unnamed = property(lambda self: self.figures.unnamed)
    over = property(lambda self: self.figures.over)
    missing = property(lambda self: self.figures.missing)


@dataclass(frozen=True)
class ChamberSeats(_Figures):
    """A chamber's part of a delegation on a day."""

    chamber: Chamber
    quota: SeatQuota | None
    delegates: list[Delegate]
    links: list[Link]
    figures: Seats

    @property
    def seats_in_words(self) -> str:
        """ "7 deputies", or that the number is not published."""
        return self.chamber.members(self.seats) if self.seats is not None else _("not published")


@dataclass(frozen=True)
class Delegation(_Figures):
    """What ``parliament`` sends on ``day``."""

    parliament: Parliament
    day: date
    status: str | None
    chambers: list[ChamberSeats]
    representatives: list[Representative]
    links: list[Link]
    figures: Seats = field(repr=False)

    @property
    def status_label(self) -> str:
        """The status in words; "not recorded" where there is no participation row at all."""
        return str(Participation.Status(self.status).label) if self.status else _("not recorded")

    @property
    def websites(self) -> list[Link]:
        """The websites of the parliament, then those of its chambers."""
        return self.links + [link for part in self.chambers for link in part.links]

    @property
    def dated(self) -> bool:
        """Whether each of its quotas says since when it holds."""
        return all(part.quota.dated for part in self.chambers if part.quota)

    @property
    def seat_groups(self) -> list[tuple[int, int]]:
        """Filled and all seats of each chamber that has a quota, as the seat diagram takes them."""
        return [(min(part.named, part.seats), part.seats) for part in self.chambers if part.seats is not None]


def delegations_on(day: date, parliaments: Iterable[Parliament] | None = None) -> list[Delegation]:
    """The delegations of ``parliaments`` (a queryset of them; default: all) on ``day``, in protocol order.

    Takes a constant number of queries, whatever the number of parliaments.
    """
    if parliaments is None:
        parliaments = Parliament.objects.all()
    delegates = Delegate.objects.on(day).select_related("person").prefetch_related("sources")
    posts = AssemblyPost.objects.on(day)
    chambers = Chamber.objects.order_by("order", "slug").prefetch_related(
        Prefetch("quotas", SeatQuota.objects.on(day).prefetch_related("sources"), to_attr="current_quotas"),
        Prefetch("delegates", delegates, to_attr="current_delegates"),
        Prefetch("links", Link.objects.on(day).prefetch_related("sources"), to_attr="current_links"),
    )
    representatives = Representative.objects.on(day).select_related("person").prefetch_related("sources")
    parliaments = parliaments.on(day).prefetch_related(
        Prefetch("chambers", chambers, to_attr="all_chambers"),
        Prefetch(
            "representatives",
            representatives.prefetch_related(
                Prefetch("person__posts", posts.prefetch_related("sources"), to_attr="current_posts")
            ),
            to_attr="current_representatives",
        ),
        Prefetch("links", Link.objects.on(day).prefetch_related("sources"), to_attr="current_links"),
    )
    return [_delegation(parliament, day) for parliament in parliaments]


def _delegation(parliament: Parliament, day: date) -> Delegation:
    chambers = [_chamber_seats(chamber) for chamber in parliament.all_chambers]
    for representative in parliament.current_representatives:
        representative.current_posts = representative.person.current_posts
    return Delegation(
        parliament=parliament,
        day=day,
        status=parliament.status,
        chambers=chambers,
        representatives=parliament.current_representatives,
        links=parliament.current_links,
        figures=Seats.sum(part.figures for part in chambers),
    )


def _chamber_seats(chamber: Chamber) -> ChamberSeats:
    quota = chamber.current_quotas[0] if chamber.current_quotas else None
    role_order = {role: place for place, role in enumerate(Delegate.Role.values)}
    delegates = sorted(
        chamber.current_delegates, key=lambda delegate: (role_order[delegate.role], delegate.person.sort_key)
    )
    named = sum(delegate.fills_seat for delegate in delegates)
    return ChamberSeats(
        chamber=chamber,
        quota=quota,
        delegates=delegates,
        links=chamber.current_links,
        figures=Seats.of_chamber(chamber, quota.seats if quota else None, named, len(delegates) - named),
    )
