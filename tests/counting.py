"""Counting queries: those of what is tested, the same on both databases."""

from collections.abc import Callable

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cspa import journal


def cost(do: Callable[[], object]) -> int:
    """How many queries ``do`` takes, without the lock of the journal, which only PostgreSQL needs.

    The kinds of rows are asked for once in a process: they are known before.
    """
    ContentType.objects.get_for_models(*journal.followed())
    with CaptureQueriesContext(connection) as queries:
        do()
    return len([query for query in queries.captured_queries if "pg_advisory" not in query["sql"]])
