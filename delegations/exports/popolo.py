"""The directory as a Popolo 1.0 document (popoloproject.com): every fact with its dates, sources and public ids.

The document is the same whatever the language of the request, and holds nothing that changes from one run to the
next: the same rows make the same bytes. docs/data-dictionary.md says what goes beyond Popolo.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.translation import gettext, override

from cspa.i18n import columns, language_codes

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

PROFILE = "assembly-directory/1"  # by which an import knows our own export
ASSEMBLY = "org:assembly"  # no slug holds a colon
SEAT = "seat"
REPRESENTATIVE = "representative"
NAMES = ("name", "family_name", "given_name", "patronymic", "sort_name")


def document(day: date | None = None, parliament: Parliament | None = None) -> dict:
    """What holds on ``day``, or all history; of ``parliament``, or of all."""
    return _Directory(day, parliament).document()


def text(document: dict) -> str:
    """``document`` as the file says it."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def chamber_id(chamber: Chamber, parliaments: Iterable[str]) -> str:
    """The chamber's code; "chamber:…" where one of ``parliaments`` has the same."""
    return f"chamber:{chamber.slug}" if chamber.slug in parliaments else chamber.slug


class _Directory:
    """Reads each table once."""

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
            memberships.append(self._mandate(row, ids, sources_of[Delegate]))
        for row in services:
            memberships.append(self._service(row, ids, sources_of[Representative]))
        for row in posts:
            memberships.append(self._post(row, ids, sources_of[AssemblyPost]))
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
            "posts": [*quotas, *map(self._representation, represented)],
            "memberships": memberships,
            "sources": [
                _source(source)
                for source in sorted(self.sources.values(), key=lambda source: str(source.uid))
                if source.pk in self.cited
            ],
        }

    @property
    def _everybody(self) -> bool:
        """Whether the posts of people without mandate or service belong here."""
        return len(self.parliaments) != 1 or self.whole

    # Rows

    def _facts(self, model: type[Period], **condition) -> list[Period]:
        """The dated rows that belong here, by their public ids."""
        return sorted(self._of_day(model).filter(**_keys(condition)), key=_in_order)

    def _of_day(self, model: type[Period]) -> QuerySet:
        return model.objects.on(self.day) if self.day else model.objects.all()

    def _sources_of(self, model: type[Period], rows: Iterable[Period]) -> dict[int, list[Source]]:
        """The sources of each of ``rows``, by its key, in one query."""
        keys = {row.pk for row in rows}
        through = model.sources.through
        name = model._meta.model_name
        found = defaultdict(list)
        for row, source in through.objects.values_list(f"{name}_id", "source_id"):
            if row in keys:
                found[row].append(self.sources[source])
                self.cited.add(source)
        for sources in found.values():
            sources.sort(key=lambda source: str(source.uid))
        return found

    # Records

    def _persons(self, keys: set[int]) -> tuple[dict[int, str], list[dict]]:
        """The id of each person by key, and the records."""
        people = Person.objects.order_by("public_id").prefetch_related("identifiers", "former_ids")
        if not self.whole:
            people = people.filter(pk__in=keys)
        ids, records = {}, []
        for person in people.defer(*columns("sort_key"), "name_words"):
            ids[person.pk] = str(person.public_id)
            records.append(_person(person))
        return ids, records

    def _organizations(self) -> Iterator[dict]:
        yield _assembly()
        participations = self._parts(Participation, "parliament")
        links = self._parts(Link, "parliament", "chamber")
        confirmations = defaultdict(list)
        rows = Confirmation.objects.covering(self.day) if self.day else Confirmation.objects.all()
        for row in sorted(rows, key=lambda row: (row.date, str(row.uid))):
            confirmations[row.parliament_id].append(row)
        observations = self._observations()
        for parliament in self.parliaments.values():
            yield _clean(
                {
                    "id": parliament.slug,
                    **_names(parliament, "name"),
                    "classification": "delegation",
                    "parent_id": ASSEMBLY,
                    "links": links["parliament", parliament.pk],
                    "slug": parliament.slug,
                    **_columns(parliament, "name", "short_name"),
                    "country": parliament.country.code,
                    "order": parliament.order,
                    "former_slugs": sorted(former.slug for former in parliament.former_slugs.all()),
                    "participations": participations["parliament", parliament.pk],
                    "confirmations": [self._confirmation(row) for row in confirmations[parliament.pk]],
                    "observations": observations[parliament.pk],
                }
            )
            for chamber in _chambers(parliament):
                yield _clean(
                    {
                        "id": self._chamber_id(chamber.pk),
                        **_names(chamber, "name"),
                        "classification": "chamber",
                        "parent_id": parliament.slug,
                        "links": links["chamber", chamber.pk],
                        "slug": chamber.slug,
                        **_columns(chamber, "name"),
                        "kind": chamber.kind,
                        "members_called": chamber.members_called,
                        "order": chamber.order,
                        "imported_id": chamber.imported_id,
                    }
                )

    def _parts(self, model: type[Participation | Link], *owners: str) -> dict[tuple[str, int], list[dict]]:
        """The records of ``model`` by what they belong to."""
        rows = sorted(self._of_day(model), key=_in_order)
        belonging = {"parliament": self.parliaments, "chamber": self.chambers}
        owned = [(owner, row) for row in rows for owner in owners if getattr(row, f"{owner}_id") in belonging[owner]]
        sources = self._sources_of(model, [row for _owner, row in owned])
        found = defaultdict(list)
        for owner, row in owned:
            about = (
                {"status": row.status}
                if model is Participation
                else {"url": row.url, "note": "website", "language": row.language}
            )
            found[owner, getattr(row, f"{owner}_id")].append(
                _clean({"id": str(row.uid), **about, **_period(row, sources)})
            )
        return found

    def _confirmation(self, row: Confirmation) -> dict:
        self.cited.add(row.source_id)
        source = self.sources[row.source_id]
        return _clean(
            {
                "id": str(row.uid),
                "date": row.date.isoformat(),
                **_columns(row, "confirmed_by"),
                "source_id": str(source.uid),
            }
        )

    def _observations(self) -> dict[int, list[dict]]:
        """What saved pages said, by parliament: only the whole export holds it."""
        found = defaultdict(list)
        if not self.whole:
            return found
        rows = Observation.objects.filter(parliament__in=list(self.parliaments)).select_related("person")
        for row in sorted(rows, key=lambda row: (row.date, str(row.uid))):
            self.cited.add(row.source_id)
            found[row.parliament_id].append(
                _clean(
                    {
                        "id": str(row.uid),
                        "date": row.date.isoformat(),
                        "person_id": str(row.person.public_id) if row.person else "",
                        "source_id": str(self.sources[row.source_id].uid),
                        "statement": row.statement,
                    }
                )
            )
        return found

    def _quotas(self) -> Iterator[dict]:
        rows = self._facts(SeatQuota, chamber__in=self.chambers)
        sources = self._sources_of(SeatQuota, rows)
        for row in rows:
            chamber = self.chambers[row.chamber_id]
            yield _clean(
                {
                    "id": str(row.uid),
                    "label": f"{_first(chamber, 'name')}: {row.seats}",
                    "role": SEAT,
                    "organization_id": self._chamber_id(chamber.pk),
                    **_period(row, sources),
                    "seats": row.seats,
                }
            )

    def _representation(self, slug: str) -> dict:
        return {
            "id": f"{REPRESENTATIVE}:{slug}",
            "label": "Plenipotentiary representative",
            "role": REPRESENTATIVE,
            "organization_id": slug,
        }

    def _mandate(self, row: Delegate, ids: dict[int, str], sources: dict) -> dict:
        chamber = self.chambers[row.chamber_id]
        return _clean(
            {
                "id": str(row.uid),
                "person_id": ids[row.person_id],
                "organization_id": self.parliaments[chamber.parliament_id].slug,
                "on_behalf_of_id": self._chamber_id(chamber.pk),
                "role": row.role,
                **_period(row, sources),
                **_columns(row, "political_group", "constituency"),
            }
        )

    def _service(self, row: Representative, ids: dict[int, str], sources: dict) -> dict:
        slug = self.parliaments[row.parliament_id].slug
        return _clean(
            {
                "id": str(row.uid),
                "person_id": ids[row.person_id],
                "organization_id": slug,
                "post_id": f"{REPRESENTATIVE}:{slug}",
                "role": REPRESENTATIVE,
                **_period(row, sources),
            }
        )

    def _post(self, row: AssemblyPost, ids: dict[int, str], sources: dict) -> dict:
        return _clean(
            {
                "id": str(row.uid),
                "person_id": ids[row.person_id],
                "organization_id": ASSEMBLY,
                "role": row.post,
                **_period(row, sources),
                **_columns(row, "commission"),
            }
        )

    def _chamber_id(self, key: int) -> str:
        return chamber_id(self.chambers[key], self.slugs)


