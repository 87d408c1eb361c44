"""API application: renderer, error handlers, OpenAPI document and its page.

``delegations.api``, ``news.api`` and ``cspa.pages.search_api`` declare the addresses.
"""

import json
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.openapi.docs import DocsBase
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from ..absolute_urls import absolute_url
from ..i18n import language_codes
from .errors import ApiError, ProblemSchema
from .middleware import DOCUMENT, DOCUMENTATION, READABLE, in_language, problem

# The groups of operations.
TAGS = [
    {"name": "Directory", "description": gettext_noop("Delegations, people and their functions on any day.")},
    {"name": "News", "description": gettext_noop("Published articles, what was quoted in them, and topics.")},
    {"name": "Search", "description": gettext_noop("What the search page of the site finds.")},
]
# A value of each parameter that is neither a number of results nor one of a closed list.
EXAMPLES = {
    "on": "2020-05-26",
    "since": "2019-01-01",
    "until": "2020-12-31",
    "delegation": "belarus",
    "chamber": "belarus-house-of-representatives",
    "body": "assembly",
    "topic": "csto-cis-sco-cooperation",
    "country": "BY",
    "year": 2020,
    "person": 1,
    "q": "kogut",
    "slug": "belarus",
    "public_id": 1,
    "uid": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
}


@cache
def _answers() -> dict[str, Any]:
    """An example of the answer of each operation, by its path, as tests/unit/cspa/api/test_examples.py writes them."""
    answers: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text("utf-8"))
    return answers


class Renderer(JSONRenderer):
    json_dumps_params = READABLE


class Documentation(DocsBase):
    """The OpenAPI document as a page of the site, which needs neither scripts nor another host."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs) -> HttpResponse:
        document = api.get_openapi_schema()
        groups: dict[str, list[dict]] = {}
        for path, methods in document["paths"].items():
            operation = methods["get"]
            answer = _type(operation["responses"][200]["content"]["application/json"]["schema"])
            groups.setdefault(operation["tags"][0], []).append({"path": path, "answer": answer, **operation})
        shapes = {name: list(_fields(schema)) for name, schema in document["components"]["schemas"].items()}
        # The language switch appends the parameters of the request to ``versions``, which have a language already.
        request.GET = QueryDict()
        versions = {code: f"{request.path}?language={code}" for code in language_codes()}
        context = {"document": document, "groups": groups, "shapes": shapes, "versions": versions}
        return render(request, "api.html", context)


def _fields(schema: dict) -> Iterable[dict]:
    """Name, type, description and allowed values of each field of a schema."""
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
            servers=[{"url": settings.SITE_URL or "/"}],
            openapi_extra={
                "info": {
                    "license": {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
                    "contact": {"name": "CSTO Parliamentary Assembly"}
                    | ({"url": settings.SITE_URL} if settings.SITE_URL else {}),
                },
                "tags": TAGS,
            },
            docs=Documentation(),
            docs_decorator=lambda view: csrf_exempt(require_safe(in_language(view))),
        )
        self.get("/", include_in_schema=False, url_name="index")(lambda request: self.index(request))
        self.add_decorator(in_language, mode="view")
        self.add_exception_handler(Http404, lambda request, error: problem(404))
        self.add_exception_handler(
            ApiError, lambda request, error: problem(error.status, error.detail, error.parameter)
        )
        self.add_exception_handler(ValidationError, _unreadable)

    def index(self, request: HttpRequest) -> dict:
        """The URLs of all lists, of the documentation and of the OpenAPI document."""
        lists = [path for path in self.get_openapi_schema()["paths"] if "{" not in path]
        addresses = {path.split("/")[-2]: path for path in lists}
        addresses |= {"documentation": DOCUMENTATION, "openapi": DOCUMENT}
        return {name: absolute_url(request, path) for name, path in addresses.items()}

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the view, which generated clients give to the function that calls it."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **kwargs: Any) -> dict:
        """The OpenAPI document, with the responses that all operations share."""
        document = super().get_openapi_schema(**kwargs)
        answers = _answers()
        schema = ProblemSchema.model_json_schema()
        document["components"]["schemas"]["Problem"] = schema
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path, methods in document["paths"].items():
            for described in methods["get"]["parameters"]:
                if described["name"] in EXAMPLES:
                    described["example"] = EXAMPLES[described["name"]]
                if described["in"] == "query":
                    described["allowEmptyValue"] = True
            responses = methods["get"]["responses"]
            if path in answers:
                responses[200]["content"]["application/json"]["example"] = answers[path]
            responses[304] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
            for status in (400, 404, 405, *([410] if "/people/{" in path or "/articles/{" in path else [])):
                responses[status] = {"description": HTTPStatus(status).phrase, "content": content}
            if "{slug}" in path or "/people/{" in path:
                responses[301] = {"description": HTTPStatus.MOVED_PERMANENTLY.phrase}
        return document


def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer 400 for a path parameter of the wrong type."""
    return problem(400, error.errors[0]["msg"], str(error.errors[0]["loc"][-1]))
