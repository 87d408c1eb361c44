"""A hundred thousand rows: the last page of a list costs the same as the first."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cspa.db.bulk_copy import bulk_copy
from delegations.models import Delegate, Person
from news.models import Article, Story

from ..support import factories
from ..support.counting import Costs, assert_equal_costs, assert_same_cost, cost, rolled_back

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROWS = 100_000


def costs_of(client, pages: dict[str, str]) -> Costs:
    """The cost of a page of each kind."""

    def ask(address: str) -> None:
        assert client.get(address).status_code == 200, address

    return {kind: cost(partial(ask, address)) for kind, address in pages.items()}


def write_articles(rows: int) -> None:
    """Articles in alternating languages, each with a topic, a delegation and a person: "a-0", "a-1", …

    The rows are created in bulk, because a factory and a statement for each would take half a minute.
    """
    topics = factories.TopicFactory.create_batch(10)
    parliaments = [factories.SeatQuotaFactory().chamber.parliament for _ in range(6)]
    people = factories.PersonFactory.create_batch(50)
    patterns = [factories.ArticleFactory.build(language=language, title="Meeting 0") for language in ("en", "ru")]
    for pattern in patterns:
        pattern.derive()
    columns = [field.attname for field in Article._meta.concrete_fields if not field.primary_key]
    first = datetime(2010, 1, 1, tzinfo=UTC)
    stories = Story.objects.bulk_create((Story() for _ in range(rows)), batch_size=5_000)

    def values(number: int) -> dict[str, Any]:
        pattern, at = patterns[number % 2], first + timedelta(hours=number % 90_000)
        return {name: getattr(pattern, name) for name in columns} | {
            "uid": UUID(int=number),
            "story_id": stories[number].pk,
            "title": f"Meeting {number}",
            "slug": f"a-{number}",
            "published_at": at,
            "text_changed_at": at,
            "date": timezone.localdate(at),
            "stems": pattern.stems.replace(" 0 ", f" {number} ", 1),
        }

    bulk_copy(Article, columns, (list(values(number).values()) for number in range(rows)))
    keys = Article.objects.order_by("uid").values_list("pk", flat=True)
    for name, subjects in (("topics", topics), ("parliaments", parliaments), ("people", people)):
        field = Article._meta.get_field(name)
        names = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
        pairs = ((key, subjects[number % len(subjects)].pk) for number, key in enumerate(keys))
        bulk_copy(field.remote_field.through, names, pairs)
    with connection.cursor() as cursor:
        vacuums = connection.vendor == "postgresql" and not connection.in_atomic_block
        cursor.execute("VACUUM ANALYZE" if vacuums else "ANALYZE")


def place_of_the_last_page(rows: int) -> tuple[Article, str]:
    """The English article before the last full page of ``write_articles(rows)``, and the query of that page."""
    last = Article.objects.in_language("en").order_by("-published_at", "-pk")[rows // 50 * 20 - 1]
    return last, f"?before={int(last.published_at.timestamp()) * 1_000_000}-{last.pk}"


def pages_of_articles(rows: int) -> tuple[dict[str, str], dict[str, str]]:
    """The pages that show articles of ``write_articles(rows)``, and separately those of all articles."""
    article = Article.objects.get(slug=f"a-{rows // 2}")
    topic, parliament, person = article.topics.get(), article.parliaments.get(), article.people.get()
    pages = {
        "news": "/en/news/",
        "news of a year": f"/en/news/{article.date:%Y}/",
        "news of a month": f"/en/news/{article.date:%Y/%m}/",
        "news of a day": f"/en/news/{article.date:%Y/%m/%d}/",
        "news of a topic": f"/en/news/topics/{topic.slug}/",
        "news of a delegation": f"/en/news/delegations/{parliament.slug}/",
        "news of a person": f"/en/news/people/{person.public_id}-{person.slug}/",
        "article": article.get_absolute_url(),
        "search": "/en/search/?q=meeting",
        "search of a phrase": "/en/search/?q=%22meeting+78%22",
        "search in a topic and a year": f"/en/search/?q=meeting&year={article.date:%Y}&topic={topic.slug}",
        "Atom feed": "/en/news/feed.atom",
        "home": "/en/",
        "API articles": "/api/v1/articles/",
    }
    return pages, {"sitemap": "/sitemap.xml", "sitemap of articles": "/sitemap-articles.xml"}


LISTS = ("news", "news of a topic", "news of a delegation", "news of a person")


def costs_of_articles(client, rows: int) -> Costs:
    """The costs of the pages. The last page of a list costs the same as the first."""
    pages, whole = pages_of_articles(rows)
    costs = costs_of(client, pages | whole)
    _last, place = place_of_the_last_page(rows)
    assert costs_of(client, {kind: f"{pages[kind]}{place}" for kind in LISTS}) == {kind: costs[kind] for kind in LISTS}
    return costs


@pytest.mark.django_db(transaction=True)
def test_pages_of_100_000_articles_cost_the_same_as_of_a_few_and_use_indexes(client):
    few = 100
    with rolled_back():
        write_articles(few)
        by_size = {few: costs_of_articles(client, few)}
    write_articles(ROWS)
    assert Article.objects.count() == ROWS
    by_size[ROWS] = costs_of_articles(client, ROWS)
    assert_equal_costs(by_size)
    last, place = place_of_the_last_page(ROWS)
    ordered = Article.objects.in_language("en").order_by("-published_at", "-pk")
    assert client.get(f"/en/news/{place}").context["page"].rows == list(ordered[2000 * 20 : 2001 * 20])
    article = Article.objects.get(slug=f"a-{ROWS // 2}")
    if connection.vendor == "postgresql":
        pages, _whole = pages_of_articles(ROWS)
        addresses = {*pages.values(), *(f"{pages[kind]}{place}" for kind in LISTS)}
        scanned, explained = [], set()
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200, address
            for query in queries.captured_queries:
                if 'FROM "news_article"' in query["sql"]:
                    with connection.cursor() as cursor:
                        cursor.execute(f"EXPLAIN ANALYZE {query['sql']}")
                        plan = "\n".join(line for (line,) in cursor.fetchall())
                    explained.add(address)
                    if re.search(r"Seq Scan on news_article\b(?!_)(?!.*never executed)", plan):
                        scanned.append((address, plan))
        assert scanned == []
        assert explained == addresses
    # The pages of the list neither read what lies before them, nor sort.
    here = Article.objects.published().in_language("en")
    for rows in (here, here.filter(TupleLessThan(Tuple("published_at", "pk"), (last.published_at, last.pk)))):
        plan = rows.newest_first()[:21].explain()
        assert "article_feed" in plan, plan
        assert not re.search("Seq Scan|Sort|SCAN|TEMP B-TREE", plan), plan
    # Those beside an article are found from its place.
    with CaptureQueriesContext(connection) as queries:
        beside = here.filter(topics=article.topics.get()).without_body().neighbours(article)
    assert [neighbour.published_at < article.published_at for neighbour in beside] == [True, False]
    if connection.vendor == "postgresql":
        assert 0 < sum(rows_read(query["sql"]) for query in queries.captured_queries) < 200


@pytest.mark.both_databases("news.models.articles")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a few rows from end to end")
def test_news_list_on_sqlite_uses_indexes_and_no_sort():
    factories.ArticleFactory.create_batch(5)
    here = Article.objects.published().in_language("en")
    last = here.newest_first()[2]
    for rows in (here, here.filter(TupleLessThan(Tuple("published_at", "pk"), (last.published_at, last.pk)))):
        plan = rows.newest_first()[:21].explain()
        assert "article_feed" in plan, plan
        assert not re.search("SCAN|TEMP B-TREE", plan), plan


# In each language 500,000, with no more than what a search reads; "frequent" stands in a quarter of the English ones.
MILLION = """
INSERT INTO news_story (uid) SELECT gen_random_uuid() FROM generate_series(1, 500000);
INSERT INTO news_article (uid, story_id, language, title, slug, dateline, summary, body, state, published_at, date,
    withdrawal_reason, text_changed_at, preview_key, stems)
