"""Headers of browser policies and of public data, pages of refused requests, and snapshots for cached pages."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from .api.middleware import allow_all_origins, preflight_response
from .cache.responses import REFUSED, SNAPSHOT
from .db.snapshot import read_snapshot
from .pages.views import refused

DENIED = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")


def policy_headers(get_response: Callable) -> Callable:
    """Middleware that denies browser features which no page needs (W3C Permissions Policy).

    Other origins may not embed an answer either (Cross-Origin-Resource-Policy), unless its view says so.
    """
    policy = ", ".join(f"{feature}=()" for feature in DENIED)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", policy)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


class PublicDataMiddleware:
    """Lets pages of all origins read the public data beside the API: what a cacheable view answers and is no page."""

    def __init__(self, get_response: Callable):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        view = request.resolver_match and request.resolver_match.func
        if hasattr(view, "cache_parameters") and not response.headers.get("Content-Type", "").startswith("text/html"):
            allow_all_origins(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        is_preflight = request.method == "OPTIONS" and hasattr(view, "cache_parameters")
        return preflight_response() if is_preflight else None


def refusals(get_response: Callable) -> Callable:
    """Middleware that answers requests which the server or the page cache refuses, without a query."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if REFUSED in request.META:
            return refused(request, request.META[REFUSED])
        return get_response(request)

    return middleware


def snapshots(get_response: Callable) -> Callable:
    """Middleware that reads a page of the page cache from one snapshot of the database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if SNAPSHOT not in request.META:
            return get_response(request)
        with read_snapshot(request.META[SNAPSHOT]):
            return get_response(request)

    return middleware
