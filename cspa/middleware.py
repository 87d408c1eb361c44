"""Permissions-Policy header, and 503 while the database is down."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from .cache.responses import DATABASE_DOWN
from .pages.views import unavailable

DENIED = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")


def permissions_policy(get_response: Callable) -> Callable:
    """Middleware that denies browser features which no page needs (W3C Permissions Policy)."""
    policy = ", ".join(f"{feature}=()" for feature in DENIED)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", policy)
        return response

    return middleware


def database_down(get_response: Callable) -> Callable:
    """Middleware that answers 503 at once if the page cache has just found the database down."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if DATABASE_DOWN in request.META:
            return unavailable(request)
        return get_response(request)

    return middleware
