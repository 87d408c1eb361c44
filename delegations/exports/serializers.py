"""Serializers of the published records, shared by the API and the CSV, XLSX and JSON files.

A record is a plain dict of JSON values. A text is in the active language, or in the first language that has it. A
withdrawn person keeps only the id.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from cspa.i18n import language_codes, translated_columns

from ..dates import PartialDate
from ..models import (
    AssemblyPost,
    Body,
    Chamber,
    ChamberSeats,
    Confirmation,
    Delegate,
    Delegation,
    Link,
    Parliament,
    Participation,
    Period,
    Person,
    PersonName,
    Representative,
    SeatQuota,
    Seats,
    Source,
)
from ..models.person_names import PARTS, NameParts
from .popolo_records import column_texts

# One row a mandate, in the files of lists and in those that an import reads.
MANDATE_COLUMNS = [
    "id",
    "person_id",
    *(column for name in PARTS for column in translated_columns(name)),
    "gender",
    "country",
    "delegation",
    "chamber",
    "role",
    *translated_columns("political_group"),
    *translated_columns("constituency"),
    "start",
    "start_quality",
    "end",
    "ended",
    "source_title",
    "source_url",
    "source_date",
    "source_accessed",
]

_SEPARATOR = " | "


def mandate_row(delegate: Delegate) -> list:
    """Return the row of ``delegate`` with the columns MANDATE_COLUMNS; "" where a value is not recorded."""
    person, parliament = delegate.person, delegate.chamber.parliament
    known = not person.withdrawn
    sources = list(delegate.sources.all())
    return [
        str(delegate.uid),
        person.public_id,
        *(text if known else "" for text in column_texts(person.called, *PARTS).values()),
        person.gender if known else "",
        parliament.country.code,
        parliament.slug,
        delegate.chamber.slug,
        delegate.role,
        *column_texts(delegate, "political_group", "constituency").values(),
        *start_cells(delegate),
        date_cell(delegate.ends),
        delegate.ended,
        join_cell(str(source.title) for source in sources),
        join_cell(source.url for source in sources),
        join_cell(source.date or "" for source in sources),
        join_cell(source.accessed or "" for source in sources),
    ]


def start_cells(row: Period) -> list[str | date]:
    """Return the start and what is known of it: "exact", "partial", or "by" for a day by which the fact held."""
    return [date_cell(row.starts), row.starts.quality] if row.starts else ["", ""]


def date_cell(value: PartialDate | None) -> str | date:
    """Return a day as a date, which spreadsheets calculate with; a month or a year as text, "" for none."""
    if value is None:
        return ""
    return value.first if value.is_day else value.iso


def join_cell(values: Iterable[str | date]) -> str | date:
    """Join ``values`` into one cell with " | "; a bar within a value is escaped as "\\|". One date remains a date."""
    values = list(values)
    if len(values) == 1 and isinstance(values[0], date):
        return values[0]
    return _SEPARATOR.join(str(value).replace("|", "\\|") for value in values)


def split_cell(cell: str) -> list[str]:
    """Return the values that ``join_cell()`` joined."""
    return [value.replace("\\|", "|") for value in cell.split(_SEPARATOR)] if cell else []


# Records


def source_record(source: Source) -> dict:
    return {
        "title": str(source.title),
        "url": source.url or None,
        "date": source.date.isoformat() if source.date else None,
        "accessed": source.accessed.isoformat() if source.accessed else None,
    }


def period_record(row: Period) -> dict:
    """Return dates and sources; None where a date is not recorded. ``ended`` means an end without a known date.

    ``start_quality`` is "exact", "partial", or "by" where the fact held on that day, since when is not recorded.
    """
    return {
        "start": row.starts.iso if row.starts else None,
        "start_quality": row.starts.quality if row.starts else None,
        "end": str(row.ends) if row.ends else None,
        "ended": row.ended,
        "dated": row.dated,
        "source": [source_record(source) for source in row.sources.all()],
    }


def names_record(person: Person) -> dict:
    """Return the id and the names of a person as a reference; the names of a withdrawn person are None."""
    return {"id": person.public_id, **{name: _of(person, name) for name in PARTS}}


def person_record(person: Person) -> dict:
    return {
        **names_record(person),
        "gender": (person.gender or None) if not person.withdrawn else None,
        "names": _in_languages(person.called) if not person.withdrawn else {},
        "other_names": [] if person.withdrawn else list(map(_other_name, person.other_names.all())),
        "identifiers": [{"scheme": row.scheme, "identifier": row.identifier} for row in person.identifiers.all()]
        if not person.withdrawn
        else [],
        "former_ids": [row.public_id for row in person.former_ids.all()],
    }


def _other_name(row: PersonName) -> dict:
    return {
        "name": str(row.name),
        "names": _in_languages(row),
        "note": str(row.note) or None,
        **period_record(row),
    }


def parliament_record(parliament: Parliament) -> dict:
    """Return the record of a parliament from ``Parliament.objects.on(day)``, with its status on the day."""
    return {
        **_parliament_names(parliament),
        "names": _in_languages(parliament),
        "status": parliament.status,
        "chambers": [chamber.slug for chamber in parliament.chambers.all()],
    }


def _parliament_names(parliament: Parliament) -> dict:
    return {
        "slug": parliament.slug,
        "country": parliament.country.code or None,
        "name": str(parliament.name),
        "short_name": str(parliament.short_name) or None,
        "also_known_as": parliament.also_known_as or None,
    }


def chamber_record(chamber: Chamber) -> dict:
    return {
        "slug": chamber.slug,
        "delegation": chamber.parliament.slug,
        "name": str(chamber.name),
        "also_known_as": chamber.also_known_as or None,
        "names": _in_languages(chamber),
        "kind": chamber.kind or None,
        "members_called": chamber.members_called,
    }


def quota_record(quota: SeatQuota) -> dict:
    return {
        "id": str(quota.uid),
        "delegation": quota.chamber.parliament.slug,
        "chamber": quota.chamber.slug,
        "seats": quota.seats,
        **period_record(quota),
    }


def delegate_record(delegate: Delegate) -> dict:
    return _function_record(
        delegate,
        delegation=delegate.chamber.parliament.slug,
        chamber=delegate.chamber.slug,
        role=delegate.role,
        political_group=str(delegate.political_group) or None,
        constituency=str(delegate.constituency) or None,
    )


def representative_record(representative: Representative) -> dict:
    return _function_record(representative, delegation=representative.parliament.slug)


def post_record(post: AssemblyPost) -> dict:
    return _function_record(
        post,
        body=post.body.slug,
        role=post.role,
        title=post.title,
        acting=post.acting,
        delegation=post.parliament.slug if post.parliament else None,
        office=str(post.office) or None,
    )


def body_record(body: Body) -> dict:
    return {
        "id": str(body.uid),
        "slug": body.slug,
        "kind": body.kind,
        "name": str(body.name),
        "names": _in_languages(body),
        "also_known_as": body.also_known_as or None,
        "parent": body.parent.slug if body.parent else None,
        "description": str(body.description) or None,
        "telephone": body.telephone or None,
        "email": body.email or None,
        "address": str(body.address) or None,
        **period_record(body),
    }


def _function_record(row: Delegate | Representative | AssemblyPost, **about: Any) -> dict:
    return {"id": str(row.uid), "person": names_record(row.person), **about, **period_record(row)}


def delegation_record(delegation: Delegation) -> dict:
    """Return the record of a delegation from ``delegations_on(day)``, with its figures."""
    return {
        **_parliament_names(delegation.parliament),
        "on": delegation.day.isoformat(),
        "status": delegation.status,
        "counted": delegation.counted,
        **_figures(delegation.figures),
        "participation": _participation(delegation.participation) if delegation.participation else None,
        "missing": [chamber.slug for chamber in delegation.missing],
        "dated": delegation.dated,
        "chambers": [_chamber_seats(part) for part in delegation.chambers],
        "representatives": [
            _function_record(row, name=_of(row.person, "name"), posts=[post.title for post in row.current_posts])
            for row in delegation.representatives
        ],
        "websites": [_link(link) for link in delegation.links],
        "confirmation": _confirmation(delegation.confirmation) if delegation.confirmation else None,
    }


def _participation(row: Participation) -> dict:
    return {"status": row.status, "note": str(row.note) or None, **period_record(row)}


def _chamber_seats(part: ChamberSeats) -> dict:
    return {
        "slug": part.chamber.slug,
        "name": str(part.chamber.name),
        "kind": part.chamber.kind or None,
        **_figures(part.figures),
        "quota": period_record(part.quota) if part.quota else None,
        "website": part.links[0].url if part.links else None,
        "websites": [_link(link) for link in part.links],
    }


def _figures(figures: Seats) -> dict:
    names = ("seats", "named", "unnamed", "vacant", "substitutes", "over")
    return {name: getattr(figures, name) for name in names}


def _confirmation(confirmation: Confirmation) -> dict:
    return {
        "date": confirmation.date.isoformat(),
        "confirmed_by": str(confirmation.confirmed_by),
        "source": source_record(confirmation.source),
    }


def _link(link: Link) -> dict:
    return {"url": link.url, "language": link.language or None}


def _of(person: Person, name: str) -> str | None:
    return None if person.withdrawn else str(getattr(person.called, name)) or None


def _in_languages(instance: NameParts | Parliament | Chamber | Body) -> dict[str, str]:
    """Return the name by language, for the languages that have it."""
    names = zip(language_codes(), translated_columns("name"), strict=True)
    return {code: text for code, column in names if (text := getattr(instance, column))}
