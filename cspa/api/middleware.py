"""HTTP behaviour of the API: prefix, CORS headers, language negotiation and problem documents.

``cspa.api.app`` and the applications declare the operations with django-ninja; ``cspa.urls`` mounts them.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from ..i18n import language_codes

PREFIX = "/api/v1/"
DOCUMENTATION = f"{PREFIX}docs"
DOCUMENT = f"{PREFIX}openapi.json"
# Arguments of ``json.dumps()``: letters of all alphabets are written unescaped.
READABLE = {"ensure_ascii": False}


def problem(status: int, detail: str = "", parameter: str | None = None) -> JsonResponse:
    phrase = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": phrase, "status": status, "detail": detail or _words(status)}
    if parameter is not None:
        content["parameter"] = parameter
    return JsonResponse(content, status=status, content_type="application/problem+json", json_dumps_params=READABLE)


def _words(status: int) -> str:
    return {
        400: _("The request cannot be read."),
        404: _("There is nothing at this address."),
        405: _("The data can be read only: GET and HEAD."),
        500: _("Something is wrong with this site; it is not your request."),
        503: _("The database does not answer. Try again in a few seconds."),
    }.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase)


def api_headers(get_response: Callable) -> Callable:
    """Middleware of the API: allows requests from all origins and turns error pages into problem documents.

    A HEAD request is processed as GET, so that it has the same ETag; the server omits the body.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX) or request.path_info == DOCUMENTATION:
            return get_response(request)
        method = request.method
        if method == "OPTIONS":
            return preflight_response()
        request.method = "GET" if method == "HEAD" else method
        response = get_response(request)
        request.method = method
        if response.status_code >= 400 and response["Content-Type"] != "application/problem+json":
            kept = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
            language = request_language(request)
            with override(language):
                response = problem(response.status_code)
            response["Content-Language"] = language
            patch_vary_headers(response, ["Accept-Language"])
            for name, value in kept.items():
                response[name] = value
        return allow_all_origins(response)

    return middleware


def allow_all_origins(response: HttpResponse) -> HttpResponse:
    """Let pages of all origins read ``response`` (CORS)."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Expose-Headers"] = "ETag, Content-Language, Content-Disposition"
    return response


def preflight_response() -> HttpResponse:
    """The answer to a browser that asks whether it may send If-None-Match."""
    return allow_all_origins(HttpResponse(status=204, headers={"Access-Control-Allow-Headers": "If-None-Match"}))


def request_language(request: HttpRequest) -> str:
    return negotiate_language(request.GET, request.headers.get("Accept-Language", ""))


def negotiate_language(parameters: QueryDict, accepted: str) -> str:
    """Negotiate ``?language=``, then Accept-Language, then the default language. Cookies are ignored."""
    if (language := parameters.get("language")) in language_codes():
        return str(language)
    for code, _quality in parse_accept_lang_header(accepted.lower()):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def in_language(view: Callable) -> Callable:
    """Decorator that activates the negotiated language for ``view``."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        language = request_language(request)
        with override(language):
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Content-Language", language)
        return response

    return answer
