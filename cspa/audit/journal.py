"""The journal: what the office changes, as entries that can be looked at and undone as a whole.

Within ``entry()`` the rows of followed models are read before they are written and once more at the end; what differs
is recorded, whatever wrote it. What nobody of the office does (fixtures, a shell) is no entry.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from itertools import batched
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, connection, models, transaction
from django.db.models.deletion import ProtectedError, RestrictedError
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save
from django.utils.translation import gettext as _

from ..models import Change, Entry, User

BATCH = 500  # rows a query
LOCK = 20061116  # of PostgreSQL, held by the one who writes

type State = dict[str, Any]  # column or connection -> JSON value

_followed: dict[type[models.Model], frozenset[str]] = {}
_dependent: set[type[models.Model]] = set()
_open: ContextVar["Recorder | None"] = ContextVar("journal", default=None)


class Refused(Exception):  # noqa: N818  reads as what happened to the undoing
    """An entry cannot be undone, for these reasons; nothing was changed."""

    def __init__(self, reasons: list[str]):
        super().__init__(*reasons)
        self.reasons = reasons


# What is followed


def follow(*followed: type[models.Model], leave_out: Iterable[str] = (), dependent: bool = False) -> None:
    """Record the changes of these models, except of the columns in ``leave_out``.

    ``dependent``: their rows come and go with others, so that only the changes of a row that stays are recorded.
    """
    for model in followed:
        _followed[model] = frozenset(leave_out)
        if dependent:
            _dependent.add(model)
        for signal, receiver in (
            (pre_save, _before_saving),
            (post_save, _after_saving),
            (pre_delete, _before_deleting),
        ):
            signal.connect(receiver, sender=model, dispatch_uid=f"journal.{model._meta.label}")
        for relation in model._meta.local_many_to_many:
            through = relation.remote_field.through
            m2m_changed.connect(_before_connecting, sender=through, dispatch_uid=f"journal.{through._meta.label}")


def followed() -> list[type[models.Model]]:
    """The models whose changes are recorded, those that others point at first."""
    return sorted(_followed, key=lambda model: (_depth(model), model._meta.label))


@cache
def _depth(model: type[models.Model]) -> int:
    others = {field.related_model for field in model._meta.concrete_fields if field.is_relation} - {model}
    return 1 + max((_depth(other) for other in others if other in _followed), default=0)


@cache
def columns(model: type[models.Model]) -> list[models.Field]:
    """The columns that are recorded: not the key, nor what is computed from others."""
    computed = model.derived() if hasattr(model, "derived") else ()
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.generated or field.name in _followed.get(model, ()))
        and (field.editable or field.name not in computed)
    ]


def states(model: type[models.Model], keys: Iterable[int]) -> dict[int, State]:
    """What the rows of ``model`` with these primary keys say, as JSON values; those that are there."""
    found: dict[int, State] = {}
    names = {field.attname: field.name for field in columns(model)}
    for batch in batched(keys, BATCH):
        for row in model._base_manager.filter(pk__in=batch).values("pk", *names):
            key = row.pop("pk")
            found[key] = {names[attname]: _plain(value) for attname, value in row.items()}
        for relation in model._meta.local_many_to_many:
            for state in (found[key] for key in batch if key in found):
                state[relation.name] = []
            own, other = f"{relation.m2m_field_name()}_id", f"{relation.m2m_reverse_field_name()}_id"
            rows = relation.remote_field.through._base_manager.filter(**{f"{own}__in": batch})
            for key, connected in rows.order_by(other).values_list(own, other):
                if key in found:
                    found[key][relation.name].append(connected)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def put(row: models.Model, state: State) -> dict[str, list[int]]:
    """Give ``row`` the columns of ``state``, without saving it; the connections, which need a saved row, come back.

    Columns that the model no longer has are left out.
    """
    connections = {}
    for name, value in state.items():
        try:
            field = row._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        if field.many_to_many:
            connections[name] = value
        else:
            setattr(row, field.attname, value if field.is_relation else field.to_python(value))
    return connections


def connect(row: models.Model, connections: dict[str, list[int]]) -> None:
    """Give ``row`` these connections, as far as the other ends are still there."""
    for name, keys in connections.items():
        others = row._meta.get_field(name).related_model._base_manager
        getattr(row, name).set(others.filter(pk__in=keys))


# Recording


class Recorder:
    """The entry that is being written."""

    def __init__(self, **values: Any):
        self.entry = Entry(**values)
        self.before: dict[type[models.Model], dict[int, State | None]] = {}

    def touch(self, model: type[models.Model], keys: Iterable[int]) -> None:
        """Remember the rows with these keys as they are; for those who write past ``save()`` and ``delete()``."""
        if model not in _followed:
            return
        known = self.before.setdefault(model, {})
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            known.update(states(model, new))

    def add(self, model: type[models.Model], keys: Iterable[int]) -> None:
        """Remember that the rows with these keys are new."""
        known = self.before.setdefault(model, {})
        for key in keys:
            known.setdefault(key, None)

    def write(self) -> None:
        """Record what differs by now, and forget what was remembered."""
        changes = list(self._changes())
        self.before.clear()
        if changes:
            if self.entry.pk is None:
                self.entry.save()
            Change.objects.bulk_create(changes, batch_size=4 * BATCH)

    def _changes(self) -> Iterator[Change]:
        for model, rows in self.before.items():
            kind = ContentType.objects.get_for_model(model)
            for batch in batched(rows, BATCH):
                now = states(model, [key for key in batch if rows[key] is not None])
                new = [key for key in batch if rows[key] is None]
                if new:  # what they say is not recorded
                    now |= {key: {} for key in model._base_manager.filter(pk__in=new).values_list("pk", flat=True)}
                for key in batch:
                    old, new = rows[key], now.get(key)
                    if old != new and (model not in _dependent or (old and new)):
                        action, before, after = _difference(model, old, new)
                        yield Change(
                            entry=self.entry,
                            content_type=kind,
                            object_id=key,
                            action=action,
                            before=before,
                            after=after,
                        )


def _difference(
    model: type[models.Model], old: State | None, new: State | None
) -> tuple[str, State | None, State | None]:
    """A new row needs no state: it is what is there, less the later changes.

    ``recorded_together`` of a model are groups of columns that mean one thing.
    """
    if old is None:
        return Change.Action.ADDED, None, None
    if new is None:
        return Change.Action.DELETED, old, None
    names = {name for name in old if old[name] != new[name]}
    for together in getattr(model, "recorded_together", ()):
        if names.intersection(together):
            names.update(together)
    return Change.Action.CHANGED, {name: old[name] for name in names}, {name: new[name] for name in names}


@contextmanager
def entry(kind: str, user: User | None = None, reason: str = "", **values: Any) -> Iterator[Recorder]:
    """What is written within is one entry of the journal, saved with all of it or not at all.

    Within another entry it is part of that one. One at a time writes: whoever waited sees what the other has saved, so
    that a form can be compared with the record, and an import with what it showed.
    """
    if outer := _open.get():
        yield outer
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite lets in one writer by itself
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        recorder = Recorder(kind=kind, user=user, reason=reason, **values)
        token = _open.set(recorder)
        try:
            yield recorder
            if not transaction.get_rollback():
                recorder.write()
        finally:
            _open.reset(token)


def touch(model: type[models.Model], keys: Iterable[int]) -> None:
    """As ``Recorder.touch``, for code that may run outside of an entry."""
    if recorder := _open.get():
        recorder.touch(model, keys)


def add(model: type[models.Model], keys: Iterable[int]) -> None:
    """As ``Recorder.add``, for code that may run outside of an entry."""
    if recorder := _open.get():
        recorder.add(model, keys)


def write() -> None:
    """Record what was changed so far, so that a long import need not remember all of it."""
    if recorder := _open.get():
        recorder.write()


def _before_saving(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    if instance.pk is not None:
        touch(sender, [instance.pk])


def _after_saving(sender: type[models.Model], instance: models.Model, created: bool, **kwargs: Any) -> None:
    if created:
        add(sender, [instance.pk])


def _before_deleting(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    touch(sender, [instance.pk])
    # Django sends no signal when it deletes connections of other rows to this one, or sets their keys to null.
    for relation in sender._meta.related_objects:
        if relation.many_to_many or relation.on_delete is models.SET_NULL:
            others = relation.related_model._base_manager.filter(**{relation.field.name: instance.pk})
            touch(relation.related_model, others.values_list("pk", flat=True))


def _before_connecting(
    instance: models.Model, action: str, reverse: bool, model: type, pk_set: set[int] | None, **kwargs: Any
) -> None:
    """Of the model that has the connection; ``reverse``: it was asked for from the other end."""
    if not action.startswith("pre_"):
        return
    if reverse:
        touch(model, pk_set or ())
    else:
        touch(type(instance), [instance.pk])


# Looking back


def newest(row: models.Model) -> Change | None:
    """The last recorded change of ``row``, with the account of who made it."""
    return Change.objects.of(row).select_related("entry__user").order_by("-pk").first()


def states_of(row: models.Model) -> Iterator[tuple[Change | None, State | None]]:
    """Each recorded change of ``row`` with what it left behind, the newest first; at last what was there before all.

    The state is None where the row was not there. What was changed outside of the journal is part of the next change.
    """
    state = states(type(row), [row.pk]).get(row.pk)
    for change in Change.objects.of(row).select_related("entry__user").order_by("-pk"):
        yield change, state
        state = change.undone(state)
    if state is not None:
        yield None, state


# Undoing


def undo(entry_: Entry, user: User | None, reason: str = "") -> Entry:
    """Make all rows of ``entry_`` what they were before it; itself an entry, which can be undone.

    Refused where somebody has changed the same since, or something else rests on what would go.
    """
    try:
        with entry(Entry.Kind.UNDO, user, reason, undoes=entry_) as recorder:
            work = _Undoing(entry_)
            if work.reasons:
                raise Refused(work.reasons)
            work.write(recorder)
    except (ProtectedError, RestrictedError) as error:
        used = getattr(error, "protected_objects", None) or getattr(error, "restricted_objects", ())
        raise Refused([_("Something else rests on it: %(row)s.") % {"row": row} for row in list(used)[:20]]) from error
    except IntegrityError as error:
        raise Refused([_("It would contradict what is recorded today: %(why)s") % {"why": error}]) from error
    return recorder.entry


class _Undoing:
    """What has to be written so that an entry is undone."""

    def __init__(self, entry_: Entry):
        self.reasons: list[str] = []
        self.added: dict[type[models.Model], set[int]] = {}
        self.back: dict[type[models.Model], dict[int, State]] = {}  # was deleted
        self.changed: dict[type[models.Model], dict[int, State]] = {}
        now: dict[type[models.Model], dict[int, State]] = {}
        for (kind, key), changes in _by_row(entry_).items():
            model = ContentType.objects.get_for_id(kind).model_class()
            if model not in _followed:
                self.reasons.append(_("Records of this kind no longer exist."))
                continue
            first, last = changes[0], changes[-1]
            if first.action == Change.Action.ADDED:
                self.added.setdefault(model, set()).add(key)
            elif last.action == Change.Action.DELETED:
                before = {**last.before}
                for change in reversed(changes[:-1]):
                    before |= change.before
                self.back.setdefault(model, {})[key] = before
            else:
                before, after = {}, {}
                for change in changes:
                    before = {**change.before, **before}
                    after |= change.after
                self.changed.setdefault(model, {})[key] = before
                now.setdefault(model, {})[key] = after
        self._refuse_what_is_newer(entry_, now)

    def _refuse_what_is_newer(self, entry_: Entry, written: dict[type[models.Model], dict[int, State]]) -> None:
        for model, rows in written.items():
            there = states(model, rows)
            for key, after in rows.items():
                present = there.get(key)
                if present is None and model in _dependent:
                    continue
                if present is None:
                    self._refuse(model, key, _("no longer there"))
                elif any(present.get(name, value) != value for name, value in after.items()):
                    self._refuse(model, key, _("changed since"))
        for model, keys in self.added.items():
            there = set()
            for batch in batched(keys, BATCH):
                there.update(model._base_manager.filter(pk__in=batch).values_list("pk", flat=True))
                kind = ContentType.objects.get_for_model(model)
                later = Change.objects.filter(content_type=kind, object_id__in=batch, entry_id__gt=entry_.pk)
                for key in set(later.values_list("object_id", flat=True)) & there:
                    if _has_changed_since(model(pk=key), entry_):
                        self._refuse(model, key, _("changed since"))
        for model, rows in self.back.items():
            for key in states(model, rows):
                self._refuse(model, key, _("there again"))

    def _refuse(self, model: type[models.Model], key: int, why: str) -> None:
        row = model._base_manager.filter(pk=key).first()
        name = f"{model._meta.verbose_name} “{row}”" if row else f"{model._meta.verbose_name} {key}"
        self.reasons.append(f"{name}: {why}.")

    def write(self, recorder: Recorder) -> None:
        order = followed()
        rows = {model: model._base_manager.in_bulk(self.changed.get(model, ())) for model in order}
        for model in order:
            keys = [*self.changed.get(model, ()), *self.added.get(model, ())]
            recorder.touch(model, keys)
            if hasattr(model, "make_way"):
                model.make_way(keys)
        for model in order:
            for key, state in self.back.get(model, {}).items():
                row = model(pk=key)
                connections = put(row, state)
                row.save(force_insert=True)
                connect(row, connections)
        for model in order:
            for key, row in rows[model].items():
                connections = put(row, self.changed[model][key])
                row.save()
                connect(row, connections)
        for model in reversed(order):
            for batch in batched(self.added.get(model, ()), BATCH):
                model._base_manager.filter(pk__in=batch).delete()


def _has_changed_since(row: models.Model, entry_: Entry) -> bool:
    """Whether ``row`` is another than ``entry_`` left it; what was changed and changed back does not count."""
    past = list(states_of(row))
    return past[0][1] != next(state for change, state in past if change and change.entry_id == entry_.pk)


def _by_row(entry_: Entry) -> dict[tuple[int, int], list[Change]]:
    rows: dict[tuple[int, int], list[Change]] = {}
    for change in entry_.changes.order_by("pk").iterator(BATCH):
        rows.setdefault((change.content_type_id, change.object_id), []).append(change)
    return rows
