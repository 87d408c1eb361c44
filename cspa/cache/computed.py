"""Computed values: what pages compute from rows is remembered while no table that was read for it has changed."""

import pickle
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from weakref import WeakValueDictionary

from cachetools import LRUCache

from cspa.db.snapshot import current_snapshot

from .replicas import stored_versions
from .versions import add_tables_read, tables_read, tracked_tables

# Bytes of the values of a process.
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Value:
    table_versions: dict[str, int]
    # Each caller gets an object of its own, which reads from the database what it reads later.
    pickled: bytes

    def is_of(self, numbers: dict[str, int]) -> bool:
        return all(numbers.get(table, 0) == number for table, number in self.table_versions.items())


_values: LRUCache[Hashable, _Value] = LRUCache(MAX_BYTES, getsizeof=lambda value: len(value.pickled))
_values_lock = Lock()
# Of the keys whose values are being computed.
_computing: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()


def computed[T](key: Callable[[], Hashable], compute: Callable[[], T]) -> T:
    """``compute()``, or the value of an earlier call with an equal ``key()`` if no table that it read has changed.

    The value must depend on the key and on rows alone. It is remembered within a snapshot (``cspa.db.snapshot``): its
    rows are those of its version numbers. Threads that need one value compute it once. Without a snapshot
    ``compute()`` is called each time, and ``key()`` never.
    """
    snapshot = current_snapshot()
    if snapshot is None:
        return compute()
    if snapshot.table_versions is None:
        snapshot.table_versions = stored_versions(snapshot.alias)
    numbers, name = snapshot.table_versions, key()
    with _values_lock:
        computing = _computing.setdefault(name, Lock())
    with computing:
        with _values_lock:
            value = _values.get(name)
        if value is None or not value.is_of(numbers):
            return _compute(name, numbers, compute)
    add_tables_read(value.table_versions)
    remembered: T = pickle.loads(value.pickled)  # noqa: S301  this process has written it
    return remembered


def _compute[T](name: Hashable, numbers: dict[str, int], compute: Callable[[], T]) -> T:
    with tables_read() as tables:
        result = compute()
    if tables <= tracked_tables():
        value = _Value({table: numbers.get(table, 0) for table in tables}, pickle.dumps(result))
        # LRUCache raises ValueError for what is larger than the whole of it.
        with _values_lock, suppress(ValueError):
            _values[name] = value
    return result
