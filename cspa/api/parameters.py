"""Query parameters of the API: declaration, validation, and description in the OpenAPI document.

A parameter that cannot be read is answered 400; one that names what is not on record, 404.
"""

import re
from typing import Any

from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet
from django.forms import BaseForm
from django.utils.choices import flatten_choices
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django_filters import Filter, FilterSet
from ninja import Schema
from pydantic import Field, ValidationInfo, create_model, model_validator

from ..i18n import language_codes
from .errors import ApiError

LARGEST_PAGE = 200
USUAL_PAGE = 50

# Code of the ValidationError of a form field whose value names nothing on record.
NOT_ON_RECORD = "not_on_record"

# In the OpenAPI document.
DAY_SCHEMA = {"format": "date", "pattern": "^(19[0-9]{2}|20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$"}
SLUG_SCHEMA = {"pattern": "^[-a-zA-Z0-9_]+$"}
# PostgreSQL rejects a null character.
TEXT_SCHEMA = {"pattern": r"^[^\x00]*$"}

# JSON Schema counts 10.0 among the integers, so programs may write it.
_LIMIT = re.compile("([1-9][0-9]{0,2})([.]0)?")


def parameter(description: str, **schema) -> Any:
    """An optional parameter, which the view receives as text and the OpenAPI document describes with ``schema``."""

    def describe(field: dict) -> None:
        del field["default"]
        field.update(schema)

    return Field("", description=description, json_schema_extra=describe)


class Parameters(Schema):
    """The query parameters of an address. Undeclared and repeated parameters are errors."""

    language: str = parameter(
        gettext_noop("Language of the texts; else that of Accept-Language, else English."), enum=language_codes()
    )

    @model_validator(mode="before")
    @classmethod
    def refuse_what_is_not_declared(cls, data: Any, info: ValidationInfo) -> Any:
        given = (info.context or {})["request"].GET
        for name, values in given.lists():
            short = Truncator(name).chars(60)
            if name not in cls.model_fields:
                raise ApiError(400, _("There is no parameter “%(name)s” here.") % {"name": short}, short)
            if len(values) > 1:
                raise ApiError(400, _("“%(name)s” is given more than once.") % {"name": short}, short)
            # PostgreSQL rejects a null character in a query parameter.
            if "\x00" in values[0]:
                raise ApiError(400, str(ProhibitNullCharactersValidator.message), short)
        if given.get("language") and given["language"] not in language_codes():
            codes = ", ".join(language_codes())
            raise ApiError(400, _("“language” is one of: %(codes)s.") % {"codes": codes}, "language")
        return data


class ListParameters(Parameters):
    """The query parameters of every list."""

    limit: str = parameter(
        gettext_noop("The number of results of a page."),
        type="integer",
        minimum=1,
        maximum=LARGEST_PAGE,
        default=USUAL_PAGE,
    )
    cursor: str = parameter(
        gettext_noop("Where the page begins; taken from “next” or “previous”, never made up."), **TEXT_SCHEMA
    )

    @property
    def size(self) -> int:
        if not self.limit:
            return USUAL_PAGE
        written = _LIMIT.fullmatch(self.limit)
        if written is None or int(written[1]) > LARGEST_PAGE:
            raise ApiError(
                400, _("“limit” is a whole number from 1 to %(largest)d.") % {"largest": LARGEST_PAGE}, "limit"
            )
        return int(written[1])


def filtered_by(filterset: type[FilterSet], base: type[Parameters]) -> type[Parameters]:
    """A subclass of ``base`` with the parameters of ``filterset``, so that the API has the filters of the page."""
    with override(settings.LANGUAGE_CODE):
        fields: dict[str, Any] = {
            name: (str, parameter(str(declared.label), **_schema(declared)))
            for name, declared in filterset.base_filters.items()
        }
    return create_model(f"{filterset.__name__}Parameters", __base__=base, **fields)


def _schema(declared: Filter) -> dict:
    """What the document says of the values: ``enum`` of fixed choices, length of a text, or ``schema`` of the filter.

    Choices that depend on the data are omitted.
    """
    choices: Any = declared.extra.get("choices")
    choices = getattr(choices, "choices", choices)
    if isinstance(choices, list):
        flat: list[tuple[str, str]] = list(flatten_choices(choices))
        return {"enum": [value for value, _label in flat]}
    if "max_length" in declared.extra:
        return {"maxLength": declared.extra["max_length"], **TEXT_SCHEMA}
    return getattr(declared, "schema", {})


def apply_filterset(filterset: FilterSet) -> QuerySet:
    """The rows that ``filterset`` selects. Raise ApiError for an invalid parameter."""
    refuse_errors(filterset.form)
    return filterset.qs


def refuse_errors(form: BaseForm) -> None:
    """Raise ApiError for the first error of ``form``."""
    for name, errors in form.errors.as_data().items():
        status = 404 if errors[0].code == NOT_ON_RECORD else 400
        raise ApiError(status, f"{form[name].label}: {' '.join(map(str, form.errors[name]))}", name)
