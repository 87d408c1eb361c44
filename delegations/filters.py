"""Filters of the lists: a page, its files and the API share one FilterSet.

Each takes the selected day as ``on``. ``narrowed()`` filters mandates, services and posts alike.
"""

from datetime import date
from typing import ClassVar

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ChoiceField

from cspa.absolute_urls import InvalidParameter
from cspa.api.parameters import DAY_SCHEMA, NOT_ON_RECORD, SLUG_SCHEMA

from .dates import EARLIEST, LATEST, PartialDate
from .models import AssemblyPost, Body, Chamber, Delegate, Parliament, Person, Representative, SeatQuota

NOT_RECORDED = "none"
REPRESENTATIVE = "representative"

# Lookups by function. A function without a lookup for a chosen value does not match.
PATHS = {
    Delegate: {"delegation": "chamber__parliament__slug", "chamber": "chamber__slug", "role": "role"},
    Representative: {"delegation": "parliament__slug"},
    AssemblyPost: {"delegation": "parliament__slug", "body": "body__slug", "role": "role"},
}


def country_choices() -> list[tuple[str, str]]:
    """Return the countries of the parliaments on record, sorted by their names in the active language."""
    countries = {parliament.country for parliament in Parliament.objects.exclude(country="").only("country")}
    return sorted(((country.code, country.name) for country in countries), key=lambda choice: choice[1])


def delegation_choices() -> list[tuple[str, str]]:
    """Return the parliaments on record, in protocol order."""
    return [(parliament.slug, parliament.label) for parliament in Parliament.objects.all()]


def chamber_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    chambers: dict[str, list[tuple[str, str]]] = {}
    for chamber in Chamber.objects.select_related("parliament"):
        chambers.setdefault(chamber.parliament.label, []).append((chamber.slug, chamber.name))
    return list(chambers.items())


def body_choices() -> list[tuple[str, str]]:
    return [(body.slug, body.name) for body in Body.objects.in_protocol_order()]


