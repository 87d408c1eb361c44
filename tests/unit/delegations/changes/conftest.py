"""Fixtures of changes. Models are imported in the fixtures: Django is set up after this file is read."""

import pytest


@pytest.fixture
def chamber():
    from ....support import factories

    parliament = factories.ParliamentFactory(slug="home", short_name_en="Home", short_name_ru="Дом")
    return factories.ChamberFactory(parliament=parliament, name_en="House", name_ru="Палата")


@pytest.fixture
def person():
    from ....support import factories

    return factories.PersonFactory(name_en="Anna First", name_ru="Анна Первая")
