"""API of the directory: the records of ``exports.serializers`` on any day."""

from collections.abc import Callable
from datetime import date
from functools import partial
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema

from cspa.absolute_urls import absolute_url
from cspa.api.addresses import moved, moved_row
from cspa.api.errors import ApiError
from cspa.api.pagination import Page, paginate_queryset, paginate_sequence
from cspa.api.parameters import (
    DAY_SCHEMA,
    SLUG_SCHEMA,
    ListParameters,
    Parameters,
    apply_filterset,
    filtered_by,
    parameter,
    refuse_errors,
)

from .api_schemas import (
    BodyDetail,
    BodyRecord,
    ChamberDetail,
    ChamberRecord,
    ChangeRecord,
    DelegateDetail,
    DelegateRecord,
    DelegationRecord,
    ParliamentRecord,
    PersonDetail,
    PersonRecord,
    PostDetail,
    PostRecord,
    RepresentativeDetail,
    RepresentativeRecord,
)
from .changes import Change, Kind, register
from .dates import FOUNDED, Day, PartialDate
from .exports import serializers
from .filters import DelegateFilter, DelegationFilter, OnDayFilter, PersonFilter
from .models import (
    AssemblyPost,
    Body,
    Chamber,
    Delegate,
    FormerSlug,
    Parliament,
    Period,
    Person,
    PersonName,
    Representative,
    SeatQuota,
    delegations_on,
    names_on,
)
from .models.periods import Certainty
from .views.changes import ChangesForm

router = Router(tags=[gettext_noop("Directory")])


# Parameters


class OnDay(Schema):
    on: str = parameter(gettext_noop("The day asked for, as 2019-05-26; today unless given."), **DAY_SCHEMA)


class DayParameters(Parameters, OnDay):
    pass


class DayListParameters(ListParameters, OnDay):
    pass


class ServiceFilter(DelegateFilter):
    """Services as representative, which have neither role nor chamber."""

    role = chamber = None


class PostFilter(DelegateFilter):
    """Posts in the bodies of the Assembly, which belong to no chamber."""

    chamber = None
    role = django_filters.ChoiceFilter(label=_("Role"), choices=AssemblyPost.Role, empty_label=_("Any role"))
    body = PersonFilter.declared_filters["body"]


class BodyFilter(OnDayFilter):
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Body.Kind)


def asked_day(request: HttpRequest) -> Day:
    """Return the day of the request. Raise ApiError where it is not a day, or lies before the founding."""
    try:
        day = Day.asked(request.GET)
    except ValueError as error:
        raise ApiError(400, error.args[0], "on") from error
    if day.before_founding:
        words = _("There was no Assembly yet on this day; it was founded on %(day)s.")
        raise ApiError(404, words % {"day": PartialDate(FOUNDED).words}, "on")
    return day


class ChangeListParameters(DayListParameters):
    delegation: str = parameter(gettext_noop("Slug of a delegation."), **SLUG_SCHEMA)
    kind: str = parameter(gettext_noop("Kind of change"), enum=Kind.values)
    since: str = parameter(gettext_noop("Only what happened on this day or later, or may have."), **DAY_SCHEMA)


# Delegations and their parliaments


@router.get("/delegations/", response=Page[DelegationRecord], summary=gettext_noop("Delegations on a day"))
def delegations(request, asked: Query[filtered_by(DelegationFilter, DayListParameters)]):
    day = asked_day(request)
    parliaments = apply_filterset(DelegationFilter(request.GET, Parliament.objects.all(), on=day)).on(day)

    def records(rows: list[Parliament]) -> list[dict]:
        return _delegations(request, Parliament.objects.filter(pk__in=[row.pk for row in rows]), day)

    return paginate_queryset(request, asked, parliaments, ("order", "slug"), records, on=day.isoformat())


@router.get("/delegations/{slug:slug}/", response=DelegationRecord, summary=gettext_noop("One delegation on a day"))
def delegation(request, slug: str, asked: Query[DayParameters]):
    day = asked_day(request)
    records = _delegations(request, Parliament.objects.filter(slug=slug), day)
    return records[0] if records else _elsewhere(request, slug)


def _delegations(request: HttpRequest, parliaments: QuerySet[Parliament], day: date) -> list[dict]:
    return [
        {**serializers.delegation_record(row), "page": absolute_url(request, row.parliament.get_absolute_url())}
        for row in delegations_on(day, parliaments)
    ]


def _elsewhere(request: HttpRequest, slug: str) -> HttpResponsePermanentRedirect:
    """Redirect to the present address of a parliament. Raise ApiError or Http404 where there is none on the day."""
    if Parliament.objects.filter(slug=slug).exists():
        raise ApiError(404, _("This parliament takes no part on this day."), "on")
    former = get_object_or_404(FormerSlug.objects.select_related("parliament"), slug=slug)
    return moved(request, slug, former.parliament.slug)


