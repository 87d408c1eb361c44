"""What the addresses of the API have in common: parameters, problems, pages of lists, and the document of it all.

The applications declare theirs in ``delegations.api`` and ``news.api``, the search in ``cspa.pages.search_api``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from http import HTTPStatus
from typing import Any, Literal

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Q, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django_filters import FilterSet
from ninja import NinjaAPI, Schema
from ninja.errors import ValidationError
from ninja.openapi.docs import DocsBase
from ninja.renderers import JSONRenderer
from pydantic import Field, ValidationInfo, create_model, model_validator

from ..absolute_urls import absolute
from ..i18n import language_codes
from .middleware import DOCUMENT, DOCUMENTATION, READABLE, in_language, problem

LARGEST_PAGE = 200
USUAL_PAGE = 50

_LIMIT = re.compile("[1-9][0-9]{0,2}")


class Renderer(JSONRenderer):
    """JSON in which every alphabet can be read."""

    json_dumps_params = READABLE


# Errors (RFC 9457)


class ProblemError(Exception):
    """An answer that says in words what is wrong, and with which parameter."""

    def __init__(self, status: int, detail: str, parameter: str | None = None):
        super().__init__(detail)
        self.status, self.detail, self.parameter = status, str(detail), parameter


class Problem(Schema):
    """What every error says (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    parameter: str | None = Field(None, description=gettext_noop("The parameter that is at fault."))


# Parameters


def parameter(description: str, **schema) -> Any:
    """A parameter that may be left out: the view gets its text, or none; the document says what ``schema`` does."""

    def describe(field: dict) -> None:
        del field["default"]
        field.update(schema)

    return Field("", description=description, json_schema_extra=describe)


class Parameters(Schema):
    """What an address of the API may be asked; anything else, and anything twice, is refused."""

    language: str = parameter(
        gettext_noop("Language of the texts; else that of Accept-Language, else English."), enum=language_codes()
    )

    @model_validator(mode="before")
    @classmethod
    def refuse_what_is_not_declared(cls, data: Any, info: ValidationInfo) -> Any:
        given = info.context["request"].GET
        for name, values in given.lists():
            short = Truncator(name).chars(60)
            if name not in cls.model_fields:
                raise ProblemError(400, _("There is no parameter “%(name)s” here.") % {"name": short}, short)
            if len(values) > 1:
                raise ProblemError(400, _("“%(name)s” is given more than once.") % {"name": short}, short)
            if "\x00" in values[0]:  # which PostgreSQL cannot be asked for
                raise ProblemError(400, str(ProhibitNullCharactersValidator.message), short)
        if given.get("language") and given["language"] not in language_codes():
            codes = ", ".join(language_codes())
            raise ProblemError(400, _("“language” is one of: %(codes)s.") % {"codes": codes}, "language")
        return data


class ListParameters(Parameters):
    """Those of every list."""

    limit: str = parameter(
        gettext_noop("The number of results of a page."),
        type="integer",
        minimum=1,
        maximum=LARGEST_PAGE,
        default=USUAL_PAGE,
    )
    cursor: str = parameter(gettext_noop("Where the page begins; taken from “next” or “previous”, never made up."))

    @property
    def size(self) -> int:
        if not self.limit:
            return USUAL_PAGE
        if not _LIMIT.fullmatch(self.limit) or int(self.limit) > LARGEST_PAGE:
            raise ProblemError(
                400, _("“limit” is a whole number from 1 to %(largest)d.") % {"largest": LARGEST_PAGE}, "limit"
            )
        return int(self.limit)


def filtered_by(filterset: type[FilterSet], base: type[Parameters]) -> type[Parameters]:
    """``base`` with the parameters of ``filterset``, so that an address takes what the page takes."""
    with override(settings.LANGUAGE_CODE):
        fields = {
            name: (str, parameter(str(declared.label), **_choices(declared.extra.get("choices"))))
            for name, declared in filterset.base_filters.items()
        }
    return create_model(f"{filterset.__name__}Parameters", __base__=base, **fields)


def _choices(choices: Any) -> dict:
    """The choices that are the same on every day; those that depend on the data are not listed."""
    choices = getattr(choices, "choices", choices)
    return {"enum": [value for value, _label in choices]} if isinstance(choices, list) else {}


def found(filterset: FilterSet) -> QuerySet:
    """The rows that ``filterset`` finds."""
    refuse_errors(filterset.form)
    return filterset.qs


def refuse_errors(form: BaseForm) -> None:
    """A parameter that is filled in wrongly is a problem, in the words of the form."""
    for name, errors in form.errors.items():
        raise ProblemError(400, f"{form[name].label}: {' '.join(errors)}", name)


# Pages of lists


class Page[Record](Schema):
    """A page of a list."""

    count: int | None = Field(
        description=gettext_noop("The number of all results; null where counting would take too long.")
    )
    next: str | None = Field(description=gettext_noop("Address of the next page."))
    previous: str | None = Field(description=gettext_noop("Address of the previous page."))
    results: list[Record]


def page(
    request: HttpRequest,
    asked: ListParameters,
    rows: QuerySet,
    keys: tuple[str, ...],
    records: Callable[[list], list[dict]],
    **pinned: str,
) -> dict:
    """The page of ``rows`` that is asked for, in the order of ``keys``, which no two rows share.

    A page begins after a row and not at a number, so that rows that come and go move no other ones. What is
    ``pinned`` stands in the links to other pages, whatever the request left to the day.
    """
    size, cursors = asked.size, Cursors(request, pinned)
    backwards, position = cursors.read(asked.cursor)
    window = rows.order_by(*(_turned(key) if backwards else key for key in keys))
    if position:
        window = window.filter(_beyond(keys, position, backwards))
    window = list(window[: size + 1])
    more, window = len(window) > size, window[:size]
    if backwards:
        window.reverse()
    ends = [[_value(row, key) for key in keys] for row in (window[:1] + window[-1:])]
    return {
        "count": rows.count(),
        "next": cursors.link(False, ends[-1]) if ends and (more or backwards) else None,
        "previous": cursors.link(True, ends[0]) if ends and position and (more or not backwards) else None,
        "results": records(window),
    }


def page_of(
    request: HttpRequest,
    asked: ListParameters,
    entries: Sequence,
    place: Callable[[str], int | None],
    record: Callable[[Any], dict],
    **pinned: str,
) -> dict:
    """As ``page``, of ``entries`` that no table holds; ``place`` says where the entry with an id stands now."""
    size, cursors = asked.size, Cursors(request, pinned)
    backwards, position = cursors.read(asked.cursor)
    first = 0
    if position:
        former, identity = position
        present = place(identity)
        first = former if present is None else present + (not backwards)
        if backwards:
            first, size = max(first - size, 0), min(first, size)
    window = entries[first : first + size]
    last = first + len(window)
    return {
        "count": len(entries),
        "next": cursors.link(False, [last, str(window[-1].id)]) if window and last < len(entries) else None,
        "previous": cursors.link(True, [first, str(window[0].id)]) if window and first else None,
        "results": [record(entry) for entry in window],
    }


class Cursors:
    """Positions in one list under one set of filters, signed: a damaged or foreign one is refused."""

    def __init__(self, request: HttpRequest, pinned: dict[str, str]):
        self.request = request
        self.parameters = request.GET.copy()
        self.parameters.pop("cursor", None)
        for name, value in pinned.items():
            self.parameters[name] = value
        what = sorted((name, value) for name, value in self.parameters.items() if name not in ("limit", "language"))
        self.signer = Signer(salt=f"api {request.path} {what}")

    def read(self, cursor: str) -> tuple[bool, list]:
        """Whether the page lies before a position, and the position; none at the beginning."""
        if not cursor:
            return False, []
        try:
            backwards, position = self.signer.unsign_object(cursor)
        except BadSignature as error:
            words = _("“cursor” is damaged, or belongs to another list.")
            raise ProblemError(400, words, "cursor") from error
        return backwards, position

    def link(self, backwards: bool, position: list) -> str:
        parameters = self.parameters.copy()
        parameters["cursor"] = self.signer.sign_object([backwards, position])
        return absolute(self.request, f"{self.request.path}?{parameters.urlencode()}")


def _turned(key: str) -> str:
    return key.removeprefix("-") if key.startswith("-") else f"-{key}"


def _beyond(keys: tuple[str, ...], position: Sequence, backwards: bool) -> Q:
    """The condition that a row comes after ``position``, or before it."""
    condition, same = Q(), {}
    for key, value in zip(keys, position, strict=True):
        name = key.removeprefix("-")
        lookup = "lt" if key.startswith("-") != backwards else "gt"
        condition |= Q(**same, **{f"{name}__{lookup}": value})
        same[name] = value
    return condition


def _value(row: Any, key: str) -> int | str:
    value = reduce(getattr, key.removeprefix("-").split("__"), row)
    return value if isinstance(value, int) else str(value)


# The API


class Documentation(DocsBase):
    """The document as a page of the site, for people; it needs no script and no other host."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs) -> HttpResponse:
        document = api.get_openapi_schema()
        groups: dict[str, list[dict]] = {}
        for path, methods in document["paths"].items():
            operation = methods["get"]
            answer = _type(operation["responses"][200]["content"]["application/json"]["schema"])
            groups.setdefault(operation["tags"][0], []).append({"path": path, "answer": answer, **operation})
        shapes = {name: list(_fields(schema)) for name, schema in document["components"]["schemas"].items()}
        # Links to the other languages name the language themselves.
        request.GET = QueryDict()
        versions = {code: f"{request.path}?language={code}" for code in language_codes()}
        context = {"document": document, "groups": groups, "shapes": shapes, "versions": versions}
        return render(request, "api.html", context)


def _fields(schema: dict) -> Iterable[dict]:
    """The fields of a shape: name, type in one word, description, allowed values."""
    for name, field in schema.get("properties", {}).items():
        yield {"name": name, "type": _type(field), **{key: field.get(key) for key in ("description", "enum")}}


def _type(field: dict) -> str:
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "anyOf" in field:
        return " | ".join(_type(option) for option in field["anyOf"])
    if field.get("type") == "array":
        return f"{_type(field['items'])}[]"
    return field.get("format") or field.get("type") or "any"


class Api(NinjaAPI):
    """The API with its errors and its document."""

    def __init__(self):
        super().__init__(
            title="CSTO Parliamentary Assembly",
            version="1",
            urls_namespace="api",
            description=gettext_noop(
                "Who sits in the Assembly on any day, with a source for every fact, and what it did. Read only; the "
                "data may be reused under CC BY 4.0."
            ),
            renderer=Renderer(),
            docs=Documentation(),
            docs_decorator=lambda view: csrf_exempt(require_safe(in_language(view))),
        )
        self.get("/", include_in_schema=False, url_name="index")(lambda request: self.index(request))
        self.add_decorator(in_language, mode="view")
        self.add_exception_handler(ProblemError, _answered)
        self.add_exception_handler(Http404, lambda request, error: problem(404))
        self.add_exception_handler(ValidationError, _unreadable)

    def index(self, request: HttpRequest) -> dict:
        """What there is: the addresses of the lists and of their description."""
        lists = [path for path in self.get_openapi_schema()["paths"] if "{" not in path]
        addresses = {path.split("/")[-2]: path for path in lists}
        addresses |= {"documentation": DOCUMENTATION, "openapi": DOCUMENT}
        return {name: absolute(request, path) for name, path in addresses.items()}

    def get_openapi_schema(self, **kwargs: Any) -> dict:
        """The document, with the errors that every address may answer."""
        document = super().get_openapi_schema(**kwargs)
        schema = Problem.model_json_schema()
        document["components"]["schemas"]["Problem"] = schema
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path, methods in document["paths"].items():
            responses = methods["get"]["responses"]
            responses[304] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
            for status in (400, 404, 405, *([410] if "/people/{" in path or "/articles/{" in path else [])):
                responses[status] = {"description": HTTPStatus(status).phrase, "content": content}
            if "{slug}" in path or "/people/{" in path:
                responses[301] = {"description": HTTPStatus.MOVED_PERMANENTLY.phrase}
        return document


def _answered(request: HttpRequest, error: ProblemError) -> HttpResponse:
    return problem(error.status, error.detail, error.parameter)


def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A part of the address that is not of its type."""
    return problem(400, error.errors[0]["msg"], str(error.errors[0]["loc"][-1]))
