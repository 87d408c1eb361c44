"""Fixtures of sign-in. Models are imported in the fixtures: Django is set up after this file is read."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that tests move."""
    with time_machine.travel(datetime(2026, 11, 25, 9, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def clerk():
    from ..support import factories

    return factories.UserFactory(username="clerk")


@pytest.fixture
def group(clerk):
    """A group with permissions, to which the clerk belongs."""
    from django.contrib.auth.models import Group

    group = Group.objects.get(name="Administrators")
    clerk.groups.add(group)
    return group


@pytest.fixture
def strict(group):
    """The same group, which requires two factors."""
    from cspa.models import GroupPolicy

    GroupPolicy.objects.create(group=group, demands_two_factors=True)
    return group


@pytest.fixture
def chief(client):
    """An administrator, as whom the client is signed in."""
    from django.contrib.auth.models import Group

    from ..support import factories

    chief = factories.UserFactory(username="chief")
    chief.groups.add(Group.objects.get(name="Administrators"))
    client.force_login(chief)
    return chief
