"""The register of changes: of mandates, quotas, representatives, participation, posts and bodies, by date.

The register is computed from the dated rows, so it covers imported history as well. An entry exists as long as the
dates that it follows from.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, overload
from uuid import UUID, uuid5

from django.db import models
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .dates import PartialDate, today
from .exports.serializers import names_record, source_record
from .models import (
    AssemblyPost,
    Body,
    Chamber,
    Delegate,
    Parliament,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from .models.people import SOLE_ROLES
from .models.person_names import PersonName
from .succession import Handover, Row, handovers, holding, lines

# The number of entries whose rows one step of an iteration loads.
AT_ONCE = 5000


class Kind(models.TextChoices):
    """Kinds of changes, in the order of entries on one day."""

    BODY_CHANGED = "body_changed", gettext_lazy("body set up or dissolved")
    POST_CHANGED = "post_changed", gettext_lazy("post in the Assembly changed")
    PARTICIPATION_CHANGED = "participation_changed", gettext_lazy("participation changed")
    QUOTA_CHANGED = "quota_changed", gettext_lazy("quota changed")
    REPRESENTATIVE_CHANGED = "representative_changed", gettext_lazy("representative changed")
    ROLE_CHANGED = "role_changed", gettext_lazy("role changed")
    JOINED = "joined", gettext_lazy("joined")
    LEFT = "left", gettext_lazy("left")


# Relations of the rows of people that their sentences name.
_RELATED = {Delegate: ["person"], Representative: ["person"], AssemblyPost: ["person", "body"]}
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Change:
    """An entry of the register.

    ``day`` is the first day on which the directory shows the change, ``date`` that day in its known precision.
    ``before`` and ``after`` are roles, numbers of seats, people, statuses or slugs of bodies, or None. Only changes of
    bodies and posts have a ``body``, only those of posts an ``office``. Their ``parliament`` may be None.
    """

    id: UUID
    date: PartialDate
    day: date
    kind: Kind
    parliament: Parliament | None
    chamber: Chamber | None
    person: Person | None
    before: str | int | Person | None
    after: str | int | Person | None
    sources: tuple[Source, ...]
    body: Body | None = None
    office: str | None = None

    @property
    def words(self) -> str:
        """The change as a sentence in the active language."""
        return self.sentence(_text)

    def sentence(self, shown: Callable[[object], str]) -> str:
        """Return the sentence; ``shown`` formats each person, parliament, chamber and text in it."""
        named = {"parliament": self.parliament, "chamber": self.chamber, "person": self.person, "body": self.body}
        named |= {"office": self.office}
        values = {"before": self._value(self.before), "after": self._value(self.after)}
        things = {name: shown(thing) for name, thing in (named | values).items() if thing is not None}
        return capfirst(self._pattern() % things)

    def _value(self, value: str | int | Person | None) -> str | Person | None:
        if value is None or isinstance(value, Person) or self.kind == Kind.BODY_CHANGED:
            return value
        if self.kind == Kind.QUOTA_CHANGED:
            return self.chamber.members(value)
        labels = Participation.Status if self.kind == Kind.PARTICIPATION_CHANGED else Delegate.Role
        return str(labels(value).label)

    def _pattern(self) -> str:
        match self.kind:
            case Kind.JOINED:
                return _("%(person)s joined the delegation of %(parliament)s, %(chamber)s, as %(after)s.")
            case Kind.LEFT:
                return _("%(person)s (%(parliament)s, %(chamber)s), until then %(before)s, left the delegation.")
            case Kind.ROLE_CHANGED:
                return _("%(person)s (%(parliament)s, %(chamber)s), until then %(before)s, became %(after)s.")
            case Kind.QUOTA_CHANGED:
                began = _("The quota of %(chamber)s, %(parliament)s, was set at %(after)s.")
                ended = _("The quota of %(chamber)s, %(parliament)s, ended; it was %(before)s.")
                changed = _("The quota of %(chamber)s, %(parliament)s, changed from %(before)s to %(after)s.")
            case Kind.REPRESENTATIVE_CHANGED:
                began = _("%(after)s became plenipotentiary representative of %(parliament)s.")
                ended = _("%(before)s ceased to be plenipotentiary representative of %(parliament)s.")
                changed = _("%(after)s succeeded %(before)s as plenipotentiary representative of %(parliament)s.")
            case Kind.POST_CHANGED:
                began = _("%(after)s took office: %(office)s.")
                ended = _("%(before)s left office: %(office)s.")
                changed = _("%(after)s succeeded %(before)s in office: %(office)s.")
            case Kind.BODY_CHANGED:
                return _("%(body)s was set up.") if self.before is None else _("%(body)s was dissolved.")
            case Kind.PARTICIPATION_CHANGED:
                began = _("%(parliament)s takes part in the Assembly, status: %(after)s.")
                ended = _("%(parliament)s no longer takes part in the Assembly; its status was: %(before)s.")
                changed = _("The status of %(parliament)s changed from %(before)s to %(after)s.")
        return began if self.before is None else ended if self.after is None else changed

    def record(self) -> dict:
        return {
            "id": str(self.id),
            "date": str(self.date),
            "kind": self.kind.value,
            "delegation": self.parliament.slug if self.parliament else None,
            "chamber": self.chamber.slug if self.chamber else None,
            "body": self.body.slug if self.body else None,
            "office": self.office,
            "person": _published(self.person),
            "before": _published(self.before),
            "after": _published(self.after),
            "words": self.words,
            "source": [source_record(source) for source in self.sources],
        }


def _text(thing) -> str:
    match thing:
        case Person():
            return thing.public_name
        case Parliament():
            return thing.label
        case Chamber() | Body():
            return thing.name
    return thing


def _published(value: str | int | Person | None) -> str | int | dict | None:
    return names_record(value) if isinstance(value, Person) else value


class _Line(NamedTuple):
    """A model whose rows form successions: the columns of one, the column that changes, and the kinds of change."""

    model: type[Period]
    columns: tuple[str, ...]
    value: str
    begun: Kind
    changed: Kind
    ended: Kind
    only: Q = Q()

    def kind(self, handover: Handover) -> Kind:
        if handover.before is None:
            return self.begun
        return self.ended if handover.after is None else self.changed


_SOLE = Q(role__in=SOLE_ROLES)
_LINES = [
    _Line(Body, ("pk",), "slug", *[Kind.BODY_CHANGED] * 3),
    # An office with one holder at a time is handed over; each other post begins and ends by itself.
    _Line(AssemblyPost, ("body", "role"), "person", *[Kind.POST_CHANGED] * 3, only=_SOLE),
    _Line(AssemblyPost, ("body", "role", "person__public_id"), "person", *[Kind.POST_CHANGED] * 3, only=~_SOLE),
    _Line(Participation, ("parliament",), "status", *[Kind.PARTICIPATION_CHANGED] * 3),
    _Line(SeatQuota, ("chamber",), "seats", *[Kind.QUOTA_CHANGED] * 3),
    _Line(Representative, ("parliament",), "person", *[Kind.REPRESENTATIVE_CHANGED] * 3),
    # The public id, and not the key, gives entries of one day the same order after an import.
    _Line(Delegate, ("chamber", "person__public_id"), "role", Kind.JOINED, Kind.ROLE_CHANGED, Kind.LEFT),
]


class _Entry(NamedTuple):
    """A change before its rows are loaded; ``rank`` is the place of its parliament and chamber in the directory."""

    line: _Line
    kind: Kind
    handover: Handover
    rank: tuple

    @property
    def id(self) -> UUID:
        """A stable id, derived from the row that begins, else from the row that ends."""
        row = self.handover.after
        return uuid5(row.uid, self.kind) if row else uuid5(self.handover.before.uid, f"{self.kind} at the end")

    @property
    def order(self) -> tuple:
        """The sort key: newest first, then in the order of the directory."""
        row = self.handover.after or self.handover.before
        return (
            -self.handover.day.toordinal(),
            # A row that ended in "2020" stops holding when 2021 begins; it stands below the changes of that day.
            -self.handover.recorded.first.toordinal(),
            self.rank,
            _ORDER[self.kind],
            row.line[1:],
            row.uid,
        )

    def within(self, since: date | None, until: date) -> bool:
        """Whether the change shows by ``until`` and happened on ``since`` or later, or may have."""
        day = self.handover.day
        return day <= until and (since is None or day >= since or self.handover.recorded.after > since)


class NamesOfDays:
    """The other names of ``people``, for entries of different days. They take two queries."""

    def __init__(self, people: set[int]):
        rows = PersonName.objects.filter(person__in=people)
        self._lines: dict[int, list[Row]] = {line[0].line[0]: line for line in lines(rows, "pk", "person")}
        self._names = rows.in_bulk([row.pk for line in self._lines.values() for row in line])

    def of[T](self, value: T, day: date) -> T:
        """Return a person with the name of ``day``, and any other value as it is."""
        if not isinstance(value, Person) or value.pk not in self._lines or day >= today():
            return value
        person = copy(value)
        row = holding(self._lines[value.pk], day)
        person.names_of_day = [self._names[row.pk]] if row else []
        return person


class Register(Sequence):
    """A sequence of changes, newest first, that loads rows only for the entries of an index or a slice."""

    def __init__(self, entries: list[_Entry], chambers: dict[int, Chamber], parliaments: dict[int, Parliament]):
        self._entries = entries
        self._chambers = chambers
        self._parliaments = parliaments

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Change]:
        for first in range(0, len(self), AT_ONCE):
            yield from self[first : first + AT_ONCE]

    @overload
    def __getitem__(self, place: int) -> Change: ...
    @overload
    def __getitem__(self, place: slice) -> list[Change]: ...
    def __getitem__(self, place):
        if isinstance(place, slice):
            return self._read(self._entries[place])
        return self._read([self._entries[place]])[0]

    def only(self, id: UUID) -> "Register":
        """Return a register of the entry with this id; empty where there is none."""
        entries = [entry for entry in self._entries if entry.id == id]
        return Register(entries, self._chambers, self._parliaments)

    def place(self, id: UUID) -> int | None:
        """Return the index of the entry with this id, or None."""
        return next((place for place, entry in enumerate(self._entries) if entry.id == id), None)

    def _read(self, entries: list[_Entry]) -> list[Change]:
        rows = {}
        for model in {line.model: None for line in _LINES}:
            keys = {
                row.pk
                for entry in entries
                if entry.line.model is model
                for row in (entry.handover.before, entry.handover.after)
                if row
            }
            queryset = model.objects.prefetch_related("sources")
            if related := _RELATED.get(model):
                queryset = queryset.select_related(*related)
            rows[model] = queryset.in_bulk(keys)
        people = {row.person_id for model in _RELATED for row in rows[model].values()}
        names = NamesOfDays(people)
        return [self._change(entry, rows[entry.line.model], names) for entry in entries]

    def _change(self, entry: _Entry, rows: dict[int, Period], names: NamesOfDays) -> Change:
        before, after = (rows[row.pk] if row else None for row in (entry.handover.before, entry.handover.after))
        row = after or before
        chamber = self._chambers[row.chamber_id] if hasattr(row, "chamber_id") else None
        sources = [source for row in (after, before) if row for source in row.sources.all()]
        parliament = chamber.parliament if chamber else self._parliaments.get(getattr(row, "parliament_id", None))
        return Change(
            id=entry.id,
            date=entry.handover.recorded,
            day=entry.handover.day,
            kind=entry.kind,
            parliament=parliament,
            chamber=chamber,
            person=names.of(getattr(row, "person", None), entry.handover.day),
            before=names.of(getattr(before, entry.line.value, None), entry.handover.day),
            after=names.of(getattr(after, entry.line.value, None), entry.handover.day),
            sources=tuple(dict.fromkeys(sources)),
            body=row if isinstance(row, Body) else getattr(row, "body", None),
            office=str(capfirst(row.title)) if isinstance(row, AssemblyPost) else None,
        )


def register(
    parliaments: Iterable[Parliament] | None = None,
    kinds: Iterable[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Register:
    """Return the changes of ``parliaments`` (default: all), newest first, up to ``until`` (default: today).

    ``since`` leaves out the changes that certainly happened earlier; one known to the month or year may be later. The
    number of queries is constant.
    """
    kinds, until = set(Kind if kinds is None else kinds), until or today()
    chambers = Chamber.objects.select_related("parliament")
    known = Parliament.objects.all()
    if parliaments is not None:
        asked = [parliament.pk for parliament in parliaments]
        chambers, known = chambers.filter(parliament__in=asked), known.filter(pk__in=asked)
    chambers, known = ({row.pk: row for row in rows} for rows in (chambers, known))
    ranks = {
        "chamber": {pk: (*_rank(row.parliament), row.order, row.slug) for pk, row in chambers.items()},
        "parliament": {pk: _rank(row) for pk, row in known.items()},
        # The bodies of the Assembly come before the delegations.
        "body": {body.pk: (-1, "", body.order, body.slug) for body in Body.objects.all()},
    }
    ranks["pk"] = ranks["body"] if parliaments is None else {}
    of_parliament = Q() if parliaments is None else Q(parliament__in=list(known))
    entries = [
        entry
        for line in _LINES
        if kinds.intersection((line.begun, line.changed, line.ended))
        for entry in _entries(line, ranks[line.columns[0]], of_parliament)
        if entry.kind in kinds and entry.within(since, until)
    ]
    return Register(sorted(entries, key=lambda entry: entry.order), chambers, known)


def _rank(parliament: Parliament) -> tuple:
    return parliament.order, parliament.slug


def _entries(line: _Line, ranks: dict[int, tuple], of_parliament: Q) -> Iterator[_Entry]:
    """Yield the changes in the successions of the chambers, parliaments or bodies in ``ranks``."""
    rows = line.model.objects.filter(line.only, **{f"{line.columns[0]}__in": list(ranks)})
    if line.model is AssemblyPost:
        # Of one parliament are the posts that are held on its behalf.
        rows = rows.filter(of_parliament)
    for succession in lines(rows, line.value, *line.columns):
        for handover in handovers(succession):
            before, after, _day = handover
            if not (before and after and before.value == after.value):
                yield _Entry(line, line.kind(handover), handover, ranks[succession[0].line[0]])