SELECT gen_random_uuid(), id, language, 'Meeting ' || id, 'a-' || id, '', 'Summary', '<p>Text</p>', 'published', time,
    time::date, '', time, '', 'meet ' || id || ' 0 summari 0'
    || CASE WHEN id % 4 = 0 AND language = 'en' THEN ' frequent' ELSE '' END
    || CASE WHEN id % 5 = 3 THEN ' joint exercis' ELSE '' END
    || CASE WHEN id % 5 = 1 THEN ' never x beside' ELSE '' END
    || CASE WHEN id % 50 = 9 THEN ' middl' ELSE '' END
    || CASE WHEN id % 5000 = 8 THEN ' rare' ELSE '' END
    || ' w' || id % 3000 || ' w' || id % 49999
FROM (
    SELECT id, timestamptz '2006-01-01' + id * 48271 % 500000 * interval '20 minutes' AS time
    FROM news_story
) AS story, (VALUES ('en'), ('ru')) AS translations (language);
INSERT INTO news_article_topics (article_id, topic_id)
SELECT article.id, topic.id FROM news_article AS article, news_topic AS topic WHERE article.story_id % 5 = 0;
"""


def rows_read(sql: str) -> int:
    """The number of article rows that the database reads for ``sql``."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        ((found,),) = cursor.fetchall()
    plans, rows = [found[0]["Plan"]], 0
    for plan in plans:
        plans += plan.get("Plans", [])
        if plan.get("Relation Name") == "news_article":
            left_out = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
            rows += (plan["Actual Rows"] + left_out) * plan["Actual Loops"]
    return rows


