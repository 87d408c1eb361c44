"""Lockout after too many failed sign-ins: limits, response and reset.

django-axes counts the failures. Of an account from one address, of an address, and of an account from all addresses
each have a limit (settings ``SIGN_IN_…``). A known device has its own count for its account, and no other limit.
"""

from datetime import datetime, timedelta

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from ..models import User
from . import known_devices
from .client_address import client_network


class LockoutHandler(AxesDatabaseHandler):
    """Handler of django-axes with a limit of its own for each of AXES_LOCKOUT_PARAMETERS, and with known devices.

    The failures of a known device have its id in the place of the User-Agent, which nothing else reads.
    """

    def limited_attempts(self, request: HttpRequest, credentials: dict | None = None) -> list[tuple[QuerySet, int]]:
        """The attempts that count for this one, and how many failures among them lock it."""
        if device := known_device(request, credentials):
            own = AccessAttempt.objects.filter(username=attempted_username(request, credentials), user_agent=device)
            return [(own.filter(attempt_time__gte=get_cool_off_threshold(request)), settings.SIGN_IN_ATTEMPTS)]
        limits = (settings.SIGN_IN_ATTEMPTS, settings.SIGN_IN_ADDRESS_ATTEMPTS, settings.SIGN_IN_ACCOUNT_ATTEMPTS)
        return list(zip(self.get_user_attempts(request, credentials), limits, strict=True))

    def get_failures(self, request: HttpRequest, credentials: dict | None = None) -> int:
        """Failures as a share of the limit that is nearest, so that AXES_FAILURE_LIMIT stands for each limit."""
        return max(
            (attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0)
            * settings.AXES_FAILURE_LIMIT
            // limit
            for attempts, limit in self.limited_attempts(request, credentials)
        )

    def user_login_failed(self, sender, credentials: dict, request: HttpRequest | None = None, **kwargs) -> None:
        if request is not None and (device := known_device(request, credentials)):
            request.axes_user_agent = device
        super().user_login_failed(sender, credentials, request, **kwargs)


def known_device(request: HttpRequest, credentials: dict | None) -> str:
    """The known device of the account that is tried, as the table of attempts names it; empty for other browsers."""
    device = known_devices.device_id(request, attempted_username(request, credentials))
    return f"known device {device}" if device else ""


def request_address(request: HttpRequest) -> str | None:
    """The address to which the attempts of the client count."""
    return client_network(request.META)


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
    """First whole minute at which no limit is reached any more."""
    reached = []
    for attempts, limit in AxesProxyHandler.get_implementation().limited_attempts(request, credentials):
        found = attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        if (found["failures"] or 0) >= limit:
            reached.append(found["last"])
    # The list is empty if an administrator has just reset the lockout.
    last = max(reached, default=timezone.now())
    return (last + settings.AXES_COOLOFF_TIME + timedelta(minutes=1)).replace(second=0, microsecond=0)


def reset_lockout(user: User) -> None:
    """Unlock the account, and all locked IP addresses, since the one that the user signs in from is not known."""
    reset(username=user.get_username())
    addresses = AccessAttempt.objects.order_by().values("ip_address").annotate(failures=Sum("failures_since_start"))
    for locked in addresses.filter(failures__gte=settings.SIGN_IN_ADDRESS_ATTEMPTS):
        reset(ip=locked["ip_address"])
    for device in (*TOTPDevice.objects.filter(user=user), *StaticDevice.objects.filter(user=user)):
        device.throttle_reset()
