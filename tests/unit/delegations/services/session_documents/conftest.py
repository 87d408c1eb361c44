"""Fixtures of session documents. Models are imported in the fixtures: Django is set up after this file is read."""

import pytest


@pytest.fixture
def belarus():
    """The first parliament in protocol order: the order of people differs by language, one person has two posts."""
    from .....support import factories
    from .....support.session_documents import delegation, sit

    parliament = delegation(
        "belarus", 1, name_en="National Assembly", name_ru="Национальное собрание", short_name_en="Belarus"
    )
    # In English the Latin K comes before Z; in Russian З comes before К.
    sit(parliament, name_en="Zoya Zhuk", family_name_en="Zhuk", name_ru="Зоя Жук", family_name_ru="Жук")
    sit(
        parliament,
        name_en="Ivan Adamov",
        family_name_en="Adamov",
        name_ru="Иван Яковлев",
        family_name_ru="Яковлев",
        given_name_ru="Иван",
        patronymic_ru="Петрович",
    )
    sit(parliament, "head", name_en="Petr Orlov", family_name_en="Orlov", name_ru="Пётр Орлов", family_name_ru="Орлов")
    sit(
        parliament,
        "substitute",
        name_en="Anna Bask",
        family_name_en="Bask",
        name_ru="Анна Баск",
        family_name_ru="Баск",
    )
    agent = factories.PersonFactory(name_en="Mark Lis", family_name_en="Lis", name_ru="Марк Лис", family_name_ru="Лис")
    factories.RepresentativeFactory(parliament=parliament, person=agent)
    factories.AssemblyPostFactory(person=agent)
    return parliament


@pytest.fixture
def armenia():
    """A parliament without a published quota or names."""
    from .....support.session_documents import delegation

    return delegation("armenia", 2, seats=None, name_en="Parliament of Armenia", name_ru="Парламент Армении")