def _by_protocol(row: Parliament | Chamber) -> tuple[int, str]:
    """Sorted here, since databases do not agree on the place of a hyphen."""
    return (row.order, row.slug)


def _chambers(parliament: Parliament) -> list[Chamber]:
    return sorted(parliament.chambers.all(), key=_by_protocol)


def _keys(condition: dict) -> dict:
    """``condition`` with the keys of mappings as lists."""
    return {name: list(values) for name, values in condition.items()}


def _by_model(*lists: list[Period]) -> Iterator[tuple[type[Period], list[Period]]]:
    return zip((Delegate, Representative, AssemblyPost), lists, strict=True)


def _in_order(row: Period) -> tuple:
    """By start, what has none first; the public id decides."""
    return (row.start is not None, row.start or date.min, str(row.uid))


def _clean(record: dict) -> dict:
    """``record`` without what is not recorded."""
    return {name: value for name, value in record.items() if value or (value == 0 and value is not False)}


def _columns(row: Model, *names: str) -> dict[str, str]:
    """The texts of ``names`` in every language, under the names of their columns."""
    return {column: getattr(row, column) for name in names for column in columns(name)}


def _first(row: Model, name: str) -> str:
    """The text of ``name`` in the first language that has it."""
    return next((value for value in _columns(row, name).values() if value), "")


