"""The RSGI application: what Django sees of a request, and what a reader gets of a response."""

import asyncio
import io
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError

from cspa.cache import body_files
from cspa.cache.page_cache import PageCache
from cspa.cache.versions import VersionTracker
from cspa.serving import bodies, limits, server
from cspa.serving.limits import Kind
from cspa.serving.server import FileWrapper, Server, environ_of, page_environ

from ....support.page_cache import LIST, Reader
from ....support.rsgi import Headers, Protocol, Scope, respond

HOST = ("host", "testserver")


def scope(path: str, *headers: tuple[str, str], **about: str) -> Scope:
    return Scope(path, headers=Headers([HOST, *headers]), **about)


def test_header_with_an_underscore_is_left_out():
    headers = [("x_forwarded_for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1"), ("x_forwarded-for", "7.7.7.7")]
    assert environ_of(scope("/", *headers))["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"


def test_environ_has_the_parts_of_the_request():
    headers = [("cookie", "a=1"), ("cookie", "b=2"), ("accept", "x"), ("accept", "y"), ("content-type", "text/plain")]
    environ = environ_of(scope("/п/", *headers, client="[2001:db8::1]:5555", query_string="q=%20a"))
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/п/"
    assert (environ["REMOTE_ADDR"], environ["QUERY_STRING"]) == ("2001:db8::1", "q=%20a")
    assert (environ["HTTP_COOKIE"], environ["HTTP_ACCEPT"]) == ("a=1; b=2", "x,y")
    assert (environ["CONTENT_TYPE"], environ["SERVER_PORT"]) == ("text/plain", "8000")


@pytest.mark.parametrize("header", [name for name, _variable in server.PAGE_HEADERS])
def test_environ_of_the_page_cache_is_part_of_the_whole(header: str):
    request = Scope("/п/", headers=Headers([(header, "value"), ("cookie", "a=1")]), query_string="q=%20a")
    part, whole = page_environ(request), environ_of(request)
    assert part == {name: whole[name] for name in part}
    assert part.keys() >= {name for name in whole if name.startswith("HTTP_")} - {"HTTP_COOKIE"}


class Wsgi:
    """A WSGI application that answers with ``body`` and remembers what it read."""

    def __init__(self, body: object = (b"ok",)):
        self.body, self.read = body, b""

    def __call__(self, environ, start_response):
        self.read = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.body


def test_body_reaches_the_application_as_a_whole():
    wsgi = Wsgi()
    answer = respond(Server(wsgi), scope("/", ("content-length", "6"), method="POST"), Protocol([b"abc", b"def"]))
    assert asyncio.run(answer) == (200, {"Content-Type": "text/plain"}, b"ok")
    assert wsgi.read == b"abcdef"


def test_cut_body_never_reaches_the_application():
    wsgi = Wsgi()
    answer = respond(Server(wsgi), scope("/", ("content-length", "6"), method="POST"), Protocol([b"abc"]))
    assert asyncio.run(answer)[0] == 400
    assert wsgi.read == b""


@pytest.mark.parametrize("size", [10, 3000])
def test_stream_is_collected_and_closed_in_the_thread(monkeypatch, size: int):
    monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 1000)
    seen = []

    class Stream:
        def __iter__(self) -> Iterator[bytes]:
            yield from [b"x"] * size

        def close(self) -> None:
            seen.append(threading.current_thread().name)

    status, _headers, body = asyncio.run(respond(Server(Wsgi(Stream())), scope("/")))
    assert (status, body) == (200, b"x" * size)
    assert len(seen) == 1
    assert seen[0].startswith("django-new-page")


def test_file_is_sent_by_its_path(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"content")
    with (tmp_path / "a.txt").open("rb") as file:
        assert FileWrapper(file).path == str(tmp_path / "a.txt")
        assert asyncio.run(respond(Server(Wsgi(FileWrapper(file))), scope("/")))[2] == b"content"
    # A part of a file, or a file that is elsewhere.
    assert FileWrapper(io.BytesIO(b"part")).path == ""
    assert asyncio.run(respond(Server(Wsgi(FileWrapper(io.BytesIO(b"part")))), scope("/")))[2] == b"part"


