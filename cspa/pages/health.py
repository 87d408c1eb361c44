"""Whether the site works: in a word for machines, and in full for the staff."""

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

from ..cache import replicas
from ..cache.page_cache import Pages, release, shelf


def health(request: HttpRequest) -> HttpResponse:
    """200 where the database answers, else 503; with ``?full`` staff learn the state of all parts (JSON)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        is_full = "full" in request.GET and admin.site.has_permission(request)
    except Exception:  # whatever is wrong with the database, the answer is the same
        return HttpResponse("database away\n", status=503, content_type="text/plain")
    if is_full:
        state = _state(request.META.get("cspa.pages"))
        return JsonResponse(state, json_dumps_params={"indent": 2}, headers={"Cache-Control": "no-store"})
    return HttpResponse("ok\n", content_type="text/plain")


def _state(pages: Pages | None) -> dict[str, Any]:
    """What is up, and what this process keeps."""
    kept = _said(lambda: _kept(pages)) if pages else "nothing: no pages are kept"
    return {
        "release": release(),
        "process": os.getpid(),
        "database": "up",
        "replicas": {alias: _said(lambda alias=alias: _replica(alias)) for alias in replicas.aliases()},
        "push_channel": _said(lambda: _channel(pages)) if pages else "not needed",
        "stamp_file": _said(_stamp),
        "shared_cache": _said(_shared_cache),
        "uploads": _said(_uploads),
        "pages": kept,
    }


def _said(answer: Callable[[], Any]) -> Any:
    """What it answers, or the kind of its error: its words may hold a password."""
    try:
        return answer()
    except Exception as error:  # of whichever engine
        return f"away ({type(error).__name__})"


def _replica(alias: str) -> str:
    """Numbers of versions are moments, in microseconds: those that a replica lacks say how long it has lagged."""
    there, here = replicas.numbers(alias), replicas.numbers(DEFAULT_DB_ALIAS)
    missing = [number for name, number in here.items() if there.get(name) != number]
    if not missing:
        return "up"
    return f"lags by {max(0.0, time.time() - min(missing) / 1_000_000):.1f} s"


def _channel(pages: Pages) -> str:
    pages.versions.current()
    return "up" if pages.versions.is_sure else "away: the numbers are read at each request"


def _stamp() -> str:
    file = Path(settings.STAMP_FILE)
    can_be_written = os.access(file if file.exists() else file.parent, os.W_OK)
    return "up" if can_be_written else "cannot be written: other processes of this machine are not told"


def _shared_cache() -> str:
    if shelf.cache is None:
        return "none"
    shelf.cache.get("healthz")
    return "up"


def _uploads() -> str:
    default_storage.exists("healthz")
    return "up"


def _kept(pages: Pages) -> dict[str, Any]:
    made = pages.times()
    return {
        "number": len(made),
        "megabytes": round(pages.kept.currsize / 1024 / 1024, 1),
        "made_since_the_start": pages.made,
        "oldest_in_seconds": round(time.time() - min(made)) if made else None,
    }
