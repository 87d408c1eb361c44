"""Shared fixtures. Tests run with the default settings of production, but over plain HTTP.

DATABASE_URL selects the database, by default SQLite; DEBUG=1 serves static files that were not collected.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import django
import pytest
import time_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
os.environ.setdefault("SECRET_KEY", "a key of the tests, long enough and with no secret behind it")
os.environ.setdefault("SECURE_SSL_REDIRECT", "0")

from .support import generated  # noqa: F401  the profile of the property tests


def pytest_configure() -> None:
    """Set up Django here, because pytest-django looks for the settings before this file sets their variables.

    A garbage collection threshold of 200,000 objects instead of 2,000 saves a twentieth of the suite's CPU time.
    """
    gc.set_threshold(200_000, 50, 100)
    django.setup()


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """The test database. The first worker migrates its own and saves a template, which the other workers copy."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        from django.db import connection

        if connection.vendor == "sqlite" and any(item.get_closest_marker("browser") for item in request.session.items):
            # In memory, the threads of the server share a connection. One that holds Python's lock may wait for that
            # of the connection, whose holder waits for Python's.
            connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        request.getfixturevalue("django_db_setup")
        yield
        return
    from .support.databases import Template

    template = Template(tmp_path_factory.getbasetemp().parent)
    with template.locked(), django_db_blocker.unblock():
        if is_first := not template.exists():
            request.getfixturevalue("django_db_setup")
            template.make()
        else:
            with template.instead_of_migrate():
                request.getfixturevalue("django_db_setup")
    yield
    if is_first:
        with template.locked(), django_db_blocker.unblock():
            template.drop()


@pytest.fixture(scope="session", autouse=True)
def _quick_and_clean(tmp_path_factory):
    """Settings of the run: a fast password hasher, temporary folders, and a cache in the memory of the process.

    WhiteNoise looks up static files on request. Otherwise each test client scans all of them, which took half of the
    time of the suite.
    """
    from django.test import override_settings

    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        MEDIA_ROOT=tmp_path_factory.mktemp("media"),
        IMPORTS_DIR=tmp_path_factory.mktemp("imports"),
        CHANGE_MARKER_FILE=tmp_path_factory.mktemp("marker") / "change-marker",
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _sequences_begin_anew():
    """Reset the sequences of countries and names, so that a test does not depend on earlier tests.

    Forms reject the unassigned codes at the end of the countries, and the similarity of names depends on the numbers
    in them.
    """
    from .support.factories import ParliamentFactory, PersonFactory

    ParliamentFactory.reset_sequence(force=True)
    PersonFactory.reset_sequence(force=True)


@pytest.fixture(autouse=True)
def _default_language_first():
    """Deactivate the language that a request of an earlier test left active in the thread."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _begins_at_noon(request) -> Iterator[None]:
    """Start each test at noon of yesterday, so that no day ends while the test runs.

    Yesterday, because other processes have the real clock and must not see the rows of a test in their future. Browser
    tests keep the real clock, because the browser has it too.
    """
    if request.node.get_closest_marker("browser"):
        yield
        return
    from django.utils import timezone

    yesterday = timezone.localtime() - timedelta(days=1)
    with time_machine.travel(yesterday.replace(hour=12, minute=0, second=0)):
        yield


@pytest.fixture(autouse=True)
def _sessions_are_written_once(request, monkeypatch):
    """Disable the repeated save of a session after a minute, so that the query counts of slow tests do not change.

    Tests with a ``clock`` keep the real interval.
    """
    if "clock" not in request.fixturenames:
        monkeypatch.setattr("cspa.auth.sessions.LAST_SEEN_PRECISION", float("inf"))


@pytest.fixture
def administrator(client):
    """A client signed in as a superuser. An exception in a view is a response with status 500, as on the site."""
    from .support.factories import UserFactory

    client.force_login(UserFactory(is_superuser=True))
    client.raise_request_exception = False
    return client


@pytest.fixture
def secretary(client):
    """A client signed in as a delegation secretary."""
    from django.contrib.auth.models import Group

    from cspa.auth.groups import SECRETARIES

    from .support.factories import UserFactory

    user = UserFactory(username="me")
    user.groups.add(Group.objects.get(name=SECRETARIES))
    client.force_login(user)
    client.raise_request_exception = False
    return client


@pytest.fixture
def chamber(db):
    from .support.factories import ChamberFactory

    return ChamberFactory(name_en="House of Representatives", name_ru="Палата представителей")


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of sample files that SAMPLE_DATA names."""
    folder = os.environ.get("SAMPLE_DATA", "").strip()
    if not folder:
        pytest.skip("SAMPLE_DATA is not set: it names the folder of sample files")
    return Path(folder).resolve(strict=True)


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker) -> Iterator:
    """Database access for fixtures of a module. Their rows are committed, and deleted after the module."""
    from django.core.management import call_command
    from django.utils import translation

    from .support.factories import ParliamentFactory

    ParliamentFactory.reset_sequence(force=True)
    translation.deactivate()
    yield django_db_blocker
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, which resolves no host but 127.0.0.1."""
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop of its own in this thread.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--disable-gpu",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(django_db_setup):
    """The WSGI application on a real port, without Django's static files handler: WhiteNoise serves the files."""
    from django.test.testcases import LiveServerThread

    # The database is a file, or PostgreSQL: each thread has connections of its own.
    thread = LiveServerThread("127.0.0.1", lambda application: application, {})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL server that the tests of the module may stop."""
    from .support.servers import Cluster

    if not os.environ.get("DATABASE_URL"):
        pytest.skip("runs beside the tests of PostgreSQL")
    folder = Path(tempfile.mkdtemp(suffix="-pg"))
    cluster = Cluster(folder)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def database(cluster, tmp_path: Path) -> str:
    """The URL of a database on ``cluster``, filled with the seed."""
    from .support.servers import Machine, fill

    with cluster.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    fill(Machine(tmp_path / "filling", cluster.url))
    return cluster.url
