"""Fixtures of merging. Models are imported in the fixtures: Django is set up after this file is read."""

import pytest
from django.test import Client


@pytest.fixture
def kept():
    from .....support import factories

    return factories.PersonFactory(name_en="Viktor Kogut", family_name_en="Kogut")


@pytest.fixture
def other():
    from .....support import factories

    return factories.PersonFactory(name_en="Viktar Kogut", family_name_en="Kogut")


@pytest.fixture
def chamber():
    from .....support import factories

    return factories.ChamberFactory(name_en="House", parliament__short_name_en="Belarus")


@pytest.fixture
def administrator(client: Client) -> Client:
    from .....support import factories

    client.force_login(factories.UserFactory(is_superuser=True, username="administrator"))
    client.raise_request_exception = False
    return client
