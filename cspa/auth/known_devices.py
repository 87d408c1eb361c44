"""Known devices: browsers in which an account has signed in completely before.

A lockout that strangers have caused does not apply to them (OWASP, "Slow Down Online Guessing Attacks with Device
Cookies"). The cookie is bound to the account and to its password: a new password makes all devices unknown.
"""

from datetime import timedelta
from secrets import token_urlsafe

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ..models import User

# Since the last complete sign-in.
LASTS = timedelta(days=90)
# A browser may know several accounts: the key of each follows.
COOKIE_PREFIX = "known-device-"


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Make the browser a known device of ``user``, who has just signed in completely."""
    name = f"{COOKIE_PREFIX}{user.pk}"
    response.set_cookie(
        name,
        _signer(user).sign(device_id(request, user.get_username()) or token_urlsafe(16)),
        max_age=LASTS,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def device_id(request: HttpRequest, username: str) -> str:
    """Random text that identifies the known device of the account ``username``; empty for other browsers."""
    # Most sign-ins of strangers cost no query.
    if not any(name.startswith(COOKIE_PREFIX) for name in request.COOKIES):
        return ""
    user = User.objects.filter(username=username).first()
    if user is None:
        return ""
    try:
        return _signer(user).unsign(request.COOKIES.get(f"{COOKIE_PREFIX}{user.pk}", ""), max_age=LASTS)
    except BadSignature:
        return ""


def _signer(user: User) -> TimestampSigner:
    return TimestampSigner(salt=f"cspa.auth.known_devices:{user.pk}:{user.password}")
