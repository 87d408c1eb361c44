"""The page cache: pages as Django renders them, fresh after each edit, and served while the database is down."""

import gzip
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest import mock

import brotli
import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils.translation import override
from factory.django import DjangoModelFactory

from cspa import audit
from cspa.cache import versions
from cspa.cache.keys import MAX_URL_LENGTH, normalise_query
from cspa.cache.page_cache import PageCache
from cspa.env import env_cache
from cspa.models import ChangeSet, TableVersion
from delegations.models import AssemblyPost, Parliament, Person, SeatQuota
from news.jsonl import import_lines, line, records
from news.models import Article, Topic

from ....support import factories
from ....support.admin_forms import filled_in, page, save
from ....support.counting import cost
from ....support.crawl import walk
from ....support.generated import FACTOR
from ....support.page_cache import LIST, Reader, new_process
from ....support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


# What is cached


def test_cached_page_takes_no_query_and_has_the_headers_of_the_rendered_page(
    reader: Reader, client: Client, article: Article
):
    address = article.get_absolute_url()
    first, django = reader.get(address), client.get(address)
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        reader.renders(0),
    ):
        again = reader.get(address)
    assert len(queries) == 0
    assert first.content == again.content == django.content
    assert dict(again.items()) == {
        **dict(django.items()),
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=0, stale-if-error=86400",
    }