def _names(row: Model, name: str) -> dict:
    """Popolo's name in the first language that has one, and the other names with their languages."""
    known = [
        (code, value) for code, value in zip(language_codes(), _columns(row, name).values(), strict=True) if value
    ]
    return {
        "name": known[0][1] if known else "",
        "other_names": [{"name": value, "lang": code} for code, value in known[1:]],
    }


def _person(person: Person) -> dict:
    former = [str(row.public_id) for row in person.former_ids.all()]
    if person.withdrawn:
        return _clean(
            {
                "id": str(person.public_id),
                "withdrawn": True,
                **_columns(person, "withdrawal_reason"),
                "former_ids": former,
            }
        )
    photo = {}
    if person.photo:
        photo = {"image": settings.SITE_URL + person.photo.url, "photo": person.photo.name}
    return _clean(
        {
            "id": str(person.public_id),
            **_names(person, "name"),
            "family_name": _first(person, "family_name"),
            "given_name": _first(person, "given_name"),
            "patronymic_name": _first(person, "patronymic"),
            "sort_name": _first(person, "sort_name"),
            "gender": person.gender,
            **photo,
            "identifiers": [
                {"scheme": row.scheme, "identifier": row.identifier}
                for row in sorted(person.identifiers.all(), key=lambda row: (row.scheme, row.identifier))
            ],
            **_columns(person, *NAMES, "photo_credit", "photo_alt"),
            "former_ids": former,
        }
    )


def _assembly() -> dict:
    names = {}
    for code in language_codes():
        with override(code):
            names[code] = gettext("CSTO Parliamentary Assembly")
    (_first_code, first), *others = names.items()
    return {
        "id": ASSEMBLY,
        "name": first,
        "other_names": [{"name": name, "lang": code} for code, name in others],
        "classification": "assembly",
    }


def _period(row: Period, sources: dict[int, list[Source]]) -> dict:
    """The dates as precise as known; Popolo's sources are those with an address."""
    cited = sources.get(row.pk, [])
    return {
        "start_date": str(row.starts or ""),
        "end_date": str(row.ends or ""),
        "ended": row.ended,
        "sources": [{"url": source.url, "note": _first(source, "title")} for source in cited if source.url],
        "source_ids": [str(source.uid) for source in cited],
    }


def _source(source: Source) -> dict:
    return _clean(
        {
            "id": str(source.uid),
            "url": source.url,
            "note": _first(source, "title"),
            "date": source.date.isoformat() if source.date else "",
            **_columns(source, "title"),
        }
    )
