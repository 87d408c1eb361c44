"""/healthz: a short answer for monitors, all states for staff."""

import json
import os
import re
from unittest import mock

import pytest
import time_machine
from django.conf import settings as configured
from django.db import OperationalError
from django.test import Client

from cspa.cache import replicas
from cspa.cache.keys import build_id
from news.models import Article

from ....support import factories
from ....support.page_cache import LIST, Reader
from ....support.replicas import Copy, rename

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cookie() -> str:
    """The session cookie of a staff user."""
    client = Client()
    client.force_login(factories.UserFactory(is_staff=True))
    return f"{configured.SESSION_COOKIE_NAME}={client.cookies[configured.SESSION_COOKIE_NAME].value}"


def state(reader: Reader, cookie: str) -> dict:
    answer = reader.get("/healthz?full", Cookie=cookie)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    return json.loads(answer.content)


def test_full_health_check_shows_states_and_ages_to_staff(reader: Reader, article: Article, cookie: str):
    configured.CHANGE_MARKER_FILE.touch()
    reader.get(LIST)
    reader.get("/en/")
    order = list(reader.site.pages)
    oldest = min(page.created_at for page in reader.site.pages.values())
    with time_machine.travel(oldest + 90, tick=False):
        seen = state(reader, cookie)
    assert seen["pages"].pop("oldest_in_seconds") == 90
    assert seen.pop("push_channel").startswith(("up", "down: the versions are read"))
    assert seen == {
        "build": build_id(),
        "process": os.getpid(),
        "database": "up",
        "replicas": {},
        "change_marker": "up",
        "shared_cache": "none",
        "uploads": "up",
        "worker": "gives no sign: imports of large files wait",
        "pages": {
            "number": 2,
            "megabytes": round(reader.site.pages.currsize / 1024 / 1024, 1),
            "rendered_since_start": 2,
        },
    }
    # The least recently used page has not changed.
    assert reader.site.pages.popitem()[0] == order[0]


def test_full_health_check_is_short_for_others(reader: Reader, client: Client):
    assert reader.get("/healthz?full").content == b"ok\n"
    assert reader.get("/healthz?full", **{"Cspa.Page-Cache": "x", "Cspa-Pages": "x"}).content == b"ok\n"
    client.force_login(factories.UserFactory(is_staff=False))
    assert client.get("/healthz?full").content == b"ok\n"
    client.force_login(factories.UserFactory(is_superuser=True))
    assert client.get("/healthz").content == b"ok\n"
    assert client.get("/healthz?full").json()["pages"] == "none: there is no page cache"


def test_services_that_are_down_are_named_without_details(reader: Reader, cookie: str, settings, tmp_path):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://:secret@127.0.0.1:1",
        }
    }
    settings.CHANGE_MARKER_FILE = tmp_path / "gone" / "change-marker"
    with (
        mock.patch("cspa.pages.health.default_storage.exists", side_effect=ConnectionError("secret")),
        mock.patch("cspa.cache.versions.VersionTracker.current", side_effect=OperationalError("secret")),
        mock.patch("cspa.cache.page_cache.PageCache.creation_times", side_effect=RuntimeError("secret")),
    ):
        seen = state(reader, cookie)
    assert "secret" not in str(seen)
    assert seen["shared_cache"] == "down (ConnectionError)"
    assert seen["change_marker"].startswith("cannot be written")
    assert seen["uploads"] == "down (ConnectionError)"
    assert seen["push_channel"] == "down (OperationalError)"
    assert seen["pages"] == "down (RuntimeError)"


def test_database_down_answers_503_to_staff_too(reader: Reader, cookie: str):
    with mock.patch("django.db.backends.base.base.BaseDatabaseWrapper.cursor", side_effect=OperationalError):
        assert reader.get("/healthz?full", Cookie=cookie).status_code == 503
        assert reader.get("/healthz?full").content == b"database down\n"


@pytest.fixture
def replicated(copies: list[Copy], article: Article) -> list[Copy]:
    for copy in copies:
        copy.follow()
    return copies


@pytest.mark.both_databases("cspa.cache.replicas")
def test_replicas_that_lag_or_are_down_are_reported(reader: Reader, replicated: list[Copy], cookie: str):
    assert state(reader, cookie)["replicas"] == {"replica1": "up", "replica2": "up"}
    rename("Another title")
    replicated[1].follow()
    found = state(reader, cookie)["replicas"]
    assert found["replica2"] == "up"
    assert re.fullmatch(r"lags by \d+\.\d s", found["replica1"])
    with mock.patch.object(replicas, "stored_versions", side_effect=OperationalError("secret")):
        assert state(reader, cookie)["replicas"]["replica1"] == "down (OperationalError)"