@pytest.mark.parametrize(("encoding", "read"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_cached_page_has_the_accepted_encoding(reader: Reader, article: Article, encoding: str, read: Callable):
    plain = reader.get(LIST)
    packed = reader.get(LIST, **{"Accept-Encoding": f"deflate, {encoding}"})
    assert packed["Content-Encoding"] == encoding
    assert read(packed.content) == plain.content
    assert packed["ETag"] == f"W/{plain['ETag']}"
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content)
    assert "Content-Encoding" not in reader.get(LIST, **{"Accept-Encoding": f"{encoding};q=0, identity"})


def test_conditional_request_answers_304_and_head_has_no_body(reader: Reader, article: Article):
    page = reader.get(LIST)
    for tags in (page["ETag"], f"W/{page['ETag']}", f'"other", W/{page["ETag"]}', "*"):
        answer = reader.get(LIST, **{"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", page["ETag"])
        assert answer["Content-Security-Policy"] == page["Content-Security-Policy"]
    assert reader.get(LIST, **{"If-None-Match": '"other"'}).status_code == 200
    head = reader.get(LIST, method="HEAD")
    assert (head.content, head["Content-Length"]) == (b"", str(len(page.content)))


def test_cdn_headers_name_the_tables_of_a_page(reader: Reader, article: Article, settings):
    assert "CDN-Cache-Control" not in reader.get(LIST)
    settings.CDN_MAX_AGE = 60
    answer = reader.get("/ru/news/")
    assert answer["CDN-Cache-Control"] == "max-age=60, stale-while-revalidate=60, stale-if-error=86400"
    assert "news_article" in answer["Surrogate-Key"].split()
    assert "delegations_person" not in answer["Surrogate-Key"].split()


# The key


def test_undeclared_parameters_neither_split_nor_poison_the_cache(reader: Reader):
    factories.SeatQuotaFactory()
    plain = reader.get("/en/delegations/?on=2020-05-26")
    with reader.renders(0):
        for query in ("?on=2020-05-26&utm=1", "?utm=<script>&on=2020-05-26", "?UTM&on=2020-05-26&page=3"):
            assert reader.get(f"/en/delegations/{query}").content == plain.content
    with reader.renders(1):
        first = reader.get("/en/delegations/?fbclid=x")
    assert b"fbclid" not in first.content
    with reader.renders(0):
        assert reader.get("/en/delegations/").content == first.content
    with reader.renders(1):
        assert reader.get("/en/delegations/?on=2019-05-26").content != plain.content


def test_parameter_order_is_ignored_and_a_repeated_parameter_answers_400(reader: Reader):
    assert normalise_query("/en/delegations/", "status=member&on=2020-05-26", "") == normalise_query(
        "/en/delegations/", "on=2020-05-26&status=member", ""
    )
    assert reader.get("/en/delegations/?on=2020-05-26&on=2019-05-26").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["on=%ff", "on=%D0%9A", "q=\xd0\x9a", "on=" + "x" * 5000, "&".join(["a=1"] * 5000), "%00=%00&on=%00", "=&&"],
)
def test_malformed_query_answers_as_without_the_cache(reader: Reader, client: Client, query: str):
    for address in ("/en/delegations/", "/en/search/", "/api/v1/people/", "/data/popolo.json"):
        assert reader.get(f"{address}?{query}").status_code == client.get(f"{address}?{query}").status_code < 500


def test_languages_hosts_and_schemes_have_separate_pages(reader: Reader, article: Article, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    one, two = (reader.get(LIST, Host=f"{name}.example") for name in ("one", "two"))
    assert b"http://one.example/en/news/" in one.content
    assert b"http://two.example/en/news/" in two.content
    assert reader.get(LIST, Host="evil.example").status_code == 400
    assert b"evil.example" not in reader.get(LIST, Host="one.example").content
    for code in ("en", "ru"):
        answer = reader.get("/api/v1/articles/", Host="one.example", **{"Accept-Language": code})
        assert answer["Content-Language"] == code
        assert reader.get(f"/{code}/", Host="one.example", **{"Accept-Language": "ru"})["Content-Language"] == code


def test_cached_page_depends_on_nothing_but_the_address(reader: Reader, article: Article):
    strange = {
        "Cookie": "django_language=ru; csrftoken=x",
        "Referer": "https://evil.example/",
        "User-Agent": "Xylophone",
    }
    strange |= {
        "X-Forwarded-Host": "evil.example",
        "Accept-Language": "ru",
        "If-None-Match": "W/",
        "Range": "bytes=0-1",
    }
    first = reader.get(LIST, **strange)
    with reader.renders(0):
        assert reader.get(LIST).content == first.content
    assert first.status_code == 200
    assert b"evil" not in first.content


def test_staff_previews_and_forms_bypass_the_cache(reader: Reader, article: Article):
    client = Client()
    client.force_login(factories.UserFactory(is_superuser=True))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    draft = factories.ArticleFactory(state="draft")
    doors = [
        (LIST, {"Cookie": cookie}),
        (LIST, {"Authorization": "Basic x"}),
        ("/admin/", {"Cookie": cookie}),
        ("/admin/login/", {}),
        (reverse("news:preview", args=["no-such-token"]), {}),
        (draft.get_absolute_url(), {}),
        ("/healthz", {}),
        ("/en/nothing/", {}),
        ("/static/css/site.css", {}),
        ("/en/delegations/?format=csv", {}),
    ]
    for address, headers in doors:
        reader.get(address, **headers)
    reader.get(LIST, method="POST")
    assert len(reader.site.pages) == 0
    reader.get(LIST)
    assert len(reader.site.pages) == 1


@pytest.mark.parametrize(
    ("name", "value", "pages"),
    [
        ("Set-Cookie", "seen=1", 0),
        ("Cache-Control", "private", 0),
        ("Vary", "Cookie", 0),
        ("Vary", "Accept-Language, Cookie", 0),
        ("Vary", "Accept-Language", 1),
        # The response has no such header.
        ("ETag", "", 0),
        ("X-Robots-Tag", "noindex", 1),
    ],
)
def test_response_with_a_private_header_is_not_cached(
    reader: Reader, article: Article, name: str, value: str, pages: int
):
    django = get_wsgi_application()

    def site(environ: dict, start: Callable) -> HttpResponse:
        def begin(status: str, headers: list, *error: object) -> None:
            others = [header for header in headers if header[0] != name]
            start(status, [*others, (name, value)] if value else others)

        return django(environ, begin)

    reader.site.django = site
    with reader.renders(pages):
        answers = [reader.get(LIST) for _reader in range(2)]
    assert len(reader.site.pages) == pages
    for answer in answers:
        assert b"The Council met" in answer.content
        assert pages or answer.get(name, "") == value


@pytest.mark.parametrize(("factory", "pages"), [(factories.UserFactory, 0), (factories.TopicFactory, 1)])
def test_page_that_reads_a_table_without_version_is_not_cached(
    reader: Reader, article: Article, factory: type[DjangoModelFactory], pages: int
):
    rows = factory._meta.model.objects
    django = get_wsgi_application()

    def site(environ: dict, start: Callable) -> HttpResponse:
        number = str(rows.count())
        return django(environ, lambda status, headers, *_error: start(status, [*headers, ("Rows", number)]))

    reader.site.django = site
    with reader.renders(pages):
        before = [reader.get(LIST)["Rows"] for _reader in range(2)]
    factory()
    assert before == [str(rows.count() - 1)] * 2
    assert reader.get(LIST)["Rows"] == str(rows.count())


@pytest.mark.parametrize(("address", "header"), [(f"{LIST}?utm=", None), ("/api/v1/topics/", "Accept-Language")])
def test_address_longer_than_the_limit_is_answered_and_not_cached(reader: Reader, address: str, header: str | None):
    def get(letters: int) -> HttpResponse:
        filling = "x" * (letters - len(address.replace("?", "")))
        return reader.get(address, **{header: filling}) if header else reader.get(address + filling)

    with reader.renders(0):
        beyond = get(MAX_URL_LENGTH + 1)
    with reader.renders(1):
        within = get(MAX_URL_LENGTH)
    assert beyond.status_code == within.status_code == 200


@pytest.mark.long
def test_memory_of_the_cache_is_bounded(reader: Reader, settings):
    settings.PAGE_CACHE_MB = 1
    small = PageCache(reader.site.django)
    reader.site, small = small, reader.site
    long = [factories.ArticleFactory(body=f"<p>{'word ' * 10_000}</p>") for _number in range(14)]
    for article in long:
        assert reader.get(article.get_absolute_url()).status_code == 200
    cached = reader.site.pages
    assert 5 < len(cached) < len(long)
    assert sum(page.size for page in cached.values()) == cached.currsize <= 1024 * 1024
    reader.site.versions.close()
    reader.site = small


# An edit shows at once


def all_pages(reader: Reader) -> list[str]:
    """All URLs of the public site, including feeds, exports and API, some of them on other days."""
    pages = [*walk(reader)]
    api = [f"/api/v1/{name}/" for name in ("delegations", "people", "delegates", "articles", "changes", "topics")]
    others = ["/data/popolo.json", "/sitemap.xml", "/robots.txt", "/api/v1/docs", "/api/v1/search/?q=council", *api]
    sections = [f"/sitemap-{name}.xml" for name in ("pages", "delegations", "people", "topics", "articles")]
    days = [f"{address}?on=2020-05-26" for address in pages if address[3:].startswith("/delegations/")]
    feeds = [f"/{code}/news/feed.{ending}" for code in ("en", "ru") for ending in ("atom", "rss", "json")]
    return sorted({*pages, *others, *sections, *days, *feeds, "/en/search/?q=council", "/ru/search/?q=заседание"})


def one_of_each_kind(addresses: list[str]) -> list[str]:
    """A URL of each URL pattern and language, if possible one whose page the edits change."""
    edited = ("belarus", "council", Person.objects.first().get_absolute_url())
    kinds = {}
    for address in sorted(addresses, key=lambda address: not any(word in address for word in edited)):
        path = address.partition("?")[0]
        with override("ru" if path.startswith("/ru/") else "en"):
            kinds.setdefault(resolve(path).route, address)
    return list(kinds.values())


def edits(administrator: Client, tmp_path: Path) -> dict[str, Callable[[], object]]:
    """The edits that change public pages."""
    parliament = Parliament.objects.get(slug="belarus")
    person = Person.objects.first()
    article = Article.objects.get(slug="council")
    entries: list[ChangeSet] = []

    def form() -> None:
        address = page("delegations_parliament_change", parliament.pk)
        assert (
            save(administrator, address, filled_in(administrator, address) | {"name_en": "The Assembly"}).status_code
            == 302
        )

    def sql() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE news_article SET dateline = 'Minsk' WHERE id = %s", [article.pk])

    def saved() -> None:
        person.name_en = "Somebody Else"
        person.save()

    def imported() -> None:
        lines = [line(record) for record in records(Article.objects.filter(pk=article.pk))]
        text = "\n".join(lines).replace("The Council met", "The Council has met")
        assert import_lines(io.BytesIO(text.encode()), tmp_path, update=True).saved

    def connected() -> None:
        topic = factories.TopicFactory(slug="defence")
        article.topics.add(topic)

    def removed() -> None:
        article.topics.clear()

    def entered() -> None:
        with audit.record_changes(ChangeSet.Kind.EDIT, None) as recorder:
            person.name_en = "Nobody"
            person.save()
        entries.append(recorder.entry)

    def withdrawn() -> None:
        article.state, article.withdrawal_reason = Article.State.WITHDRAWN, "A mistake."
        article.save()

    return {
        "a form of the back office": form,
        "save() in a shell": saved,
        "bulk_create": lambda: Article.objects.bulk_create(
            [factories.ArticleFactory.build(story=factories.ArticleFactory(language="ru").story, title="Another")]
        ),
        "update() of a queryset": lambda: SeatQuota.objects.update(seats=9),
        "bulk_update": lambda: Topic.objects.bulk_update(
            [topic for topic in Topic.objects.all() if not setattr(topic, "name_en", "Renamed")], ["name_en"]
        ),
        "SQL": sql,
        "connections": connected,
        "no connections": removed,
        "an import": imported,
        "an entry of the journal": entered,
        "its undoing": lambda: audit.undo(entries.pop(), None),
        "withdrawing": withdrawn,
        "delete()": lambda: AssemblyPost.objects.all().delete(),
        "fixtures": lambda: call_command("loaddata", "seed", verbosity=0),
    }


@pytest.mark.thorough
@pytest.mark.long
def test_pages_are_current_after_every_kind_of_edit(
    reader: Reader,
    client: Client,
    administrator: Client,
    tmp_path: Path,
):
    call_command("loaddata", "seed", verbosity=0)
    factories.ArticleFactory(title="The Council met", slug="council")
    addresses = all_pages(reader)
    assert len(addresses) > 100
    cached = {address for address in addresses if "stale-if-error" in reader.get(address).get("Cache-Control", "")}
    assert set(addresses) - cached == set(), "every public page is cached"
    done = edits(administrator, tmp_path)
    addresses = addresses if FACTOR > 1 else one_of_each_kind(addresses)
    for name, edit in done.items():
        before = {address: reader.get(address) for address in addresses}
        # An unchanged page is not rendered again.
        with reader.renders(0):
            assert all(reader.get(address).content == before[address].content for address in addresses)
        edit()
        changed = 0
        for address in addresses:
            answer, django = reader.get(address), client.get(address)
            assert (answer.status_code, answer.content) == (django.status_code, django.content), (name, address)
            changed += answer.content != before[address].content
        assert changed, name
    assert len(done) == 14


@pytest.mark.both_databases("cspa.cache.triggers")
def test_edit_keeps_pages_that_do_not_read_its_table(reader: Reader, article: Article):
    person = factories.DelegateFactory().person
    for address in (LIST, "/en/delegations/people/", person.get_absolute_url()):
        reader.get(address)
    person.name_en = "Another Name"
    person.save()
    with reader.renders(0):
        reader.get(LIST)
    with reader.renders(2):
        assert b"Another Name" in reader.get("/en/delegations/people/").content
        assert b"Another Name" in reader.get(person.get_absolute_url()).content


@pytest.mark.both_databases("cspa.cache.triggers")
def test_rolled_back_edit_changes_no_page(reader: Reader, article: Article):
    reader.get(LIST)
    with transaction.atomic():
        Article.objects.all().delete()
        transaction.set_rollback(True)
    with transaction.atomic():
        with transaction.atomic():
            Article.objects.all().delete()
            transaction.set_rollback(True)
        Topic.objects.create(slug="inner", name_en="Inner")
    with reader.renders(1):
        assert b"The Council met" in reader.get(LIST).content
    assert b"Inner" in reader.get(LIST).content


def test_change_marker_moves_on_commit_and_not_before(article: Article):
    before = versions.change_marker()
    with transaction.atomic():
        Article.objects.update(dateline="Minsk")
        assert versions.change_marker() == before, "a process that reads now reads the rows of before"
        transaction.set_rollback(True)
    assert versions.change_marker() == before
    with transaction.atomic():
        Article.objects.update(dateline="Minsk")
        assert versions.change_marker() == before
    assert versions.change_marker() != before


def test_edit_committed_while_versions_are_read_shows_on_the_next_request(reader: Reader, article: Article):
    people = "/en/delegations/people/"
    person = factories.DelegateFactory(person__name_en="Viktor Kogut").person
    assert b"Viktor Kogut" in reader.get(people).content
    # The versions and the next publication time are read again.
    Article.objects.update(dateline="Minsk")
    statements = count()

    def edit(execute: Callable, *arguments: object) -> object:
        # The edit happens after the versions are read.
        if next(statements) == 1:
            person.name_en = "Somebody Else"
            person.save()
        return execute(*arguments)

    with connection.execute_wrapper(edit), reader.renders(0):
        reader.get(people)
    assert Person.objects.get(pk=person.pk).name_en == "Somebody Else"
    assert b"Somebody Else" in reader.get(people).content


@pytest.mark.parametrize("change", ["UPDATE news_article SET title = 'Changed'", "DELETE FROM news_article"])
def test_statement_with_a_cte_invalidates_pages(reader: Reader, article: Article, change: str):
    assert b"The Council met" in reader.get(LIST).content
    with connection.cursor() as cursor:
        cursor.execute(f"""
            WITH shown AS (SELECT id FROM news_article)
            {change} WHERE id IN (SELECT id FROM shown)
        """)
    assert b"The Council met" not in reader.get(LIST).content


@pytest.mark.parametrize(
    "statement",
    ["update news_article set title = 'New'", "/* by hand */ -- today\n Update news_article SET title = 'New'"],
)
def test_statement_in_any_spelling_invalidates_pages(reader: Reader, article: Article, statement: str):
    assert b"The Council met" in reader.get(LIST).content
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert b"The Council met" not in reader.get(LIST).content


def test_scheduled_article_appears_at_its_time(reader: Reader):
    with time_machine.travel(datetime(2026, 5, 26, 12, tzinfo=UTC), tick=False) as clock:
        factories.ArticleFactory(title="To come", published_at=datetime(2026, 5, 26, 12, 30, tzinfo=UTC))
        factories.ArticleFactory(title="Later", published_at=datetime(2026, 5, 26, 13, tzinfo=UTC))
        assert b"To come" not in reader.get(LIST).content
        clock.shift(timedelta(minutes=30) - timedelta(microseconds=1))
        with reader.renders(0):
            assert b"To come" not in reader.get(LIST).content
        clock.shift(timedelta(microseconds=1))
        with reader.renders(1):
            assert b"To come" in reader.get(LIST).content
        assert b"Later" not in reader.get(LIST).content
        clock.shift(timedelta(minutes=30))
        assert b"Later" in reader.get(LIST).content


def test_pages_change_at_midnight_in_the_time_zone_of_the_assembly(reader: Reader):
    with time_machine.travel(datetime(2026, 5, 25, 20, 59, 59, tzinfo=UTC), tick=False) as clock:
        factories.DelegateFactory(starts="2026-05-26", person__name_en="Viktor Kogut")
        assert b"Kogut" not in reader.get("/en/delegations/people/").content
        clock.shift(timedelta(seconds=1))
        assert b"Kogut" in reader.get("/en/delegations/people/").content


@pytest.mark.both_databases("cspa.cache.triggers")
def test_migrate_restores_the_triggers_of_a_rebuilt_table(reader: Reader, article: Article):
    assert len(versions.tracked_tables()) > 30
    reader.get(LIST)
    # SQLite recreates the table, which drops its triggers.
    with connection.schema_editor() as editor:
        old = Article._meta.get_field("dateline")
        new = old.clone()
        new.null = True
        new.set_attributes_from_name("dateline")
        new.model = Article
        editor.alter_field(Article, old, new)
        editor.alter_field(Article, new, old)
    rebuilt = triggers()
    call_command("migrate", verbosity=0)
    assert triggers() == dict.fromkeys(versions.tracked_tables(), 3 if connection.vendor == "sqlite" else 1)
    assert ("news_article" in rebuilt) == (connection.vendor == "postgresql")
    article.title = "The Council has met"
    article.save()
    assert b"The Council has met" in reader.get(LIST).content


def triggers() -> dict[str, int]:
    """The number of triggers that raise a version, by table."""
    sql = {
        "sqlite": "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%cspa_version%' "
        "GROUP BY tbl_name",
        "postgresql": "SELECT relname, count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE tgname = 'cspa_version' GROUP BY relname",
    }
    with connection.cursor() as cursor:
        cursor.execute(sql[connection.vendor])
        return dict(cursor.fetchall())


@pytest.mark.both_databases("cspa.cache.triggers")
def test_versions_increase_and_are_never_reused(article: Article):
    def number() -> int:
        return TableVersion.objects.get(name="news_article").number

    seen = [number()]
    for _round in range(5):
        Article.objects.update(dateline="Minsk")
        seen.append(number())
    assert seen == sorted(set(seen))

    def is_higher_without_the_row() -> bool:
        TableVersion.objects.all().delete()
        Article.objects.update(dateline="")
        return number() > seen[-1]

    # The number rises with the next millisecond of SQLite's clock.
    until(is_higher_without_the_row)


@pytest.mark.both_databases("cspa.cache.triggers")
def test_adding_existing_and_new_relations_raises_the_version(article: Article):
    """Django uses "INSERT OR IGNORE", which could change what the SQLite triggers do on a conflict."""
    topics = [factories.TopicFactory(slug=f"topic-{number}") for number in range(3)]
    numbers = set()
    for topic in topics:
        article.topics.add(topics[0], topic)
        numbers.add(TableVersion.objects.get(name="news_article_topics").number)
    assert len(numbers) >= 2


@pytest.mark.both_databases("cspa.cache.listener")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite says nothing")
def test_process_without_notifications_reads_the_versions_on_each_request(reader: Reader, article: Article):
    """A pooler that gives each statement another connection passes on no notifications."""

    import psycopg

    listen, rounds = psycopg.Connection.notifies, []

    def deaf(channel: psycopg.Connection, timeout: float) -> tuple:
        rounds.append(list(listen(channel, timeout=0.05)))
        return ()

    with mock.patch("psycopg.Connection.notifies", deaf):
        reader.get(LIST)
        until(lambda: len(rounds) > 3)
        assert not reader.site.versions.hears_changes
        with reader.renders(0):
            assert cost(lambda: reader.get(LIST)) == cost(reader.site.versions.current) > 0
        reader.site.versions.close()


# Many readers, no database


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


def test_page_too_large_to_be_cached_answers_conditional_requests(reader: Reader, article: Article):
    with mock.patch("cspa.cache.responses.MAX_CACHED_BYTES", 1000):
        page = reader.get(LIST)
        assert (page.status_code, len(reader.site.pages)) == (200, 0)
        answer = reader.get(LIST, **{"If-None-Match": page["ETag"]})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", page["ETag"])
        assert reader.get(LIST, **{"If-None-Match": '"other"'}).status_code == 200


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
