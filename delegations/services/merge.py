"""Merging of two records of one person, without losing any of their data.

The merge walks the relations of the model to find the rows that point at a person, so that it covers tables added
later in any application.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from django.db import models, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cspa import audit
from cspa.audit.diff import label, with_display_relations
from cspa.i18n import translated_columns

from ..models import Delegate, FormerPublicId, Period, Person, PersonName
from ..models.no_overlap import no_overlaps, overlap
from ..models.periods import last_day_in_words
from ..models.person_names import PARTS

# Columns that depend on the first one: all are taken from the record that has a value in it.
TOGETHER = {
    "photo": [*translated_columns("photo_credit"), *translated_columns("photo_alt")],
    "withdrawn": translated_columns("withdrawal_reason"),
}
# Columns of a mandate that do not distinguish it from another with the same person, chamber, period and role.
DETAILS = {*translated_columns("political_group"), *translated_columns("constituency")}
DATES = {"start", "start_precision", "end", "end_precision"}


class MergeError(Exception):
    """The records cannot be merged, for these reasons. Nothing was changed."""

    def __init__(self, reasons: list[str]):
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class Column:
    """The values of one column: in the target, in the source, and after the merge."""

    label: str
    target: str
    source: str
    result: str

    @property
    def taken(self) -> bool:
        return self.result != self.target

    @property
    def lost(self) -> bool:
        """Whether the source has a value that the merge drops."""
        return bool(self.source) and self.result != self.source


@dataclass(frozen=True)
class DuplicateFact:
    """A row of the source that the target has as well: one row remains, with the sources of both."""

    row: Period
    twin: Period
    details: list[Column]


@dataclass
class MergeReport:
    """The effects of a merge, planned or done."""

    target: Person
    source: Person
    columns: list[Column]
    moved_rows: list[models.Model] = field(default_factory=list)
    duplicates: list[DuplicateFact] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def moved_by_kind(self) -> list[tuple[str, list[str]]]:
        """The rows that move to the target, in words, grouped by model."""
        kinds: dict[str, list[str]] = {}
        for row in self.moved_rows:
            kinds.setdefault(capfirst(row._meta.verbose_name), []).append(describe_row(row))
        return list(kinds.items())

    @property
    def merged_rows(self) -> list[tuple[str, list[str]]]:
        """The duplicate rows in words."""
        return [
            (describe_row(duplicate.row), list(map(_describe_column, duplicate.details)))
            for duplicate in self.duplicates
        ]

    def details(self) -> str:
        """Return the whole report in words, detailed enough to undo the merge by hand."""
        ids = {"other": self.source.public_id, "kept": self.target.public_id}
        return "; ".join(
            [
                _("The record with the public id %(other)s was merged into %(kept)s") % ids,
                *map(_describe_column, self.columns),
                *(_("moved: %(row)s") % {"row": _with_key(row)} for row in self.moved_rows),
                *(line for duplicate in self.duplicates for line in _describe_duplicate(duplicate)),
            ]
        )

    @property
    def digest(self) -> str:
        return sha256("\n".join([self.details(), *self.conflicts]).encode()).hexdigest()


def preview(target: Person, source: Person) -> MergeReport:
    """Return the effects of merging ``source`` into ``target``. With conflicts, ``merge()`` would refuse."""
    report = MergeReport(target, source, list(_columns(target, source, _merged(target, source))))
    if target == source:
        report.conflicts.append(_("A record cannot be merged with itself."))
        return report
    for relation in Person._meta.related_objects:
        mine, others = _rows(relation, target), _rows(relation, source)
        if relation.many_to_many:
            report.moved_rows += [row for row in others if row not in mine]
            continue
        for row in others:
            if twin := next((twin for twin in mine if _same(row, twin, relation.field)), None):
                report.duplicates.append(DuplicateFact(row, twin, list(_columns(twin, row, _details(twin, row)))))
                continue
            report.moved_rows.append(row)
            report.conflicts += [
                _("These two overlap: “%(kept)s” and “%(other)s”. Correct one of them first.")
                % {"kept": describe_row(one), "other": describe_row(row)}
                for one in mine
                if _collide(row, one, relation.field)
            ]
    return report


@transaction.atomic
def merge(target: Person, source: Person, shown: str | None = None, keep_name: bool = False) -> MergeReport:
    """Merge ``source`` into ``target``. Raise MergeError where that is impossible.

    ``shown`` is the digest of the report that the user confirmed: a merge that would differ from it is refused.
    With ``keep_name`` the target is also found by the name of the source.
    """
    # With the people locked, transactions that add rows pointing at them must wait.
    list(Person.objects.select_for_update().filter(pk__in=[target.pk, source.pk]).order_by("pk"))
    for person in (target, source):
        person.refresh_from_db()
    report = preview(target, source)
    if report.conflicts:
        raise MergeError(report.conflicts)
    if shown is not None and shown != report.digest:
        raise MergeError([_("The records were changed meanwhile. Look at them again.")])
    for duplicate in report.duplicates:
        duplicate.twin.sources.add(*duplicate.row.sources.all())
        _put(duplicate.twin, _details(duplicate.twin, duplicate.row))
        # Delete by key, so that the row in the report keeps its key.
        type(duplicate.row)._base_manager.filter(pk=duplicate.row.pk).delete()
    for relation in Person._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{relation.field.name: source})
        if relation.many_to_many:
            keys = list(rows.values_list("pk", flat=True))
            audit.snapshot_before(relation.related_model, keys)
            getattr(target, relation.get_accessor_name()).add(*keys)
        else:
            audit.snapshot_before(relation.related_model, rows.values_list("pk", flat=True))
            rows.update(**{relation.field.name: target})
    if keep_name and (row := dropped_name(target, source)):
        row.save()
    _put(target, _merged(target, source))
    source.delete()
    FormerPublicId.objects.create(person=target, public_id=source.public_id)
    return report


def dropped_name(target: Person, source: Person) -> PersonName | None:
    """Return the name of ``source`` as another name of ``target``, without dates; None where it has the name."""
    columns = translated_columns("name")
    merged = _merged(target, source)
    known = {merged[column] for column in columns}
    known.update(getattr(row, column) for row in target.other_names.all() for column in columns)
    if {getattr(source, column) for column in columns} <= {*known, ""}:
        return None
    texts = {column: getattr(source, column) for part in PARTS for column in translated_columns(part)}
    return PersonName(person=target, **texts)


def describe_row(row: models.Model) -> str:
    """Return the text of ``row`` with its role and its period."""
    parts = [str(row)]
    if isinstance(row, Delegate):
        parts.append(row.get_role_display())
    if isinstance(row, Period):
        since = row.starts.words if row.starts else _("not recorded")
        parts.append(f"{since} – {last_day_in_words(row)}")
    return ", ".join(parts)


def _rows(relation: models.ForeignObjectRel, person: Person) -> list[models.Model]:
    """Return the rows that point at ``person``, with the relations that their texts need."""
    model = relation.related_model
    return list(with_display_relations(model).filter(**{relation.field.name: person}).order_by("pk"))


def _merged(target: Person, source: Person) -> dict[str, object]:
    """Return the values of the merged record: those of the target, or of the source where the target's are empty."""
    names = [column.name for column in Person._meta.concrete_fields if column.editable and not column.primary_key]
    values = {name: getattr(target, name) or getattr(source, name) for name in names}
    for first, rest in TOGETHER.items():
        giver = source if getattr(source, first) and not getattr(target, first) else target
        values |= {name: getattr(giver, name) for name in rest}
    return values


