"""Import and export cost the same per article and need a bounded memory."""

import json
import os
import subprocess
import sys
from functools import partial
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.db import connection

from news.jsonl import reader
from news.models import Article

from ....support import factories
from ....support.counting import assert_equal_costs, assert_same_cost, cost, rolled_back, up_to
from ....support.jsonl import SPOKEN, a_line, exported, imported, to_file

pytestmark = pytest.mark.django_db


def many_lines(number: int) -> list[dict]:
    """Lines with a translation each, and with all related objects that need no file."""
    person, parliament = factories.PersonFactory(), factories.ParliamentFactory()
    shared = {
        "people": [person.public_id],
        "delegations": [parliament.slug],
        "body": SPOKEN.format(words="A", who="B"),
    }
    shared["quotations"] = [{"place": 0, "person": person.public_id}]
    shared["corrections"] = [{"date": "2020-06-01", "text": "A", "recorded": "2020-06-01T12:00:00Z"}]
    values = []
    for each in range(number):
        shared["topics"] = [{"slug": f"topic-{each}", "name_en": "A"}]
        shared["sources"] = [{"id": str(uuid4()), "title_en": "A"}]
        shared["former_addresses"] = [{"language": "en", "date": "2019-01-01", "slug": f"former-{each}"}]
        # Not each line has one: the audit log writes 2,000 rows at a time.
        shared["legacy_addresses"] = [f"/old/{each}.html"] if each % 2 == 0 else []
        values.append(a_line(**shared))
    return values


@up_to(300)
def test_import_and_export_cost_the_same_with_any_number_of_articles(tmp_path, sizes):
    def measure(rows):
        file = to_file(tmp_path, *many_lines(rows))
        new = cost(partial(imported, file))
        assert Article.objects.count() == rows
        known = cost(partial(imported, file))
        return {"import of new articles": new, "import of known articles": known, "export of articles": cost(exported)}

    assert_same_cost(measure, sizes)


@pytest.mark.both_databases("cspa.db.bulk_copy", "news.jsonl", "news.jsonl.writer")
def test_chunks_cost_the_same(monkeypatch, tmp_path):
    def cost_of(number):
        with rolled_back():
            return cost(partial(imported, to_file(tmp_path, *many_lines(number))))

    monkeypatch.setattr(reader, "CHUNK", 2)
    one, two, three = (cost_of(number) for number in (2, 4, 6))
    kind = "one more chunk of new articles"
    assert_equal_costs({4: {kind: two - one}, 6: {kind: three - two}})


# The peak that getrusage() gives would be that of this process where it is higher: a child takes it over.
PEAK = r"""
import re, sys
import django
django.setup()
from django.core.management import call_command
call_command(*sys.argv[1:], stdout=open("/dev/null", "w"))
print(int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fewer", [1_500, pytest.param(5_000, marks=pytest.mark.audit)])
def test_memory_is_constant_with_any_number_of_articles(tmp_path, fewer: int):
    """A hundred thousand articles take three minutes, so the test compares a number of articles with twice as many."""
    database = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if connection.vendor == "postgresql":
        where = connection.settings_dict
        database = f"postgres://{where['USER']}@{quote(where['HOST'], safe='')}/{where['NAME']}"
    # The coverage of a process takes memory that grows as well.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    environment["DATABASE_URL"] = database

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    run("manage.py", "migrate", "--verbosity", "0")
    megabytes: dict[str, list[int]] = {"in": [], "again": [], "out": []}
    for number in (fewer, 2 * fewer):
        file = tmp_path / f"{number}.jsonl"
        with file.open("w") as output:
            for place in range(number):
                source = {"id": str(UUID(int=place)), "title_en": f"Decree {place}"}
                body = f"<p>{' '.join(f'word{(place + each) % 997}' for each in range(400))}</p>"
                output.write(json.dumps(a_line(body=body, sources=[source])) + "\n")
        run("manage.py", "flush", "--no-input", "--verbosity", "0")
        for name in ("in", "again"):
            megabytes[name].append(int(run("-c", PEAK, "import_articles", str(file))))
        megabytes["out"].append(int(run("-c", PEAK, "export_articles", str(tmp_path / "out.jsonl"))))
        assert sum(1 for _ in (tmp_path / "out.jsonl").open()) == number
    for name, (less, more) in megabytes.items():
        assert less < (160 if name == "out" else 130), megabytes
        # Each article here has a source of its own, and both directions remember the sources that they met.
        assert more < 1.15 * less, megabytes


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite packs no texts")
@pytest.mark.django_db(transaction=True)
def test_import_compresses_bodies_with_lz4_and_other_saves_do_not(tmp_path):
    long = f"<p>{' '.join(f'word{place % 97}' for place in range(2000))}</p>"

    def packed(slug: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_column_compression(body) FROM news_article WHERE slug = %s", [slug])
            return cursor.fetchone()[0]

    imported(to_file(tmp_path, a_line(slug="imported", body=long)))
    assert packed("imported") == "lz4"
    factories.ArticleFactory(slug="saved", body=long)
    assert packed("saved") == "pglz"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL plans by what it has counted")
def test_large_import_updates_database_statistics(tmp_path, monkeypatch):
    monkeypatch.setattr("news.jsonl.ANALYZE_AFTER", 3)
    imported(to_file(tmp_path, *many_lines(6)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'news_article'")
        assert cursor.fetchone()[0] == 6