@router.get("/parliaments/", response=Page[ParliamentRecord], summary=gettext_noop("Parliaments on a day"))
def parliaments(request, asked: Query[filtered_by(DelegationFilter, DayListParameters)]):
    day = asked_day(request)
    rows = apply_filterset(DelegationFilter(request.GET, Parliament.objects.all(), on=day)).on(day)
    rows = rows.prefetch_related("chambers")
    return paginate_queryset(
        request, asked, rows, ("order", "slug"), _each(serializers.parliament_record), on=day.isoformat()
    )


@router.get("/parliaments/{slug:slug}/", response=ParliamentRecord, summary=gettext_noop("One parliament"))
def parliament(request, slug: str, asked: Query[DayParameters]):
    row = Parliament.objects.on(asked_day(request)).filter(slug=slug).prefetch_related("chambers").first()
    return serializers.parliament_record(row) if row else _elsewhere(request, slug)


@router.get("/chambers/", response=Page[ChamberRecord], summary=gettext_noop("Chambers of the parliaments on a day"))
def chambers(request, asked: Query[filtered_by(DelegationFilter, DayListParameters)]):
    day = asked_day(request)
    parliaments = apply_filterset(DelegationFilter(request.GET, Parliament.objects.all(), on=day)).on(day)
    rows = Chamber.objects.filter(parliament__in=parliaments.values("pk")).select_related("parliament")
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    keys = ("parliament__order", "parliament__slug", "order", "slug")
    return paginate_queryset(request, asked, rows, keys, _each(serializers.chamber_record), on=day.isoformat())


@router.get(
    "/chambers/{slug:slug}/", response=ChamberDetail, summary=gettext_noop("One chamber with the history of its seats")
)
def chamber(request, slug: str, asked: Query[DayParameters]):
    asked_day(request)
    row = Chamber.objects.select_related("parliament").filter(slug=slug).first()
    if row is None:
        return moved_row(request, Chamber, slug)
    quotas = SeatQuota.objects.filter(chamber=row).in_order().prefetch_related("sources")
    quotas = quotas.select_related("chamber__parliament")
    return {**serializers.chamber_record(row), "quotas": [serializers.quota_record(quota) for quota in quotas]}


# People and their functions

# What the record of a person reads.
_OF_PERSON = (
    "identifiers",
    "former_ids",
    Prefetch("other_names", PersonName.objects.in_order().prefetch_related("sources")),
)


@router.get("/people/", response=Page[PersonRecord], summary=gettext_noop("People who have a function on a day"))
def people(request, asked: Query[filtered_by(PersonFilter, DayListParameters)]):
    day = asked_day(request)
    rows = apply_filterset(PersonFilter(request.GET, Person.objects.public(), on=day))
    rows = rows.prefetch_related(*_OF_PERSON, *names_on(day))
    return paginate_queryset(
        request, asked, rows, ("public_id",), _each(partial(_person, request)), on=day.isoformat()
    )


@router.get(
    "/people/{int:public_id}/",
    response=PersonDetail,
    summary=gettext_noop("One person with every mandate, service and post"),
)
def person(request, public_id: int, asked: Query[DayParameters]):
    day = asked_day(request)
    people = Person.objects.known_as(public_id)
    row = get_object_or_404(people.prefetch_related(*_OF_PERSON, *names_on(day)))
    if row.public_id != public_id:
        return moved(request, str(public_id), str(row.public_id))
    if row.withdrawn:
        raise ApiError(410, row.withdrawal_reason)
    functions = {
        "mandates": (row.mandates.select_related("chamber__parliament"), serializers.delegate_record),
        "services": (row.services.select_related("parliament"), serializers.representative_record),
        "posts": (row.posts.all(), serializers.post_record),
    }
    return {
        **_person(request, row),
        "on": day.isoformat(),
        **{
            name: [{**record(row), **_certainty(row, day)} for row in _marked(rows.in_order(), day)]
            for name, (rows, record) in functions.items()
        },
    }


def _person(request: HttpRequest, person: Person) -> dict:
    return {**serializers.person_record(person), "page": absolute_url(request, person.get_absolute_url())}


def _certainty(row: Period, day: date) -> dict:
    """Return what the record says of ``day`` about a row from ``_marked()``."""
    certainty = row.certainty(day) if row.held else None
    return {"held": certainty == Certainty.HELD, "certainty": certainty}


def _marked(rows: QuerySet, day: date) -> QuerySet:
    return rows.marked(day).select_related("person").prefetch_related("sources", *names_on(day, "person__"))


@router.get("/delegates/", response=Page[DelegateRecord], summary=gettext_noop("Mandates on a day"))
def delegates(request, asked: Query[filtered_by(DelegateFilter, DayListParameters)]):
    rows = Delegate.objects.select_related("chamber__parliament")
    return _functions(request, asked, rows, DelegateFilter, serializers.delegate_record)


