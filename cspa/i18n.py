"""Translated fields: a column for each of ``settings.LANGUAGES``, with a fallback for missing translations."""

from collections.abc import Iterable
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


class Translated(Protocol):
    """Descriptor under the plain name of a field: it reads with a fallback and writes in the active language."""

    def __get__(self, instance: Any, owner: Any) -> Localised: ...

    def __set__(self, instance: Any, value: str) -> None: ...


def translated(
    label: "StrOrPromise | None" = None, *, max_length: int, blank: bool = True, **options: Any
) -> Translated:
    """A text column for each language; the plain name reads with a fallback in the order of the languages."""
    column = models.CharField(label, max_length=max_length, blank=blank, default="", **options)
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
