"""CSV rows of the lists. Those of mandates are in ``exports.serializers``, those of changes in ``views.changes``."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from cspa.i18n import language_codes, translated_columns

from ..models import AssemblyPost, Delegate, Delegation, Period, Person, Representative, Source
from ..models.periods import PeriodQuerySet
from ..models.person_names import PARTS
from .popolo_records import column_texts
from .serializers import date_cell, join_cell, start_cells

SOURCE_COLUMNS = ["source_title", "source_url", "source_date", "source_accessed"]

# One row a person. For a person with several functions on the day, each cell from "role" on has several values.
PERSON_COLUMNS = [
    "id",
    *(column for name in PARTS for column in translated_columns(name)),
    "gender",
    "role",
    "function",
    "delegation",
    "chamber",
    "body",
    "start",
    "start_quality",
    "end",
    "ended",
    *SOURCE_COLUMNS,
]

# One row a post in a body of the Assembly.
POST_COLUMNS = [
    "id",
    "body",
    *(f"body_{column}" for column in translated_columns("name")),
    "role",
    "acting",
    "person_id",
    *(column for name in PARTS for column in translated_columns(name)),
    "delegation",
    *translated_columns("office"),
    "start",
    "start_quality",
    "end",
    "ended",
    *SOURCE_COLUMNS,
]

# One row a chamber of a delegation. Cells are empty where nothing is published.
DELEGATION_COLUMNS = [
    "on",
    "country",
    "delegation",
    *translated_columns("name"),
    "status",
    "counted",
    *translated_columns("status_note"),
    "chamber",
    *(f"chamber_{column}" for column in translated_columns("name")),
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
    """Prefetch the functions of ``people`` on ``day`` as held_mandates, held_services and held_posts."""
    return people.prefetch_related(*functions_on(day))


def functions_on(day: date) -> list[Prefetch]:
    """What ``with_functions()`` prefetches."""
    functions: dict[str, PeriodQuerySet[Any]] = {
        "mandates": Delegate.objects.select_related("chamber__parliament"),
        "services": Representative.objects.select_related("parliament"),
        "posts": AssemblyPost.objects.select_related("body", "parliament"),
    }
    return [
        Prefetch(name, rows.on(day).in_order().prefetch_related("sources"), to_attr=f"held_{name}")
        for name, rows in functions.items()
    ]


def person_row(person: Person) -> list:
    """Return the row of ``person`` with the columns PERSON_COLUMNS. ``person`` comes from ``with_functions()``."""
    held = [
        *(
            (row.role, row.get_role_display(), row.chamber.parliament.slug, row.chamber.slug, "", row)
            for row in person.held_mandates
        ),
        *(
            ("representative", _("plenipotentiary representative"), row.parliament.slug, "", "", row)
            for row in person.held_services
        ),
        *(
            (row.role, row.title, row.parliament.slug if row.parliament else "", "", row.body.slug, row)
            for row in person.held_posts
        ),
    ]
    functions = [
        [*cells, *map(_joinable, period_cells(row)), *source_cells(row.sources.all(), _with_semicolons)]
        for *cells, row in held
    ]
    return [
        person.public_id,
        *column_texts(person.called, *PARTS).values(),
        person.gender,
        *(join_cell(cells) for cells in zip(*functions, strict=True)),
    ]


def post_row(post: AssemblyPost) -> list:
    """Return the row of ``post`` with the columns POST_COLUMNS."""
    person = post.person
    names = column_texts(person.called, *PARTS)
    return [
        str(post.uid),
        post.body.slug,
        *column_texts(post.body, "name").values(),
        post.role,
        post.acting,
        person.public_id,
        *(names.values() if not person.withdrawn else [""] * len(names)),
        post.parliament.slug if post.parliament else "",
        *column_texts(post, "office").values(),
        *period_cells(post),
        *source_cells(post.sources.all()),
    ]


def delegation_rows(delegations: Iterable[Delegation]) -> Iterator[list]:
    """Yield a row for each chamber with the columns DELEGATION_COLUMNS, and one for a delegation without chambers."""
    for delegation in delegations:
        parliament, participation = delegation.parliament, delegation.participation
        begin = [
            delegation.day,
            parliament.country.code,
            parliament.slug,
            *column_texts(parliament, "name").values(),
            delegation.status or "",
            delegation.counted,
            *(column_texts(participation, "note").values() if participation else [""] * len(language_codes())),
        ]
        confirmed = delegation.confirmation.date if delegation.confirmation else ""
        for part in delegation.chambers:
            yield [
                *begin,
                part.chamber.slug,
                *column_texts(part.chamber, "name").values(),
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


def _joinable(value: str | date | bool) -> str | date:
    return str(value).lower() if isinstance(value, bool) else value


def _with_semicolons(values: Iterable[str | date]) -> str | date:
    """Join the sources of one function; those of several functions have " | " between them."""
    values = list(values)
    return values[0] if len(values) == 1 else "; ".join(map(str, values))


def source_cells(sources: Iterable[Source], join=join_cell) -> list[str | date]:
    """Return the cells of ``sources`` with the columns SOURCE_COLUMNS."""
    sources = list(sources)
    return [
        join([str(source.title) for source in sources]),
        join([source.url for source in sources]),
        join([source.date or "" for source in sources]),
        join([source.accessed or "" for source in sources]),
    ]


def period_cells(row: Period) -> list[str | date | bool]:
    """Return the dates of ``row``: start, start_quality, end, ended."""
    return [*start_cells(row), date_cell(row.ends), row.ended]
