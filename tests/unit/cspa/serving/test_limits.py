"""Limits: which kind a request is of, and how many of a kind run and wait."""

import asyncio
import threading
from unittest import mock

import pytest
from django.conf import settings

from cspa.auth.session_store import RANDOM_LENGTH, SessionStore, is_signed
from cspa.serving import limits
from cspa.serving.limits import BusyError, Kind, Limit, ThreadLimit, client_of, kind_of


def environ(path: str, method: str = "GET", query: str = "", session: str = "") -> dict[str, str]:
    found = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": query}
    return found | ({"HTTP_COOKIE": f"a=b; {settings.SESSION_COOKIE_NAME}={session}"} if session else {})


@pytest.mark.parametrize(
    ("path", "method", "query", "kind"),
    [
        ("/static/css/site.css", "GET", "", Kind.STATIC),
        ("/healthz", "GET", "full", Kind.HEALTH),
        ("/en/nothing/", "GET", "", Kind.NEW_PAGE),
        ("/en/delegations/", "GET", "format=csv", Kind.FILE),
        ("/media/people/a.jpg", "GET", "", Kind.FILE),
        ("/api/v1/people/", "GET", "", Kind.FILE),
        ("/admin/", "GET", "", Kind.FORM),
        ("/en/confirm/token/", "POST", "", Kind.FORM),
    ],
)
def test_kind_of_an_anonymous_request(path: str, method: str, query: str, kind: Kind):
    assert kind_of(environ(path, method, query)) is kind


@pytest.mark.django_db
def test_made_up_session_is_not_of_the_office():
    session = SessionStore()
    session.create()
    key = session.session_key
    assert kind_of(environ("/admin/", session=key)) is Kind.OFFICE
    assert SessionStore(key).session_key == key
    for made_up in ("x" * len(key), key[:-1] + ("0" if key[-1] != "0" else "1"), key[:RANDOM_LENGTH], key + "0"):
        assert not is_signed(made_up)
        assert kind_of(environ("/admin/", session=made_up)) is Kind.FORM
        assert SessionStore(made_up).session_key is None


def test_addresses_of_one_ipv6_network_are_one_client():
    first, second = ({"REMOTE_ADDR": f"2001:db8:1:2::{number}"} for number in (1, 2))
    assert client_of(first) == client_of(second) != client_of({"REMOTE_ADDR": "2001:db8:1:3::1"})


def test_limit_leaves_half_of_the_places_to_other_clients():
    limit = Limit(4)
    limit.enter("a")
    limit.enter("a")
    with pytest.raises(BusyError):
        limit.enter("a")
    limit.enter("b")
    limit.enter("b")
    with pytest.raises(BusyError):
        limit.enter("c")
    limit.leave("a")
    limit.enter("c")


def test_threads_of_a_kind_are_bounded_with_their_queue(monkeypatch):
    monkeypatch.setitem(limits.THREADS, Kind.FILE, (1, 2))

    async def main() -> None:
        threads, release = ThreadLimit(Kind.FILE), threading.Event()
        running = [threads.start(client, release.wait, 60) for client in "abc"]
        with pytest.raises(BusyError):
            threads.start("d", release.wait, 60)
        release.set()
        await asyncio.gather(*running)
        await threads.start("d", release.wait, 60)

    asyncio.run(main())


def test_forms_of_the_office_have_threads_of_their_own():
    with mock.patch.object(SessionStore, "exists", return_value=False):
        session = SessionStore()._get_new_session_key()
    kinds = [kind_of(environ("/admin/", method, session=session)) for method in ("GET", "HEAD", "POST")]
    assert kinds == [Kind.OFFICE, Kind.OFFICE, Kind.SAVE]
