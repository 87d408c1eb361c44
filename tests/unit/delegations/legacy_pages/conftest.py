"""Fixtures of pages saved from the former site."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def seed_page(sample_data: Path) -> bytes:
    return (sample_data / "seed-page.txt").read_bytes()
