"""Tabular exports: spreadsheets and programs read the same values as the rows contain."""

import csv
import json
import re
from datetime import date, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.http import QueryDict
from django.utils.translation import gettext_lazy, override
from hypothesis import example, given
from hypothesis import strategies as st

from cspa.exports import tabular

from ....support.generated import examples

DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "=cmd|' /C calc'!A0",
    "\x00=1",
    "\x01\x02+1",
    "'=1",
    "''-1",
    '"=1"',
    "＝1+1",
]
# Dangerous where a spreadsheet parts the cell: at semicolons, as in most of Europe, at tabs or at line ends.
DANGEROUS_INSIDE = [
    "a;=1+1",
    "a;@SUM(A1)",
    'a;"=1"&"2"',
    "a;'=1",
    "a; b;+1;''-1",
    "a\n=1",
    "a\r\n-1",
    "a\r=1",
    "a\t=1",
    "a;\t=1",
    "=1;=1",
    "\t=1\n=1",
]
HARMLESS = [
    "Виктор Когут",
    "O'Neil",
    "'quoted'",
    "''",
    "a=1",
    "",
    " =1",
    'say "no"',
    "two\nlines",
    "a,b;c",
    "a; =1",
    "paragraph\n\nparagraph; '90s",
    "a,=1",
    "#N/A",
    "1e5",
]


def content(response):
    return b"".join(response.streaming_content)


def read_csv(body):
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(body.decode("utf-8-sig"), newline="")))


def read_xlsx(body):
    book = openpyxl.load_workbook(BytesIO(body), read_only=True)
    rows = [["" if cell is None else cell for cell in row] for row in book.active.iter_rows(values_only=True)]
    book.close()
    # Empty cells at the end of a row are not stored.
    return [row + [""] * (len(rows[0]) - len(row)) for row in rows]


def read(file_format, columns, rows):
    body = content(tabular.export_response(file_format, "name", columns, rows))
    if file_format == "json":
        return json.loads(body)
    if file_format == "jsonl":
        return [json.loads(line) for line in body.splitlines()]
    return {"csv": read_csv, "xlsx": read_xlsx}[file_format](body)


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_formula_is_escaped_and_unescaped_to_the_original(file_format, text):
    (_header, (cell,)) = read(file_format, ["a"], [[text]])
    assert cell.startswith("'")
    assert tabular.unescape_formula(cell) == tabular.clean_text(text)


def starts_formula(cell: str) -> bool:
    return cell.strip('\t\r\n"')[:1] in tuple("=+-@＝＋－＠")


