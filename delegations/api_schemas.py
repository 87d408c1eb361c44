"""API schemas of the records of ``exports.serializers``, for the OpenAPI document."""

from typing import Literal

from django.utils.translation import gettext_noop
from ninja import Schema
from pydantic import Field

from .changes import Kind
from .models import (
    AssemblyPost,
    Body,
    Chamber,
    Delegate,
    Participation,
)
from .models.periods import Certainty

_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"


class Source(Schema):
    title: str
    url: str | None
    date: str | None = Field(json_schema_extra={"format": "date"})
    accessed: str | None = Field(
        json_schema_extra={"format": "date"}, description=gettext_noop("The day on which the document was read.")
    )


class Period(Schema):
    start: str | None = Field(
        pattern=_DATE,
        description=gettext_noop("First day in office, as precise as known; null where not recorded."),
    )
    start_quality: Literal["exact", "partial", "by"] | None = Field(
        description=gettext_noop(
            "What is known of the start; by: the office was held on that day, since when is not recorded."
        )
    )
    end: str | None = Field(
        pattern=_DATE,
        description=gettext_noop("First day no longer in office, as precise as known; null where not recorded."),
    )
    ended: bool = Field(description=gettext_noop("It ended, at a date that is not known."))
    dated: bool = Field(description=gettext_noop("Whether it is recorded since when it holds."))
    source: list[Source] = Field(description=gettext_noop("The documents that it rests on."))


class Names(Schema):
    """A person; of somebody withdrawn the id alone, the names are null."""

    id: int
    name: str | None
    family_name: str | None
    given_name: str | None
    patronymic: str | None


class Identifier(Schema):
    scheme: str
    identifier: str


class OtherName(Period):
    name: str
    names: dict[str, str] = Field(description=gettext_noop("The name in each language that has it."))
    note: str | None


class PersonRecord(Names):
    gender: str | None
    names: dict[str, str] = Field(description=gettext_noop("The name in each language that has it."))
    other_names: list[OtherName] = Field(
        description=gettext_noop("Names that the person bore until a day, and other spellings, which have no dates.")
    )
    identifiers: list[Identifier]
    former_ids: list[int] = Field(description=gettext_noop("Ids of records that were merged into this one."))
    page: str = Field(description=gettext_noop("Address of the page for people."))


class Function(Schema):
    id: str
    person: Names


class DelegateRecord(Period, Function):
    delegation: str
    chamber: str
    role: str = Field(json_schema_extra={"enum": Delegate.Role.values})
    political_group: str | None
    constituency: str | None


class RepresentativeRecord(Period, Function):
    delegation: str


class PostRecord(Period, Function):
    body: str = Field(description=gettext_noop("Slug of the body."))
    role: str = Field(json_schema_extra={"enum": AssemblyPost.Role.values})
    title: str
    acting: bool
    delegation: str | None = Field(description=gettext_noop("Slug of the parliament on whose behalf it is held."))
    office: str | None = Field(description=gettext_noop("The other office of the person, as the document writes it."))


class BodyRecord(Period):
    id: str
    slug: str
    kind: str = Field(json_schema_extra={"enum": Body.Kind.values})
    name: str
    names: dict[str, str]
    also_known_as: str | None
    parent: str | None = Field(description=gettext_noop("Slug of the body that it is part of; null: the Assembly."))
    description: str | None
    telephone: str | None
    email: str | None
    address: str | None
    page: str = Field(description=gettext_noop("Address of the page for people."))


class Held(Schema):
    held: bool = Field(description=gettext_noop("Whether the record says that it holds on the day asked for."))
    certainty: Certainty | None = Field(
        description=gettext_noop(
            "What the record says of the day asked for: held; last recorded: known by an earlier day alone; undated: "
            "named without a date. Null: it does not count on this day."
        )
    )


class DelegateDetail(DelegateRecord, Held):
    pass


class RepresentativeDetail(RepresentativeRecord, Held):
    pass


class PostDetail(PostRecord, Held):
    pass


class BodyDetail(BodyRecord):
    on: str
    posts: list[PostRecord]


class PersonDetail(PersonRecord):
    on: str
    mandates: list[DelegateDetail]
    services: list[RepresentativeDetail]
    posts: list[PostDetail]


class NameOfParliament(Schema):
    slug: str
    country: str | None = Field(
        description=gettext_noop("ISO 3166-1 alpha-2; null for an organisation without a country.")
    )
    name: str
    short_name: str | None
    also_known_as: str | None = Field(description=gettext_noop("Other names, with semicolons between them."))


class ParliamentRecord(NameOfParliament):
    names: dict[str, str]
    status: str | None = Field(
        description=gettext_noop("In which it takes part on the day; null where not recorded."),
        json_schema_extra={"enum": [*Participation.Status.values, None]},
    )
    chambers: list[str]


class NameOfChamber(Schema):
    slug: str
    name: str
    kind: str | None = Field(json_schema_extra={"enum": [*Chamber.Kind.values, None]})


class ChamberRecord(NameOfChamber):
    delegation: str
    also_known_as: str | None
    names: dict[str, str]
    members_called: str


class QuotaRecord(Period):
    id: str
    delegation: str
    chamber: str
    seats: int


class ChamberDetail(ChamberRecord):
    quotas: list[QuotaRecord]


class Link(Schema):
    url: str
    language: str | None


class Figures(Schema):
    seats: int | None = Field(description=gettext_noop("Null where the number is not published."))
    named: int
    unnamed: int | None
    vacant: int | None = Field(
        description=gettext_noop("Seats without a name, where the roster is confirmed to be complete; else null.")
    )
    substitutes: int
    over: int = Field(description=gettext_noop("Names beyond the seats."))


class ChamberSeats(Figures, NameOfChamber):
    quota: Period | None
    website: str | None
    websites: list[Link]


class RepresentativeOfDelegation(Period, Function):
    name: str | None
    posts: list[str]


class Confirmation(Schema):
    date: str
    confirmed_by: str
    source: Source


class ParticipationOfDelegation(Period):
    status: str = Field(json_schema_extra={"enum": Participation.Status.values})
    note: str | None


class DelegationRecord(Figures, NameOfParliament):
    on: str = Field(json_schema_extra={"format": "date"})
    status: str | None
    counted: bool = Field(description=gettext_noop("Whether its seats count in the total of the Assembly."))
    participation: ParticipationOfDelegation | None
    missing: list[str] = Field(description=gettext_noop("Chambers whose number of seats is not published."))
    dated: bool = Field(description=gettext_noop("Whether it is recorded since when each quota holds."))
    chambers: list[ChamberSeats]
    representatives: list[RepresentativeOfDelegation]
    websites: list[Link]
    confirmation: Confirmation | None
    page: str = Field(description=gettext_noop("Address of the page for people."))


class ChangeRecord(Schema):
    id: str
    date: str = Field(pattern=_DATE, description=gettext_noop("When it happened, as precise as known."))
    kind: str = Field(json_schema_extra={"enum": Kind.values})
    delegation: str | None
    chamber: str | None
    body: str | None
    office: str | None
    person: Names | None
    before: str | int | Names | None = Field(
        description=gettext_noop("The role, the number of seats, the person or the status before; null for none.")
    )
    after: str | int | Names | None = Field(description=gettext_noop("The same, afterwards."))
    words: str
    source: list[Source]
