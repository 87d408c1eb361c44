"""The Russian edition of the former site becomes the same facts, and a Russian article."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from delegations.exports import popolo
from delegations.importer import ImportRefusedError, import_file
from delegations.legacy_pages.facts import import_block
from delegations.models import (
    AssemblyPost,
    Delegate,
    Link,
    Observation,
    Parliament,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.legacy_page import import_page, read
from news.models import Article, Story

from ....support import factories
from ....support.legacy_pages import DAY, KYRGYZ, block_of, page_of, words

pytestmark = pytest.mark.django_db

TITLE = "Заметка о встрече"
BELARUS = (
    "Делегация Национального собрания Республики Беларусь в ПА ОДКБ представлена 7 депутатами Палаты представителей "
    "Национального собрания Республики Беларусь и 4 членами Совета Республики Национального собрания Республики "
    "Беларусь."
)
KAZAKHSTAN = (
    "Делегация Парламента Республики Казахстан в ПА ОДКБ представлена 6 членами Сената Парламента Республики "
    "Казахстан и 8 депутатами Мажилиса Парламента Республики Казахстан."
)
KYRGYZSTAN = "Делегация Жогорку Кенеша Кыргызской Республики в ПА ОДКБ представлена 7 депутатами."
ENVOY = "Полномочный представитель Жогорку Кенеша Кыргызской Республики{}:{}"
COUNCIL = "{} - члены Совета Парламентской Ассамблеи ОДКБ."


def page(*block: str, day: str = "3 марта 2021", title: str = TITLE) -> bytes:
    return page_of(*block, title=title, day=day, text="Первый «абзац».\nВторой.")


def seats() -> dict[str, int]:
    return dict(SeatQuota.objects.values_list("chamber__slug", "seats"))


def test_page_of_the_russian_edition_is_read():
    report = import_page(
        page(
            BELARUS,
            "Полномочный представитель Национального собрания Республики Беларусь:Орлов Ким Петрович",
            "Сайт Палаты представителей Национального собрания Республики Беларусь: http://house.gov.by/ru/",
            KAZAKHSTAN,
            COUNCIL.format("Берёзов Олег Ильич, Ольхина Анна Львовна"),
            "ДУБОВ Иван Ильич, ЛИПИНА Вера Олеговна",
            "/countries/russian",
            "Полномочный представитель Парламента Республики Казахстан - заместитель Ответственного секретаря ПА "
            "ОДКБ: Рябин Семён Павлович",
        ),
        DAY,
    )
    assert report.saved
    assert seats() == {
        "belarus-house-of-representatives": 7,
        "belarus-council-of-the-republic": 4,
        "kazakhstan-senate": 6,
        "kazakhstan-mazhilis": 8,
    }
    services = Representative.objects.order_by("parliament__slug").values_list("parliament__slug", "person__name_ru")
    assert list(services) == [("belarus", "Орлов Ким Петрович"), ("kazakhstan", "Рябин Семён Павлович")]
    link = Link.objects.get()
    assert (link.chamber.slug, link.language) == ("belarus-house-of-representatives", "ru")
    posts = AssemblyPost.objects.order_by("person__name_ru").values_list(
        "person__name_ru", "body__kind", "role", "parliament__slug"
    )
    assert list(posts) == [
        ("Берёзов Олег Ильич", "council", "member", "kazakhstan"),
        ("Ольхина Анна Львовна", "council", "member", "kazakhstan"),
        ("Рябин Семён Павлович", "assembly", "deputy_executive_secretary", None),
    ]
    assert [note.location for note in report.warnings] == [7, 6]
    assert "ДУБОВ Иван Ильич, ЛИПИНА Вера Олеговна" in words(report)
    # Which of two chambers they sit in, the page does not say.
    assert not Delegate.objects.exists()
    article = Article.objects.get()
    assert (article.language, article.title, article.date) == ("ru", TITLE, date(2021, 3, 3))
    assert article.body.split("\n") == ["<p>Первый «абзац».</p>", "<p>Второй.</p>"]


def test_second_import_of_a_russian_page_changes_nothing():
    data = page(KYRGYZSTAN, "АЛИЕВ Ким Петрович, ОРЛОВ Олег Ильич", COUNCIL.format("Берёзов Олег Ильич"))
    for _time in range(2):
        report = import_page(data, DAY)
        assert report.saved, words(report)
    assert not report.changes
    assert Person.objects.count() == 3
    assert Delegate.objects.count() == 2


def test_names_of_the_only_chamber_are_its_delegates():
    import_block(block_of(KYRGYZSTAN, "АЛИЕВ Ким Петрович, ОРЛОВ Олег Ильич"), DAY)
    mandates = Delegate.objects.order_by("person__family_name_ru")
    assert [(row.person.name_ru, row.person.patronymic_ru, str(row.starts)) for row in mandates] == [
        ("Ким Алиев", "Петрович", "by 2020-05-26"),
        ("Олег Орлов", "Ильич", "by 2020-05-26"),
    ]
    import_block(block_of(KYRGYZSTAN, "ОРЛОВ Олег Ильич, БЕКОВ Ким Олегович"), date(2021, 1, 1))
    assert [row.end for row in mandates.all()] == [date(2021, 1, 1), None, None]


def test_later_list_ends_a_membership_of_the_council_and_a_page_without_one_ends_nothing():
    import_block(block_of(KYRGYZSTAN, COUNCIL.format("Берёзов Олег Ильич, Ольхина Анна Львовна")), DAY)
    import_block(block_of(KYRGYZ.format(7)), date(2021, 1, 1))
    import_block(block_of(KYRGYZSTAN, COUNCIL.format("Ольхина Анна Львовна")), date(2022, 1, 1))
    posts = AssemblyPost.objects.order_by("person__name_ru")
    assert [(row.person.name_ru, row.end) for row in posts] == [
        ("Берёзов Олег Ильич", date(2022, 1, 1)),
        ("Ольхина Анна Львовна", None),
    ]


def test_lists_of_names_are_unchanged_by_export_and_import():
    import_block(block_of(KYRGYZSTAN, "АЛИЕВ Ким Петрович", COUNCIL.format("Берёзов Олег Ильич")), DAY)
    stated = Observation.objects.get().statement
    assert stated["delegates"] == ["АЛИЕВ Ким Петрович"]
    data = "".join(popolo.chunks()).encode()
    Observation.objects.all().delete()
    report = import_file(data, "popolo")
    assert report.saved, words(report)
    assert Observation.objects.get().statement == stated


def test_both_editions_of_a_day_are_one_observation():
    import_block(block_of(KYRGYZ.format(7)), DAY)
    report = import_block(block_of(KYRGYZSTAN, COUNCIL.format("Берёзов Олег Ильич")), DAY)
    assert report.saved, words(report)
    assert Observation.objects.get().statement["council"] == ["Берёзов Олег Ильич"]
    assert AssemblyPost.objects.count() == 1


@pytest.mark.parametrize(
    ("day", "language"),
    [("27 march 2015", "en"), ("27 March 2015", "en"), ("27 МАРТА 2015 г.", "ru"), ("27 марта 2015 года", "ru")],
)
def test_month_is_read_in_any_case(day: str, language: str):
    page = read(page_of(day=day))
    assert (page.date, page.language) == (date(2015, 3, 27), language)


@pytest.mark.parametrize("block", [[], ["Гости", "Website of the Knesset: https://knesset.gov.il/"]])
def test_page_without_a_line_on_a_delegation_is_refused(block: list[str]):
    data = "\n".join([*block, "Visit", "14 February 2018", "Visit", "Text."]).encode()
    with pytest.raises(ImportRefusedError, match="no line before the article"):
        import_page(data, DAY)
    assert not Article.objects.exists()
    assert not Source.objects.exists()


# People


@pytest.mark.parametrize("name", ["Ким Петрович Орлов", "Орлов Ким Петрович"])
def test_person_on_record_is_found_in_any_order_of_the_name(name: str):
    person = factories.PersonFactory(name_ru=name)
    import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким Петрович")), DAY)
    assert Representative.objects.get().person == person


def test_name_with_its_patronymic_apart_is_found():
    person = factories.PersonFactory(name_ru="Ким Орлов", patronymic_ru="Петрович")
    import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким Петрович")), DAY)
    assert Representative.objects.get().person == person


def test_similar_name_is_a_new_person_and_listed():
    factories.PersonFactory(name_ru="Ким Орлов", name_en="Kim Orlov")
    report = import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким Петрович")), DAY)
    assert "looks like" in words(report)
    assert Person.objects.count() == 2


def test_none_of_several_bearers_of_a_name_is_taken():
    factories.PersonFactory.create_batch(2, name_ru="Ким Орлов")
    report = import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким")), DAY)
    assert "none was taken" in words(report)
    assert not Representative.objects.exists()
    assert "representative" not in Observation.objects.get().statement
    assert Person.objects.count() == 2


def test_transliterated_name_is_found_within_its_parliament_alone():
    person = factories.PersonFactory(name_en="Kim Orlov", name_ru="")
    import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким")), None)
    assert Representative.objects.get().person != person
    Representative.objects.all().delete()
    Person.objects.exclude(pk=person.pk).delete()
    factories.RepresentativeFactory(parliament=Parliament.objects.get(), person=person, start=None)
    import_block(block_of(KYRGYZSTAN, ENVOY.format("", "Орлов Ким")), DAY)
    assert Representative.objects.get().person == person


# Lines


@pytest.mark.parametrize(
    "line",
    [
        "Делегация Кнессета в ПА ОДКБ представлена 7 депутатами.",
        "Делегация Жогорку Кенеша Кыргызской Республики в ПА ОДКБ представлена семью депутатами.",
        "Полномочный представитель Кнессета: Орлов Ким Петрович",
        "Берёзов Олег Ильич - члены Совета Парламентской Ассамблеи ОДКБ.",
        "АЛИЕВ Ким Петрович, ОРЛОВ Олег Ильич",
        "Минск, Москва, Ереван",
    ],
)
def test_unread_russian_line_is_listed(line: str):
    report = import_block(block_of("Делегации", line), None)
    assert any(note.location == 2 for note in report.warnings)
    assert not Parliament.objects.exists()
    assert not Person.objects.exists()


def test_words_with_capitals_are_no_names():
    report = import_block(block_of(KYRGYZSTAN, "Минск Москва, Ереван Бишкек"), DAY)
    assert [note.location for note in report.warnings][:1] == [2]
    assert not Person.objects.exists()


def test_unknown_russian_post_is_listed():
    report = import_block(block_of(KYRGYZSTAN, ENVOY.format(", поэт", "Орлов Ким Петрович")), None)
    assert "поэт" in words(report)
    assert Representative.objects.exists()


# The command


def run(*args) -> None:
    call_command("import_page", *args, stdout=StringIO(), stderr=StringIO())


def test_draft_is_imported_as_a_draft(tmp_path: Path):
    (tmp_path / "page").write_bytes(page(KYRGYZSTAN))
    run(tmp_path / "page", "--draft")
    assert Article.objects.get().state == "draft"
    run(tmp_path / "page", "--draft")
    assert Article.objects.count() == 1


def test_two_editions_become_one_story(tmp_path: Path):
    (tmp_path / "en").write_bytes(page_of())
    (tmp_path / "ru").write_bytes(page(KYRGYZSTAN))
    for _again in range(2):
        run(tmp_path / "en", tmp_path / "ru", "--one-story")
    assert Article.objects.get(language="ru").story == Article.objects.get(language="en").story
    assert Story.objects.count() == 1


def test_two_articles_of_a_language_are_no_one_story(tmp_path: Path):
    (tmp_path / "one").write_bytes(page_of())
    (tmp_path / "two").write_bytes(page_of(title="Another"))
    with pytest.raises(CommandError):
        run(tmp_path / "one", tmp_path / "two", "--one-story")
    assert not Article.objects.exists()
