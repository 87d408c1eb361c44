"""The records of a Popolo document: one function for each type of row."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext, override

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
from ..models.people import NAME_PARTS
from ..models.person_names import PARTS

# No slug holds a colon.
ASSEMBLY = "org:assembly"
SEAT = "seat"
REPRESENTATIVE = "representative"

# Sources by the public id of the row.
type Sources = dict[UUID, list[Source]]


def person_record(person: Person, other_names: Iterable[PersonName], sources: Sources) -> dict:
    former = [str(row.public_id) for row in person.former_ids.all()]
    if person.withdrawn:
        reason = column_texts(person, "withdrawal_reason")
        return clean(id=str(person.public_id), withdrawn=True, **reason, former_ids=former)
    photo = {}
    if person.photo:
        photo = {"image": settings.SITE_URL + person.photo.url, "photo": person.photo.name}
    names = popolo_names(person, "name")
    return clean(
        id=str(person.public_id),
        name=names["name"],
        other_names=[*names["other_names"], *(entry for row in other_names for entry in _other_names(row, sources))],
        family_name=_first_text(person, "family_name"),
        given_name=_first_text(person, "given_name"),
        patronymic_name=_first_text(person, "patronymic"),
        sort_name=_first_text(person, "sort_name"),
        gender=person.gender,
        **photo,
        identifiers=[
            {"scheme": row.scheme, "identifier": row.identifier}
            for row in sorted(person.identifiers.all(), key=lambda row: (row.scheme, row.identifier))
        ],
        **column_texts(person, *NAME_PARTS, "photo_credit", "photo_alt"),
        former_ids=former,
    )


def _other_names(row: PersonName, sources: Sources) -> Iterator[dict]:
    """Yield an entry of ``other_names`` for each language of ``row``. The first one has all columns, for an import."""
    own = {"id": str(row.uid), **column_texts(row, *PARTS, "note")}
    period = period_values(row, sources)
    for code in language_codes():
        if name := row.in_language(code, "name"):
            yield clean(
                name=name,
                lang=code,
                family_name=row.in_language(code, "family_name"),
                given_name=row.in_language(code, "given_name"),
                patronymic_name=row.in_language(code, "patronymic"),
                note=row.in_language(code, "note"),
                **period,
                **own,
            )
            own = {}


def assembly_record() -> dict:
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


def body_id(body: Body) -> str:
    return ASSEMBLY if body.kind == Body.Kind.ASSEMBLY else f"body:{body.slug}"


def body_record(row: Body, parent: Body | None, sources: Sources) -> dict:
    """Return the Assembly or a body of it. Popolo's contact_details hold the telephone, the e-mail and the address."""
    contacts = {"voice": row.telephone, "email": row.email, "address": _first_text(row, "address")}
    return clean(
        id=body_id(row),
        uid=str(row.uid),
        **popolo_names(row, "name"),
        classification=row.kind,
        parent_id=body_id(parent) if parent else "",
        founding_date=row.starts.iso if row.starts and row.starts.quality != "by" else "",
        dissolution_date=str(row.ends or ""),
        contact_details=[{"type": type, "value": value} for type, value in contacts.items() if value],
        slug=row.slug,
        **column_texts(row, "name", "description", "address"),
        also_known_as=row.also_known_as,
        telephone=row.telephone,
        email=row.email,
        order=row.order,
        **period_values(row, sources),
    )


def source_record(source: Source) -> dict:
    return clean(
        id=str(source.uid),
        url=source.url,
        note=_first_text(source, "title"),
        date=source.date.isoformat() if source.date else "",
        accessed=source.accessed.isoformat() if source.accessed else "",
        **column_texts(source, "title"),
    )


def parliament_record(parliament: Parliament, **parts: list[dict]) -> dict:
    links = parts.pop("links")
    return clean(
        id=parliament.slug,
        **popolo_names(parliament, "name"),
        classification="delegation",
        parent_id=ASSEMBLY,
        links=links,
        slug=parliament.slug,
        **column_texts(parliament, "name", "short_name"),
        also_known_as=parliament.also_known_as,
        country=parliament.country.code,
        order=parliament.order,
        former_slugs=sorted(former.slug for former in parliament.former_slugs.all()),
        **parts,
    )


