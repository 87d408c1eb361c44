"""Export of the directory as a Popolo 1.0 document (popoloproject.com): dated facts with sources and public ids.

The document does not depend on the language of the request. Equal rows give equal bytes. docs/data-dictionary.md
describes the extensions of Popolo.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from cspa.i18n import language_codes, translated_columns

from ..models import (
    AssemblyPost,
    Body,
    Chamber,
    Confirmation,
    Delegate,
    Link,
    Observation,
    Parliament,
    Participation,
    Period,
    Person,
    PersonName,
    Representative,
    SeatQuota,
    Source,
)
from ..models.periods import PeriodQuerySet
from .popolo_records import (
    assembly_record,
    body_record,
    chamber_record,
    confirmation_record,
    link_record,
    mandate_record,
    observation_record,
    parliament_record,
    participation_record,
    person_record,
    post_record,
    quota_record,
    representation_record,
    service_record,
    source_record,
)

# An import recognises the site's own exports by the profile.
PROFILE = "assembly-directory/1"


# Rows read at once.
CHUNK = 1000
# Of dated rows.
ORDER = (F("start").asc(nulls_first=True), "uid")


def document(day: date | None = None, parliament: Parliament | None = None) -> dict[str, Any]:
    """Return the facts that hold on ``day`` (None: all history) of ``parliament`` (None: all)."""
    parts = DirectoryExport(day, parliament).parts()
    return {name: value if isinstance(value, dict) else list(value) for name, value in parts}


def chunks(day: date | None = None, parliament: Parliament | None = None) -> Iterator[str]:
    """Yield the text of the document piece by piece; memory holds a thousand rows at a time."""
    return texts_of(DirectoryExport(day, parliament).parts())


def texts_of(parts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield the text of a JSON object with these members, whose lists may be iterators, indented by two."""
    between = "{"
    for name, value in parts:
        yield f"{between}\n  {json.dumps(name)}: "
        between = ","
        if isinstance(value, dict):
            yield _indented(value, 2)
            continue
        sign = "["
        for element in value:
            yield f"{sign}\n    {_indented(element, 4)}"
            sign = ","
        yield "[]" if sign == "[" else "\n  ]"
    yield "\n}\n"


def _indented(value: Any, spaces: int) -> str:
    # In JSON, a text holds no line end.
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * spaces)


