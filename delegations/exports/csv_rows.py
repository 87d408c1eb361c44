"""The rows of the site's lists as files: what each list has in its columns beside the mandates of ``opendata``."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from cspa.i18n import columns

from ..models import AssemblyPost, Delegate, Delegation, Period, Person, Representative, Source
from ..models.periods import PeriodQuerySet
from .serializers import NAMES, join_cell

SOURCE_COLUMNS = ["source_title", "source_url", "source_date"]

# One row a person. Where somebody does several things on the day, each cell from "role" on holds as many values.
PERSON_COLUMNS = [
    "id",
    *(column for name in NAMES for column in columns(name)),
    "gender",
    "role",
    "function",
    "delegation",
    "chamber",
    "start",
    "end",
    "ended",
    *SOURCE_COLUMNS,
]

# One row a chamber of a delegation; empty where not published.
DELEGATION_COLUMNS = [
    "on",
    "country",
    "delegation",
    *columns("name"),
    "status",
    "chamber",
    *(f"chamber_{column}" for column in columns("name")),
    "kind",
    "seats",
    "named",
    "unnamed",
    "substitutes",
    "over",
    "vacant",
    "confirmed",
    "dated",
    *SOURCE_COLUMNS,
]


def with_functions(people: QuerySet[Person], day: date) -> QuerySet[Person]:
    """``people``, each with what they do on ``day``: held_mandates, held_services and held_posts."""
    functions: dict[str, PeriodQuerySet[Any]] = {
        "mandates": Delegate.objects.select_related("chamber__parliament"),
        "services": Representative.objects.select_related("parliament"),
        "posts": AssemblyPost.objects.all(),
    }
    return people.prefetch_related(
        *(
            Prefetch(name, rows.on(day).in_order().prefetch_related("sources"), to_attr=f"held_{name}")
            for name, rows in functions.items()
        )
    )


def person_row(person: Person) -> list:
    """``person``, read ``with_functions``, as PERSON_COLUMNS name it."""
    held = [
        *(
            (row.role, row.get_role_display(), row.chamber.parliament.slug, row.chamber.slug, row)
            for row in person.held_mandates
        ),
        *(
            ("representative", _("plenipotentiary representative"), row.parliament.slug, "", row)
            for row in person.held_services
        ),
        *((row.post, row.title, "", "", row) for row in person.held_posts),
    ]
    functions = [[*said, *_period_cells(row), *source_cells(row.sources.all(), "; ".join)] for *said, row in held]
    return [
        person.public_id,
        *(getattr(person, column) for name in NAMES for column in columns(name)),
        person.gender,
        *(join_cell(cells) for cells in zip(*functions, strict=True)),
    ]


def delegation_rows(delegations: Iterable[Delegation]) -> Iterator[list]:
    """The chambers of ``delegations`` as DELEGATION_COLUMNS name them; one without any chamber has a row too."""
    for delegation in delegations:
        parliament = delegation.parliament
        begin = [
            delegation.day.isoformat(),
            parliament.country.code,
            parliament.slug,
            *(getattr(parliament, column) for column in columns("name")),
            delegation.status or "",
        ]
        confirmed = delegation.confirmation.date.isoformat() if delegation.confirmation else ""
        for part in delegation.chambers:
            yield [
                *begin,
                part.chamber.slug,
                *(getattr(part.chamber, column) for column in columns("name")),
                part.chamber.kind,
                part.seats,
                part.names,
                part.unnamed,
                part.substitutes,
                part.over,
                part.vacant,
                confirmed,
                part.quota.dated if part.quota else None,
                *source_cells(part.quota.sources.all() if part.quota else []),
            ]
        if not delegation.chambers:
            yield begin + [None] * (len(DELEGATION_COLUMNS) - len(begin))


def source_cells(sources: Iterable[Source], join=join_cell) -> list[str]:
    """``sources`` as SOURCE_COLUMNS name them."""
    sources = list(sources)
    return [
        join([str(source.title) for source in sources]),
        join([source.url for source in sources]),
        join([source.date.isoformat() if source.date else "" for source in sources]),
    ]


def _period_cells(row: Period) -> list[str]:
    return [str(row.starts or ""), str(row.ends or ""), str(row.ended).lower()]
