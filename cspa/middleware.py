"""One header that Django does not set."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

DENIED = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")


def permissions_policy(get_response: Callable) -> Callable:
    """Deny every page the powers that none of them needs (W3C Permissions Policy)."""
    policy = ", ".join(f"{feature}=()" for feature in DENIED)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", policy)
        return response

    return middleware
