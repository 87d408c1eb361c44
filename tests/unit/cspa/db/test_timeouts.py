"""Waiting for the database: a page of the office never waits for a writer, and a server that hangs is given up."""

import os
import signal
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError, connection, connections
from django.test import Client
from django.utils import timezone

from cspa.auth import sessions
from cspa.auth.session_store import SessionStore
from cspa.db.bounded_connection import BoundedConnection
from cspa.db.timeouts import IDLE_SECONDS, LOCK_SECONDS, STATEMENT_SECONDS, limit_waiting, write_without_waiting
from cspa.env import env_database
from news.models import Article, Topic

from ....support.admin_forms import MODELS, page
from ....support.page_cache import LIST, Reader
from ....support.writers import write_lock

pytestmark = pytest.mark.django_db(transaction=True)

sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no lock of the whole database")
postgres_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")


def database() -> str:
    return str(connection.settings_dict["NAME"])


@sqlite_only
def test_pages_of_the_office_are_shown_while_another_connection_writes(administrator: Client, monkeypatch):
    monkeypatch.setattr(sessions, "LAST_SEEN_PRECISION", 60)
    rows = {name: make(1) for name, make in MODELS.items()}
    addresses = [page("index"), *(page(f"{name}_changelist") for name in rows)]
    # Of these two, MODELS makes the rows that belong to them.
    others = {"delegations_parliament", "delegations_chamber"}
    addresses += [page(f"{name}_change", made[0].pk) for name, made in rows.items() if name not in others]
    addresses.append(page("delegations_chamber_change", rows["delegations_chamber"][0].chamber.pk))
    addresses += [page("news_article_delete", rows["news_article"][0].pk), page("cspa_user_add")]
    seen = administrator.session["seen"]
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False), write_lock(database()):
        statuses = {address: administrator.get(address).status_code for address in addresses}
        assert {address: status for address, status in statuses.items() if status != 200} == {}
        assert administrator.session["seen"] == seen
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        administrator.get(page("index"))
    # The next request saves it.
    assert administrator.session["seen"] > seen


@sqlite_only
def test_page_is_rendered_while_another_connection_writes(reader: Reader, article: Article):
    with write_lock(database()):
        assert b"The Council met" in reader.get(LIST).content


@sqlite_only
def test_refused_write_returns_the_text(administrator: Client):
    form = {"name_en": "A topic of many words"}
    with write_lock(database()):
        answer = administrator.post(page("news_topic_add"), form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "A topic of many words" in answer.text
    assert "Something else is being saved" in answer.text


@sqlite_only
def test_session_that_cannot_be_saved_was_not_deleted():
    """Django answers 400 to a session that was deleted."""
    session = SessionStore()
    session["a"] = 1
    session.create()
    with write_lock(database()), pytest.raises(OperationalError):
        session.save()
    SessionStore(session.session_key).delete()
    with pytest.raises(UpdateError):
        session.save()


@pytest.mark.both_databases("cspa.db.timeouts")
def test_write_without_waiting_is_a_write():
    with write_without_waiting():
        Topic.objects.create(slug="one", name_en="One")
        waits = busy_timeout()
    assert Topic.objects.filter(slug="one").exists()
    if connection.vendor == "sqlite":
        assert (waits, busy_timeout()) == (0, 1000 * connection.settings_dict["OPTIONS"]["timeout"])


def busy_timeout() -> int | None:
    """Milliseconds for which the connection waits for another writer; None on PostgreSQL."""
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA busy_timeout").fetchone()[0]


def test_limits_apply_to_the_site_alone(monkeypatch):
    names = {"one": "postgres://host/name?options=-c%20statement_timeout%3D1min", "two": "sqlite:///file"}
    databases = {alias: env_database("NO_SUCH_VARIABLE", url) for alias, url in names.items()}
    assert databases["one"]["OPTIONS"]["options"] == "-c statement_timeout=1min"
    assert databases["two"]["OPTIONS"]["timeout"] > LOCK_SECONDS
    monkeypatch.setattr(connections, "settings", databases)
    limit_waiting()
    limits = f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout={STATEMENT_SECONDS}s"
    idle = f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
    # That of the address counts: it is the last one.
    assert databases["one"]["OPTIONS"]["options"] == f"{limits} {idle} -c statement_timeout=1min"
    assert databases["one"]["OPTIONS"]["pool"]["connection_class"] is BoundedConnection
    assert databases["two"]["OPTIONS"]["timeout"] == LOCK_SECONDS
    assert BoundedConnection.response_seconds > STATEMENT_SECONDS > LOCK_SECONDS


@postgres_only
@pytest.mark.both_databases("cspa.db.timeouts")
def test_server_that_does_not_answer_is_given_up():
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        parameters.pop(name)
    with BoundedConnection.connect(**parameters, autocommit=True) as database:
        database.response_seconds = 60
        assert database.execute("SELECT pg_sleep(0.01), 1").fetchone()[1] == 1
        # An error of the statement leaves the connection open.
        with pytest.raises(psycopg.OperationalError, match="statement timeout"):
            database.execute("SET statement_timeout = 10; SELECT pg_sleep(60)")
        assert not database.closed
        database.response_seconds = 0.2
        pid = database.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(psycopg.OperationalError, match="timeout expired"):
                database.execute("SELECT 1")
            assert database.closed
        finally:
            os.kill(pid, signal.SIGCONT)
