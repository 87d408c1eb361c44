"""One header that Django does not set, and the answer while the database is away."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from .cache.page_cache import AWAY
from .pages.views import unavailable

DENIED = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")


def permissions_policy(get_response: Callable) -> Callable:
    """Deny every page the powers that none of them needs (W3C Permissions Policy)."""
    policy = ", ".join(f"{feature}=()" for feature in DENIED)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", policy)
        return response

    return middleware


def unless_away(get_response: Callable) -> Callable:
    """Do not try to make a page where ``cspa.cache.page_cache`` has just found the database away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if AWAY in request.META:
            return unavailable(request)
        return get_response(request)

    return middleware