def test_refused_requests_of_a_client_stop_none_of_its_static_files(monkeypatch):
    monkeypatch.setitem(limits.THREADS, Kind.NEW_PAGE, (1, 1))
    monkeypatch.setitem(limits.THREADS, Kind.STATIC, (1, 1))
    monkeypatch.setattr(server, "REFUSAL_SECONDS", 0.1)
    waiting = threading.Event()

    def wsgi(environ, start_response):
        if not environ["PATH_INFO"].startswith("/static/"):
            waiting.wait(60)
        return Wsgi()(environ, start_response)

    async def main() -> None:
        site = Server(wsgi)
        pages = [asyncio.create_task(respond(site, scope("/"))) for _number in range(100)]
        await asyncio.sleep(0)
        assert (await respond(site, scope("/static/site.css")))[0] == HTTPStatus.OK
        waiting.set()
        assert {(await page)[0] for page in pages} == {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}

    asyncio.run(main())


def hang(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let every read of the versions hang until the event is set, and then find the database down."""
    hanging = threading.Event()

    def read(tracker: VersionTracker) -> None:
        hanging.wait(60)
        raise OperationalError

    monkeypatch.setattr(server, "STALE_AFTER", 0.1)
    monkeypatch.setattr(VersionTracker, "known_current", lambda tracker: None)
    monkeypatch.setattr(VersionTracker, "_read", read)
    return hanging


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that have got a thread, in order."""
    paths: list[str] = []
    start = limits.ThreadLimit.start

    def record(limit: limits.ThreadLimit, client: str, *arguments: Any) -> Any:
        paths.append(arguments[1]["PATH_INFO"])
        return start(limit, client, *arguments)

    monkeypatch.setattr(limits.ThreadLimit, "start", record)
    return paths


@pytest.mark.django_db(transaction=True)
class TestPages:
    def test_made_up_session_gets_the_cached_page(self, reader: Reader, article):
        site = Server(reader.site)

        async def main() -> list[bytes]:
            return [
                (await respond(site, scope(LIST, *more)))[2] for more in ([], [("cookie", "sessionid=" + "x" * 40)])
            ]

        with reader.renders(1):
            first, second = asyncio.run(main())
        assert first == second
        assert b"The Council met" in first

    def test_fresh_page_takes_no_thread(self, reader: Reader, article, monkeypatch):
        site = Server(reader.site)
        asyncio.run(respond(site, scope(LIST)))
        reader.settle()
        monkeypatch.setattr(limits.ThreadLimit, "start", None)
        assert asyncio.run(respond(site, scope(LIST)))[0] == 200

    def test_readers_of_one_page_wait_for_one_rendering(self, reader: Reader, article):
        site = Server(reader.site)

        async def main() -> list[int]:
            return [
                status for status, *_rest in await asyncio.gather(*(respond(site, scope(LIST)) for _ in range(100)))
            ]

        with reader.renders(1):
            assert asyncio.run(main()) == [200] * 100

    def test_last_copy_is_served_while_the_database_hangs(self, reader: Reader, article, monkeypatch):
        site = Server(reader.site)
        asyncio.run(respond(site, scope(LIST)))
        hanging = hang(monkeypatch)

        async def main() -> list[tuple[int, dict[str, str], bytes]]:
            found = await asyncio.gather(*(respond(site, scope(LIST)) for _number in range(100)))
            hanging.set()
            return found

        found = asyncio.run(main())
        assert {status for status, *_rest in found} == {200}
        assert all("Cache-Status" in headers and b"The Council met" in body for _status, headers, body in found)

    def test_last_copy_is_served_if_it_is_evicted_meanwhile(self, reader: Reader, article, monkeypatch):
        site = Server(reader.site)
        asyncio.run(respond(site, scope(LIST)))
        hanging = hang(monkeypatch)

        async def main() -> list[tuple[int, dict[str, str], bytes]]:
            readers = [asyncio.create_task(respond(site, scope(LIST))) for _number in range(2)]
            await asyncio.sleep(0)
            reader.site.pages.clear()
            found = await asyncio.gather(*readers)
            hanging.set()
            return found

        for status, headers, body in asyncio.run(main()):
            assert (status, "Cache-Status" in headers, b"The Council met" in body) == (200, True, True)

    def test_new_page_waits_for_changed_ones(self, reader: Reader, article, started, monkeypatch):
        site = Server(reader.site)
        monkeypatch.setattr(server, "STALE_AFTER", 60)
        asyncio.run(respond(site, scope(LIST)))
        article.title = "Changed"
        article.save()

        async def main() -> None:
            changed, new = (asyncio.create_task(respond(site, scope(path))) for path in (LIST, "/en/about/"))
            await asyncio.sleep(0)
            assert started == [LIST, LIST]
            assert b"Changed" in (await changed)[2]
            assert (await new)[0] == 200
            assert started == [LIST, LIST, "/en/about/"]

        asyncio.run(main())

    def test_new_page_does_not_wait_for_changed_ones_that_hang(self, reader: Reader, article, started, monkeypatch):
        site = Server(reader.site)
        asyncio.run(respond(site, scope(LIST)))
        hanging = hang(monkeypatch)

        async def main() -> None:
            changed = asyncio.create_task(respond(site, scope(LIST)))
            new = asyncio.create_task(respond(site, scope("/en/about/")))
            assert "Cache-Status" in (await changed)[1]
            while started != [LIST, LIST, "/en/about/"]:
                await asyncio.sleep(0.01)
            hanging.set()
            assert (await new)[0] == HTTPStatus.SERVICE_UNAVAILABLE

        asyncio.run(main())

    def test_busy_site_answers_503_with_retry_after_and_cached_pages_at_once(
        self, reader: Reader, article, monkeypatch
    ):
        monkeypatch.setitem(limits.THREADS, Kind.NEW_PAGE, (1, 1))
        asyncio.run(respond(Server(reader.site), scope(LIST)))
        reader.settle()
        waiting = threading.Event()

        class Slow(PageCache):
            def __call__(self, environ, start_response):
                waiting.wait(60)
                return super().__call__(environ, start_response)

        slow = Slow(get_wsgi_application())
        slow.pages, slow.versions = reader.site.pages, reader.site.versions
        site = Server(slow)

        async def main() -> None:
            first = asyncio.create_task(respond(site, scope("/en/delegations/", client="192.0.2.1:1")))
            second = asyncio.create_task(respond(site, scope("/en/about/", client="192.0.2.2:1")))
            await asyncio.sleep(0)
            status, headers, body = await respond(site, scope("/ru/contact/", client="192.0.2.3:1"))
            assert (status, headers["Retry-After"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "5")
            assert "Сейчас недоступно" in body.decode()
            assert (await respond(site, scope(LIST)))[0] == 200
            waiting.set()
            assert [(await task)[0] for task in (first, second)] == [200, 200]

        asyncio.run(main())

    def test_body_above_the_limit_is_refused_in_the_language_of_the_page(self, reader: Reader):
        headers = [("content-length", str(10**9))]
        answer = respond(Server(reader.site), scope("/ru/confirm/x/", *headers, method="POST"), Protocol(endless=True))
        status, _headers, body = asyncio.run(answer)
        assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "Слишком" in body.decode()

    def test_body_that_is_too_slow_is_refused_with_a_page(self, reader: Reader, monkeypatch):
        monkeypatch.setattr(bodies, "FORM_SECONDS", 0.01)
        protocol = Protocol([b"a"], endless=True)
        status, _headers, body = asyncio.run(respond(Server(reader.site), scope("/ru/", method="POST"), protocol))
        assert status == HTTPStatus.REQUEST_TIMEOUT
        assert "Время передачи истекло" in body.decode()