class DirectoryExport:
    """Builds the document. Reads each table once, people and mandates a thousand rows at a time."""

    def __init__(self, day: date | None, parliament: Parliament | None):
        self.day = day
        self.whole = day is None and parliament is None
        self.one_delegation = parliament is not None
        parliaments = Parliament.objects.on(day) if day else Parliament.objects.all()
        if parliament:
            parliaments = parliaments.filter(pk=parliament.pk)
        rows = sorted(parliaments.prefetch_related("former_slugs", "chambers"), key=_by_protocol)
        self.parliaments = {row.pk: row for row in rows}
        self.of_parliament = Q(parliament__in=list(self.parliaments))
        self.of_chamber = Q(chamber__in=[chamber.pk for row in rows for chamber in row.chambers.all()])
        self.slugs = frozenset(Parliament.objects.values_list("slug", flat=True))
        self.cited: set[int] = set()
        self.sources = {source.pk: source for source in Source.objects.order_by("uid")}
        # Sources by the public id of the row.
        self.sources_of: dict[UUID, list[Source]] = defaultdict(list)

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield the members of the document in order: each name with an object, or with its records."""
        services = self._facts(Representative, self.of_parliament, "person", "parliament")
        people = {row.person_id for row in services} | self._delegates()
        # A document of one delegation leaves out the posts of people without mandate or service.
        asked = Q(person__in=people) | self.of_parliament if self.one_delegation else Q()
        posts = self._facts(AssemblyPost, asked, "person", "body", "parliament")
        people.update(row.person_id for row in posts)
        quotas = self._facts(SeatQuota, self.of_chamber, "chamber")
        represented = sorted({row.parliament.slug for row in services})
        meta: dict[str, Any] = {"profile": PROFILE, "languages": language_codes()}
        yield "meta", meta | ({"on": self.day.isoformat()} if self.day else {})
        yield "persons", self._persons(people)
        yield "organizations", chain(self._bodies(posts), self._organizations())
        seats = (quota_record(row, self._chamber_id(row.chamber), self.sources_of) for row in quotas)
        yield "posts", chain(seats, map(representation_record, represented))
        served = (service_record(row, self.sources_of) for row in services)
        held = (post_record(row, self.sources_of) for row in posts)
        yield "memberships", chain(self._mandates(), served, held)
        yield "sources", (source_record(source) for key, source in self.sources.items() if key in self.cited)

    def _delegates(self) -> set[int]:
        """Return the keys of the people with a mandate; none where the document holds all people."""
        if self.whole:
            return set()
        return set(self._rows(Delegate, self.of_chamber).order_by().values_list("person_id", flat=True))

    def _mandates(self) -> Iterator[dict]:
        """Yield the mandates in the order of ``_facts()``, from a thousand rows at a time."""
        rows = self._rows(Delegate, self.of_chamber).select_related("person", "chamber__parliament")
        rows = rows.prefetch_related("sources").order_by(*ORDER)
        for row in rows.iterator(chunk_size=CHUNK):
            cited = sorted(row.sources.all(), key=lambda source: source.uid)
            self.cited.update(source.pk for source in cited)
            yield mandate_record(row, self._chamber_id(row.chamber), {row.uid: cited})

    def _rows[M: Period](self, model: type[M], condition: Q) -> PeriodQuerySet[M]:
        rows = model.objects.on(self.day) if self.day else model.objects.all()
        return rows.filter(condition)

    def _facts[M: Period](self, model: type[M], condition: Q, *related: str, of_day: bool = True) -> list[M]:
        """Return the dated rows of the document by start, those without one first. Keep their sources.

        Without ``of_day`` they are the rows of all days.
        """
        rows = self._rows(model, condition) if of_day else model.objects.filter(condition)
        # Without arguments select_related() would load everything.
        rows = rows.select_related(*related) if related else rows
        return self._with_sources(model, rows)

    def _with_sources[M: Period](self, model: type[M], rows: PeriodQuerySet[M]) -> list[M]:
        rows = list(rows.order_by(*ORDER))
        uids = {row.pk: row.uid for row in rows}
        cited = model.sources.through.objects.order_by("source__uid")
        for row, source in cited.values_list(f"{model._meta.model_name}_id", "source_id"):
            if row in uids:
                self.sources_of[uids[row]].append(self.sources[source])
                self.cited.add(source)
        return rows

    def _persons(self, keys: set[int]) -> Iterator[dict]:
        people = Person.objects.order_by("public_id").prefetch_related("identifiers", "former_ids")
        names = PersonName.objects.filter(person__withdrawn=False)
        if not self.whole:
            people, names = people.filter(pk__in=keys), names.filter(person__in=keys)
        other_names = defaultdict(list)
        # All of them for a day, too: Popolo's name is the present one.
        for name in self._with_sources(PersonName, names):
            other_names[name.person_id].append(name)
        for person in people.defer(*translated_columns("sort_key"), "name_words").iterator(chunk_size=CHUNK):
            yield person_record(person, other_names[person.pk], self.sources_of)

    def _organizations(self) -> Iterator[dict]:
        participations, links = defaultdict(list), defaultdict(list)
        for row in self._facts(Participation, self.of_parliament):
            participations[row.parliament_id].append(participation_record(row, self.sources_of))
        for row in self._facts(Link, self.of_parliament | self.of_chamber):
            links[row.parliament_id, row.chamber_id].append(link_record(row, self.sources_of))
        of_day = Confirmation.objects.covering(self.day) if self.day else Confirmation.objects.all()
        confirmations = self._dated(of_day, confirmation_record)
        # Only the whole export has observations.
        observed = Observation.objects.select_related("person") if self.whole else Observation.objects.none()
        observations = self._dated(observed, observation_record)
        for key, parliament in self.parliaments.items():
            yield parliament_record(
                parliament,
                links=links[key, None],
                participations=participations[key],
                confirmations=confirmations[key],
                observations=observations[key],
            )
            for chamber in _chambers(parliament):
                yield chamber_record(chamber, self._chamber_id(chamber), parliament.slug, links[None, chamber.pk])

    def _bodies(self, posts: list[AssemblyPost]) -> Iterator[dict]:
        """Yield the Assembly and its bodies, each after the one that it is part of.

        A document of one delegation has only those that its ``posts`` refer to.
        """
        wanted = {row.body_id for row in posts}
        if not self.one_delegation:
            wanted |= {row.pk for row in (Body.objects.on(self.day) if self.day else Body.objects.all())}
        rows = {row.pk: row for row in self._facts(Body, Q(), of_day=False)}
        for key in list(wanted):
            while (above := rows[key].parent_id) and above not in wanted:
                wanted.add(above)
                key = above
        bodies = sorted((rows[key] for key in wanted), key=lambda row: (_depth(row, rows), *_by_protocol(row)))
        if all(row.kind != Body.Kind.ASSEMBLY for row in bodies):
            yield assembly_record()
        for row in bodies:
            yield body_record(row, rows.get(row.parent_id), self.sources_of)

    def _dated(self, rows: QuerySet, serialize: Callable[[Any, Source], dict]) -> dict[int, list[dict]]:
        """Return the records of confirmations or observations by the key of their parliament."""
        records = defaultdict(list)
        for row in rows.filter(self.of_parliament).order_by("date", "uid"):
            self.cited.add(row.source_id)
            records[row.parliament_id].append(serialize(row, self.sources[row.source_id]))
        return records

    def _chamber_id(self, chamber: Chamber) -> str:
        """Return the slug of the chamber as an id; "chamber:…" if a parliament has the same slug."""
        return f"chamber:{chamber.slug}" if chamber.slug in self.slugs else chamber.slug


def _by_protocol(row: Parliament | Chamber | Body) -> tuple[int, str]:
    """Sort key in Python: databases disagree about hyphens."""
    return (row.order, row.slug)


def _depth(body: Body, bodies: dict[int, Body]) -> int:
    """The number of bodies that ``body`` is part of; the Assembly stands first."""
    if body.kind == Body.Kind.ASSEMBLY:
        return -1
    return _depth(bodies[body.parent_id], bodies) + 1 if body.parent_id else 0


def _chambers(parliament: Parliament) -> list[Chamber]:
    return sorted(parliament.chambers.all(), key=_by_protocol)
