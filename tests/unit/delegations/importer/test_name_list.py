"""A pasted list of names is parsed into people."""

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from delegations.importer import ImportRefusedError
from delegations.importer.rosters.name_list import LONGEST, MOST, read

from ....support.generated import examples
from ....support.name_lists import OLD_PAGE

pytestmark = pytest.mark.django_db


def one(text: str):
    (name,) = read(text)
    return name


def parts(text: str) -> tuple[str, str, str, str]:
    name = one(text)
    assert name.problem == ""
    return name.name, name.family_name, name.given_name, name.patronymic


def test_family_name_is_recognised_by_capitals():
    assert [(name.name, name.family_name, name.given_name, name.patronymic) for name in read(OLD_PAGE)] == [
        ("Жакип Асанов", "Асанов", "Жакип", "Кажманович"),
        ("Али Бектаев", "Бектаев", "Али", "Абдикаримович"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("МАМЫТОВА-ИВАНОВА Анна Ильинична", ("Анна Мамытова-Иванова", "Мамытова-Иванова", "Анна", "Ильинична")),
        ("МАМЫТОВА–ИВАНОВА Анна", ("Анна Мамытова-Иванова", "Мамытова-Иванова", "Анна", "")),
        ("О'НИЛ Шон", ("Шон О'Нил", "О'Нил", "Шон", "")),
        ("ДЕМ'ЯНОВ Олег", ("Олег Дем'янов", "Дем'янов", "Олег", "")),
        ("ФЁДОРОВ Пётр Кузьмич", ("Пётр Фёдоров", "Фёдоров", "Пётр", "Кузьмич")),
        ("АЛИЕВ Ильхам Гейдар оглы", ("Ильхам Алиев", "Алиев", "Ильхам", "Гейдар оглы")),
        ("АЛИЕВ Ильхам Гейдар Оглы", ("Ильхам Алиев", "Алиев", "Ильхам", "Гейдар Оглы")),
        ("АЛИЕВА Мехрибан Ариф КЫЗЫ", ("Мехрибан Алиева", "Алиева", "Мехрибан", "Ариф кызы")),
        ("МАМЕД-ОГЛЫ Анар", ("Анар Мамед-оглы", "Мамед-оглы", "Анар", "")),
        ("ҚОСАНОВ Нұрлан Жүсіпұлы", ("Нұрлан Қосанов", "Қосанов", "Нұрлан", "Жүсіпұлы")),
        ("ІВАНОЎ Віктар Аляксандравіч", ("Віктар Іваноў", "Іваноў", "Віктар", "Аляксандравіч")),
        ("Жакип Кажманович АСАНОВ", ("Жакип Асанов", "Асанов", "Жакип", "Кажманович")),
        ("ASANOV Zhakip Kazhmanovich", ("Zhakip Asanov", "Asanov", "Zhakip", "Kazhmanovich")),
        ("Ludwig van BEETHOVEN", ("Ludwig van Beethoven", "van Beethoven", "Ludwig", "")),
        # A third word that has not the form of a patronymic is not called one.
        ("ЗОКИРЗОДА Махмадтоир Зоир", ("Махмадтоир Зоир Зокирзода", "Зокирзода", "Махмадтоир Зоир", "")),
        ("SMITH John Michael", ("John Michael Smith", "Smith", "John Michael", "")),
        # Initials are no names.
        ("ПЕТРОВ П.П.", ("П.П. Петров", "Петров", "", "")),
        ("И. И. ИВАНОВ", ("И. И. Иванов", "Иванов", "", "")),
        # Nothing is guessed where no capitals mark the family name.
        ("Асанов Жакип Кажманович", ("Асанов Жакип Кажманович", "", "", "")),
        ("АСАНОВ ЖАКИП КАЖМАНОВИЧ", ("Асанов Жакип Кажманович", "", "", "")),
        ("Иванов И.И.", ("Иванов И.И.", "", "", "")),
        ("3. АСАНОВ Жакип Кажманович.", ("Жакип Асанов", "Асанов", "Жакип", "Кажманович")),
        ("• АСАНОВ\xa0Жакип", ("Жакип Асанов", "Асанов", "Жакип", "")),
    ],
)
def test_name_is_parsed_into_its_parts(text: str, expected: tuple[str, str, str, str]):
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "и др.",
        "депутат",
        "АСАНОВ",
        "председатель комитета",
        "12 человек",
        # The first letter is Latin.
        "Aсанов Жакип",
        "ИВАНОВ Иван ПЕТРОВ",
        "АСАНОВ Жакип 2-й",
        "АСАНОВ <b>Жакип</b>",
        "МАМЫТОВА - ИВАНОВА Анна",
        "Ы" * 200 + " Жакип",
        "А Б В Г Д Е Ж З И К",
        "\ud800 Жакип",
    ],
)
def test_line_without_a_name_is_a_problem_with_its_text(text: str):
    with override("en"):
        name = one(text)
    assert (name.text, name.name) == (text, "")
    assert name.problem.endswith(".")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("АСАНОВ Жакип – председатель комитета", "– председатель комитета"),
        ("АСАНОВ Жакип — председатель", "— председатель"),
        ("АСАНОВ Жакип - сенатор", "- сенатор"),
        ("АСАНОВ Жакип (глава делегации, сенатор)", "(глава делегации, сенатор)"),
    ],
)
def test_text_beside_a_name_is_reported_as_left_over(text: str, left: str):
    name = one(text)
    assert (name.name, name.left) == ("Жакип Асанов", left)


