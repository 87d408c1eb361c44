"""The workbook that a parliament fills in."""

import io

import pytest
from openpyxl import load_workbook

from delegations.exports.table_template import headings, table_template
from delegations.importer.readers.columns import columns_of
from delegations.models import Delegate

from ....support import factories
from ....support.imports import take

pytestmark = pytest.mark.django_db


@pytest.fixture
def chamber():
    return factories.ChamberFactory(slug="kazakhstan-senate")


@pytest.fixture
def workbook(chamber):
    return load_workbook(io.BytesIO(table_template(chamber)))


def test_headings_of_both_languages_are_read(workbook):
    sheet, explanation = workbook
    header = [cell.value for cell in sheet[1]]
    assert header[1] == "Full name (English) / ФИО (английский)"
    assert columns_of(header) == [
        *("person_id", "name_en", "name_ru", "gender", "role", "political_group_en", "political_group_ru"),
        *("constituency_en", "constituency_ru", "start", "end", "source_title", "source_url", "source_date"),
    ]
    # Each language alone is read as well.
    for language in (0, 1):
        assert columns_of([heading.split(" / ")[language] for heading in header]) == columns_of(header)
    assert [row[0].value for row in explanation.iter_rows(min_row=2)] == [heading for heading, *_more in headings()]


def test_allowed_words_are_listed_and_read(workbook):
    sheet, explanation = workbook
    words = {row[0].value.split(" / ")[0]: row[2].value for row in explanation.iter_rows(min_row=2)}
    assert words["Gender"] == "female, male, other, женский, мужской, иной"
    assert "заместитель руководителя делегации" in words["Role"]
    assert {str(rule.sqref)[0] for rule in sheet.data_validations.dataValidation} == {"D", "E"}


def test_template_that_is_filled_in_is_imported_without_its_example(workbook, chamber):
    sheet = workbook.worksheets[0]
    sheet.append(["7", "", "Анна Ли", "женский", "руководитель делегации", *[""] * 4, "26.05.2024", "", "Указ"])
    file = io.BytesIO()
    workbook.save(file)
    report = take(file.getvalue(), "xlsx", chamber=chamber.slug)
    assert report.saved, report.conflicts
    mandate = Delegate.objects.get()
    assert (mandate.person.name_ru, mandate.role, str(mandate.starts)) == ("Анна Ли", "head", "2024-05-26")
    assert "The example of the template was passed over" in report.warnings[0].message
