"""What a file would change: its records compared with the directory, before anything is saved."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import columns, language_codes

from ..dates import PartialDate
from ..models import (
    AssemblyPost,
    Chamber,
    Confirmation,
    Delegate,
    FormerSlug,
    NoOverlap,
    Observation,
    Parliament,
    Period,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from .matching import PeopleOnRecord
from .readers.own_export import public_id
from .records import KINDS, REFERENCES, Batch, Note, Record, RowError, describe_location
from .validation import blocked_range, overlapping, peak_concurrency, restore, validate

ACTIONS = ADDED, CHANGED, ENDED, UNCHANGED = ("added", "changed", "ended", "unchanged")

type Progress = Callable[[str, int, int], None]


@dataclass(slots=True, eq=False)
class Change:
    """What becomes of one row."""

    kind: str
    location: int | str
    row: Model
    action: str
    before: dict[str, Any] = field(default_factory=dict)  # the columns that change, as they were
    sources: list[Source] | None = None  # where they change
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    former: list[Any] = field(default_factory=list)

    @property
    def label(self) -> str:
        row = self.row
        if isinstance(row, Person):
            return f"{row.public_name} ({row.public_id})" if row.public_id else str(row.public_name)
        if isinstance(row, Delegate):
            return f"{row.person.public_name}, {row.chamber.name}"
        if isinstance(row, Representative):
            return f"{row.person.public_name}, {row.parliament.label}"
        if isinstance(row, AssemblyPost):
            return f"{row.person.public_name}, {row.title}"
        return str(row)

    @property
    def details(self) -> list[str]:
        """The columns that change, with what they were and what they become; of a new row what it says."""
        if self.action == ADDED:
            details = self._of_new_row()
        else:
            details = [
                f"{_column(self.row, name)}: {_shown(old)} → {_shown(getattr(self.row, name))}"
                for name, old in self.before.items()
            ]
        if self.sources is not None:
            details.append(_("sources: %(titles)s") % {"titles": ", ".join(map(str, self.sources)) or "–"})
        details += [f"{scheme}: {identifier}" for scheme, identifier in self.identifiers]
        return details + [str(former) for former in self.former]

    def _of_new_row(self) -> list[str]:
        row = self.row
        details = [self.period] if isinstance(row, Period) else []
        if isinstance(row, Delegate):
            role = str(row.get_role_display()) if row.role != Delegate.Role.DELEGATE else ""
            details += [role, str(row.political_group), str(row.constituency)]
        return list(filter(None, details))

    @property
    def period(self) -> str:
        row = self.row
        return f"{row.starts or '?'} – {row.ends or ('?' if row.ended else '')}".rstrip()


def _column(row: Model, name: str) -> str:
    """What people call a column, with its language."""
    field = row._meta.get_field({"starts": "start", "ends": "end"}.get(name, name))
    languages = [code for code in language_codes() if name.endswith(to_attribute("", code))]
    return f"{field.verbose_name} ({languages[0]})" if languages else str(field.verbose_name)


def _shown(value: Any) -> str:
    return str(value) if value not in ("", None) else "–"


class Difference(PeopleOnRecord):
    """The changes that ``batch`` asks for, and what is to be said about its rows."""

    def __init__(self, batch: Batch, end_missing: date | None, progress: Progress):
        self.batch = batch
        self.end_missing = end_missing
        self.progress = progress
        self.problems = list(batch.problems)
        self.warnings = list(batch.warnings)
        self.changes: dict[str, list[Change]] = {kind: [] for kind in KINDS}
        self.found: dict[str, dict[str, Model]] = {kind: {} for kind in KINDS}  # by the keys of the file
        self.spared: set[int] = set()  # people of whom a row was left out: nothing of theirs is missing
        self.missing: list[Change] = []  # ends of mandates that the file does not name
        for kind in KINDS:
            if kind == "delegates" or batch.records[kind]:
                self.compare(kind)
        self.warn_over_quota()

    # One kind after the other

    def compare(self, kind: str) -> None:
        records = self.once(kind)
        if kind == "people":
            self.warn_look_alikes(records)
        pairs = self.mandates_on_record(records) if kind == "delegates" else ((row, None) for row in records)
        for number, (record, row) in enumerate(pairs, 1):
            try:
                self.consider(record, row)
            except RowError as error:
                self.leave_out(record, error)
            if not number % 500:
                self.progress(kind, number, len(records))
        if kind == "delegates" and self.end_missing:
            self.end_the_missing(self.end_missing)
        model = KINDS[kind]
        if guard := next((rule for rule in model._meta.constraints if isinstance(rule, NoOverlap)), None):
            self.refuse_overlaps(kind, guard)

    def once(self, kind: str) -> list[Record]:
        """The records of ``kind``; what is said twice counts once."""
        seen: dict[Any, Record] = {}
        kept = []
        for record in self.batch.records[kind]:
            said = (record.values, record.sources, record.identifiers)
            key = record.id or (kind == "delegates" and _frozen(record.values)) or record.key
            earlier = seen.setdefault(key, record)
            if earlier is record:
                kept.append(record)
            elif said == (earlier.values, earlier.sources, earlier.identifiers) or not record.id:
                self.warn(
                    record,
                    _("Said twice; taken once. See %(place)s.") % {"place": describe_location(earlier.location)},
                )
            else:
                self.leave_out(
                    record,
                    _("The id has been used for something else: %(place)s.")
                    % {"place": describe_location(earlier.location)},
                )
        return kept

    def consider(self, record: Record, row: Model | None) -> None:
        """Add the change that ``record`` asks for."""
        kind = record.kind
        if row is None:
            row = getattr(self, f"find_{kind}", self.find_by_uid)(record)
        if row is None:
            self.add(record)
        elif not record.id and kind == "sources":
            self.keep(record, row)  # a source that only its address or title names
        else:
            self.change(record, row)

    def add(self, record: Record) -> None:
        model = KINDS[record.kind]
        row = model()
        if record.id and self.batch.is_own_export and issubclass(model, Period | Source | Confirmation | Observation):
            row.uid = self.uid(record)
        elif model is Person and self.batch.is_own_export and record.id:
            row.public_id = public_id(record.id)
        if model is Source and not any(record.values.get(column) for column in columns("title")):
            record.values[columns("title")[0]] = record.values["url"][:300]
        self.put(row, record.values)
        validate(row)
        if model is Parliament:
            self.parliaments[row.slug] = row
        change = Change(record.kind, record.location, row, ADDED)
        self.connect(change, record)
        self.found[record.kind][record.key] = row
        self.changes[record.kind].append(change)
        self.warn_doubtful(record, row)

    def change(self, record: Record, row: Model) -> None:
        before = self.put(row, record.values)
        try:
            if before:
                validate(row)
        except RowError:
            restore(row, before)
            raise
        action = CHANGED if before else UNCHANGED
        if isinstance(row, Period) and not before.get("ends") and not before.get("ended"):
            action = ENDED if (before.keys() & {"ends", "ended"}) else action
        change = Change(record.kind, record.location, row, action, before)
        self.connect(change, record)
        if action == UNCHANGED and (change.sources is not None or change.identifiers or change.former):
            change.action = CHANGED
        self.found[record.kind][record.key] = row
        self.changes[record.kind].append(change)
        if isinstance(row, Delegate):
            if change.action != UNCHANGED:
                self.warn_doubtful(record, row)
            if not self.batch.is_own_export and "ends" not in record.values and (row.end or row.ended):
                self.warn(record, _("On record the mandate has ended; the file does not say so."))

    def keep(self, record: Record, row: Model) -> None:
        self.found[record.kind][record.key] = row
        self.changes[record.kind].append(Change(record.kind, record.location, row, UNCHANGED))

    def put(self, row: Model, values: dict[str, Any]) -> dict[str, Any]:
        """Give ``row`` the ``values``; returns what the changed columns were."""
        values = {
            column: self.target(column, value) if column in REFERENCES else value for column, value in values.items()
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

    def target(self, column: str, key: str | None) -> Model | None:
        """What ``column`` refers to: a record of the file, else a parliament or chamber on record."""
        if key is None:
            return None
        kind = REFERENCES[column]
        row = self.found[kind].get(key)
        if row is None and kind in ("parliaments", "chambers"):
            row = getattr(self, kind).get(key)
        if row is None:
            raise RowError(
                _("“%(name)s” refers to what is neither in the file nor on record: %(text)s")
                % {"name": column, "text": key[:80]}
            )
        return row

    def connect(self, change: Change, record: Record) -> None:
        """The sources, identifiers and former ids that come to the row."""
        row = change.row
        if record.sources is not None:
            wanted = [self.found["sources"][key] for key in record.sources if key in self.found["sources"]]
            if len(wanted) < len(record.sources):
                self.warn(record, _("A source could not be read and was not kept."))
            known = self.sources_on_record(record.kind).get(row.pk, set())
            # What only publishes members does not know every document that the secretariat has added.
            if not self.batch.is_own_export:
                wanted = [source for source in wanted if source.pk not in known]
                if wanted:
                    change.sources = [*(self.sources_by_key[key] for key in sorted(known)), *wanted]
            elif {source.pk for source in wanted} != known or not all(source.pk for source in wanted):
                change.sources = wanted
        if record.kind == "people":
            self.connect_person(change, record)
        elif record.kind == "parliaments":
            self.connect_parliament(change, record)

    # Parliaments, chambers, sources

    @cached_property
    def parliaments(self) -> dict[str, Parliament]:
        return {row.slug: row for row in Parliament.objects.all()}

    @cached_property
    def chambers(self) -> dict[str, Chamber]:
        return {row.slug: row for row in Chamber.objects.select_related("parliament")}

    @cached_property
    def former_slugs(self) -> dict[str, Parliament]:
        by_key = {row.pk: row for row in self.parliaments.values()}
        return {slug: by_key[key] for slug, key in FormerSlug.objects.values_list("slug", "parliament_id")}

    def find_parliaments(self, record: Record) -> Parliament | None:
        slug = record.values["slug"]
        if row := self.parliaments.get(slug):
            return row
        if row := self.former_slugs.get(slug):
            del record.values["slug"]  # the address has changed since
            return row
        country = record.values["country"]
        if other := next((row for row in self.parliaments.values() if row.country.code == country), None):
            raise RowError(_("The country is on record under another address: %(slug)s") % {"slug": other.slug})
        return None

    def connect_parliament(self, change: Change, record: Record) -> None:
        for slug in record.former:
            if slug in self.parliaments or self.former_slugs.get(slug, change.row) is not change.row:
                self.warn(record, _("The former address “%(slug)s” is another parliament's.") % {"slug": slug[:80]})
            elif slug not in self.former_slugs:
                change.former.append(slug)

    def find_chambers(self, record: Record) -> Chamber | None:
        row = self.chambers.get(record.values.get("slug", record.key))
        if row and record.values.get("parliament") is not None:
            parliament = self.target("parliament", record.values["parliament"])
            if row.parliament_id != parliament.pk:
                raise RowError(
                    _("The chamber belongs to another parliament: %(slug)s") % {"slug": row.parliament.slug}
                )
        return row

    @cached_property
    def sources_by_key(self) -> dict[int, Source]:
        return {row.pk: row for row in Source.objects.all()}

    @cached_property
    def sources_by_address(self) -> dict[str, list[Source]]:
        found = defaultdict(list)
        for row in sorted(self.sources_by_key.values(), key=lambda row: row.pk):
            for name in {row.url} if row.url else {getattr(row, column) for column in columns("title")} - {""}:
                found[name].append(row)
        return found

    def find_sources(self, record: Record) -> Source | None:
        if record.id:
            return self.find_by_uid(record)
        title = next((text for column in columns("title") if (text := record.values.get(column))), "")
        for row in self.sources_by_address.get(record.values["url"] or title, ()):
            same_title = not title or title in {getattr(row, column) for column in columns("title")}
            if same_title and record.values.get("date") in (None, row.date):
                return row
        return None

    # Dated rows

    def uid(self, record: Record) -> uuid.UUID:
        try:
            return uuid.UUID(record.id)
        except ValueError as error:
            raise RowError(_("“%(text)s” is no public id (UUID).") % {"text": record.id[:40]}) from error

    def find_by_uid(self, record: Record) -> Model | None:
        return self.rows(record.kind).get(self.uid(record))

    def rows(self, kind: str) -> dict[uuid.UUID, Model]:
        """The rows of ``kind`` on record, by public id."""
        if kind not in self._rows:
            rows = KINDS[kind].objects.all() if kind != "sources" else self.sources_by_key.values()
            if kind == "delegates" and not self.batch.is_own_export:
                rows = rows.filter(chamber__parliament__slug=self.batch.scope)
            self._rows[kind] = {row.uid: row for row in rows}
            for row in self._rows[kind].values():
                self.connect_on_record(row)
        return self._rows[kind]

    @cached_property
    def _rows(self) -> dict[str, dict[uuid.UUID, Model]]:
        return {}

    def connect_on_record(self, row: Model) -> None:
        """Hang the objects at hand under a row, which would else fetch its own."""
        for column, rows in (
            ("person", self.people_by_key),
            ("parliament", self.parliaments_by_key),
            ("chamber", self.chambers_by_key),
            ("source", self.sources_by_key),
        ):
            if key := getattr(row, f"{column}_id", None):
                setattr(row, column, rows[key])

    @cached_property
    def parliaments_by_key(self) -> dict[int, Parliament]:
        return {row.pk: row for row in self.parliaments.values()}

    @cached_property
    def chambers_by_key(self) -> dict[int, Chamber]:
        return {row.pk: row for row in self.chambers.values()}

    def sources_on_record(self, kind: str) -> dict[int, set[int]]:
        """The keys of the sources of each row on record."""
        if kind not in self._sources_on_record:
            model, found = KINDS[kind], defaultdict(set)
            rows = model.sources.through.objects.values_list(f"{model._meta.model_name}_id", "source_id")
            for row, source in rows.iterator():
                found[row].add(source)
            self._sources_on_record[kind] = found
        return self._sources_on_record[kind]

    @cached_property
    def _sources_on_record(self) -> dict[str, dict[int, set[int]]]:
        return {}

    def find_confirmations(self, record: Record) -> Confirmation | None:
        return self.once_a_day(record, _("This parliament's roster is already confirmed for this day."))

    def find_observations(self, record: Record) -> Observation | None:
        return self.once_a_day(record, _("Another page seen on this day speaks of this parliament."))

    def once_a_day(self, record: Record, refusal: str) -> Model | None:
        """Return the row with the record's id. Raises RowError if another row has its parliament and day."""
        row = self.find_by_uid(record)
        parliament = self.target("parliament", record.values["parliament"])
        days = [other for other in self.rows(record.kind).values() if other is not row]
        days += [change.row for change in self.changes[record.kind] if change.row is not row]
        if any(other.parliament is parliament and other.date == record.values["date"] for other in days):
            raise RowError(refusal)
        return row

    def mandates_on_record(self, records: list[Record]) -> list[tuple[Record, Delegate | None]]:
        """Each record with the mandate on record that it means, by public id or by person, chamber and dates."""
        pairs: dict[int, Delegate | None] = {}
        lines: dict[tuple[int, int], list[tuple[int, Record]]] = defaultdict(list)
        readable = []
        for number, record in enumerate(records):
            try:
                person = self.target("person", record.values["person"])
                chamber = self.target("chamber", record.values["chamber"])
                meant = self.mandate_by_uid(record, person, chamber)
            except RowError as error:
                self.leave_out(record, error)
                continue
            readable.append((number, record))
            pairs[number] = meant
            known_as_new = record.id and self.batch.is_own_export
            if meant is None and not known_as_new and person.pk and chamber.pk:
                lines[person.pk, chamber.pk].append((number, record))
        matched = {row.pk for row in pairs.values() if row}
        on_record = defaultdict(list)
        if lines:
            for row in self.rows("delegates").values():
                if row.pk not in matched:
                    on_record[row.person_id, row.chamber_id].append(row)
        for line, waiting in lines.items():
            rows = sorted(on_record[line], key=lambda row: (row.start or date.min, str(row.uid)))
            for meant in (_says_the_same, _starts_alike, _may_be):
                for number, record in waiting:
                    if pairs[number] is None:
                        row = next((row for row in rows if meant(record, row)), None)
                        if row:
                            pairs[number] = row
                            rows.remove(row)
        return [(record, pairs[number]) for number, record in readable]

    def mandate_by_uid(self, record: Record, person: Person, chamber: Chamber) -> Delegate | None:
        """The mandate on record with the record's id, which a foreign file may only give to the same person."""
        if not record.id:
            return None
        if self.batch.is_own_export:
            return self.find_by_uid(record)
        row = self.rows("delegates").get(self.uid(record))
        return row if row and row.person is person and row.chamber_id == chamber.pk else None

    def find_delegates(self, record: Record) -> None:
        """Nothing: ``mandates_on_record`` has looked before."""

    def end_the_missing(self, day: date) -> None:
        """End the mandates of the file's chambers that the file does not name."""
        self.spared.update(
            person.pk for key in self.batch.spared if (person := self.found["people"].get(key)) and person.pk
        )
        chambers = {change.row.pk for change in self.changes["chambers"]}
        chambers |= {change.row.chamber_id for change in self.changes["delegates"]}
        chambers |= {row.pk for slug in self.batch.chambers if (row := self.chambers.get(slug))}
        named = {change.row.pk for change in self.changes["delegates"]}
        for row in self.rows("delegates").values():
            open_end = not row.end and not row.ended
            if row.chamber_id not in chambers or row.pk in named or not open_end or row.person_id in self.spared:
                continue
            note = Note("", f"{row.person.public_name}, {row.chamber.name}", "delegates")
            if row.start and row.start >= day:
                message = _("%(row)s: begins on or after the day and was not ended.") % {"row": note.message}
                self.warnings.append(Note("", message, note.kind))
                continue
            row.ends = PartialDate(day)
            self.missing.append(Change("delegates", "", row, ENDED, {"ends": None}))
        self.changes["delegates"] += self.missing

    # Rules

    def refuse_overlaps(self, kind: str, guard: NoOverlap) -> None:
        """Leave out the rows that hold on a day on which another row of their line holds."""
        changes = [change for change in self.changes[kind] if change.action != UNCHANGED]
        if not changes:
            return
        asked = {id(change.row): change for change in changes}
        before = {key: change.before for key, change in asked.items()}
        line_of = {id(change.row): _line(change.row, guard.fields) for change in changes}
        touched = set(line_of.values())
        lines: dict[tuple, list[Period]] = defaultdict(list)
        for row in [*self.rows(kind).values(), *(change.row for change in changes if not change.row.pk)]:
            line = _line(row, guard.fields)
            if line in touched:
                lines[line].append(row)
        refused: dict[int, Period] = {}
        for rows in lines.values():
            if len(rows) > 1:
                refused |= overlapping(rows, before)
        self.changes[kind] = [change for change in self.changes[kind] if id(change.row) not in refused]
        if kind == "delegates":
            reopened = self.keep_open({asked[key].row.person_id for key in refused})
        places = {id(change.row): change.location for change in self.changes[kind]}
        for key, other in refused.items():
            change = asked[key]
            location = places.get(id(other), "")
            other_row = Change(kind, location, other, UNCHANGED)
            message = _("%(row)s: overlaps with %(period)s %(place)s") % {
                "row": change.label,
                "period": other_row.period,
                "place": describe_location(location) if location else _("on record"),
            }
            self.problems.append(Note(change.location, message, kind))
        if kind == "delegates" and reopened:
            self.refuse_overlaps(kind, guard)  # an accepted row may overlap with a mandate that stays open

    def keep_open(self, people: set[int]) -> bool:
        """Keep the missing mandates of these people open; return whether one of them had been ended."""
        ended = [change for change in self.missing if change.row.person_id in people]
        for change in ended:
            change.row.ends = None
        taken_back = {id(change) for change in ended}
        self.missing = [change for change in self.missing if id(change) not in taken_back]
        self.changes["delegates"] = [row for row in self.changes["delegates"] if id(row) not in taken_back]
        return bool(ended)

    def warn_doubtful(self, record: Record, row: Model) -> None:
        if isinstance(row, Person) and not row.pk:
            self.warn_like_on_record(record)
        if isinstance(row, Delegate):
            if not row.start and not row.end and not row.ended:
                self.warn(record, _("%(row)s: no dates.") % {"row": _label(row)})
            if not record.sources and not self.sources_on_record("delegates").get(row.pk):
                self.warn(record, _("%(row)s: no source.") % {"row": _label(row)})

    def warn_over_quota(self) -> None:
        """Say where the names outnumber the seats."""
        touched = {
            id(change.row.chamber): change.row.chamber
            for kind in ("delegates", "quotas")
            for change in self.changes[kind]
            if change.action != UNCHANGED
        }
        on_record = {chamber.pk for chamber in touched.values() if chamber.pk}
        quotas = [
            row
            for row in SeatQuota.objects.filter(chamber__in=on_record)
            if row.uid not in {change.row.uid for change in self.changes["quotas"]}
        ]
        for row in quotas:
            self.connect_on_record(row)
        quotas += [change.row for change in self.changes["quotas"] if id(change.row.chamber) in touched]
        if not quotas:
            return
        rows = {id(row): row for row in self.rows("delegates").values()}
        rows |= {id(change.row): change.row for change in self.changes["delegates"]}
        sitting = defaultdict(list)
        for row in rows.values():
            if row.fills_seat:
                sitting[id(row.chamber)].append(row)
        for quota in quotas:
            most = peak_concurrency(sitting[id(quota.chamber)], quota)
            if most > quota.seats:
                self.warnings.append(
                    Note(
                        "",
                        _("%(chamber)s: %(named)d people for %(seats)d seats.")
                        % {"chamber": quota.chamber, "named": most, "seats": quota.seats},
                        "quotas",
                    )
                )

    # Words

    def warn(self, record: Record, message: str) -> None:
        self.warnings.append(Note(record.location, message, record.kind))

    def leave_out(self, record: Record, error: RowError | str) -> None:
        person = self.found["people"].get(record.values.get("person") or "")
        if person and person.pk:
            self.spared.add(person.pk)
        self.problems.append(Note(record.location, str(error), record.kind))


def _frozen(values: dict[str, Any]) -> tuple:
    return tuple(sorted((name, str(value)) for name, value in values.items()))


def _label(row: Delegate) -> str:
    return Change("delegates", "", row, ADDED).label


def _line(row: Period, fields: Iterable[str]) -> tuple[int, ...]:
    return tuple(id(getattr(row, name)) for name in fields)


def _says_the_same(record: Record, row: Delegate) -> bool:
    return _starts_alike(record, row) and all(
        getattr(row, column) == value for column, value in record.values.items() if column not in REFERENCES
    )


def _starts_alike(record: Record, row: Delegate) -> bool:
    return record.values.get("starts") == row.starts


def _may_be(record: Record, row: Delegate) -> bool:
    """Whether the record tells the same mandate's start more or less exactly, and their periods meet."""
    start, end = record.values.get("starts"), record.values.get("ends")
    if start and row.starts and not (str(start).startswith(str(row.starts)) or str(row.starts).startswith(str(start))):
        return False
    first, until = blocked_range(row)
    last = (end.first if end.exact else end.after) if end else date.max
    return first < last and (start.first if start else date.min) < until
