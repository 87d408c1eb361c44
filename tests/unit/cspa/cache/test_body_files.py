"""Large pages and exports: made once for each version of their tables, and sent from a file."""

import asyncio
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
import time_machine
from django.db import OperationalError

from cspa.cache import body_files
from cspa.cache.body_files import BodyFile, collect
from cspa.cache.page_cache import PageCache
from cspa.env import env_cache
from cspa.exports import tabular
from cspa.serving.server import Server

from ....support import factories
from ....support.page_cache import LIST, Reader, new_process
from ....support.rsgi import Protocol, Scope, respond

EXPORT = "/en/delegations/people/?on=2020-05-26&format="
EXPORTS = [*(EXPORT + file_format for file_format in tabular.FORMATS), "/data/popolo.json"]


@pytest.fixture(params=[0, 10**6], ids=["file", "memory"])
def size(request, monkeypatch) -> int:
    """The largest body in memory."""
    monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", request.param)
    return request.param


@contextmanager
def no_database():
    with mock.patch("cspa.cache.versions.VersionTracker.current", side_effect=OperationalError):
        yield


@pytest.mark.django_db(transaction=True)
class TestExports:
    @pytest.fixture
    def mandate(self):
        return factories.DelegateFactory(person__name_en="Anna First", starts="2019-01-01")

    @pytest.mark.parametrize("address", EXPORTS)
    def test_export_is_made_once_until_its_tables_change(self, reader: Reader, mandate, size: int, address: str):
        with reader.renders(1):
            first, again = reader.get(address), reader.get(address)
        assert first.content == again.content
        assert int(first["Content-Length"]) == len(first.content)
        assert len(reader.site.files if size == 0 else reader.site.pages) == 1
        with reader.renders(0):
            factories.ArticleFactory()
            known = reader.get(address, **{"If-None-Match": first["ETag"]})
        assert (known.status_code, known.content, known["ETag"]) == (304, b"", first["ETag"])
        mandate.person.name_en = "Anna Second"
        mandate.person.save()
        with reader.renders(1):
            changed = reader.get(address, **{"If-None-Match": first["ETag"]})
        assert changed.status_code == 200
        assert changed["ETag"] != first["ETag"]

    @pytest.mark.parametrize("address", EXPORTS)
    def test_processes_agree_on_the_entity_tag(self, reader: Reader, mandate, address: str):
        with time_machine.travel("2026-05-26 09:00Z"):
            here = reader.get(address)
        with time_machine.travel("2026-05-26 10:00Z"), new_process() as process:
            assert process.get(address)["ETag"] == here["ETag"]

    def test_head_of_an_export_has_its_length_and_no_body(self, reader: Reader, mandate, size: int):
        whole, head = reader.get(f"{EXPORT}csv"), reader.get(f"{EXPORT}csv", method="HEAD")
        assert (head.content, head["Content-Length"]) == (b"", str(len(whole.content)))

    def test_last_good_export_is_served_while_the_database_is_down(self, reader: Reader, mandate, size: int):
        good = reader.get(f"{EXPORT}csv")
        with no_database():
            answer = reader.get(f"{EXPORT}csv")
        assert answer.content == good.content
        assert answer["Cache-Status"].startswith("site; hit; ttl=-")

    def test_export_whose_rows_cannot_be_read_leaves_no_file(self, reader: Reader, mandate, monkeypatch):
        monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 0)

        def rows():
            yield ["Anna"]
            raise OperationalError

        monkeypatch.setattr("delegations.views.people.PeopleView.file_rows", lambda view: rows())
        monkeypatch.setattr(tabular, "CHUNK_ROWS", 1)
        before = set(os.listdir(body_files._folder().name))
        assert reader.get(f"{EXPORT}csv").status_code == 503
        assert set(os.listdir(body_files._folder().name)) == before

    def test_kept_file_is_sent_by_its_path_without_a_thread(self, reader: Reader, mandate, monkeypatch):
        monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 0)
        paths = []

        class Sent(Protocol):
            def response_file(self, status: int, headers: list[tuple[str, str]], path: str) -> None:
                paths.append(path)
                super().response_file(status, headers, path)

        path, _mark, query = f"{EXPORT}csv".partition("?")
        request, site = Scope(path, query_string=query), Server(reader.site)
        first = asyncio.run(respond(site, request, Sent()))
        reader.settle()
        monkeypatch.setattr("cspa.serving.limits.ThreadLimit.start", None)
        again = asyncio.run(respond(site, request, Sent()))
        assert (first[0], first[2]) == (again[0], again[2])
        assert b"Anna First" in first[2]
        (page,) = reader.site.files.values()
        assert paths == [page.body.path] * 2

    def test_exports_have_threads_of_their_own(self, reader: Reader, mandate):
        threads = []

        class Site(PageCache):
            def __call__(self, *arguments):
                threads.append(threading.current_thread().name)
                return super().__call__(*arguments)

        site = Site(reader.site.django)
        for query in ("on=2020-05-26&format=csv", "on=2020-05-26"):
            assert asyncio.run(respond(Server(site), Scope("/en/delegations/people/", query_string=query)))[0] == 200
        site.versions.close()
        assert [name.rstrip("_0123456789") for name in threads] == ["django-file", "django-new-page"]


@pytest.mark.django_db(transaction=True)
class TestPages:
    def test_large_page_is_kept_in_a_file_with_a_notice_when_it_is_old(self, reader: Reader, article, monkeypatch):
        monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 1000)
        with reader.renders(1):
            page, again = reader.get(LIST), reader.get(LIST)
        assert page.content == again.content
        assert len(reader.site.files) == 1
        with no_database():
            assert b"This is a copy of the page" in reader.get(LIST).content

    def test_copy_in_the_shared_cache_is_deleted_when_the_page_has_grown(
        self, reader: Reader, article, settings, tmp_path: Path, monkeypatch
    ):
        settings.CACHES = {"default": env_cache("", f"file:///{tmp_path}/pages")}
        reader.get(LIST)
        with new_process() as process, no_database():
            assert process.get(LIST).status_code == 200
        monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 1000)
        article.title = "Longer"
        article.save()
        reader.get(LIST)
        with new_process() as process, no_database():
            assert process.get(LIST).status_code == 503

    def test_space_of_files_is_bounded(self, reader: Reader, settings, monkeypatch):
        monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 1000)
        settings.PAGE_CACHE_MB = 1
        with new_process() as process:
            for _number in range(9):
                article = factories.ArticleFactory(body=f"<p>{'word ' * 35_000}</p>")
                assert process.get(article.get_absolute_url()).status_code == 200
            kept = process.site.files
            assert 0 < len(kept) < 9
            assert sum(page.body.size for page in kept.values()) == kept.currsize <= 1024 * 1024


def test_file_is_removed_some_time_after_its_last_use(monkeypatch):
    monkeypatch.setattr(body_files, "MAX_MEMORY_BYTES", 1)
    body, etag = collect([b"ab", b"c"])
    assert isinstance(body, BodyFile)
    assert (body.read(), body.size) == (b"abc", 3)
    assert etag == collect([b"abc"])[1] != collect([b"abd"])[1]
    path = body.path
    del body
    # The server may still be about to open it.
    collect([b"next"])
    assert os.path.exists(path)
    monkeypatch.setattr(body_files, "SECONDS", 0)
    collect([b"next"])
    assert not os.path.exists(path)
