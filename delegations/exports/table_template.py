"""The workbook that a parliament fills in: headings in every language, an example, and a sheet that explains them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language_info, gettext_lazy, override, pgettext_lazy
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from cspa.i18n import language_codes

from ..models import Chamber, Delegate, Person

# Stands in the first column of the example, which an import passes over.
EXAMPLE = pgettext_lazy("row of a template", "example")
# Between the headings of two languages.
BETWEEN = " / "
ROWS_WITH_LISTS = 1000


@dataclass(frozen=True)
class TemplateColumn:
    """A column of the template; ``heading``, ``explanation`` and ``example`` have a text in every language."""

    heading: str | Promise
    explanation: str | Promise
    example: str | Promise = ""
    choices: type[TextChoices] | None = None
    # One column for each language of the site.
    translated: bool = False


COLUMNS = [
    TemplateColumn(
        gettext_lazy("Id of the person"),
        gettext_lazy("The id by which the parliament or the Assembly's site knows the person. It may be empty."),
        EXAMPLE,
    ),
    TemplateColumn(
        gettext_lazy("Full name"),
        gettext_lazy("Given name, patronymic if there is one, and family name. One of the languages is enough."),
        gettext_lazy("Ivan Ivanovich Ivanov"),
        translated=True,
    ),
    TemplateColumn(
        gettext_lazy("Gender"), gettext_lazy("It may be empty."), Person.Gender.MALE.label, choices=Person.Gender
    ),
    TemplateColumn(
        gettext_lazy("Role"),
        gettext_lazy("The role in the delegation. Empty: a member of it."),
        Delegate.Role.DELEGATE.label,
        choices=Delegate.Role,
    ),
    TemplateColumn(
        gettext_lazy("Political group"),
        gettext_lazy("Group or party in the parliament. It may be empty."),
        gettext_lazy("Group “Dialogue”"),
        translated=True,
    ),
    TemplateColumn(
        gettext_lazy("Constituency"), gettext_lazy("It may be empty."), gettext_lazy("District No. 1"), translated=True
    ),
    TemplateColumn(
        gettext_lazy("First day in office"),
        gettext_lazy("A whole date, or what is known of it: 26.05.2024, 2024-05-26, 05.2024 or 2024."),
        "2024-05-26",
    ),
    TemplateColumn(
        gettext_lazy("First day no longer in office"),
        gettext_lazy("The day after the last day in office. Empty: the mandate goes on."),
    ),
    TemplateColumn(
        gettext_lazy("Title of the source"),
        gettext_lazy("The document that says so: a decree, a resolution, minutes."),
        gettext_lazy("Resolution No. 12-3"),
    ),
    TemplateColumn(
        gettext_lazy("Address of the source"),
        gettext_lazy("Its address on the Web, if it has one."),
        "https://example.org/12-3",
    ),
    TemplateColumn(gettext_lazy("Date of the source"), gettext_lazy("A whole date."), "2024-05-20"),
]


def table_template(chamber: Chamber | None) -> bytes:
    """Return the template for the delegation of ``chamber``, or of any, as an XLSX file."""
    workbook = Workbook()
    sheet, explanation = workbook.active, workbook.create_sheet()
    assert isinstance(sheet, Worksheet)
    sheet.title = _sheet_title(
        chamber.slug if chamber else BETWEEN.strip().join(_in_each_language(gettext_lazy("Delegates")))
    )
    explanation.title = _sheet_title(BETWEEN.strip().join(_in_each_language(gettext_lazy("Columns"))))
    sheet.append([heading for heading, _column, _code in headings()])
    sheet.append([_example(column, code) for _heading, column, code in headings()])
    for number, (heading, column, _code) in enumerate(headings(), 1):
        letter = sheet.cell(1, number).column_letter
        sheet.column_dimensions[letter].width = max(18, min(len(heading) + 2, 40))
        if column.choices:
            words = ",".join(str(label) for label in _labels(column.choices))
            allowed = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
            sheet.add_data_validation(allowed)
            allowed.add(f"{letter}2:{letter}{ROWS_WITH_LISTS}")
    sheet.freeze_panes = "A2"
    explanation.append(_titles())
    for heading, column, _code in headings():
        words = ", ".join(_labels(column.choices)) if column.choices else ""
        explanation.append([heading, "\n".join(_in_each_language(column.explanation)), words])
    for letter, width in zip("ABC", (45, 80, 60), strict=True):
        explanation.column_dimensions[letter].width = width
    for page in (sheet, explanation):
        for row in page.iter_rows():
            for cell in row:
                cell.font = Font(bold=cell.row == 1, italic=page is sheet and cell.row == 2)
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def headings() -> Iterator[tuple[str, TemplateColumn, str]]:
    """Yield the headings of the template, each with its column and the language of what it holds, if it has one."""
    for column in COLUMNS:
        for code in language_codes() if column.translated else [""]:
            names = []
            for language in language_codes():
                with override(language):
                    name = str(column.heading)
                    names.append(f"{name} ({get_language_info(code)['name_translated']})" if code else name)
            yield BETWEEN.join(names), column, code


def _example(column: TemplateColumn, code: str) -> str:
    with override(code or language_codes()[0]):
        return str(column.example)


def _labels(choices: type[TextChoices]) -> list[str]:
    """The allowed words in every language."""
    found = []
    for code in language_codes():
        with override(code):
            found += [str(label) for label in choices.labels]
    return found


def _titles() -> list[str]:
    return list(
        map(_in_one_line, (gettext_lazy("Column"), gettext_lazy("What it holds"), gettext_lazy("Allowed words")))
    )


def _in_one_line(text: Promise) -> str:
    return BETWEEN.join(_in_each_language(text))


def _in_each_language(text: str | Promise) -> list[str]:
    found = []
    for code in language_codes():
        with override(code):
            found.append(capfirst(str(text)))
    return found


def _sheet_title(text: str) -> str:
    """Return ``text`` as a spreadsheet allows it: 31 characters, without some signs."""
    return "".join("–" if letter in "[]:*?/\\" else letter for letter in text)[:31]
