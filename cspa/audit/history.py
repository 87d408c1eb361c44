"""The recorded history of one row."""

from collections.abc import Iterator

from django.db import models

from ..models import RowChange
from .snapshots import Snapshot, snapshots


def latest_change(row: models.Model) -> RowChange | None:
    return RowChange.objects.of(row).select_related("entry__user").order_by("-pk").first()


def history_of(row: models.Model) -> Iterator[tuple[RowChange | None, Snapshot | None]]:
    """The recorded changes of ``row``, newest first, each with the snapshot after it; then None with the first one.

    The snapshot is None if the row did not exist. An unrecorded change is part of the next recorded one.
    """
    snapshot = snapshots(type(row), [row.pk]).get(row.pk)
    for change in RowChange.objects.of(row).select_related("entry__user").order_by("-pk"):
        yield change, snapshot
        snapshot = change.undone(snapshot)
    if snapshot is not None:
        yield None, snapshot