@pytest.mark.audit
@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans of PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_search_among_a_million_articles_reads_few_rows(client):
    factories.TopicFactory(slug="fifth")
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'article_stems'")
        ((index,),) = cursor.fetchall()
        for statement in ("DROP INDEX article_stems", *MILLION.split(";")[:-1], index, "VACUUM ANALYZE"):
            cursor.execute(statement)
    most = {
        "meeting": 500,
        "frequent": 1_500,
        "frequent -rare": 1_500,
        '"joint exercise"': 2_500,
        # The word is in 2 of 100 articles, so it is not frequent.
        "middle": 10_500,
        "rare": 300,
        "rare frequent": 800,
        # There are no results, and 500 articles are read for a suggestion.
        "frequent -meeting": 11_500,
        "frequent joint": 13_000,
        # Only the articles with both words show whether the words are adjacent.
        '"never beside"': 113_000,
        "nothing": 800,
        "frequent&topic=fifth": 6_500,
        "rare&topic=fifth": 800,
        "frequent&year=2010": 1_500,
        "rare&year=2010": 300,
    }
    asked = {f"/en/search/?q={text}": number for text, number in most.items()}
    asked |= {"/en/search/feed.atom?q=frequent": 200, "/en/search/feed.atom?q=rare": 200}
    asked |= {"/ru/search/?q=frequent": 3_000, "/api/v1/search/?q=frequent": 1_500}
    looked_at = {}
    for address in asked:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        looked_at[address] = sum(
            rows_read(query["sql"]) for query in queries.captured_queries if '"news_article"' in query["sql"]
        )
    assert {address: rows for address, rows in looked_at.items() if not 0 < rows <= asked[address]} == {}


