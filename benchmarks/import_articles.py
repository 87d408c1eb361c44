#!/usr/bin/env python3
"""How fast articles are imported: tests/with-postgres .venv/bin/python benchmarks/import_articles.py [--articles N]

Into an empty PostgreSQL database it imports N articles (default 100,000), then the same once more; into an empty one
twice as many, then N that are neither sanitised nor stemmed. The server's own COPY writes the same rows into the same
tables. It prints the ratio to COPY and the peak memory of each import; its database is as empty afterwards.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from uuid import UUID

HOME = Path(__file__).resolve().parent.parent
# What an import of articles writes, those that others point at first.
TABLES = ["news_topic", "news_story", "news_article", "news_article_topics", "news_quotation", "cspa_changeset"]
TABLES += ["cspa_change"]
# The command itself, in a process of its own that tells its peak at the end; or without what it does with each text:
# its elements are taken as allowed, and its words as stems.
IMPORT = r"""
import re, sys
from pathlib import Path
from unittest import mock
import django
django.setup()
from django.core.management import call_command
if sys.argv[2:] == ["--bare"]:
    mock.patch("news.jsonl.schema.sanitise", str).start()
    mock.patch("news.models.articles.sanitise", str).start()
    mock.patch("news.models.articles.stems", lambda text, language: text.lower().split()).start()
call_command("import_articles", sys.argv[1], stdout=open("/dev/null", "w"), stderr=open("/dev/null", "w"))
print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""
SYLLABLES = {
    "en": "con sul ta de le ga tion par li ment se cu ri ty ing ed s",
    "ru": "за се да ни е пар ла мент без о пас но сти го ворит ами ых",
}


def articles(number: int) -> Iterator[dict]:
    """Lines of made-up articles in both languages by turns, about 230 words each, the same every time."""
    chance = random.Random(1)  # noqa: S311  no secret
    vocabulary, weights = {}, list(accumulate(1 / place for place in range(1, 20_001)))
    for language, parts in SYLLABLES.items():
        syllables = parts.split()
        vocabulary[language] = ["".join(chance.choices(syllables, k=chance.randint(1, 5))) for _ in range(20_000)]
    first = datetime(2006, 11, 16, 9, tzinfo=UTC)
    for row in range(number):
        language = ("en", "ru")[row % 2]
        words = chance.choices(vocabulary[language], cum_weights=weights, k=230)
        paragraphs = "".join(
            f"<p>{' '.join(words[start : start + 40]).capitalize()}.</p>" for start in range(30, 230, 40)
        )
        if row % 10 == 0:
            paragraphs += "<blockquote><p>We agree.</p><p>— Viktor Kogut, Deputy</p></blockquote>"
        published = (first + timedelta(hours=row % 170_000)).isoformat()
        topics = [{"slug": f"topic-{topic}", "name_en": f"Topic {topic}"} for topic in {row % 10, row % 7}]
        yield {
            "id": str(UUID(int=chance.getrandbits(128), version=4)),
            "story": str(UUID(int=row // 2 + (1 << 64), version=4)),
            "language": language,
            "title": " ".join(words[:8]).capitalize(),
            "slug": f"article-{row}",
            "summary": " ".join(words[8:30]).capitalize(),
            "body": paragraphs,
            "state": "published",
            "published": published,
            "text_changed": published,
            "topics": topics,
        }


def write(number: int, folder: Path) -> Path:
    file = folder / f"{number}.jsonl"
    with file.open("w") as lines:
        lines.writelines(json.dumps(article, ensure_ascii=False) + "\n" for article in articles(number))
    return file


def seconds(do: Callable[[], object]) -> tuple[float, object]:
    start = perf_counter()
    result = do()
    return perf_counter() - start, result


def imported(file: Path, *options: str) -> int:
    """Import ``file`` in a process of its own; its peak in MB. --bare: neither sanitised nor stemmed."""
    command = [sys.executable, "-c", IMPORT, file, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HOME)
    return int(done.stdout)


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        cursor.execute("VACUUM ANALYZE news_article")


def copied(folder: Path) -> float:
    """Seconds that the server needs to COPY the rows that are there into the tables they are in, emptied before."""
    from django.db import connection

    with connection.cursor() as cursor:
        tables = {}
        for table in TABLES:
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) "
                "FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
                [table],
            )
            tables[table] = f"{table} ({cursor.fetchone()[0]})"
            with cursor.copy(f"COPY {tables[table]} TO STDOUT") as rows, (folder / table).open("wb") as file:
                file.writelines(rows)
        empty()
        start = perf_counter()
        cursor.execute("BEGIN")
        for table in TABLES:
            with cursor.copy(f"COPY {tables[table]} FROM STDIN") as rows, (folder / table).open("rb") as file:
                while data := file.read(1 << 20):
                    rows.write(data)
        cursor.execute("COMMIT")
        return perf_counter() - start


@dataclass
class Measured:
    """An import, or COPY."""

    name: str
    seconds: float
    to_copy: float  # what the server's own COPY of as many takes, to ``seconds``
    peak: int | None = None  # MB


def measured(number: int) -> list[Measured]:
    """COPY, the import of ``number`` articles, the same once more, twice as many, and bare ones; Django is set up."""
    from django.core.management import call_command
    from django.db import connection

    from news.models import Article

    if connection.vendor != "postgresql":
        sys.exit("DATABASE_URL must name a PostgreSQL database.")
    call_command("migrate", verbosity=0)
    if Article.objects.exists():
        sys.exit("The database holds articles already.")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        once, twice = write(number, folder), write(2 * number, folder)
        first, memory = seconds(lambda: imported(once))
        again, memory_again = seconds(lambda: imported(once))
        copy = copied(folder)
        empty()
        larger, memory_larger = seconds(lambda: imported(twice))
        empty()
        bare, memory_bare = seconds(lambda: imported(once, "--bare"))
        copy_of_bare = copied(folder)
        empty()
    return [
        Measured("COPY", copy, 1),
        Measured("import", first, copy / first, memory),
        Measured("the same once more", again, copy / again, memory_again),
        Measured("twice as many", larger, 2 * copy / larger, memory_larger),
        Measured("neither sanitised nor stemmed", bare, copy_of_bare / bare, memory_bare),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, metavar="N")
    number = parser.parse_args().articles
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
    sys.path.insert(0, str(HOME))
    import django

    django.setup()
    print(f"{'':30}{'seconds':>8}{'to COPY':>9}{'peak MB':>9}")
    for each in measured(number):
        print(f"{each.name:30}{each.seconds:8.1f}{each.to_copy:9.2f}{each.peak or '':>9}")


if __name__ == "__main__":
    main()