@router.get("/delegates/{uuid:uid}/", response=DelegateDetail, summary=gettext_noop("One mandate"))
def delegate(request, uid: UUID, asked: Query[DayParameters]):
    return _function(request, uid, Delegate.objects.select_related("chamber__parliament"), serializers.delegate_record)


@router.get(
    "/representatives/",
    response=Page[RepresentativeRecord],
    summary=gettext_noop("Plenipotentiary representatives on a day"),
)
def representatives(request, asked: Query[filtered_by(ServiceFilter, DayListParameters)]):
    rows = Representative.objects.select_related("parliament")
    return _functions(request, asked, rows, ServiceFilter, serializers.representative_record)


@router.get(
    "/representatives/{uuid:uid}/",
    response=RepresentativeDetail,
    summary=gettext_noop("One service as plenipotentiary representative"),
)
def representative(request, uid: UUID, asked: Query[DayParameters]):
    return _function(
        request, uid, Representative.objects.select_related("parliament"), serializers.representative_record
    )


@router.get("/posts/", response=Page[PostRecord], summary=gettext_noop("Posts in the Assembly on a day"))
def posts(request, asked: Query[filtered_by(PostFilter, DayListParameters)]):
    return _functions(request, asked, _POSTS, PostFilter, serializers.post_record)


@router.get("/posts/{uuid:uid}/", response=PostDetail, summary=gettext_noop("One post in the Assembly"))
def post(request, uid: UUID, asked: Query[DayParameters]):
    return _function(request, uid, _POSTS.all(), serializers.post_record)


# Bodies


@router.get("/bodies/", response=Page[BodyRecord], summary=gettext_noop("Bodies of the Assembly on a day"))
def bodies(request, asked: Query[filtered_by(BodyFilter, DayListParameters)]):
    day = asked_day(request)
    rows = apply_filterset(BodyFilter(request.GET, Body.objects.on(day), on=day))
    rows = rows.select_related("parent").prefetch_related("sources")

    def records(rows: list[Body]) -> list[dict]:
        return [_body(request, row) for row in rows]

    return paginate_queryset(request, asked, rows, ("order", "slug"), records, on=day.isoformat())


@router.get("/bodies/{slug:slug}/", response=BodyDetail, summary=gettext_noop("One body, with its posts on a day"))
def body(request, slug: str, asked: Query[DayParameters]):
    day = asked_day(request)
    row = Body.objects.select_related("parent").prefetch_related("sources").filter(slug=slug).first()
    if row is None:
        return moved_row(request, Body, slug)
    held = row.posts.on(day).in_protocol_order().select_related("person", "body", "parliament")
    posts = [serializers.post_record(post) for post in held.prefetch_related("sources", *names_on(day, "person__"))]
    return {**_body(request, row), "on": day.isoformat(), "posts": posts}


def _body(request: HttpRequest, row: Body) -> dict:
    return {**serializers.body_record(row), "page": absolute_url(request, row.get_absolute_url())}


_POSTS = AssemblyPost.objects.select_related("body", "parliament")


def _functions(request: HttpRequest, asked: ListParameters, rows: QuerySet, filterset: type, record: Callable) -> dict:
    """Return a page of the mandates, services or posts of the day, ordered by key, so that cursors stay valid."""
    day = asked_day(request)
    held = apply_filterset(filterset(request.GET, rows.on(day), on=day))
    held = held.select_related("person").prefetch_related("sources", *names_on(day, "person__"))
    return paginate_queryset(request, asked, held, ("pk",), _each(record), on=day.isoformat())


def _function(request: HttpRequest, uid: UUID, rows: QuerySet, record: Callable) -> dict:
    day = asked_day(request)
    row = get_object_or_404(_marked(rows, day), uid=uid)
    return {**record(row), **_certainty(row, day)}


# Changes


@router.get("/changes/", response=Page[ChangeRecord], summary=gettext_noop("What changed up to a day, newest first"))
def changes(request, asked: Query[ChangeListParameters]):
    day, form = asked_day(request), ChangesForm(request.GET)
    refuse_errors(form)
    entries = form.register(day)
    return paginate_sequence(
        request, asked, entries, lambda id: entries.place(UUID(id)), Change.record, on=day.isoformat()
    )


@router.get("/changes/{uuid:uid}/", response=ChangeRecord, summary=gettext_noop("One change"))
def change(request, uid: UUID, asked: Query[DayParameters]):
    for entry in register(until=asked_day(request)).only(uid):
        return entry.record()
    raise Http404


def _each(record: Callable) -> Callable[[list], list[dict]]:
    return lambda rows: [record(row) for row in rows]
