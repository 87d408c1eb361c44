"""Fixtures of imports. Models are imported in the fixtures: Django is set up after this file is read."""

import pytest


@pytest.fixture
def chamber():
    from ....support import factories

    return factories.ChamberFactory(slug="belarus-house", parliament__slug="belarus", parliament__country="BY")
