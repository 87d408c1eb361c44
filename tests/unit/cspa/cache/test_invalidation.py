"""An edit shows on the next request."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest import mock

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve
from django.utils.translation import override

from cspa import audit
from cspa.cache import versions
from cspa.models import ChangeSet, TableVersion
from delegations.models import AssemblyPost, Parliament, Person, SeatQuota
from news.jsonl import import_lines, line, records
from news.models import Article, Topic

from ....support import factories
from ....support.admin_forms import filled_in, page, save
from ....support.counting import cost
from ....support.crawl import walk
from ....support.generated import FACTOR
from ....support.page_cache import LIST, Reader
from ....support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


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
