"""Health check: a status code for monitoring, and the state of each component for staff."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from delegations.file_imports import folder

from ..cache import replicas
from ..cache.keys import build_id
from ..cache.page_cache import PageCache
from ..cache.shared_cache import shared_cache


def health(request: HttpRequest) -> HttpResponse:
    """200 if the database answers, else 503; with ``?full`` staff get the state of each component as JSON."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        is_full = "full" in request.GET and admin.site.has_permission(request)
    # Any error counts as a failure of the database.
    except Exception:
        return HttpResponse("database down\n", status=503, content_type="text/plain")
    if is_full:
        state = _state(request.META.get("cspa.page_cache"))
        return JsonResponse(state, json_dumps_params={"indent": 2}, headers={"Cache-Control": "no-store"})
    return HttpResponse("ok\n", content_type="text/plain")


def _state(page_cache: PageCache | None) -> dict[str, Any]:
    cached = _result(lambda: _cached_pages(page_cache)) if page_cache else "none: there is no page cache"
    return {
        "build": build_id(),
        "process": os.getpid(),
        "database": "up",
        "replicas": {alias: _result(lambda alias=alias: _replica(alias)) for alias in replicas.replica_aliases()},
        "push_channel": _result(lambda: _channel(page_cache)) if page_cache else "not needed",
        "change_marker": _result(_change_marker),
        "shared_cache": _result(_shared_cache),
        "uploads": _result(_uploads),
        "worker": _result(_worker),
        "pages": cached,
    }


def _result(check: Callable[[], Any]) -> Any:
    """Result of ``check``, or the type of its error; the message is left out, since it may hold a password."""
    try:
        return check()
    # Each backend raises its own errors.
    except Exception as error:
        return f"down ({type(error).__name__})"


def _replica(alias: str) -> str:
    """State of a replica, with its lag. The lag follows from the oldest missing version, a time in microseconds."""
    replica, primary = replicas.stored_versions(alias), replicas.stored_versions(DEFAULT_DB_ALIAS)
    missing = [number for name, number in primary.items() if replica.get(name) != number]
    if not missing:
        return "up"
    return f"lags by {max(0.0, time.time() - min(missing) / 1_000_000):.1f} s"


def _channel(page_cache: PageCache) -> str:
    page_cache.versions.current()
    return "up" if page_cache.versions.hears_changes else "down: the versions are read at each request"


def _change_marker() -> str:
    file = Path(settings.CHANGE_MARKER_FILE)
    can_be_written = os.access(file if file.exists() else file.parent, os.W_OK)
    return "up" if can_be_written else "cannot be written: other processes of this machine are not told"


def _shared_cache() -> str:
    if shared_cache.backend is None:
        return "none"
    shared_cache.backend.get("healthz")
    return "up"


def _uploads() -> str:
    default_storage.exists("healthz")
    return "up"


def _worker() -> str:
    return "up" if folder.is_recent(folder.worker_seen_at()) else "gives no sign: imports of large files wait"


def _cached_pages(page_cache: PageCache) -> dict[str, Any]:
    created = page_cache.creation_times()
    return {
        "number": len(created),
        "megabytes": round(page_cache.pages.currsize / 1024 / 1024, 1),
        "rendered_since_start": page_cache.render_count,
        "oldest_in_seconds": round(time.time() - min(created)) if created else None,
    }
