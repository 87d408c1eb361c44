"""Checks for doubtful facts: facts that are recorded, but may be wrong."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any, NamedTuple

from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cspa.audit.diff import with_display_relations
from cspa.i18n import translated_columns

from ..dates import FOUNDED, LATEST, today
from ..models import (
    AssemblyPost,
    Body,
    Confirmation,
    Delegate,
    Link,
    Parliament,
    Participation,
    Period,
    Person,
    PersonName,
    Representative,
    SeatQuota,
)
from ..models.people import NAME_PARTS
from ..models.person_names import PARTS
from ..names import doubts_about, fold
from ..succession import Row, lines, since, until

DAY = timedelta(days=1)
FOREVER = LATEST + DAY

FACTS = [Participation, SeatQuota, Delegate, Representative, Body, AssemblyPost, Link, PersonName]

# A date in this year or later is a slip, and an end may stand for “still”.
UNLIKELY_YEAR = 2099

type Span = tuple[date, date]


class Kind(models.TextChoices):
    OVERLAP = "overlap", gettext_lazy("overlap")
    OVER_QUOTA = "over_quota", gettext_lazy("over quota")
    OUTSIDE_PARTICIPATION = "outside_participation", gettext_lazy("outside the participation")
    NO_SOURCE = "no_source", gettext_lazy("no source")
    EXPIRED_CONFIRMATION = "expired_confirmation", gettext_lazy("expired confirmation")
    SAME_PERSON = "same_person", gettext_lazy("perhaps the same person")
    DOUBTFUL_NAME = "doubtful_name", gettext_lazy("doubtful name")
    SEVERAL_HOLDERS = "several_holders", gettext_lazy("several holders of one office")
    SEVERAL_SEATS = "several_seats", gettext_lazy("in two chambers or countries at once")
    UNLIKELY_DATE = "unlikely_date", gettext_lazy("unlikely date")


_WORDS = {
    Kind.OVERLAP: gettext_lazy("%(fact)s: another row of the same line holds in the same period."),
    Kind.OVER_QUOTA: gettext_lazy("%(fact)s: up to %(named)s have a name, first on %(day)s."),
    Kind.OUTSIDE_PARTICIPATION: gettext_lazy("%(fact)s: on %(day)s the parliament took no part in the Assembly."),
    Kind.NO_SOURCE: gettext_lazy("%(fact)s: no source is recorded."),
    Kind.EXPIRED_CONFIRMATION: gettext_lazy(
        "%(fact)s: the roster was confirmed on %(day)s, which no longer speaks for today."
    ),
    Kind.SAME_PERSON: gettext_lazy("Perhaps one person: %(people)s."),
    Kind.DOUBTFUL_NAME: gettext_lazy("%(fact)s: %(doubt)s"),
    Kind.SEVERAL_HOLDERS: gettext_lazy("%(fact)s: on %(day)s somebody else holds the same office, too."),
    Kind.SEVERAL_SEATS: gettext_lazy(
        "%(fact)s: on %(day)s the person also belongs to another chamber or represents another country."
    ),
    Kind.UNLIKELY_DATE: gettext_lazy(
        "%(fact)s: it begins before the Assembly was founded, or a date lies in %(year)s or later."
    ),
}


@dataclass(frozen=True)
class Issue:
    """An issue of ``object``, with the ``details`` for its message."""

    kind: Kind
    object: Period | Parliament | Person
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The message as a sentence in the active language."""
        name = {"kind": capfirst(self.object._meta.verbose_name), "name": self.object}
        details = {key: _shown(value) for key, value in self.details.items()}
        return _WORDS[self.kind] % {"fact": _("%(kind)s “%(name)s”") % name, **details}

    @property
    def admin_url(self) -> str:
        meta = self.object._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[self.object.pk])

    def record(self) -> dict:
        return {
            "kind": self.kind.value,
            "words": self.words,
            "object": self.object._meta.model_name,
            "id": str(self.object.natural_key()[0]),
            "admin_url": self.admin_url,
        }


