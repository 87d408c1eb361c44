"""Fixtures of the page cache: a reader, an article to read, and replicas.

pytest loads this file before Django is ready, so the fixtures import what they need.
"""

from datetime import UTC, datetime
from unittest import mock

import pytest


@pytest.fixture
def reader():
    from ...support.page_cache import new_process

    with new_process() as reader:
        yield reader


@pytest.fixture
def article():
    from ...support.factories import ArticleFactory

    return ArticleFactory(title="The Council met", slug="council", published_at=datetime(2020, 5, 26, tzinfo=UTC))


@pytest.fixture
def copies(transactional_db, tmp_path, monkeypatch):
    """Two replicas. A replica marked as down stays so for an hour, however long the test takes."""
    from django.db import connection, router

    from cspa.cache import replicas

    from ...support.replicas import Copy

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has real replicas")
    for seconds in ("LAG_SECONDS", "DOWN_SECONDS"):
        monkeypatch.setattr(replicas, seconds, 3600)
    with mock.patch.object(router, "routers", [replicas.ReplicaRouter()]):
        copies = [Copy(alias, tmp_path) for alias in ("replica1", "replica2")]
        yield copies
        for copy in copies:
            copy.leave()