class DayField(forms.DateField):
    """A day between 1900 and 2100, written as 2019-05-26 and in no other way."""

    widget = forms.DateInput(
        format="%Y-%m-%d", attrs={"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}
    )

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            day = PartialDate.parse(value)
        except ValueError:
            day = None
        if day is None or not day.exact:
            raise forms.ValidationError(_("Give a day between 1900 and 2100 as 2019-05-26."))
        return day.first


class DayFilter(django_filters.Filter):
    field_class = DayField
    # In the OpenAPI document.
    schema: ClassVar = DAY_SCHEMA


class RecordField(ChoiceField):
    """A choice among rows on record by their slugs."""

    def validate(self, value):
        try:
            super().validate(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(error.message, NOT_ON_RECORD, error.params) from error


class RecordFilter(django_filters.ChoiceFilter):
    field_class = RecordField
    schema: ClassVar = SLUG_SCHEMA


class CountryFilter(RecordFilter):
    schema: ClassVar = {"pattern": "^[A-Z]{2}$"}


class OnDayFilter(django_filters.FilterSet):
    """A FilterSet that knows the selected day. An invalid form matches no rows, rather than all."""

    def __init__(self, data: QueryDict, queryset: QuerySet, *, on: date):
        self.on = on
        super().__init__(data, queryset)

    @property
    def found(self) -> QuerySet:
        """The matching rows; none where the form is invalid."""
        return self.qs if self.is_valid() else self.queryset.none()


def refuse_errors(form: forms.Form) -> None:
    """Raise the errors of ``form`` as text: a file or a feed cannot show a form."""
    if form.errors:
        raise InvalidParameter(
            " ".join(f"{form[name].label}: {' '.join(errors)}" for name, errors in form.errors.items())
        )


class DelegationFilter(OnDayFilter):
    """Parliaments by country, kind of chamber, name, and the record of their delegation on the day."""

    q = django_filters.CharFilter(
        label=_("Name of a parliament or chamber"), method="search", max_length=100, widget=forms.TextInput
    )
    country = CountryFilter(label=_("Country"), choices=country_choices, empty_label=_("All countries"))
    kind = django_filters.ChoiceFilter(
        label=_("Chamber"),
        field_name="chambers__kind",
        choices=Chamber.Kind,
        empty_label=_("Any kind of chamber"),
        distinct=True,
    )
    named = django_filters.ChoiceFilter(
        label=_("Names of the delegates"),
        choices=[("yes", _("at least one is published")), ("no", _("none is published"))],
        empty_label=_("Published or not"),
        method="by_names",
    )
    source = django_filters.ChoiceFilter(
        label=_("Source of the seats"),
        choices=[("yes", _("each quota has a source")), ("no", _("a quota has no source"))],
        empty_label=_("With or without a source"),
        method="by_source",
    )

    def search(self, queryset, name, value):
        return queryset.search(value)

    def by_names(self, queryset, name, value):
        named = Exists(Delegate.objects.on(self.on).filter(chamber__parliament=OuterRef("pk")))
        return queryset.filter(named if value == "yes" else ~named)

    def by_source(self, queryset, name, value):
        quotas = SeatQuota.objects.on(self.on).filter(chamber__parliament=OuterRef("pk"))
        unfounded = Exists(quotas.filter(sources=None))
        return queryset.filter(unfounded) if value == "no" else queryset.filter(Exists(quotas), ~unfounded)


class PersonFilter(OnDayFilter):
    """People by their functions on the day: one mandate, service or post must match all of the chosen values."""

    q = django_filters.CharFilter(label=_("Name of a person"), max_length=100, widget=forms.TextInput)
    delegation = RecordFilter(label=_("Delegation"), choices=delegation_choices, empty_label=_("All delegations"))
    chamber = RecordFilter(label=_("Chamber"), choices=chamber_choices, empty_label=_("All chambers"))
    role = django_filters.ChoiceFilter(
        label=_("Function"),
        choices=[
            (_("Delegates"), Delegate.Role.choices),
            (_("Parliaments"), [(REPRESENTATIVE, _("plenipotentiary representative"))]),
            (_("The Assembly"), AssemblyPost.Role.choices),
        ],
        empty_label=_("Any function"),
    )
    body = RecordFilter(label=_("Body of the Assembly"), choices=body_choices, empty_label=_("Any body"))
    gender = django_filters.ChoiceFilter(
        label=_("Gender"),
        choices=[*Person.Gender.choices, (NOT_RECORDED, _("not recorded"))],
        empty_label=_("Any gender"),
    )
    source = django_filters.ChoiceFilter(
        label=_("Source"),
        choices=[("yes", _("with a source")), ("no", _("without a source"))],
        empty_label=_("With or without a source"),
    )

    def filter_queryset(self, queryset):
        chosen = self.form.cleaned_data
        held = Q()
        for model in PATHS:
            held |= Exists(narrowed(model.objects.on(self.on), chosen).filter(person=OuterRef("pk")))
        return known_as(queryset.filter(held), chosen)


class DelegateFilter(PersonFilter):
    """Mandates by the same fields; the queryset holds those of the day."""

    role = django_filters.ChoiceFilter(label=_("Role"), choices=Delegate.Role, empty_label=_("Any role"))
    body = None

    def filter_queryset(self, queryset):
        chosen = self.form.cleaned_data
        rows = narrowed(queryset, chosen)
        if chosen["q"] or chosen["gender"]:
            # A search for the name must not find a withdrawn person.
            rows = rows.filter(person__in=known_as(Person.objects.public(), chosen))
        return rows


def narrowed(functions: QuerySet, chosen: dict[str, str]) -> QuerySet:
    """Return the mandates, services or posts that match the chosen delegation, chamber, body, role and source."""
    paths = PATHS[functions.model]
    values = {name: chosen[name] for name in ("delegation", "chamber", "body", "role") if chosen.get(name)}
    if functions.model is Representative and values.get("role") == REPRESENTATIVE:
        del values["role"]
    if not values.keys() <= paths.keys():
        return functions.none()
    functions = functions.filter(**{paths[name]: value for name, value in values.items()})
    if chosen["source"]:
        functions = functions.filter(sources=None) if chosen["source"] == "no" else functions.exclude(sources=None)
    return functions


def known_as(people: QuerySet, chosen: dict[str, str]) -> QuerySet:
    """Return those of ``people`` that match the chosen name and gender."""
    if chosen["gender"]:
        people = people.filter(gender="" if chosen["gender"] == NOT_RECORDED else chosen["gender"])
    return people.search(chosen["q"]) if chosen["q"] else people
