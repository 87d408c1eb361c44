"""The audit log: which rows each change set changed, and undoing a change set as a whole.

Within ``record_changes()`` the rows of registered models are read before they are written and again at the end.
What differs is recorded, whichever code wrote it: ``save()``, ``update()`` or ``bulk_create()``. Changes outside of
it (fixtures, a shell) are not recorded; they become part of the next recorded change of the row.

Applications register their models in ``AppConfig.ready()``. Code that writes past ``save()`` and ``delete()`` calls
``snapshot_before()`` or ``mark_created()`` itself. ``cspa.models`` has the tables, ``cspa.backoffice.audit_log`` the
admin page.
"""

from .history import history_of, latest_change
from .recorder import WRITE_LOCK, flush, mark_created, record_changes, snapshot_before
from .registry import registered_models
from .signals import register, register_reverse_m2m
from .snapshots import BATCH, Snapshot, apply_m2m, apply_snapshot, blank_snapshot, snapshots
from .undo import UndoError, undo

__all__ = [
    "BATCH",
    "WRITE_LOCK",
    "Snapshot",
    "UndoError",
    "apply_m2m",
    "apply_snapshot",
    "blank_snapshot",
    "flush",
    "history_of",
    "latest_change",
    "mark_created",
    "record_changes",
    "register",
    "register_reverse_m2m",
    "registered_models",
    "snapshot_before",
    "snapshots",
    "undo",
]
