"""Comparison of a file with the directory: what an import would change, before anything is saved."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from cspa.i18n import translated_columns
from cspa.models import AddressedModel

from ..dates import PartialDate
from ..models import Confirmation, Delegate, NoOverlap, Observation, Parliament, Period, Person, Source
from .finder import RowFinder, parse_uid
from .mandates import drop_people_without_mandates, match_mandates
from .matching import PersonMatcher, WhoIsItError
from .on_record import RowsOnRecord
from .options import ALL, ImportOptions
from .overlaps import Neighbours, find_neighbours, find_overlaps
from .readers.own_export import public_id
from .records import KINDS, REFERENCES, Batch, Kind, Note, Record, RowError, describe_location
from .row_diff import Action, RowDiff, period_label, row_label
from .row_warnings import doubt_warnings, mandate_warnings, name_warnings, quota_warnings
from .validation import restore, validate

type Progress = Callable[[str, int, int], None]

# Records between two calls of the progress function.
PROGRESS_EVERY = 500


class ImportDiff:
    """The row diffs of ``batch`` by kind, with the problems and warnings of its records."""

    def __init__(self, batch: Batch, options: ImportOptions, progress: Progress):
        self.batch = batch
        self.progress = progress
        self.problems = list(batch.problems)
        self.warnings = list(batch.warnings)
        # Places of rows before which an earlier mandate is ended.
        self.end_earlier = options.end_earlier
        self.neighbours: list[Neighbours] = []
        # Who a person of the file is.
        self.questions: list[WhoIsItError] = []
        self.row_diffs: dict[Kind, list[RowDiff]] = {kind: [] for kind in Kind}
        self.on_record = RowsOnRecord(batch)
        self.people = PersonMatcher(batch, self.on_record, self.warn, options.people)
        self.finder = RowFinder(self.on_record, self.people)
        # Keys of people with a rejected record: their mandates are not missing.
        self.exempt_people: set[int] = set()
        # Where the people of the file stand that are rejected, by their keys.
        self.rejected_people: dict[str, int | str] = {}
        # Ends of mandates that the file does not name.
        self.missing: list[RowDiff] = []
        for kind in Kind:
            # Mandates may be missing from a file that has none.
            if kind == Kind.DELEGATES or batch.records[kind]:
                self.compare(kind)
                # Only the comparison needs them.
                batch.records[kind] = []
                if kind == Kind.DELEGATES and options.end_missing:
                    self.end_missing(options.end_missing)
                self.reject_overlaps(kind)
        if self.problems and batch.people_have_mandates:
            drop_people_without_mandates(self.row_diffs)
        self.warnings += doubt_warnings(self.row_diffs)
        self.warnings += quota_warnings(self.row_diffs, self.on_record)

    def discard_all_but_rows(self) -> None:
        """Free the tables on record, which only the comparison needs."""
        self.missing.clear()
        del self.finder, self.people, self.on_record

    def warn(self, record: Record, message: str) -> None:
        self.warnings.append(Note(record.location, message, record.kind))

    def reject(self, record: Record, error: RowError | str) -> None:
        """Leave ``record`` out of the import."""
        person = self.finder.by_record_key[Kind.PEOPLE].get(record.values.get("person") or "")
        if person and person.pk:
            self.exempt_people.add(person.pk)
        if record.kind == Kind.PEOPLE:
            self.rejected_people[record.key] = record.location
        elif (location := self.rejected_people.get(record.values.get("person") or "")) is not None:
            # The row of a table has said why.
            if location == record.location:
                return
            error = _("The person was left out: see %(place)s.") % {"place": describe_location(location)}
        if isinstance(error, WhoIsItError):
            self.questions.append(error)
        self.problems.append(Note(record.location, str(error), record.kind))

    # Comparing records

    def compare(self, kind: Kind) -> None:
        records = self.deduplicate(kind)
        if kind == Kind.PEOPLE:
            self.people.warn_look_alikes(records)
        pairs: Iterable[tuple[Record, Model | None]] = ((record, None) for record in records)
        if kind == Kind.DELEGATES:
            pairs = match_mandates(records, self.batch, self.finder, self.reject)
        for number, (record, row) in enumerate(pairs, 1):
            try:
                if kind != Kind.DELEGATES:
                    row = self.finder.find(record)
                if row is None:
                    self.add_row(record)
                elif record.kind == Kind.SOURCES and not record.id:
                    # A source that is found by its address or title tells no more than these.
                    self.append(record, RowDiff(record.kind, record.location, row, Action.UNCHANGED))
                else:
                    self.change_row(record, row)
            except RowError as error:
                self.reject(record, error)
            if not number % PROGRESS_EVERY:
                self.progress(kind, number, len(records))

    def deduplicate(self, kind: Kind) -> list[Record]:
        """Return the records of ``kind`` without repetitions; those that reuse an id are rejected."""
        seen: dict[Any, Record] = {}
        unique = []
        for record in self.batch.records[kind]:
            key = record.id or (kind == Kind.DELEGATES and _frozen(record.values)) or record.key
            earlier = seen.setdefault(key, record)
            place = {"place": describe_location(earlier.location)}
            if earlier is record:
                unique.append(record)
            elif not record.id or _statement(record) == _statement(earlier):
                self.warn(record, _("Said twice; taken once. See %(place)s.") % place)
            else:
                self.reject(record, _("The id has been used for something else: %(place)s.") % place)
        return unique

    def add_row(self, record: Record) -> None:
        model = KINDS[record.kind]
        row = model()
        if record.id and self.batch.is_own_export and issubclass(model, Period | Source | Confirmation | Observation):
            row.uid = parse_uid(record.id)
        elif model is Person and self.batch.is_own_export and record.id:
            row.public_id = public_id(record.id)
        if model is Source and not record.text("title"):
            record.values[translated_columns("title")[0]] = record.values["url"][:300]
        self.apply_values(row, record.values)
        validate(row)
        address = row.address_value() if isinstance(row, AddressedModel) else ""
        if address and address in self.on_record.retired(model):
            raise RowError(
                _(
                    "A record that was deleted or renamed had this address, and old links must not lead to another: "
                    "%(address)s. If it is the same record, undo its deletion."
                )
                % {"address": address}
            )
        if model is Parliament:
            self.on_record.parliaments[row.slug] = row
        diff = RowDiff(record.kind, record.location, row, Action.ADDED)
        self.attach_related(diff, record)
        self.append(record, diff)
        if isinstance(row, Person):
            self.people.warn_like_on_record(record)
            self.warn_of_names(record, row)
        if isinstance(row, Delegate):
            self.warn_of_mandate(record, row)

    def change_row(self, record: Record, row: Model) -> None:
        before = self.apply_values(row, record.values)
        if not row.pk:
            # The person of an earlier record, as the user has said.
            earlier = next(diff for diff in self.row_diffs[record.kind] if diff.row is row)
            self.attach_related(earlier, record)
            self.register(record, row)
            return
        try:
            if before:
                validate(row)
        except RowError:
            restore(row, before)
            raise
        action = Action.CHANGED if before else Action.UNCHANGED
        if isinstance(row, Period) and not before.get("ends") and not before.get("ended"):
            action = Action.ENDED if (before.keys() & {"ends", "ended"}) else action
        diff = RowDiff(record.kind, record.location, row, action, before)
        self.attach_related(diff, record)
        if action == Action.UNCHANGED and (diff.sources is not None or diff.identifiers or diff.former):
            diff.action = Action.CHANGED
        self.append(record, diff)
        if isinstance(row, Person) and before:
            self.warn_of_names(record, row)
        if isinstance(row, Delegate):
            if diff.action != Action.UNCHANGED:
                self.warn_of_mandate(record, row)
            if not self.batch.is_own_export and "ends" not in record.values and (row.end or row.ended):
                self.warn(record, _("On record the mandate has ended; the file does not say so."))

    def append(self, record: Record, diff: RowDiff) -> None:
        self.register(record, diff.row)
        self.row_diffs[record.kind].append(diff)

    def register(self, record: Record, row: Model) -> None:
        """Let other records refer to ``row`` by the key of ``record``."""
        self.finder.by_record_key[record.kind][record.key] = row
        if isinstance(row, Person):
            self.people.by_answer_key[record.answer_key] = row

    def apply_values(self, row: Model, values: dict[str, Any]) -> dict[str, Any]:
        """Set ``values`` on ``row``; return the old values of the columns that change."""
        values = {
            column: self.finder.resolve_reference(column, value) if column in REFERENCES else value
            for column, value in values.items()
        }
        before = {}
        for column, value in values.items():
            if column in REFERENCES:
                same = getattr(row, f"{column}_id") == (value.pk if value else None) and (not value or value.pk)
            else:
                same = getattr(row, column) == value
            if not same:
                before[column] = getattr(row, column) if row.pk else None
                setattr(row, column, value)
        return before

    def warn_of_names(self, record: Record, row: Person) -> None:
        for message in name_warnings(row):
            self.warn(record, message)

    def warn_of_mandate(self, record: Record, row: Delegate) -> None:
        self.warnings += mandate_warnings(record, row, self.on_record)

    # Sources, identifiers, former ids

    def attach_related(self, diff: RowDiff, record: Record) -> None:
        if record.sources is not None:
            self.attach_sources(diff, record)
        if record.kind == Kind.PEOPLE:
            self.people.attach_identifiers(diff, record)
        elif record.kind == Kind.PARLIAMENTS:
            self.attach_former_slugs(diff, record)

    def attach_sources(self, diff: RowDiff, record: Record) -> None:
        of_file = self.finder.by_record_key[Kind.SOURCES]
        wanted = [of_file[key] for key in record.sources if key in of_file]
        if len(wanted) < len(record.sources):
            self.warn(record, _("A source could not be read and was not kept."))
        known = self.on_record.sources_of(record.kind).get(diff.row.pk, set())
        if self.batch.is_own_export:
            if {source.pk for source in wanted} != known or not all(source.pk for source in wanted):
                diff.sources = wanted
            return
        # Other publishers do not know the documents that the secretariat has added: these stay.
        if new := [source for source in wanted if source.pk not in known]:
            diff.sources = [*(self.on_record.sources_by_key[key] for key in sorted(known)), *new]

    def attach_former_slugs(self, diff: RowDiff, record: Record) -> None:
        former_slugs = self.on_record.former_slugs
        for slug in record.former:
            is_free = slug in former_slugs or slug not in self.on_record.retired(Parliament)
            if slug in self.on_record.parliaments or not is_free or former_slugs.get(slug, diff.row) is not diff.row:
                self.warn(record, _("The former address “%(slug)s” is another parliament's.") % {"slug": slug[:80]})
            elif slug not in former_slugs:
                diff.former.append(slug)

    # Mandates that the file does not name

    def end_missing(self, day: date) -> None:
        """End the open mandates of the file's chambers that the file does not name."""
        of_file = self.finder.by_record_key[Kind.PEOPLE]
        self.exempt_people.update(
            person.pk for key in self.batch.exempt_people if (person := of_file.get(key)) and person.pk
        )
        mandates = self.row_diffs[Kind.DELEGATES]
        chambers = {diff.row.pk for diff in self.row_diffs[Kind.CHAMBERS]}
        chambers |= {diff.row.chamber_id for diff in mandates}
        chambers |= {row.pk for slug in self.batch.chambers if (row := self.on_record.chambers.get(slug))}
        named = {diff.row.pk for diff in mandates}
        for row in self.on_record.rows(Kind.DELEGATES).values():
            open_end = not row.end and not row.ended
            if row.chamber_id not in chambers or row.pk in named or not open_end:
                continue
            if row.person_id in self.exempt_people:
                continue
            diff = RowDiff(Kind.DELEGATES, "", row, Action.ENDED, {"ends": None})
            if row.start and row.start >= day:
                message = _("%(row)s: begins on or after the day and was not ended.") % {"row": diff.label}
                self.warnings.append(Note("", message, Kind.DELEGATES))
                continue
            row.ends = PartialDate(day)
            self.missing.append(diff)
        mandates += self.missing

    def reopen_missing(self, people: set[int]) -> bool:
        """Keep the missing mandates of ``people`` open; return whether there are any."""
        reopened = [diff for diff in self.missing if diff.row.person_id in people]
        for diff in reopened:
            diff.row.ends = None
        ids = set(map(id, reopened))
        self.missing = [diff for diff in self.missing if id(diff) not in ids]
        self.row_diffs[Kind.DELEGATES] = [diff for diff in self.row_diffs[Kind.DELEGATES] if id(diff) not in ids]
        return bool(reopened)

    # Overlaps

    def reject_overlaps(self, kind: Kind) -> None:
        """Leave out the rows that hold on a day on which another row of their line holds."""
        for guard in (rule for rule in KINDS[kind]._meta.constraints if isinstance(rule, NoOverlap)):
            self.reject_overlaps_of(kind, guard)

    def reject_overlaps_of(self, kind: Kind, guard: NoOverlap) -> None:
        changed = {id(diff.row): diff for diff in self.row_diffs[kind] if diff.action != Action.UNCHANGED}
        if not changed:
            return
        if kind == Kind.DELEGATES:
            self.end_earlier_neighbours(list(changed.values()), guard)
            changed = {id(diff.row): diff for diff in self.row_diffs[kind] if diff.action != Action.UNCHANGED}
        refused = find_overlaps(list(changed.values()), self.on_record.rows(kind).values(), guard)
        self.row_diffs[kind] = [diff for diff in self.row_diffs[kind] if id(diff.row) not in refused]
        reopened = kind == Kind.DELEGATES and self.reopen_missing({changed[key].row.person_id for key in refused})
        locations = {id(diff.row): diff.location for diff in self.row_diffs[kind]}
        for key, other in refused.items():
            location = locations.get(id(other), "")
            message = _("%(row)s: overlaps with %(period)s %(place)s") % {
                "row": changed[key].label,
                "period": period_label(other),
                "place": describe_location(location) if location else _("on record"),
            }
            self.problems.append(Note(changed[key].location, message, kind))
        if reopened:
            # An accepted row may overlap with a mandate that stays open.
            self.reject_overlaps_of(kind, guard)

    def end_earlier_neighbours(self, changed: list[RowDiff], guard: NoOverlap) -> None:
        """End mandates where the next one of the person begins, as the options say; else offer it.

        The offer has the place of the row that would be refused: of two new ones the second in the file.
        """
        diffs = {id(diff.row): diff for diff in self.row_diffs[Kind.DELEGATES]}
        order = {key: (not diff.row.pk, number) for number, (key, diff) in enumerate(diffs.items()) if diff.location}
        for earlier, later in find_neighbours(changed, self.on_record.rows(Kind.DELEGATES).values(), guard):
            refused = max(order.keys() & {id(earlier), id(later)}, key=order.__getitem__)
            location = diffs[refused].location
            place = str(location)
            if not {ALL, place} & set(self.end_earlier):
                self.neighbours.append(
                    Neighbours(place, describe_location(location), row_label(earlier), later.starts.iso)
                )
                continue
            diff = diffs.get(id(earlier))
            if diff is None:
                diff = RowDiff(Kind.DELEGATES, "", earlier, Action.UNCHANGED)
                self.row_diffs[Kind.DELEGATES].append(diff)
            if earlier.pk:
                diff.before.setdefault("ends", earlier.ends)
                diff.action = Action.ENDED
                if diff.before["ends"] == later.starts:
                    # As an earlier import of the file has ended it.
                    del diff.before["ends"]
                    diff.action = Action.CHANGED if diff.before or diff.sources is not None else Action.UNCHANGED
            message = _("%(row)s: ended on %(day)s, where the next mandate begins.")
            words = {"row": diff.label, "day": later.starts.iso}
            self.warnings.append(Note(diff.location, message % words, Kind.DELEGATES))
            earlier.ends = later.starts


def _frozen(values: dict[str, Any]) -> tuple:
    return tuple(sorted((name, str(value)) for name, value in values.items()))


def _statement(record: Record) -> tuple:
    return (record.values, record.sources, record.identifiers)