def doubts() -> list[Issue]:
    """Return all issues by kind, with a constant number of queries."""
    participations = lines(Participation.objects.all(), "status", "parliament")
    quotas = lines(SeatQuota.objects.all(), "seats", "chamber")
    mandates = lines(Delegate.objects.all(), "role", "chamber", "person", "chamber__parliament")
    services = lines(Representative.objects.all(), "person", "parliament")
    posts = lines(AssemblyPost.objects.all(), "pk", "person", "body", "role")
    return [
        *_overlaps(Participation, participations),
        *_overlaps(SeatQuota, quotas),
        *_overlaps(Delegate, mandates),
        *_overlaps(Representative, services),
        *_overlaps(AssemblyPost, posts),
        *_over_quota(quotas, mandates),
        *_outside_participation(participations, mandates),
        *_without_source(),
        *_expired_confirmations(),
        *_namesakes(),
        *_doubtful_names(),
        *_contradictions(mandates, services),
        *_unlikely_dates({Delegate: mandates, Representative: services, AssemblyPost: posts}),
    ]


def _span(row: Row, line: list[Row]) -> Span:
    """Return the first day of ``row`` and the day after its last."""
    return row.start or since(row, line) or date.min, until(row, line) or FOREVER


def _shown(value: date | list[Person] | int | str) -> str:
    """Format a detail: a day, people with their public ids, a number or words."""
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, list):
        return ", ".join(f"{person} ({person.public_id})" for person in value)
    return str(value)


def _issues(kind: Kind, model: type[Period], details: dict[int, dict[str, Any]]) -> Iterator[Issue]:
    """Yield an issue for each row of ``model`` whose key is in ``details``."""
    rows = with_display_relations(model).in_bulk(list(details))
    for key in sorted(rows):
        yield Issue(kind, rows[key], details[key])


def _overlaps(model: type[Period], successions: list[list[Row]]) -> Iterator[Issue]:
    """Yield rows that overlap another row of their succession.

    The NoOverlap constraint of the database prevents such rows, unless it was dropped.
    """
    overlapping: dict[int, dict[str, Any]] = {}
    for line in successions:
        reach = date.min
        for row in line:
            start, end = _span(row, line)
            if start < reach and start < end:
                overlapping[row.pk] = {}
            reach = max(reach, end)
    yield from _issues(Kind.OVERLAP, model, overlapping)