def chamber_record(chamber: Chamber, chamber_id: str, parliament: str, links: list[dict]) -> dict:
    return clean(
        id=chamber_id,
        **popolo_names(chamber, "name"),
        classification="chamber",
        parent_id=parliament,
        links=links,
        slug=chamber.slug,
        **column_texts(chamber, "name"),
        also_known_as=chamber.also_known_as,
        kind=chamber.kind,
        members_called=chamber.members_called,
        order=chamber.order,
        imported_id=chamber.imported_id,
    )


def participation_record(row: Participation, sources: Sources) -> dict:
    return clean(id=str(row.uid), status=row.status, **column_texts(row, "note"), **period_values(row, sources))


def link_record(row: Link, sources: Sources) -> dict:
    return clean(id=str(row.uid), url=row.url, note="website", language=row.language, **period_values(row, sources))


def confirmation_record(row: Confirmation, source: Source) -> dict:
    return clean(
        id=str(row.uid),
        date=row.date.isoformat(),
        **column_texts(row, "confirmed_by"),
        source_id=str(source.uid),
    )


def observation_record(row: Observation, source: Source) -> dict:
    return clean(
        id=str(row.uid),
        date=row.date.isoformat(),
        person_id=str(row.person.public_id) if row.person else "",
        source_id=str(source.uid),
        statement=row.statement,
    )


def quota_record(row: SeatQuota, chamber_id: str, sources: Sources) -> dict:
    return clean(
        id=str(row.uid),
        label=f"{_first_text(row.chamber, 'name')}: {row.seats}",
        role=SEAT,
        organization_id=chamber_id,
        **period_values(row, sources),
        seats=row.seats,
    )


def representation_record(parliament: str) -> dict:
    return {
        "id": f"{REPRESENTATIVE}:{parliament}",
        "label": "Plenipotentiary representative",
        "role": REPRESENTATIVE,
        "organization_id": parliament,
    }


def mandate_record(row: Delegate, chamber_id: str, sources: Sources) -> dict:
    return clean(
        id=str(row.uid),
        person_id=str(row.person.public_id),
        organization_id=row.chamber.parliament.slug,
        on_behalf_of_id=chamber_id,
        role=row.role,
        **period_values(row, sources),
        **column_texts(row, "political_group", "constituency"),
    )


def service_record(row: Representative, sources: Sources) -> dict:
    return clean(
        id=str(row.uid),
        person_id=str(row.person.public_id),
        organization_id=row.parliament.slug,
        post_id=f"{REPRESENTATIVE}:{row.parliament.slug}",
        role=REPRESENTATIVE,
        **period_values(row, sources),
    )


def post_record(row: AssemblyPost, sources: Sources) -> dict:
    return clean(
        id=str(row.uid),
        person_id=str(row.person.public_id),
        organization_id=body_id(row.body),
        on_behalf_of_id=row.parliament.slug if row.parliament else "",
        role=row.role,
        acting=row.acting,
        **period_values(row, sources),
        **column_texts(row, "office"),
    )


def clean(**record: Any) -> dict:
    """Return a record without empty values; 0 stays."""
    return {name: value for name, value in record.items() if value or (value == 0 and value is not False)}


def column_texts(row: Model, *names: str) -> dict[str, str]:
    """Return the texts of ``names`` in every language, by column."""
    return {column: getattr(row, column) for name in names for column in translated_columns(name)}


def _first_text(row: Model, name: str) -> str:
    """Return the text of ``name`` in the first language that has one."""
    return next((value for value in column_texts(row, name).values() if value), "")


def popolo_names(row: Model, name: str) -> dict:
    """Return Popolo's name, in the first language that has one, and other_names with their languages."""
    known = [
        (code, value) for code, value in zip(language_codes(), column_texts(row, name).values(), strict=True) if value
    ]
    return {
        "name": known[0][1] if known else "",
        "other_names": [{"name": value, "lang": code} for code, value in known[1:]],
    }


def period_values(row: Period, sources: Sources) -> dict:
    """Return the dates in their known precision, and the sources; Popolo only knows those with a URL."""
    cited = sources.get(row.uid, [])
    return {
        "start_date": row.starts.iso if row.starts else "",
        "start_quality": row.starts.quality if row.starts else "",
        "end_date": str(row.ends or ""),
        "ended": row.ended,
        "sources": [{"url": source.url, "note": _first_text(source, "title")} for source in cited if source.url],
        "source_ids": [str(source.uid) for source in cited],
    }
