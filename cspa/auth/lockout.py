"""Lockout after too many failed sign-ins, per account and per IP address: identification, response and reset.

django-axes counts the failures. Its limit and its pause are in the settings ``AXES_*``.
"""

from datetime import datetime, timedelta

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from ..models import User
from .client_address import client_address


def request_address(request: HttpRequest) -> str | None:
    """IP address of the client."""
    return client_address(request.META)


def attempted_username(request: HttpRequest, credentials: dict | None = None) -> str:
    """User name of the attempt, cut to the length of the column in the table of attempts."""
    return ((credentials or request.POST).get("username") or "")[:255]


def _credentials(user: User) -> dict[str, str]:
    return {"username": user.get_username()}


def is_allowed(request: HttpRequest) -> bool:
    """Whether the signed-in user may still try codes; if not, axes replaces the response by the lockout page."""
    if AxesProxyHandler.is_allowed(request, _credentials(request.user)):
        return True
    request.axes_locked_out, request.axes_credentials = True, _credentials(request.user)
    return False


def count_failure(request: HttpRequest) -> None:
    """Count a wrong code like a wrong password."""
    user_login_failed.send(__name__, credentials=_credentials(request.user), request=request)


@csp_override(settings.ADMIN_CSP)
@never_cache
def lockout_response(request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None):
    until = _locked_until(request, credentials)
    context = {**admin.site.each_context(request), "title": _("Too many attempts to sign in"), "until": until}
    page = render(request, "admin/locked_out.html", context, status=429)
    page.headers["Retry-After"] = max(1, int((until - timezone.now()).total_seconds()))
    return page


def _locked_until(request: HttpRequest, credentials: dict | None) -> datetime:
    """First whole minute at which neither the account nor the IP address is locked."""
    limits = [
        attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        for attempts in AxesProxyHandler.get_implementation().get_user_attempts(request, credentials)
    ]
    reached = [limit["last"] for limit in limits if (limit["failures"] or 0) >= settings.AXES_FAILURE_LIMIT]
    # The list is empty if an administrator has just reset the lockout.
    last = max(reached, default=timezone.now())
    return (last + settings.AXES_COOLOFF_TIME + timedelta(minutes=1)).replace(second=0, microsecond=0)


def reset_lockout(user: User) -> None:
    """Unlock the account, and all locked IP addresses, since the one that the user signs in from is not known."""
    reset(username=user.get_username())
    addresses = AccessAttempt.objects.order_by().values("ip_address").annotate(failures=Sum("failures_since_start"))
    for locked in addresses.filter(failures__gte=settings.AXES_FAILURE_LIMIT):
        reset(ip=locked["ip_address"])
    for device in (*TOTPDevice.objects.filter(user=user), *StaticDevice.objects.filter(user=user)):
        device.throttle_reset()