def _over_quota(quotas: list[list[Row]], mandates: list[list[Row]]) -> Iterator[Issue]:
    """Yield quotas with fewer seats than names on some day."""
    changes: dict[int, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in mandates:
        for row in line:
            if row.value != Delegate.Role.SUBSTITUTE:
                start, end = _span(row, line)
                changes[row.line[0]][start] += 1
                changes[row.line[0]][end] -= 1
    over = {}
    for line in quotas:
        days = sorted(changes[line[0].line[0]].items())
        named = list(zip([day for day, _change in days], accumulate(change for _day, change in days), strict=True))
        for row in line:
            start, end = _span(row, line)
            start = max(start, FOUNDED)
            # The number of names on the first day of the quota is that of the latest change before it.
            before = [(start, number) for day, number in named if day <= start][-1:]
            within = [(day, number) for day, number in named if start < day < end]
            crowded = [(day, number) for day, number in before + within if number > row.value and start < end]
            if crowded:
                over[row.pk] = {"day": crowded[0][0], "named": max(number for _day, number in crowded)}
    yield from _issues(Kind.OVER_QUOTA, SeatQuota, over)


def _outside_participation(participations: list[list[Row]], mandates: list[list[Row]]) -> Iterator[Issue]:
    """Yield mandates that certainly hold on a day on which, by the recorded status, the parliament took no part."""
    present = {line[0].line[0]: [_span(row, line) for row in line] for line in participations}
    outside = {}
    for line in mandates:
        for row in line:
            spans = present.get(row.line[2])
            if spans and (day := _uncovered(_certain(row), spans)):
                outside[row.pk] = {"day": day}
    yield from _issues(Kind.OUTSIDE_PARTICIPATION, Delegate, outside)


def _certain(row: Row | Period) -> Span:
    """Return the period in which ``row`` certainly holds, whatever days its partial dates stand for."""
    if row.start is None:
        last = row.end - DAY if row.end else today()
        return last, last + DAY
    first = row.starts.after - DAY
    if row.ended:
        return first, first + DAY if row.starts.is_day else first
    return first, row.end or FOREVER


def _uncovered(span: Span, spans: list[Span]) -> date | None:
    """Return the first day of ``span`` outside all of ``spans``, which are sorted."""
    day, end = span
    for first, last in spans:
        if first <= day:
            day = max(day, last)
    return day if day < end else None


def _without_source() -> Iterator[Issue]:
    for model in FACTS:
        for row in with_display_relations(model).filter(sources=None).order_by("pk"):
            yield Issue(Kind.NO_SOURCE, row)


def _expired_confirmations() -> Iterator[Issue]:
    """Yield parliaments whose latest confirmation is no longer valid today."""
    expired = Confirmation.objects.expired(today()).select_related("parliament")
    for latest in expired.order_by("parliament__order", "parliament__slug"):
        yield Issue(Kind.EXPIRED_CONFIRMATION, latest.parliament, {"day": latest.date})


# Names seldom change, and folding ten thousand of them takes a second.
@lru_cache(maxsize=50_000)
def _words(name: str) -> frozenset[str]:
    return frozenset(fold(name).split())


def possible_duplicates() -> set[frozenset[int]]:
    """Return the keys of people with the same words in a name, present or another, in any alphabet and order."""
    bearers = defaultdict(set)
    columns = translated_columns("name")
    others = PersonName.objects.values_list("person_id", *columns)
    for key, *names in Person.objects.order_by().values_list("pk", *columns).union(others, all=True).iterator():
        for name in names:
            bearers[_words(name)].add(key)
    bearers.pop(frozenset(), None)
    return {frozenset(keys) for keys in bearers.values() if len(keys) > 1}


def _namesakes() -> Iterator[Issue]:
    groups = possible_duplicates()
    people = Person.objects.in_bulk({key for group in groups for key in group})
    duplicates = [sorted((people[key] for key in group), key=lambda person: person.public_id) for group in groups]
    for group in sorted(duplicates, key=lambda group: [person.public_id for person in group]):
        yield Issue(Kind.SAME_PERSON, group[-1], {"people": group})


def _doubtful_names() -> Iterator[Issue]:
    present, others = (
        [column for part in parts for column in translated_columns(part)] for parts in (NAME_PARTS, PARTS)
    )
    rows = chain(
        Person.objects.filter(withdrawn=False).values_list("pk", *present).iterator(),
        PersonName.objects.filter(person__withdrawn=False).values_list("person_id", *others).iterator(),
    )
    doubtful: dict[int, list[str]] = defaultdict(list)
    for key, *names in rows:
        if found := dict.fromkeys(doubt for name in names for doubt in doubts_about(name)):
            doubtful[key] += [doubt for doubt in found if doubt not in doubtful[key]]
    people = Person.objects.in_bulk(doubtful)
    for key in sorted(doubtful):
        yield Issue(Kind.DOUBTFUL_NAME, people[key], {"doubt": " ".join(doubtful[key])})


class Claim(NamedTuple):
    """That the row of ``key`` holds for ``value`` in ``span``. Rows that differ about one subject contradict."""

    kind: Kind
    subject: tuple[Any, ...]
    value: Any
    key: Any
    span: Span


def mandate_claims(key: Any, row: Row | Period, role: str, chamber: Any, person: Any, parliament: Any) -> list[Claim]:
    """A delegation has one head at a time, and a person sits in one chamber and for one country."""
    span = _certain(row)
    claims = [
        Claim(Kind.SEVERAL_SEATS, ("chamber", person), chamber, key, span),
        Claim(Kind.SEVERAL_SEATS, ("country", person), parliament, key, span),
    ]
    if role == Delegate.Role.HEAD:
        claims.append(Claim(Kind.SEVERAL_HOLDERS, ("head", parliament), person, key, span))
    return claims


def service_claims(key: Any, row: Row | Period, person: Any, parliament: Any) -> list[Claim]:
    return [Claim(Kind.SEVERAL_SEATS, ("country", person), parliament, key, _certain(row))]


def claims_on_record(mandates: list[list[Row]], services: list[list[Row]]) -> Iterator[Claim]:
    """Yield the claims of rows on record, whose keys are their models with their primary keys."""
    for row in chain.from_iterable(mandates):
        yield from mandate_claims((Delegate, row.pk), row, row.value, *row.line)
    for row in chain.from_iterable(services):
        yield from service_claims((Representative, row.pk), row, row.value, *row.line)


def contradictions(claims: Iterable[Claim]) -> dict[tuple[Kind, Any], dict[str, Any]]:
    """Return for each kind and key the first day on which another row certainly holds something else."""
    subjects: dict[tuple[Any, ...], list[Claim]] = defaultdict(list)
    for claim in claims:
        subjects[claim.kind, claim.subject].append(claim)
    met: dict[tuple[Kind, Any], dict[str, Any]] = {}
    for held in subjects.values():
        for claim, day in _first_meetings(held):
            met.setdefault((claim.kind, claim.key), {"day": day})
    return met


def _first_meetings(held: list[Claim]) -> Iterator[tuple[Claim, date]]:
    """Yield each claim to one subject that meets another with a different value, with the first day of that.

    One pass in order of time: a file may name 20,000 heads of one delegation.
    """
    # Claims that have met no other yet. Those that still hold have one value: otherwise they would have met.
    alone: list[Claim] = []
    # The two values that are held longest so far, with the days on which they end.
    longest: dict[Any, date] = {}
    for claim in sorted(held, key=lambda claim: claim.span):
        start, end = claim.span
        if start >= end:
            continue
        alone = [other for other in alone if other.span[1] > start]
        if any(value != claim.value and until > start for value, until in longest.items()):
            yield from ((other, start) for other in [claim, *alone] if other is claim or other.value != claim.value)
            alone = [other for other in alone if other.value == claim.value]
        else:
            alone.append(claim)
        longest[claim.value] = max(end, longest.get(claim.value, end))
        longest = dict(sorted(longest.items(), key=lambda item: item[1])[-2:])


def _contradictions(mandates: list[list[Row]], services: list[list[Row]]) -> Iterator[Issue]:
    """Yield heads of one delegation, and people in two chambers or countries, on one day."""
    met = contradictions(claims_on_record(mandates, services))
    for kind, model in (
        (Kind.SEVERAL_HOLDERS, Delegate),
        (Kind.SEVERAL_SEATS, Delegate),
        (Kind.SEVERAL_SEATS, Representative),
    ):
        found = {key[1]: day for (of, key), day in met.items() if of == kind and key[0] is model}
        yield from _issues(kind, model, found)


def unlikely_dates(row: Row | Period) -> dict[str, Any] | None:
    """Return the details of an unlikely date of ``row``; None where its dates are likely."""
    early = row.start and row.starts.after <= FOUNDED
    late = any(day and day.year >= UNLIKELY_YEAR for day in (row.start, row.end))
    return {"year": UNLIKELY_YEAR} if early or late else None


def _unlikely_dates(successions: dict[type[Period], list[list[Row]]]) -> Iterator[Issue]:
    for model, found in successions.items():
        details = {row.pk: unlikely_dates(row) for row in chain.from_iterable(found)}
        yield from _issues(Kind.UNLIKELY_DATE, model, {key: year for key, year in details.items() if year})
