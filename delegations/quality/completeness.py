"""Completeness of the record of a delegation on a day, by the same conditions as the items of the dashboard."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.db.models import Exists, OuterRef, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.audit.diff import required_relations
from cspa.i18n import language_codes, language_name

from ..models import (
    Confirmation,
    Delegate,
    Link,
    Parliament,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
    names_on,
)

FACTS = [Participation, SeatQuota, Delegate, Representative, Link]


@dataclass(frozen=True)
class Missing:
    """The owner of a gap: a person, a person's fact, or another fact by its kind and text."""

    kind: str = ""
    text: str = ""
    person: Person | None = None


@dataclass(frozen=True)
class Figure:
    """The number of people or facts, and those among them with one kind of gap."""

    label: str
    whole: int
    missing: list[Missing]

    @property
    def part(self) -> int:
        return self.whole - len(self.missing)


@dataclass(frozen=True)
class Completeness:
    """The figures of a delegation on a day; ``confirmation`` is the latest one, valid or expired."""

    people: list[Figure]
    facts: list[Figure]
    confirmation: Confirmation | None
    confirmed: bool

    @classmethod
    def of(cls, parliament: Parliament, day: date) -> "Completeness":
        """Compute the figures with a constant number of queries."""
        covering = Confirmation.objects.covering(day).filter(pk=OuterRef("pk"))
        given = parliament.confirmations.filter(date__lte=day).select_related("source")
        # The model does not declare the annotation ``covers``.
        latest: Any = given.annotate(covers=Exists(covering)).order_by("-date").first()
        return cls(
            people=_people(parliament, day),
            facts=_facts(parliament, day),
            confirmation=latest,
            confirmed=latest is not None and latest.covers,
        )


def _people(parliament: Parliament, day: date) -> list[Figure]:
    people = Person.objects.public().in_office(day, parliament).in_order().prefetch_related(*names_on(day))
    rows = list(people.annotate(**{f"lacks_{gap}": condition for gap, condition in people.gaps().items()}))
    labels = {"photo": _("Photo")}
    for code in language_codes():
        labels[to_attribute("name", code)] = _("Name (%(language)s)") % {"language": language_name(code)}
    return [
        Figure(label, len(rows), [Missing(person=row) for row in rows if getattr(row, f"lacks_{gap}")])
        for gap, label in labels.items()
    ]


def _facts(parliament: Parliament, day: date) -> list[Figure]:
    rows: list[Period] = []
    for model in FACTS:
        of_parliament = Q(*((lookup, parliament) for lookup in model.of_parliament), _connector=Q.OR)
        facts = model.objects.on(day).filter(of_parliament).order_by("pk")
        related = list(required_relations(model))
        facts = facts.select_related(*related) if related else facts
        if "person" in related:
            facts = facts.prefetch_related(*names_on(day, "person__"))
        rows += facts.annotate(**{f"lacks_{gap}": condition for gap, condition in facts.gaps().items()})
    labels = {"source": _("Source"), "date": _("First day recorded"), "exact_date": _("First day known to the day")}
    return [
        Figure(label, len(rows), [_named(row) for row in rows if getattr(row, f"lacks_{gap}")])
        for gap, label in labels.items()
    ]


def _named(row: Period) -> Missing:
    kind = capfirst(str(row._meta.verbose_name))
    match row:
        case Delegate():
            return Missing(str(row.get_role_display()), row.chamber.name, row.person)
        case Representative():
            return Missing(str(row._meta.verbose_name), person=row.person)
        case SeatQuota():
            return Missing(kind, row.chamber.name)
        case Participation():
            return Missing(kind, str(row.get_status_display()))
        case _:
            return Missing(kind, cast("Link", row).url)
