"""A start may be a day by which a fact held, and a row without a start blocks its last day alone.

Generated columns cannot be altered: they are dropped and added again, with the constraints that rest on them.
"""

from datetime import date
from typing import Any

from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from delegations.models.no_overlap import NoOverlap
from delegations.models.periods import DateAfter, FirstOf

DATED = ["assemblypost", "delegate", "link", "participation", "representative", "seatquota"]
NO_OVERLAP = {
    "delegate": (
        ("person", "chamber"),
        "This person has another mandate for this chamber in the same period. End the earlier one first.",
    ),
    "participation": (("parliament",), "This parliament has another status in the same period."),
    "representative": (
        ("parliament",),
        "This parliament has another representative in the same period. End the earlier service first.",
    ),
    "seatquota": (
        ("chamber",),
        "This chamber has another quota in the same period. End the earlier one first.",
    ),
}
PRECISIONS = [("day", "day"), ("month", "month"), ("year", "year")]
BY = ("by", "by this day")


def ended_or(*cases: When) -> Case:
    """The first day after a period."""
    return Case(
        When(ended=True, start__isnull=False, start_precision__in=["day", "by"], then=DateAfter("start")),
        When(ended=True, then=Coalesce("start", Value(date(1900, 1, 1)))),
        When(end__isnull=True, then=None),
        *cases,
        default=F("end"),
        output_field=models.DateField(),
    )


def generated() -> dict[str, models.Field]:
    expressions = {
        "counts_until": ended_or(
            When(end_precision="month", then=DateAfter("end", "month")),
            When(end_precision="year", then=DateAfter("end", "year")),
        ),
        "blocks_until": ended_or(
            When(~Q(end_precision="day") & Q(start__isnull=False), then=Greatest("end", DateAfter("start"))),
        ),
    }
    return {
        name: models.GeneratedField(db_persist=True, expression=expression, output_field=models.DateField())
        for name, expression in expressions.items()
    }


def stored_as_first_day(name: str, days: list[str]) -> Q:
    precision = f"{name}_precision"
    return (
        Q(**{f"{name}__isnull": True})
        | Q(**{f"{precision}__in": days})
        | Q(**{precision: "month", name: FirstOf(name, "month")})
        | Q(**{precision: "year", name: FirstOf(name, "year")})
    )


def operations() -> list[Operation]:
    found: list[Operation] = []
    for model in DATED:
        names = [f"{model}_ends_after_start", f"{model}_partial_dates_as_first_day"]
        names += [f"{model}_no_overlap"] if model in NO_OVERLAP else []
        found += [migrations.RemoveConstraint(model, name) for name in names]
        found += [migrations.RemoveField(model, name) for name in ("counts_until", "blocks_until")]
        found.append(
            migrations.AlterField(
                model, "start_precision", models.CharField(choices=[*PRECISIONS, BY], default="day", max_length=5)
            )
        )
        found += [migrations.AddField(model, name, field) for name, field in generated().items()]
        found.append(
            migrations.AddConstraint(
                model,
                models.CheckConstraint(
                    condition=stored_as_first_day("start", ["day", "by"]) & stored_as_first_day("end", ["day"]),
                    name=f"{model}_partial_dates_as_first_day",
                    violation_error_message="A month or a year is stored as its first day.",
                ),
            )
        )
        found.append(
            migrations.AddConstraint(
                model,
                models.CheckConstraint(
                    condition=Q(start__isnull=True) | Q(end__isnull=True) | Q(counts_until__gt=F("start")),
                    name=f"{model}_ends_after_start",
                    violation_error_message=(
                        "The first day no longer in office must come after the first day in office."
                    ),
                ),
            )
        )
        if model in NO_OVERLAP:
            fields, words = NO_OVERLAP[model]
            constraint = NoOverlap(fields=fields, name=f"{model}_no_overlap", violation_error_message=words)
            found.append(migrations.AddConstraint(model, constraint))
    return found


class Rebuild(migrations.SeparateDatabaseAndState):
    """The operations, of which SQLite rebuilds each table once instead of once for each of them."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "sqlite":
            for model in DATED:
                schema_editor._remake_table(to_state.apps.get_model(app_label, model))
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "sqlite":
            self.database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [("delegations", "0001_initial")]

    operations = [Rebuild(database_operations=operations(), state_operations=operations())]
