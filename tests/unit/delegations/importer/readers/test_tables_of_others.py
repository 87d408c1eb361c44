"""Tables as people and spreadsheets make them: encodings, delimiters, titles, totals, merged cells, other words."""

import io
from datetime import date

import pytest
from openpyxl import Workbook

from delegations.importer import ImportOptions, ImportRefusedError, import_file
from delegations.models import Delegate, Identifier, Person

from .....support import factories
from .....support.imports import export, words

pytestmark = pytest.mark.django_db

HEADER = ["name_ru", "role", "start", "source_title"]
ROWS = [["Инга Вербова", "delegate", "2024-03-01", "Письмо"], ["Лев Осокин", "delegate", "2024-03-01", "Письмо"]]


def text(*rows, delimiter=";", end="\r\n"):
    return "".join(delimiter.join(row) + end for row in rows)


def workbook(*rows, merge=()):
    """A workbook of one sheet."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merge:
        book.active.merge_cells(cells)
    return book


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def take(data, chamber, file_format="csv", **options):
    return import_file(data, file_format, ImportOptions(chamber=chamber.slug, **options))


def people():
    return {(row.person.name_ru, str(row.starts), row.role, row.sources.count()) for row in Delegate.objects.all()}


BOTH = {("Инга Вербова", "2024-03-01", "delegate", 1), ("Лев Осокин", "2024-03-01", "delegate", 1)}
PLAIN = text(HEADER, *ROWS)
READ = {
    "byte order mark": (PLAIN.encode("utf-8-sig"), ""),
    "Windows-1251": (PLAIN.encode("cp1251"), "was read as Windows-1251"),
    "UTF-16": (text(HEADER, *ROWS, delimiter="\t").encode("utf-16"), ""),
    "UTF-16, big end first": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), ""),
    "tabs": (text(HEADER, *ROWS, delimiter="\t").encode(), ""),
    "commas": (text(HEADER, *ROWS, delimiter=",").encode(), ""),
    "separator named": (b"sep=|\r\n" + text(HEADER, *ROWS, delimiter="|").encode(), ""),
    "delimiters at the end": (text(*([*row, "", ""] for row in [HEADER, *ROWS])).encode(), ""),
    "separator that is none": (text(['sep="'], HEADER, *ROWS).encode(), "stands above the header"),
    "blank rows": ((text([""], HEADER, ["", "", ""], *ROWS, ["  "]) + "\r\n").encode(), ""),
    "title with commas": (("Список, от 1 марта, копия;;;\r\n" + PLAIN).encode(), "line 1: It stands above the header"),
    "total": ((PLAIN + "Итого: 2;;;\r\n").encode(), "line 4: A row of totals was passed over: Итого: 2"),
    "total in numbers": ((PLAIN + ";;;2\r\n").encode(), "line 4: A row of totals"),
    "column without a heading": (
        text([*HEADER, ""], *([*row, "x"] for row in ROWS)).encode(),
        "heading were passed over: 5",
    ),
    "unknown column": (
        text([*HEADER, "Телефон"], *([*row, "1"] for row in ROWS)).encode(),
        "not known were passed over: Телефон",
    ),
    "headings": (text([" ФИО ", "РОЛЬ", "Дата  начала", "источник"], *ROWS).encode(), ""),
    "heading with language": (text(["Имя (рус.)", "Role", "Since", "Source title"], *ROWS).encode(), ""),
    "words in Russian": (PLAIN.replace("delegate", "Делегат").encode(), ""),
    "words in capitals": (PLAIN.replace("delegate", "DELEGATE").encode(), ""),
}


@pytest.mark.parametrize("case", READ)
def test_table_is_read_and_says_what_is_passed_over(chamber, case):
    data, warning = READ[case]
    report = take(data, chamber)
    assert report.saved, words(report.conflicts)
    assert people() == BOTH
    assert [warning in str(note) for note in report.warnings] == ([True] if warning else [])


def test_slip_in_one_word_does_not_hide_the_encoding(chamber):
    # The "a" is Latin.
    title = ["Журнaл заседаний двух палат парламента и его делегации за весенний период"]
    take(text(title, HEADER, *ROWS).encode("cp1251"), chamber)
    assert people() == BOTH


SHEETS = {
    "blank first row and column": (workbook([], *([None, *row] for row in [HEADER, *ROWS])), ""),
    "title over merged cells": (workbook(["Список"], [], HEADER, *ROWS, merge=["A1:D1"]), "line 1: It stands above"),
    "formula that counts": (
        workbook(HEADER, *ROWS, [], [None, None, None, "=COUNTA(A2:A3)"]),
        "line 5: A row of totals",
    ),
    "formula in a column that is not read": (workbook([*HEADER, "№"], *([*row, "=ROW()"] for row in ROWS)), "over: №"),
    "merged cells": (workbook(HEADER, ROWS[0], [ROWS[1][0]], [], merge=["B2:B4", "C2:C4", "D2:D4"]), ""),
}


@pytest.mark.parametrize("case", SHEETS)
def test_sheet_is_read_and_says_what_is_passed_over(chamber, case):
    book, warning = SHEETS[case]
    report = take(saved(book), chamber, "xlsx")
    assert report.saved, words(report.conflicts)
    assert people() == BOTH
    assert [warning in str(note) for note in report.warnings] == ([True] if warning else [])


def test_first_sheet_that_is_shown_is_read_and_the_others_are_named(chamber):
    book = workbook(["a"], ["b"])
    book.active.title, book.active.sheet_state = "Коды", "hidden"
    for title, rows in (("Палата", ROWS), ("Сенат", [["Ирина Вязова", "delegate", "2024", ""]])):
        sheet = book.create_sheet(title)
        for row in [HEADER, *rows]:
            sheet.append(row)
    report = take(saved(book), chamber, "xlsx")
    assert people() == BOTH
    assert words(report.warnings) == [
        "Only the sheet “Палата” was read. Passed over: Сенат.",
        "Hidden sheets were passed over: Коды.",
    ]


# What each format shows of 6 May 2019.
FORMATS = {
    "yyyy": "2019",
    "mmm\\-yy": "2019-05",
    "[$-419]mmmm yyyy;@": "2019-05",
    'yyyy" d."': "2019",
    "dd.mm.yyyy": "2019-05-06",
    "dd.mm": "2019-05-06",
}


def test_date_is_as_exact_as_its_cell_shows(chamber):
    names = [f"Ann {letter * 4}" for letter in "abcdef"]
    book = workbook(["name_en", "start", "end"], *([name, date(2019, 5, 6), date(2021, 5, 6)] for name in names))
    for number, number_format in enumerate(FORMATS, 2):
        book.active[f"B{number}"].number_format = book.active[f"C{number}"].number_format = number_format
    assert take(saved(book), chamber, "xlsx").saved
    found = {row.person.name_en: (str(row.starts), str(row.ends)) for row in Delegate.objects.all()}
    assert found == {
        name: (shown, shown.replace("2019", "2021")) for name, shown in zip(names, FORMATS.values(), strict=True)
    }


def test_formula_in_a_column_that_is_read_is_a_conflict_of_its_row(chamber):
    book = workbook(HEADER, ROWS[0], ["=A2", "delegate", None, None])
    report = take(saved(book), chamber, "xlsx", skip_invalid=True)
    assert words(report.skipped) == ["line 3: “name_ru” holds a formula; save the file with values only."]
    assert Person.objects.count() == 1


def test_export_that_a_spreadsheet_has_saved_in_russian_changes_nothing(chamber):
    one = {"chamber": chamber, "person__name_ru": "Инга Вербова", "person__name_en": "Inga Verbova"}
    source = factories.SourceFactory(title_ru="Указ", title_en="", url="", date=date(2020, 1, 2))
    for period in ({"starts": "2015-02-03", "ends": "2016"}, {"starts": "2019-05", "ended": True}):
        factories.DelegateFactory(**one, **period, sources=[source])
    table = export("csv").replace(",", ";").replace("true", "ИСТИНА").replace("false", "ЛОЖЬ")
    for ours, theirs in (("2015-02-03", "03.02.2015"), ("2020-01-02", "02.01.2020"), ("2019-05", "май.19")):
        assert ours in table
        table = table.replace(ours, theirs)
    assert "ИСТИНА" in table
    assert "ЛОЖЬ" in table
    report = import_file(table.removeprefix("\ufeff").encode("cp1251"), "csv")
    assert not report.changes, [entry.details for entry in report.entries]
    assert report.counts["unchanged"]["delegates"] == 2


def test_names_in_parts_and_in_letters_of_two_languages(chamber):
    rows = [["Вербова", "Инга", "Львовна", "Аграрии", "ж"], ["Holt", "Ann", "", "Greens", "Female"]]
    assert take(text(["Фамилия", "Имя", "Отчество", "Фракция", "Пол"], *rows).encode(), chamber).saved
    found = {
        (row.person.name_ru, row.person.patronymic_ru, row.person.name_en, row.political_group_en, row.person.gender)
        for row in Delegate.objects.all()
    }
    assert found == {("Инга Вербова", "Львовна", "", "", "female"), ("", "", "Ann Holt", "Greens", "female")}


def test_id_of_another_publisher_keeps_namesakes_apart_and_finds_them_again(chamber):
    ids = ["708dd93b-0000-4000-8000-000000000011", "708dd93b-0000-4000-8000-000000000012"]
    table = text(["ID", "Name", "Start"], *([number, "Ann Holt", "2020"] for number in ids)).encode()
    assert take(table, chamber).saved
    assert set(Identifier.objects.values_list("identifier", flat=True)) == set(ids)
    assert not take(table, chamber).changes


def test_numbers_in_the_id_column_may_count_the_rows_and_are_asked_about(chamber):
    table = text(["id", "name"], ["1", "Ann Holt"], ["2", "Tom Aldur"]).encode()
    report = take(table, chamber)
    assert any("may count the rows" in str(note) for note in report.warnings)
    assert not Identifier.objects.exists()
    take(table, chamber, columns={"id": "person_id"})
    assert Identifier.objects.count() == 2


def test_columns_are_mapped_by_the_user(chamber):
    table = text(["Deputy", "chamber", "Sworn in"], ["Ann Holt", "Upper House", "2020"]).encode()
    with pytest.raises(ImportRefusedError, match="Unknown columns: Deputy, Sworn in"):
        take(table, chamber)
    mapping = {"Deputy": "name", "Sworn in": "start"}
    assert "another chamber: Upper House" in words(take(table, chamber, columns=mapping).conflicts)[0]
    with pytest.raises(ImportRefusedError, match="has no columns: sworn"):
        take(table, chamber, columns={**mapping, "Sworn": "end"})
    report = take(table, chamber, columns={**mapping, " CHAMBER": ""})
    assert report.saved, words(report.conflicts)
    assert not any("not known" in str(note) for note in report.warnings)
    assert str(Delegate.objects.get().starts) == "2020"


@pytest.mark.parametrize(
    ("column", "value", "warning"),
    [
        ("source_url", "ftp://example.org/a.pdf", "No address: ftp:"),
        ("gender", "unknown", "The gender is unknown"),
        ("end", "9999-12-31", "The end is a place-holder"),
        ("political_group", "x" * 500, "This is not a political group"),
        ("political_group", "н/д", "This is not a political group"),
        ("start", "1900-01-01", "before the Assembly was founded"),
        ("end", "2099-12-31", "2099 or later"),
    ],
)
def test_strange_value_is_a_warning_and_the_mandate_is_saved(chamber, column, value, warning):
    row = {"name": "Ann Holt", "start": "2020", "source_title": "Gazette", column: value}
    report = take(text(list(row), list(row.values())).encode(), chamber)
    assert report.saved, words(report.conflicts)
    assert [warning in str(note) for note in report.warnings] == [True]
    assert report.warnings[0].location == 2
    mandate = Delegate.objects.get()
    assert (mandate.political_group_en, mandate.person.gender, mandate.sources.get().url) == ("", "", "")


def test_chamber_may_be_called_by_its_name(chamber):
    table = text(["name", "chamber"], ["Ann Holt", str(chamber.name_en).upper()]).encode()
    assert take(table, chamber).saved


def test_role_that_is_unknown_names_those_that_are_known(chamber):
    conflict = words(take(text(["name", "role"], ["Ann Holt", "king"]).encode(), chamber).conflicts)[0]
    assert "Unknown role: king. Known are: head of the delegation, deputy head" in conflict


def test_member_says_nothing_about_the_role(chamber):
    assert take(text(["name", "role"], ["Ann Holt", "Member"]).encode(), chamber).saved
    assert Delegate.objects.get().role == Delegate.Role.DELEGATE


def test_warnings_that_say_the_same_are_one_sentence_with_the_rows(chamber):
    rows = [[f"Ann Holt {'abcdefgh'[number] * 3}", "1990", "no address"] for number in range(8)]
    report = take(text(["name", "start", "source_url"], *rows).encode(), chamber)
    assert words(report.warnings) == [
        "The address of the source is not a web address. Rows: 8 (2, 3, 4, 5, 6, 7, 8, 9).",
        "No source. Rows: 8 (2, 3, 4, 5, 6, 7, 8, 9).",
        "Unlikely date. Rows: 8 (2, 3, 4, 5, 6, 7, 8, 9).",
    ]
    few = [[f"Tom Aldur {'abcde'[number] * 3}", "2020"] for number in range(5)]
    assert len(take(text(["name", "start"], *few).encode(), chamber).warnings) == 5


def test_row_of_nobody_is_one_conflict(chamber):
    rows = [["вакантно", "2010", "2012"], ["вакантно", "2015", ""]]
    report = take(text(["name", "start", "end"], *rows).encode(), chamber)
    assert words(report.conflicts) == [
        "line 2: name_ru: “вакантно” is no name. Leave the field empty where the name is not known.",
        "line 3: The person was left out: see line 2.",
    ]
