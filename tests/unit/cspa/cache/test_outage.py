"""Many readers wait for one rendering, and none for a database that is down."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client

from cspa.cache import versions
from cspa.env import env_cache
from news.models import Article

from ....support.admin_forms import filled_in, page
from ....support.page_cache import LIST, Reader, new_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.both_databases("cspa.cache.triggers")
def test_two_hundred_concurrent_requests_of_a_cold_page_render_it_once(reader: Reader, article: Article):
    start = threading.Barrier(200)
    answers: list[bytes] = []

    def read() -> None:
        start.wait()
        answers.append(reader.get(LIST).content)

    with reader.renders(1):
        threads = [threading.Thread(target=read) for _number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 200
    assert len(set(answers)) == 1
    assert b"The Council met" in answers[0]


@contextmanager
def no_database(marker: int = -1) -> Iterator[None]:
    """Simulate a stopped database server: connections and queries fail.

    ``marker`` is the change marker that processes see. A process that sees it unchanged reads no versions first.
    """
    error = OperationalError("the connection is lost")
    base = "django.db.backends.base.base.BaseDatabaseWrapper"
    with (
        mock.patch(f"{base}.connect", side_effect=error),
        mock.patch(f"{base}._cursor", side_effect=error),
        mock.patch("cspa.cache.versions.change_marker", return_value=marker),
    ):
        yield


@pytest.mark.both_databases("cspa.cache.triggers")
def test_last_good_page_is_served_while_the_database_is_down(reader: Reader, article: Article, settings):
    settings.CDN_MAX_AGE = 60
    with time_machine.travel(datetime(2026, 5, 26, 9, tzinfo=UTC), tick=False) as clock:
        good = {address: reader.get(address) for address in (LIST, "/ru/news/", "/api/v1/articles/")}
        clock.shift(timedelta(minutes=2))
        with no_database():
            for address, before in good.items():
                answer = reader.get(address)
                assert answer.status_code == 200
                assert answer["Age"] == "120"
                assert answer["Cache-Status"] == "site; hit; ttl=-120"
                assert answer["Content-Security-Policy"] == before["Content-Security-Policy"]
                assert "ETag" not in answer
                assert "max-age" in before["Cache-Control"]
                assert "max-age" in before["CDN-Cache-Control"]
                assert answer["Cache-Control"] == "no-store"
                assert "CDN-Cache-Control" not in answer
                assert int(answer["Content-Length"]) == len(answer.content)
            english, russian, data = (reader.get(address).content for address in good)
            assert b"This is a copy of the page as it was on 26 May 2026" in english
            assert "Это копия страницы по состоянию на 26 мая 2026 г." in russian.decode()
            assert data == good["/api/v1/articles/"].content
            unseen = reader.get("/ru/delegations/")
            assert (unseen.status_code, unseen["Retry-After"]) == (503, "5")
            assert "Часть сайта не отвечает" in unseen.content.decode()
            assert "Content-Security-Policy" in unseen
            problem = reader.get("/api/v1/people/")
            assert (problem.status_code, problem["Content-Type"]) == (503, "application/problem+json")
            assert problem["Retry-After"] == "5"
    reader.site.versions.down_until = 0
    assert "Age" not in reader.get(LIST)
    assert reader.get("/ru/delegations/").status_code == 200


def test_withdrawn_article_is_not_served_while_the_database_is_down(reader: Reader, article: Article):
    address = article.get_absolute_url()
    assert reader.get(address).status_code == 200
    article.state, article.withdrawal_reason = Article.State.WITHDRAWN, "A mistake."
    article.save()
    assert reader.get(address).status_code == 410
    with no_database():
        answer = reader.get(address)
    assert answer.status_code == 503
    assert b"The Council met" not in answer.content


def test_withdrawn_article_is_not_read_from_the_shared_cache(
    reader: Reader, article: Article, settings, tmp_path: Path
):
    settings.CACHES = {"default": env_cache("", f"file:///{tmp_path}/pages")}
    address = article.get_absolute_url()
    assert reader.get(address).status_code == 200
    with new_process() as process, no_database():
        assert b"The Council met" in process.get(address).content
    article.state, article.withdrawal_reason = Article.State.WITHDRAWN, "A mistake."
    article.save()
    assert reader.get(address).status_code == 410
    with new_process() as process, no_database():
        answer = process.get(address)
    assert answer.status_code == 503
    assert b"The Council met" not in answer.content


def test_database_that_is_down_is_not_queried_on_each_request(reader: Reader, article: Article):
    reader.get(LIST)
    with no_database(), mock.patch("cspa.cache.versions.RETRY_SECONDS", 3600):
        reader.get(LIST)
        with mock.patch("cspa.models.TableVersion.objects.values_list", side_effect=AssertionError):
            assert reader.get(LIST).status_code == 200


def test_database_that_a_page_finds_down_is_not_queried_for_versions(reader: Reader, article: Article):
    with time_machine.travel(datetime(2026, 5, 26, 9, tzinfo=UTC), tick=False):
        reader.get(LIST)
        with no_database(marker=versions.change_marker()):
            assert reader.get("/en/delegations/").status_code == 503
        versions.touch_change_marker()
        with mock.patch("cspa.models.TableVersion.objects.values_list", side_effect=AssertionError):
            assert "Age" in reader.get(LIST)


def test_form_sent_while_the_database_is_down_returns_its_text(administrator: Client, article: Article):
    client = administrator
    client.raise_request_exception = False
    address = page("news_article_change", article.pk)
    data = filled_in(client, address) | {
        "title": "A new <b>title</b>",
        "body": "<p>Words of an hour</p>",
        "password": "x",
    }
    with no_database():
        answer = client.post(address, data, headers={"Sec-Fetch-Site": "same-origin"})
        other = client.post(address, data, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Cache-Control"] == "no-store"
    assert "A new &lt;b&gt;title&lt;/b&gt;" in answer.text
    assert "&lt;p&gt;Words of an hour&lt;/p&gt;" in answer.text
    assert "csrfmiddlewaretoken" not in answer.text
    assert "<dt>password</dt>" not in answer.text
    assert other.status_code == 503
    assert "Words of an hour" not in other.text
