"""Fixtures of the tests with servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.ports import reserved_port
from ..support.servers import Redis
from ..support.waiting import until


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with reserved_port() as port:
        server = Redis(tmp_path, port)
        try:
            until(server.answers)
            yield server
        finally:
            server.stop()
