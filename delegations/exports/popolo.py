"""Export of the directory as a Popolo 1.0 document (popoloproject.com): dated facts with sources and public ids.

The document does not depend on the language of the request. Equal rows give equal bytes. docs/data-dictionary.md
describes the extensions of Popolo.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from django.db.models import QuerySet

from cspa.i18n import language_codes, translated_columns

from ..models import (
    AssemblyPost,
    Chamber,
    Confirmation,
    Delegate,
    Link,
    Observation,
    Parliament,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from .popolo_records import (
    assembly_record,
    chamber_record,
    clean,
    column_texts,
    mandate_record,
    parliament_record,
    period_values,
    person_record,
    post_record,
    quota_record,
    representation_record,
    service_record,
    source_record,
)

# An import recognises the site's own exports by the profile.
PROFILE = "assembly-directory/1"


def document(day: date | None = None, parliament: Parliament | None = None) -> dict:
    """Return the facts that hold on ``day`` (None: all history) of ``parliament`` (None: all)."""
    return DirectoryExport(day, parliament).document()


def text(document: dict) -> str:
    """Return ``document`` as the text of a file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def chamber_id(chamber: Chamber, parliaments: Iterable[str]) -> str:
    """Return the slug of the chamber as an id; "chamber:…" if one of ``parliaments`` has the same slug."""
    return f"chamber:{chamber.slug}" if chamber.slug in parliaments else chamber.slug


