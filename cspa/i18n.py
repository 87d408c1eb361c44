"""Names and labels in a column per language, and how a missing one falls back.

The languages are those of ``settings.LANGUAGES``; none is named in code.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, get_language_info
from translated_fields import TranslatedField, to_attribute

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Localised(str):
    """A text that knows the language it is written in, which may not be the one asked for."""

    lang: str

    def __new__(cls, text: "StrOrPromise", lang: str) -> "Localised":
        localised = super().__new__(cls, text)
        localised.lang = lang
        return localised

    # What a copy is made of.
    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # of str, which takes one argument
        return str(self), self.lang


def language_codes() -> list[str]:
    """The site's languages in their order of preference."""
    return [code for code, _name in settings.LANGUAGES]


def language_name(code: str) -> str:
    """How the active language calls the language ``code``, as it stands within a sentence."""
    name: str = get_language_info(code)["name_translated"]
    return name.lower() if get_language() == "ru" else name


def columns(name: str) -> list[str]:
    """The columns that hold ``name``, in the order of the languages: name_en, name_ru."""
    return [to_attribute(name, code) for code in language_codes()]


def localised(instance: models.Model, name: str, language: str | None = None) -> Localised:
    """The text of ``name`` in ``language`` (default: the active one), else in the first that has it."""
    wanted = language or get_language() or settings.LANGUAGE_CODE
    for code in dict.fromkeys([wanted, *language_codes()]):
        if text := getattr(instance, to_attribute(name, code), ""):
            return Localised(text, code)
    return Localised("", wanted)


class Translated(Protocol):
    """What stands in a model under the plain name: it reads a text and writes that of the active language."""

    def __get__(self, instance: Any, owner: Any) -> Localised: ...

    def __set__(self, instance: Any, value: str) -> None: ...


def translated(field: "models.Field[Any, Any]") -> Translated:
    """``field`` once per language; reading the plain name falls back in the order of the languages."""
    fields: Translated = TranslatedField(field, attrgetter=lambda name, field: lambda self: localised(self, name))
    return fields


def any_language(name: str) -> models.Q:
    """The condition that ``name`` is filled in at least one language."""
    return ~models.Q(**dict.fromkeys(columns(name), ""))


def contains(names: Iterable[str], text: str) -> models.Q:
    """The condition that one of ``names`` holds ``text`` in any language, in any case of letters."""
    condition = models.Q()
    for name in names:
        prefix, _, last = name.rpartition("__")
        for column in columns(last):
            condition |= models.Q(**{f"{prefix}__{column}__icontains" if prefix else f"{column}__icontains": text})
    return condition