@pytest.mark.parametrize("text", DANGEROUS_INSIDE)
def test_formula_inside_a_cell_is_escaped_wherever_a_spreadsheet_parts_it(text):
    body = content(tabular.export_response("csv", "name", ["a", "b"], [["x", text]])).decode("utf-8-sig")
    for delimiter in ";\t":
        cells = [cell for row in csv.reader(StringIO(body, newline=""), delimiter=delimiter) for cell in row]
        assert not any(starts_formula(cell) for cell in cells), cells
    assert not any(starts_formula(part) for part in re.split("[;\t\r\n]", body))
    (_header, (_first, cell)) = read("csv", ["a", "b"], [["x", text]])
    assert cell != text
    assert tabular.unescape_formula(cell) == tabular.clean_text(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_text_that_is_no_formula_is_unchanged(text):
    assert tabular.escape_formula(text) == text == tabular.unescape_formula(text)
    assert read("csv", ["a", "b"], [[text, "x"]])[1] == [text, "x"]
    assert read("xlsx", ["a", "b"], [[text, "x"]])[1] == [text, "x"]


@examples(50)
@example("'" * 3 + "=")
@example("\x00'\x0b=")
@given(st.text(alphabet="'\";=+-@\t\r\n\x00 aЖ", max_size=8))
def test_escaped_text_is_no_formula_and_loses_no_character(text):
    cell = tabular.escape_formula(text)
    assert cell[:1] not in tuple("=+-@\t\r")
    assert not any(starts_formula(part) for part in re.split("[;\t\r\n]", cell))
    assert "\x00" not in cell
    assert tabular.unescape_formula(cell) == tabular.clean_text(text)


# A spreadsheet keeps tabs and line feeds; a carriage return in the middle of a cell is no text that a form sends.
CELLS = st.one_of(
    st.text(st.characters(exclude_characters="\r"), max_size=20), st.integers(-(10**9), 10**9), st.none()
)


@examples(20)
@given(st.lists(st.tuples(CELLS, st.booleans(), CELLS), max_size=5))
def test_csv_xlsx_and_json_have_the_same_rows(rows):
    columns = ["first", "ended", "third"]
    as_csv, as_xlsx, as_json, as_lines = (read(file_format, columns, rows) for file_format in tabular.FORMATS)
    assert as_csv[0] == as_xlsx[0] == columns
    assert as_json["count"] == len(rows)
    assert as_json["results"] == as_lines

    def words(value):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    expected = [[tabular.clean_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    assert [list(record.values()) for record in as_json["results"]] == expected
    in_words = [[words(cell) for cell in row] for row in expected]
    # Numbers may be negative and are no text; only texts are escaped.
    assert [
        [cell if cell == shown else tabular.unescape_formula(cell) for cell, shown in zip(*pair, strict=True)]
        for pair in zip(as_csv[1:], in_words, strict=True)
    ] == in_words
    assert [[tabular.unescape_formula(words(cell)) for cell in row] for row in as_xlsx[1:]] == in_words


def test_date_is_a_date_in_xlsx_and_written_as_such_elsewhere():
    day = date(2019, 5, 26)
    assert read("csv", ["start"], [[day]])[1] == ["2019-05-26"]
    assert read("json", ["start"], [[day]])["results"] == [{"start": "2019-05-26"}]
    assert read("jsonl", ["start"], [[day]]) == [{"start": "2019-05-26"}]
    body = content(tabular.export_response("xlsx", "name", ["start"], [[day], ["2019-05"]]))
    (exact,), (partial,) = openpyxl.load_workbook(BytesIO(body)).active["A2:A3"]
    assert (exact.value, exact.is_date, exact.number_format) == (datetime(2019, 5, 26), True, "yyyy-mm-dd")
    assert (partial.value, partial.is_date) == ("2019-05", False)


def test_csv_lines_end_with_crlf():
    body = content(
        tabular.export_response("csv", "people", ["a", "b"], [["1", 'with "quotes", and a comma'], [None, True]])
    )
    assert body.decode("utf-8-sig") == 'a,b\r\n1,"with ""quotes"", and a comma"\r\n,true\r\n'


def test_file_without_rows_has_the_header_only():
    assert read("csv", ["a", "b"], []) == [["a", "b"]]
    assert read("xlsx", ["a", "b"], []) == [["a", "b"]]
    assert read("json", ["a", "b"], []) == {"results": [], "count": 0}


@pytest.mark.parametrize(
    ("file_format", "kind"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", tabular.FORMATS["xlsx"]),
        ("json", "application/json; charset=utf-8"),
    ],
)
def test_response_has_a_file_name_and_a_content_type(file_format, kind):
    response = tabular.export_response(file_format, "people-2019-05-26", ["a"], [])
    assert response["Content-Disposition"] == f'attachment; filename="people-2019-05-26.{file_format}"'
    assert response["Content-Type"] == kind
    assert content(response)


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_rows_are_streamed_before_the_last_one_is_read(file_format):
    made = []

    def rows():
        for number in range(100_000):
            made.append(number)
            yield [number]

    pieces = iter(tabular.export_response(file_format, "a", ["a"], rows()).streaming_content)
    next(pieces)
    assert 0 < len(made) < 50_000


@pytest.mark.parametrize("file_format", list(tabular.FORMATS))
def test_streamed_texts_are_in_the_language_of_the_request(file_format):
    def rows():
        yield [str(gettext_lazy("News"))]
        yield [str(gettext_lazy("News"))]

    with override("ru"):
        response = tabular.export_response(file_format, "a", ["a"], rows())
    with override("en"):
        assert content(response)
    with override("ru"):
        response = tabular.export_response("csv", "a", ["a"], rows())
    with override("en"):
        assert read_csv(content(response))[1:] == [["Новости"], ["Новости"]]


@pytest.mark.parametrize(
    "query", ["format=pdf", "format=CSV", "format=csv&format=csv", "format=%00", "format=" + "a" * 9999]
)
def test_unknown_format_raises_value_error(query):
    with pytest.raises(ValueError, match="format"):
        tabular.requested_format(QueryDict(query))


@pytest.mark.parametrize(
    ("query", "found"), [("", ""), ("format=", ""), ("format=csv", "csv"), ("on=x&format=xlsx", "xlsx")]
)
def test_known_format_is_read_from_the_query(query, found):
    assert tabular.requested_format(QueryDict(query)) == found