def test_mixed_separators_keep_every_entry():
    text = "АСАНОВ Жакип;БЕКТАЕВ Али,\r\nКОГУТ Виктор и РОГАЛЕВ Виктор и др.\n\n, ,КРОТОВ Михаил (1, 2) and LEE Ann"
    assert [name.name or name.text for name in read(text)] == [
        "Жакип Асанов",
        "Али Бектаев",
        "Виктор Когут",
        "Виктор Рогалев",
        "и др.",
        "Михаил Кротов",
        "Ann Lee",
    ]


def test_repeated_name_gets_a_key_of_its_own():
    first, second, third = read("АСАНОВ Жакип, 2) АСАНОВ Жакип, Асанов Жакип")
    assert [first.repeats, second.repeats, third.repeats] == [0, 1, 1]
    assert len({first.key, second.key, third.key}) == 3
    # What was said of a name stays with it when the list changes around it.
    assert read("КОГУТ Виктор, АСАНОВ Жакип")[1].key == first.key


def test_too_long_list_is_an_error():
    with override("en"):
        assert len(read("Аб Вг," * MOST)) == MOST
        with pytest.raises(ImportRefusedError, match="holds 1001 names"):
            read("Аб Вг," * (MOST + 1))
        with pytest.raises(ImportRefusedError, match="longer than 10000 letters"):
            read("я" * (LONGEST + 1))


LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһіӣӯҳҷў"
WORD = st.text(LETTERS, min_size=2, max_size=12)
CAPITALISED = WORD.map(str.capitalize)
FAMILY = st.lists(CAPITALISED, min_size=1, max_size=2).map("-".join)
# A consonant before the ending: where only signs stood there ("Ъұлы"), nothing would be left of the father's name.
PATRONYMIC = st.builds(
    "{}{}{}".format,
    CAPITALISED,
    st.sampled_from("бдлмнрст"),
    st.sampled_from(["ович", "евич", "овна", "евна", "ұлы", " оглы", " кызы"]),
)
PEOPLE = st.lists(
    st.tuples(FAMILY, CAPITALISED, st.one_of(st.just(""), PATRONYMIC)), min_size=1, max_size=20, unique=True
)


@examples(25)
@given(people=PEOPLE, separator=st.sampled_from([",", ", ", ";", "\n", "\r\n", " ,\n", " и "]), numbered=st.booleans())
def test_written_list_is_parsed_back(people: list[tuple[str, str, str]], separator: str, numbered: bool):
    particles = {"оглы", "оглу", "улы", "ұлы", "уулу", "кызы", "қызы", "гызы"}
    people = [person for person in people if not particles & set(person[0].lower().split("-"))]
    lines = [
        f"{f'{number}. ' if numbered else ''}{family.upper()} {given_name} {patronymic}".strip()
        for number, (family, given_name, patronymic) in enumerate(people, 1)
    ]
    found = read(separator.join(lines))
    assert [(name.family_name, name.given_name, name.patronymic) for name in found] == people
    assert {(name.problem, name.left) for name in found} <= {("", "")}


@examples(50)
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_arbitrary_text_is_parsed_without_an_exception(text: str):
    for name in read(text):
        assert bool(name.name) != bool(name.problem)
        assert name.text
