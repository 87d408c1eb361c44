"""Headings and words of tables as people write them, in every language of the site and in any case."""

import re
from collections.abc import Iterable
from functools import cache

from django.db.models import TextChoices
from django.utils.translation import get_language_info, override

from cspa.i18n import language_codes, single_line

from ...exports.serializers import MANDATE_COLUMNS
from ...models import Delegate, Person
from ...models.person_names import PARTS

# Columns in as many languages as the site has. Without a language, the letters of each cell tell it.
TRANSLATED = (*PARTS, "political_group", "constituency")
# The day before our end.
LAST_DAY = "last_day"
# Who the person is: a public id, or a word for "new".
SAME_AS = "same_as"
# Of a file of rows that were left out; it is passed over.
REASON = "left_out_because"
# All that a heading may be mapped to.
COLUMNS = (*MANDATE_COLUMNS, LAST_DAY, SAME_AS, *TRANSLATED)

# Headings, folded by ``_key()``, by our columns.
_HEADINGS = {
    "person_id": "id of the person, member id, id персоны, публичный идентификатор",
    SAME_AS: "same person as, тот же человек, это",
    "name": "full name, member name, фио, ф и о, полное имя, имя и фамилия, имя или название, фамилия имя отчество",
    "family_name": "last name, surname, фамилия",
    "given_name": "first name, forename, имя",
    "patronymic": "middle name, отчество",
    "gender": "sex, пол",
    "country": "country code, страна, код страны",
    "delegation": "parliament, делегация, парламент",
    "chamber": "house, палата",
    "role": "роль",
    "political_group": "group, party, faction, группа, фракция, партия, политическая группа",
    "constituency": "district, electoral district, area, округ, избирательный округ",
    "start": "start date, since, begin, first day in office, начало, дата начала, с, первый день полномочий",
    "end": "end date, until, first day no longer in office, окончание, дата окончания, первый день без полномочий",
    REASON: "left out because, не загружено потому что",
    LAST_DAY: "last day in office, последний день, последний день полномочий",
    "ended": "ended date not known, завершено, завершено дата неизвестна",
    "source_title": "source, title of the source, источник, название источника, заголовок источника, основание",
    "source_url": "address of the source, адрес источника",
    "source_date": "date of the source, date of the document, дата источника, дата документа",
    "source_accessed": "accessed, дата обращения",
}
# Besides the values and the labels of the forms.
_OTHER_WORDS = {
    Person.Gender.FEMALE: "f, w, woman, ж, жен, женщина",
    Person.Gender.MALE: "m, man, м, муж, мужчина",
    Person.Gender.OTHER: "другой",
    Delegate.Role.HEAD: "head of delegation, глава делегации",
    Delegate.Role.DEPUTY_HEAD: "deputy head of delegation, заместитель главы делегации",
    Delegate.Role.DELEGATE: "member of the delegation, член делегации",
}
_NEW = {"new", "a new person", "новый", "новая", "новый человек"}
_FLAGS = {True: "true, yes, 1, да, истина", False: "false, no, 0, нет, ложь"}
# A value that a spreadsheet could not compute.
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|Н/Д|ССЫЛКА!|ЗНАЧ!|ИМЯ\?|ДЕЛ/0!|ЧИСЛО!|ПУСТО!)")
_TOTAL = re.compile(r"(?:grand )?total\b.*|(?:итого|всего)\b.*")


class Formula(str):
    """The text of a formula, of which the file need not hold the value."""


def is_error(cell: str) -> bool:
    return _ERROR.fullmatch(cell.strip().upper()) is not None


def is_example(cell: str) -> bool:
    """Whether a row that begins with ``cell`` is the example of our template."""
    return _key(cell) in {"example", "образец"}


def is_total(cells: Iterable[str], named: bool) -> bool:
    """Whether ``cells`` are a row of totals: they begin with the word, or name nobody and are nothing but numbers."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled or _TOTAL.fullmatch(_key(filled[0])):
        return bool(filled)
    return not named and all(isinstance(cell, Formula) or cell.strip().isdecimal() for cell in filled)


def columns_of(headings: Iterable[str]) -> list[str]:
    """Return our column for each of ``headings``, "" for one that is not known."""
    columns = [_column(heading) for heading in headings]
    # «Имя» beside no «Фамилия» is the whole name.
    if not any(column.startswith("family_name") for column in columns):
        columns = [
            f"name{column.removeprefix('given_name')}" if _key(heading).split()[:1] == ["имя"] else column
            for heading, column in zip(headings, columns, strict=True)
        ]
    return columns


def choice_of(choices: type[TextChoices], text: str) -> str | None:
    """Return the value that ``text`` names as forms show it, or otherwise; None if there is none."""
    return _words(choices).get(_key(text))


def flag_of(text: str) -> bool | None:
    """Return whether ``text`` says yes or no; None if it says neither."""
    key = _key(text)
    return next((flag for flag, words in _FLAGS.items() if key in words.split(", ")), None)


def is_new(text: str) -> bool:
    """Return whether ``text`` says that a person is not on record."""
    return _key(text) in _NEW


def _key(text: str) -> str:
    """Return the lower-case words of ``text`` without punctuation."""
    return " ".join(re.split(r"[\W_]+", single_line(text).casefold().replace("ё", "е"))).strip()


def _column(heading: str) -> str:
    """Return our column for ``heading``, which may stand in several languages: "Role / Роль"."""
    return next(filter(None, map(_column_of_words, [heading, *heading.split("/")])), "")


def _column_of_words(heading: str) -> str:
    key, known = _key(heading), _known_headings()
    if key in known:
        return known[key]
    head, _space, last = key.rpartition(" ")
    column = known.get(head, "")
    if column in TRANSLATED:
        for code in language_codes():
            if last == code or (len(last) >= 3 and any(name.startswith(last) for name in _language_names(code))):
                return f"{column}_{code}"
    return ""


@cache
def _known_headings() -> dict[str, str]:
    known = {_key(column): column for column in COLUMNS}
    return known | {heading: column for column, headings in _HEADINGS.items() for heading in headings.split(", ")}


@cache
def _language_names(code: str) -> list[str]:
    """Return the names of the language ``code`` in every language of the site."""
    names = []
    for other in language_codes():
        with override(other):
            names.append(_key(str(get_language_info(code)["name_translated"])))
    return names


@cache
def _words(choices: type[TextChoices]) -> dict[str, str]:
    words = {_key(value): value for value in choices.values}
    for code in language_codes():
        with override(code):
            words |= {_key(str(label)): value for value, label in choices.choices}
    for value in choices:
        words |= dict.fromkeys(_OTHER_WORDS.get(value, "").split(", "), value.value)
    words.pop("", None)
    return words