class DirectoryExport:
    """Builds the document. Reads each table once."""

    def __init__(self, day: date | None, parliament: Parliament | None):
        self.day = day
        self.whole = day is None and parliament is None
        parliaments = Parliament.objects.on(day) if day else Parliament.objects.all()
        if parliament:
            parliaments = parliaments.filter(pk=parliament.pk)
        rows = sorted(parliaments.prefetch_related("former_slugs", "chambers"), key=_by_protocol)
        self.parliaments = {row.pk: row for row in rows}
        self.chambers = {chamber.pk: chamber for row in rows for chamber in _chambers(row)}
        self.slugs = frozenset(Parliament.objects.values_list("slug", flat=True))
        self.cited: set[int] = set()
        self.sources = {source.pk: source for source in Source.objects.all()}

    def document(self) -> dict:
        quotas, memberships = list(self._quotas()), []
        delegates = self._facts(Delegate, chamber__in=self.chambers)
        services = self._facts(Representative, parliament__in=self.parliaments)
        people = {row.person_id for row in [*delegates, *services]}
        posts = self._facts(AssemblyPost, **({} if self._everybody else {"person__in": people}))
        people.update(row.person_id for row in posts)
        ids, persons = self._persons(people)
        sources_of = {model: self._sources_of(model, rows) for model, rows in _by_model(delegates, services, posts)}
        for row in delegates:
            chamber = self.chambers[row.chamber_id]
            slug, chamber_id = self.parliaments[chamber.parliament_id].slug, self._chamber_id(chamber.pk)
            memberships.append(mandate_record(row, ids, slug, chamber_id, sources_of[Delegate]))
        for row in services:
            slug = self.parliaments[row.parliament_id].slug
            memberships.append(service_record(row, ids, slug, sources_of[Representative]))
        for row in posts:
            memberships.append(post_record(row, ids, sources_of[AssemblyPost]))
        represented = sorted({self.parliaments[row.parliament_id].slug for row in services})
        organizations = list(self._organizations())
        return {
            "meta": {
                "profile": PROFILE,
                "languages": language_codes(),
                **({"on": self.day.isoformat()} if self.day else {}),
            },
            "persons": persons,
            "organizations": organizations,
            "posts": [*quotas, *map(representation_record, represented)],
            "memberships": memberships,
            "sources": [
                source_record(source)
                for source in sorted(self.sources.values(), key=lambda source: str(source.uid))
                if source.pk in self.cited
            ],
        }

    @property
    def _everybody(self) -> bool:
        """Whether the document holds posts of people without mandate or service."""
        return len(self.parliaments) != 1 or self.whole

    # Rows

    def _facts(self, model: type[Period], **condition) -> list[Period]:
        """Return the dated rows of the document in a stable order."""
        return sorted(self._of_day(model).filter(**_keys(condition)), key=_in_order)

    def _of_day(self, model: type[Period]) -> QuerySet:
        return model.objects.on(self.day) if self.day else model.objects.all()

    def _sources_of(self, model: type[Period], rows: Iterable[Period]) -> dict[int, list[Source]]:
        """Return the sources of ``rows`` by the key of the row, with one query."""
        keys = {row.pk for row in rows}
        through = model.sources.through
        name = model._meta.model_name
        sources_of_rows = defaultdict(list)
        for row, source in through.objects.values_list(f"{name}_id", "source_id"):
            if row in keys:
                sources_of_rows[row].append(self.sources[source])
                self.cited.add(source)
        for sources in sources_of_rows.values():
            sources.sort(key=lambda source: str(source.uid))
        return sources_of_rows

    # Records

    def _persons(self, keys: set[int]) -> tuple[dict[int, str], list[dict]]:
        """Return the ids of people by key, and their records."""
        people = Person.objects.order_by("public_id").prefetch_related("identifiers", "former_ids")
        if not self.whole:
            people = people.filter(pk__in=keys)
        ids, records = {}, []
        for person in people.defer(*translated_columns("sort_key"), "name_words"):
            ids[person.pk] = str(person.public_id)
            records.append(person_record(person))
        return ids, records

    def _organizations(self) -> Iterator[dict]:
        yield assembly_record()
        participations = self._parts(Participation, "parliament")
        links = self._parts(Link, "parliament", "chamber")
        confirmations = defaultdict(list)
        rows = Confirmation.objects.covering(self.day) if self.day else Confirmation.objects.all()
        for row in sorted(rows, key=lambda row: (row.date, str(row.uid))):
            confirmations[row.parliament_id].append(row)
        observations = self._observations()
        for parliament in self.parliaments.values():
            key = ("parliament", parliament.pk)
            yield parliament_record(
                parliament,
                links=links[key],
                participations=participations[key],
                confirmations=[self._confirmation(row) for row in confirmations[parliament.pk]],
                observations=observations[parliament.pk],
            )
            for chamber in _chambers(parliament):
                chamber_id = self._chamber_id(chamber.pk)
                yield chamber_record(chamber, chamber_id, parliament.slug, links["chamber", chamber.pk])

    def _parts(self, model: type[Participation | Link], *owners: str) -> dict[tuple[str, int], list[dict]]:
        """Return the records of ``model`` by kind and key of their owner."""
        rows = sorted(self._of_day(model), key=_in_order)
        belonging = {"parliament": self.parliaments, "chamber": self.chambers}
        owned = [(owner, row) for row in rows for owner in owners if getattr(row, f"{owner}_id") in belonging[owner]]
        sources = self._sources_of(model, [row for _owner, row in owned])
        records = defaultdict(list)
        for owner, row in owned:
            about = (
                {"status": row.status}
                if model is Participation
                else {"url": row.url, "note": "website", "language": row.language}
            )
            records[owner, getattr(row, f"{owner}_id")].append(
                clean({"id": str(row.uid), **about, **period_values(row, sources)})
            )
        return records

    def _confirmation(self, row: Confirmation) -> dict:
        self.cited.add(row.source_id)
        source = self.sources[row.source_id]
        return clean(
            {
                "id": str(row.uid),
                "date": row.date.isoformat(),
                **column_texts(row, "confirmed_by"),
                "source_id": str(source.uid),
            }
        )

    def _observations(self) -> dict[int, list[dict]]:
        """Return the observations by parliament. Only the whole export has them."""
        records = defaultdict(list)
        if not self.whole:
            return records
        rows = Observation.objects.filter(parliament__in=list(self.parliaments)).select_related("person")
        for row in sorted(rows, key=lambda row: (row.date, str(row.uid))):
            self.cited.add(row.source_id)
            records[row.parliament_id].append(
                clean(
                    {
                        "id": str(row.uid),
                        "date": row.date.isoformat(),
                        "person_id": str(row.person.public_id) if row.person else "",
                        "source_id": str(self.sources[row.source_id].uid),
                        "statement": row.statement,
                    }
                )
            )
        return records

    def _quotas(self) -> Iterator[dict]:
        rows = self._facts(SeatQuota, chamber__in=self.chambers)
        sources = self._sources_of(SeatQuota, rows)
        for row in rows:
            chamber = self.chambers[row.chamber_id]
            yield quota_record(row, chamber, self._chamber_id(chamber.pk), sources)

    def _chamber_id(self, key: int) -> str:
        return chamber_id(self.chambers[key], self.slugs)


def _by_protocol(row: Parliament | Chamber) -> tuple[int, str]:
    """Sort key in Python: databases disagree about hyphens."""
    return (row.order, row.slug)


def _chambers(parliament: Parliament) -> list[Chamber]:
    return sorted(parliament.chambers.all(), key=_by_protocol)


def _keys(condition: dict) -> dict:
    """Return ``condition`` with mappings replaced by lists of their keys."""
    return {name: list(values) for name, values in condition.items()}


def _by_model(*lists: list[Period]) -> Iterator[tuple[type[Period], list[Period]]]:
    return zip((Delegate, Representative, AssemblyPost), lists, strict=True)


def _in_order(row: Period) -> tuple:
    """Sort key by start, rows without start first, then by public id."""
    return (row.start is not None, row.start or date.min, str(row.uid))
