"""Fixtures of the page cache: a reader, an article to read, and replicas."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest
from django.db import connection, router

from cspa.cache import replicas
from news.models import Article

from ...support import factories
from ...support.page_cache import Reader, new_process
from ...support.replicas import Copy


@pytest.fixture
def reader() -> Iterator[Reader]:
    with new_process() as reader:
        yield reader


@pytest.fixture
def article() -> Article:
    return factories.ArticleFactory(
        title="The Council met", slug="council", published_at=datetime(2020, 5, 26, tzinfo=UTC)
    )


@pytest.fixture
def copies(transactional_db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Copy]]:
    """Two replicas. One that is marked as down stays so for an hour, however long the test takes."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has real replicas")
    for seconds in ("LAG_SECONDS", "DOWN_SECONDS"):
        monkeypatch.setattr(replicas, seconds, 3600)
    with mock.patch.object(router, "routers", [replicas.ReplicaRouter()]):
        copies = [Copy(alias, tmp_path) for alias in ("replica1", "replica2")]
        yield copies
        for copy in copies:
            copy.leave()