def _details(twin: Period, row: Period) -> dict[str, object]:
    names = [column.name for column in twin._meta.concrete_fields if column.name in DETAILS]
    return {name: getattr(twin, name) or getattr(row, name) for name in names}


def _put(row: models.Model, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _same(row: models.Model, twin: models.Model, owner: models.ForeignKey) -> bool:
    """Whether two dated rows are equal but for owner, details and sources."""
    if not isinstance(row, Period) or (row.starts, row.ends) != (twin.starts, twin.ends):
        return False
    beside = {owner.name, *DATES, *DETAILS}
    facts = [column.attname for column in row._meta.concrete_fields if column.editable and column.name not in beside]
    return all(getattr(row, name) == getattr(twin, name) for name in facts if name != row._meta.pk.attname)


def _collide(row: models.Model, one: models.Model, owner: models.ForeignKey) -> bool:
    """Whether the database would refuse ``row`` beside ``one`` once both have the same owner."""
    return isinstance(row, Period) and any(
        overlap(row, one)
        and all(getattr(row, name) == getattr(one, name) for name in constraint.fields if name != owner.name)
        for constraint in no_overlaps(type(row))
        if owner.name in constraint.fields
    )


def _columns(target: models.Model, source: models.Model, result: dict[str, object]) -> Iterator[Column]:
    """Yield the columns in which either row has a value."""
    for name, value in result.items():
        column = target._meta.get_field(name)
        texts = [_shown(column, each) for each in (getattr(target, name), getattr(source, name), value)]
        if any(texts):
            yield Column(label(column), *texts)


def _shown(column: models.Field, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else ""
    return str(dict(column.flatchoices).get(value, value) or "")


def _describe_column(column: Column) -> str:
    values = {"column": column.label, "kept": column.target or "–", "other": column.source or "–"}
    if column.taken:
        return _("%(column)s: “%(other)s” instead of “%(kept)s”") % values
    if column.lost:
        return _("%(column)s: “%(kept)s” stays, the other record had “%(other)s”") % values
    return f"{column.label}: {column.target}"


def _describe_duplicate(duplicate: DuplicateFact) -> list[str]:
    united = _("united: %(row)s with %(twin)s") % {"row": _with_key(duplicate.row), "twin": _with_key(duplicate.twin)}
    return [united, *map(_describe_column, duplicate.details)]


def _with_key(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {row.pk} ({describe_row(row)})"
