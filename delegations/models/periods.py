"""Dated facts: a base model with a half-open period and sources, and a constraint against overlapping periods.

``start`` is the first day in office, ``end`` the first day no longer in office, on which a successor may begin. A
row holds on day D when start <= D < end.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from itertools import batched
from typing import TYPE_CHECKING, Any, Self, cast

from django.core.validators import URLValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, OuterRef, Q, Value, When
from django.db.models.deletion import ProtectedError
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import IsNull
from django.db.models.sql.compiler import SQLCompiler
from django.dispatch import receiver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cspa import audit
from cspa.db.computed_fields import DerivedModel, DerivedQuerySet
from cspa.db.natural_keys import NaturalKeyManager, UidModel
from cspa.i18n import required_in_some_language, translated

from ..dates import EARLIEST, LATEST, PartialDate, Precision, today
from .no_overlap import no_overlaps

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable
    from django.db.models.sql.compiler import _AsSqlType

web_address = URLValidator(schemes=["http", "https"])


class _DateFunction(models.Func):
    """Base of SQL functions of a date and a ``unit`` (day, month, year), with a template for each database."""

    output_field = models.DateField()
    sqlite = postgresql = ""

    def __init__(self, expression: "Combinable | str", unit: str = "day", **extra: Any):
        super().__init__(expression, unit=unit, **extra)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> "_AsSqlType":
        return self.as_sql(compiler, connection, template=self.sqlite, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> "_AsSqlType":
        return self.as_sql(compiler, connection, template=self.postgresql, **context)


class DateAfter(_DateFunction):
    """SQL function: the date one ``unit`` after a date."""

    sqlite = "date(%(expressions)s, '+1 %(unit)s')"
    postgresql = "(%(expressions)s + interval '1 %(unit)s')::date"


class FirstOf(_DateFunction):
    """SQL function: the first day of the ``unit`` that contains a date."""

    sqlite = "date(%(expressions)s, 'start of %(unit)s')"
    postgresql = "date_trunc('%(unit)s', %(expressions)s::timestamp)::date"


def _stored_as_first_day(name: str) -> Q:
    """The condition that the date ``name`` is the first day of the month or year that its precision names."""
    precision = f"{name}_precision"
    return (
        Q(**{f"{name}__isnull": True})
        | Q(**{f"{precision}__in": [Precision.DAY, Precision.BY] if name == "start" else [Precision.DAY]})
        | Q(**{precision: Precision.MONTH, name: FirstOf(name, "month")})
        | Q(**{precision: Precision.YEAR, name: FirstOf(name, "year")})
    )


def _ended_or(*cases: When) -> Case:
    """SQL expression of the first day after a period: ``ended`` without a date first, then ``cases`` of the end."""
    return Case(
        When(
            ended=True,
            start__isnull=False,
            start_precision__in=[Precision.DAY, Precision.BY],
            then=DateAfter("start"),
        ),
        # Not even one day is certain: the row is listed as ended and never holds.
        When(ended=True, then=Coalesce("start", Value(EARLIEST))),
        When(end__isnull=True, then=None),
        *cases,
        default=F("end"),
        output_field=models.DateField(),
    )


COUNTS_UNTIL = _ended_or(
    When(end_precision=Precision.MONTH, then=DateAfter("end", "month")),
    When(end_precision=Precision.YEAR, then=DateAfter("end", "year")),
)

# A row that ended "in 2020" counts to the end of 2020, but a successor may begin on any day of 2020 after its start.
BLOCKS_UNTIL = _ended_or(
    When(~Q(end_precision=Precision.DAY) & Q(start__isnull=False), then=Greatest("end", DateAfter("start"))),
)


class PeriodQuerySet[M: Period](DerivedQuerySet[M]):
    def on(self, day: date) -> Self:
        """Rows that are on record for ``day``: the one rule behind pages, files, API and reports.

        Where a partial end and the next start of the same succession fall in the same year or month, the earlier row
        holds only until that start. A row without a start counts up to today. In a succession of which the database
        allows one row at a time, it counts from the end of a predecessor, and on no day on which a dated row holds.
        """
        # Where the end is partial, the start of the next row in its month or year.
        cut = Q(
            start__gte=OuterRef("end"),
            start__gt=Coalesce(OuterRef("start"), Value(EARLIEST - timedelta(days=1))),
            start__lte=day,
        )
        rows = self.filter(
            Q(start__isnull=True) | Q(start__lte=day),
            Q(counts_until__isnull=True) | Q(counts_until__gt=day),
        )
        if day > today():
            rows = rows.filter(start__isnull=False)
        elif no_overlaps(self.model):
            no_end = Value(LATEST + timedelta(days=1))
            predecessor = Q(counts_until__gt=day, counts_until__lt=Coalesce(OuterRef("counts_until"), no_end))
            known = Q(start__lte=day) & (Q(counts_until__isnull=True) | Q(counts_until__gt=day))
            cut |= Q(IsNull(OuterRef("start"), True)) & (predecessor | known)
            # One subquery for both, which is asked of few rows: to build it takes most of the time of a page.
            return rows.exclude(
                (Q(start__isnull=True) | ~Q(end_precision=Precision.DAY))
                & models.Exists(self.model.siblings().filter(cut))
            )
        return rows.exclude(~Q(end_precision=Precision.DAY) & models.Exists(self.model.siblings().filter(cut)))

    def marked(self, day: date) -> Self:
        """All rows, each annotated with ``held``: whether it counts on ``day``."""
        counting = self.model.objects.on(day).filter(pk=OuterRef("pk"))
        return self.annotate(held=models.Exists(counting))

    def running(self, day: date) -> Self:
        """Rows that have not ended by ``day``, also those that begin later."""
        return self.filter(Q(counts_until__isnull=True) | Q(counts_until__gt=day), ended=False)

    def ending(self, day: date, days: int) -> Self:
        """Rows that hold on ``day`` and end within ``days`` days."""
        return self.on(day).filter(counts_until__lte=day + timedelta(days=days))

    def gaps(self) -> dict[str, Q]:
        """The conditions of what a row can lack, by key."""
        sources = Source.objects.filter(**{f"{self.model._meta.model_name}_set": OuterRef("pk")})
        undated = Q(start__isnull=True)
        return {
            "source": Q(~models.Exists(sources)),
            "date": undated,
            "exact_date": undated | ~Q(start_precision=Precision.DAY),
        }

    def lacking(self, gap: str) -> Self:
        """Rows without a source ("source"), a start ("date") or a start known to the day ("exact_date")."""
        return self.filter(self.gaps()[gap])

    def in_order(self) -> Self:
        """Rows by start, latest first; rows without a start come last."""
        return self.order_by(F("start").desc(nulls_last=True), F("end").desc(nulls_first=True), "pk")


def _date_property(name: str) -> property:
    """A property for ``start`` or ``end`` as a PartialDate; its setter also takes a date or text such as "2019-05"."""

    def get(self: Any) -> PartialDate | None:
        first = getattr(self, name)
        return PartialDate(first, getattr(self, f"{name}_precision")) if first else None

    def put(self: Any, value: PartialDate | date | str | None) -> None:
        value = PartialDate.of(value)
        setattr(self, name, value.first if value else None)
        setattr(self, f"{name}_precision", value.precision if value else Precision.DAY)

    return property(get, put)


class Source(UidModel):
    """A document that supports dated facts."""

    title = translated(
        _("title"),
        max_length=300,
        help_text=_("As the document calls itself, or what it is: “Decree No. 12 on the delegation”."),
    )
    url = models.URLField(_("address"), max_length=1000, blank=True, validators=[web_address])
    date = models.DateField(_("date of the document"), null=True, blank=True)
    accessed = models.DateField(
        _("accessed"),
        null=True,
        blank=True,
        help_text=_("The day on which it was read. Of a document without a date it is the day of which it speaks."),
    )

    objects = NaturalKeyManager["Source"]()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = [F("date").desc(nulls_last=True), "pk"]
        constraints = [
            required_in_some_language("source", "title", _("Give the title in at least one language.")),
            models.CheckConstraint(
                name="source_date_1900_to_2100",
                condition=Q(date__isnull=True) | Q(date__range=(EARLIEST, LATEST)),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            ),
            models.CheckConstraint(
                name="source_accessed_1900_to_2100",
                condition=Q(accessed__isnull=True) | Q(accessed__range=(EARLIEST, LATEST)),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def facts(self) -> int:
        """Return the number of dated facts that cite this document."""
        return sum(
            getattr(self, cast("str", relation.get_accessor_name())).count()
            for relation in self._meta.related_objects
            if relation.many_to_many and not relation.hidden
        )


@receiver(models.signals.pre_delete, sender=Source)
def protect_source(sender: type[Source], instance: Source, **kwargs: Any) -> None:
    """Refuse to delete a cited source: Django would delete the rows of the many-to-many tables without an error."""
    if instance.facts():
        raise ProtectedError(gettext("Facts rest on this source; it cannot be deleted."), {instance})


class Certainty(StrEnum):
    """What the record says of a row on a day."""

    # Since a day, or a month or year, that is recorded.
    HELD = "held"
    # By a day that is recorded, and no source speaks of a day as late.
    LAST_RECORDED = "last recorded"
    # Named without a date.
    UNDATED = "undated"


class Period(DerivedModel, UidModel):
    """Abstract base of dated facts: a period and the sources that support the fact."""

    start = models.DateField(_("first day in office"), null=True, blank=True)
    start_precision = models.CharField(max_length=5, choices=Precision, default=Precision.DAY)
    end = models.DateField(_("first day no longer in office"), null=True, blank=True)
    end_precision = models.CharField(
        max_length=5,
        choices=[choice for choice in Precision.choices if choice[0] != Precision.BY],
        default=Precision.DAY,
    )
    ended = models.BooleanField(
        _("ended, date not known"),
        default=False,
        help_text=_("Tick only where it is certain that it ended and no date is known."),
    )
    sources = models.ManyToManyField(
        "delegations.Source",
        blank=True,
        related_name="%(class)s_set",
        verbose_name=_("sources"),
        help_text=_("The documents that this fact rests on."),
    )
    counts_until = models.GeneratedField(expression=COUNTS_UNTIL, output_field=models.DateField(), db_persist=True)
    blocks_until = models.GeneratedField(expression=BLOCKS_UNTIL, output_field=models.DateField(), db_persist=True)

    objects = NaturalKeyManager.from_queryset(PeriodQuerySet)()

    #: Pairs of columns that the audit log shows as one.
    recorded_together = (("start", "start_precision"), ("end", "end_precision"))

    #: Columns that identify a succession: rows with equal values follow each other.
    line: tuple[str, ...] = ()

    #: Lookups from a row to its parliament; none where it belongs to no parliament.
    of_parliament: tuple[str, ...] = ()

    starts = _date_property("start")
    ends = _date_property("end")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_dates_1900_to_2100",
                condition=(Q(start__isnull=True) | Q(start__range=(EARLIEST, LATEST)))
                & (Q(end__isnull=True) | Q(end__range=(EARLIEST, LATEST))),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            ),
            models.CheckConstraint(
                name="%(class)s_partial_dates_as_first_day",
                condition=_stored_as_first_day("start") & _stored_as_first_day("end"),
                violation_error_message=_("A month or a year is stored as its first day."),
            ),
            models.CheckConstraint(
                name="%(class)s_ends_after_start",
                condition=Q(start__isnull=True) | Q(end__isnull=True) | Q(counts_until__gt=F("start")),
                violation_error_message=_(
                    "The first day no longer in office must come after the first day in office."
                ),
            ),
            models.CheckConstraint(
                name="%(class)s_one_kind_of_end",
                condition=Q(ended=False) | Q(end__isnull=True),
                violation_error_message=_("Give the end date or tick “ended, date not known”, not both."),
            ),
        ]

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        return frozenset({"start_precision", "end_precision"})

    @classmethod
    def derived(cls) -> frozenset[str]:
        return frozenset({"start", "end"})

    def derive(self) -> None:
        """Move a partial date to the first day of its month or year."""
        for name in ("start", "end"):
            first, precision = getattr(self, name), getattr(self, f"{name}_precision")
            if isinstance(first, date) and precision in (Precision.MONTH, Precision.YEAR):
                setattr(self, name, first.replace(day=1, month=first.month if precision == Precision.MONTH else 1))

    @classmethod
    def clear_periods(cls, keys: Iterable[int]) -> None:
        """Empty the periods of rows about to be saved. Otherwise one could overlap another's old dates in between."""
        keys = list(keys)
        audit.snapshot_before(cls, keys)
        for batch in batched(keys, audit.BATCH):
            cls._base_manager.filter(pk__in=batch).update(start=None, end=None, ended=True)

    @classmethod
    def shown(cls, state: audit.Snapshot) -> audit.Snapshot:
        """Return a recorded state with each date in its known precision: "2019", "May 2019"."""
        state = dict(state)
        for name in ("start", "end"):
            precision = state.pop(f"{name}_precision", Precision.DAY)
            if state.get(name):
                state[name] = PartialDate(date.fromisoformat(state[name]), precision).words
        return state

    @classmethod
    def siblings(cls) -> models.QuerySet[Any]:
        """The rows of the succession of an outer row, for a subquery."""
        rows: models.QuerySet[Any] = cls._base_manager.all()
        for name in cls.line:
            column = cast("models.Field[Any, Any]", cls._meta.get_field(name))
            # In SQL, NULL = NULL is not true, but two rows with an empty column belong to the same succession.
            if column.null:
                empty = Value(0 if column.is_relation else "")
                rows = rows.alias(**{f"line_{name}": Coalesce(column.attname, empty)}).filter(
                    **{f"line_{name}": Coalesce(OuterRef(column.attname), empty)}
                )
            else:
                rows = rows.filter(**{column.attname: OuterRef(column.attname)})
        return rows

    @property
    def dated(self) -> bool:
        return self.start is not None

    def certainty(self, day: date) -> Certainty:
        """What the record says of ``day``, on which ``on()`` counts this row."""
        if self.start is None:
            return Certainty.HELD if day == self.last_day else Certainty.UNDATED
        is_open = self.start_precision == Precision.BY and self.end is None
        return Certainty.LAST_RECORDED if is_open and day > self.last_recorded else Certainty.HELD

    @property
    def last_recorded(self) -> date:
        """The latest day of which the start or a source speaks. Call only for a row that has a start."""
        days = [source.date or source.accessed for source in self.sources.all()]
        return max(filter(None, [cast("date", self.start), *days]))

    @property
    def last_day(self) -> date | None:
        """The last day in office; None where the end is not an exact date."""
        return self.end - timedelta(days=1) if self.end and self.end_precision == Precision.DAY else None

    def computed_blocks_until(self) -> date | None:
        """Return ``blocks_until`` of an unsaved row: the Python equivalent of BLOCKS_UNTIL."""
        if self.ended:
            return (self.starts.after if self.starts.is_day else self.start) if self.start else EARLIEST
        if self.end and self.end_precision != Precision.DAY and self.start:
            return max(self.end, self.start + timedelta(days=1))
        return self.end


def last_day_in_words(row: Period | None) -> str:
    """Return the last day in office as text, or why there is none."""
    if row is None or row.pk is None:
        return "–"
    if row.ended:
        return gettext("ended, date not known")
    if row.end is None:
        return gettext("still so")
    return PartialDate(row.last_day).words if row.last_day else row.ends.words
