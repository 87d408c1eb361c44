"""Fixtures of confirmations. Models are imported in the fixtures: Django is set up after this file is read."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client


@pytest.fixture(autouse=True)
def clock(request) -> Iterator[time_machine.Traveller | None]:
    from .....support.confirmations import NOW

    # The browser uses the real clock.
    if "browser" in request.keywords:
        yield None
        return
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def home() -> SimpleNamespace:
    """A parliament with a chamber of three seats, two delegates and a representative, and its clerk."""
    from delegations.models import Person

    from .....support import factories

    parliament = factories.ParliamentFactory(slug="home", name_en="Home Assembly", name_ru="Домашнее собрание")
    chamber = factories.ChamberFactory(parliament=parliament, slug="home-house", name_en="House", name_ru="Палата")
    factories.SeatQuotaFactory(chamber=chamber, seats=3)
    first, second, third = (
        Person.objects.create(name_en=name, name_ru=russian)
        for name, russian in (
            ("Ivan First", "Иван Первый"),
            ("Oleg Other", "Олег Другой"),
            ("Petr Third", "Пётр Третий"),
        )
    )
    return SimpleNamespace(
        parliament=parliament,
        chamber=chamber,
        mandate=factories.DelegateFactory(person=first, chamber=chamber, starts="2020-01-01", role="head"),
        other=factories.DelegateFactory(person=second, chamber=chamber, starts="2021"),
        service=factories.RepresentativeFactory(person=third, parliament=parliament, starts="2022-05"),
        clerk=factories.UserFactory(username="clerk", is_superuser=True),
    )


@pytest.fixture
def office(home: SimpleNamespace) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(home.clerk)
    return client
