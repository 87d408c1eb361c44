"""Translated fields: a column for each of ``settings.LANGUAGES``, with a fallback for missing translations.

Also the cleaning of texts of one line, which every translated field is.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, get_language_info
from translated_fields import TranslatedField, to_attribute

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Localised(str):
    """Text with the code of its language, which may differ from the requested one after a fallback."""

    lang: str

    def __new__(cls, text: "StrOrPromise", lang: str) -> "Localised":
        localised = super().__new__(cls, text)
        localised.lang = lang
        return localised

    # For copy and pickle.
    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str has one argument
        return str(self), self.lang


def language_codes() -> list[str]:
    """Codes of the site's languages in order of preference."""
    return [code for code, _name in settings.LANGUAGES]


def language_name(code: str) -> str:
    """Name of the language ``code`` in the active language, in the case that it has within a sentence."""
    name: str = get_language_info(code)["name_translated"]
    return name.lower() if get_language() == "ru" else name


def translated_columns(name: str) -> list[str]:
    """Columns of the translated field ``name``, in the order of the languages: name_en, name_ru."""
    return [to_attribute(name, code) for code in language_codes()]


def get_translated(instance: models.Model, name: str, language: str | None = None) -> Localised:
    """Translation of the field ``name`` in ``language`` (default: the active one), else in the first available one."""
    requested = language or get_language() or settings.LANGUAGE_CODE
    for code in dict.fromkeys([requested, *language_codes()]):
        if text := getattr(instance, to_attribute(name, code), ""):
            return Localised(text, code)
    return Localised("", requested)


# Fillers, a joiner and variation selectors, which Unicode counts as letters, symbols or marks.
_UNSEEN = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))


def visible(text: str) -> str:
    """``text`` in NFC without characters that nobody sees, such as soft hyphens and spaces of no width."""
    # What can be printed has no character of control or format. Most texts are so.
    seen = text if text.isprintable() and _UNSEEN.isdisjoint(text) else "".join(filter(_is_seen, text))
    return unicodedata.normalize("NFC", seen)


def _is_seen(character: str) -> bool:
    # A NUL stays, so that forms and imports refuse the damaged text.
    category = unicodedata.category(character)
    is_control = category == "Cc" and not character.isspace() and character != "\0"
    return not (category == "Cf" or is_control or character in _UNSEEN)


def single_line(text: str) -> str:
    """``visible(text)`` with single spaces, instead of those that do not break and of ends of lines as well."""
    return " ".join(visible(text).split())


class LineField(models.CharField):  # type: ignore[type-arg]  # a class of Django takes none when it runs
    """Text column of one line: ``single_line()`` cleans what forms, imports, fixtures and code write to it.

    Migrations see a CharField.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return single_line(text) if isinstance(text, str) else text


class Translated(Protocol):
    """Descriptor under the plain name of a field: it reads with a fallback and writes in the active language."""

    def __get__(self, instance: Any, owner: Any) -> Localised: ...

    def __set__(self, instance: Any, value: str) -> None: ...


def translated(
    label: "StrOrPromise | None" = None,
    *,
    max_length: int,
    blank: bool = True,
    field: type[LineField] = LineField,
    **options: Any,
) -> Translated:
    """A text column for each language; the plain name reads with a fallback in the order of the languages."""
    column = field(label, max_length=max_length, blank=blank, default="", **options)
    fields: Translated = TranslatedField(
        column, attrgetter=lambda name, field: lambda self: get_translated(self, name)
    )
    return fields


def any_language(name: str) -> models.Q:
    """Condition that ``name`` is not empty in at least one language."""
    return ~models.Q(**dict.fromkeys(translated_columns(name), ""))


def required_in_some_language(model: str, name: str, message: "StrOrPromise") -> models.CheckConstraint:
    """Constraint that the field ``name`` of ``model`` is not empty in every language."""
    return models.CheckConstraint(
        name=f"{model}_{name}_in_some_language", condition=any_language(name), violation_error_message=message
    )


def contains(names: Iterable[str], text: str) -> models.Q:
    """Condition that one of ``names`` contains ``text`` in any language, case-insensitive."""
    columns = [column for name in names for column in translated_columns(name)]
    return models.Q(*((f"{column}__icontains", text) for column in columns), _connector=models.Q.OR)