def fill(people: int) -> dict[str, str]:
    """100 chambers and ``people`` with four mandates each in two of them. Returns the URLs of pages that show them."""
    chambers = [factories.SeatQuotaFactory(seats=90).chamber for _ in range(100)]
    Person.objects.bulk_create((factories.PersonFactory.build() for _ in range(people)), batch_size=1_000)
    everybody = list(Person.objects.order_by("pk"))
    # Each line has a handover within the year of a partial end, the dearest case of `on(date)`.
    terms = [("2015", "2019"), ("2019-03", None)]
    mandates = (
        Delegate(
            person=person, chamber=chambers[(number + line) % 100], role=Delegate.Role.DELEGATE, starts=start, ends=end
        )
        for number, person in enumerate(everybody)
        for line in range(2)
        for start, end in terms
    )
    Delegate.objects.bulk_create(mandates, batch_size=1_000)
    assert Delegate.objects.count() == 4 * people
    parliament = chambers[0].parliament.get_absolute_url()
    return {
        "directory": "/en/delegations/",
        "directory of a day": "/en/delegations/?on=2019-02-01",
        "delegation": parliament,
        "delegation of a day": f"{parliament}?on=2019-02-01",
        "person": everybody[0].get_absolute_url(),
        "people": "/en/delegations/people/",
        "people found": "/en/delegations/people/?q=person",
        "mandates": "/en/delegations/people/delegates/",
        "mandates of a day": "/en/delegations/people/delegates/?on=2019-02-01",
        "changes": "/en/delegations/changes/",
        "API delegations": "/api/v1/delegations/",
        "API delegates": "/api/v1/delegates/?on=2019-02-01",
        "API people": "/api/v1/people/",
        "API changes": "/api/v1/changes/",
    }


def test_dashboard_with_5_000_people_and_100_000_articles_costs_the_same_as_with_a_few(client):
    def measure(people: int) -> Costs:
        completeness = f"{fill(people)['delegation']}completeness/"
        write_articles(20 * people)
        pages = {
            "desk": "/admin/",
            "calendar": "/admin/news/article/calendar/?month=2010-01",
            "completeness": completeness,
        }
        costs = costs_of(client, pages)
        for _label, lines in client.get("/admin/").context["sections"]:
            for line in lines:
                assert client.get(line.url).context["cl"].result_count == line.number
        return costs

    client.force_login(factories.UserFactory(is_superuser=True))
    assert_same_cost(measure, (3, ROWS // 20))


def test_pages_of_20_000_mandates_cost_the_same_as_of_twelve(client):
    assert_same_cost(lambda people: costs_of(client, fill(people)), (3, 5_000))


# The peak that getrusage() gives would be that of this process where it is higher: a child takes it over.
IMPORT = r"""
import re, sys
import django
django.setup()
from django.core.management import call_command
call_command("import_delegations", sys.argv[1], country="AM", stdout=open("/dev/null", "w"))
print(int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


def popolo_of(people: int) -> dict:
    """A file of a publisher: ``people`` with four consecutive memberships each."""
    return {
        "persons": [
            {
                "id": f"p-{number}",
                "name": f"Given{number} Family{number}",
                "gender": "female",
                "email": "a@example.org",
            }
            for number in range(people)
        ],
        "organizations": [{"id": "house", "name": "House", "classification": "legislature"}],
        "memberships": [
            {
                "person_id": f"p-{number}",
                "organization_id": "house",
                "role": "member",
                "start_date": f"{2000 + 5 * term}",
                "end_date": f"{2005 + 5 * term}-01-01",
                "sources": [{"url": f"https://example.org/{number}"}],
            }
            for number in range(people)
            for term in range(4)
        ],
    }


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fewer", [1_000, pytest.param(5_110, marks=pytest.mark.audit)])
def test_import_uses_less_than_300_mb_and_grows_linearly(tmp_path, fewer: int):
    database = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if connection.vendor == "postgresql":
        where = connection.settings_dict
        database = f"postgres://{where['USER']}@{quote(where['HOST'], safe='')}/{where['NAME']}"
    environment = {**os.environ, "DATABASE_URL": database}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
    megabytes = {}
    for people in (1, fewer, 2 * fewer):
        file = tmp_path / f"{people}.json"
        file.write_text(json.dumps(popolo_of(people)))
        empty = [sys.executable, "manage.py", "flush", "--no-input", "--verbosity", "0"]
        subprocess.run(empty, env=environment, check=True)
        done = subprocess.run(
            [sys.executable, "-c", IMPORT, file], env=environment, check=True, capture_output=True, text=True
        )
        megabytes[people] = int(done.stdout)
    assert megabytes[2 * fewer] < 300, megabytes
    small, large = (megabytes[people] - megabytes[1] for people in (fewer, 2 * fewer))
    assert large < 2.5 * small + 5, megabytes
