"""How long somebody stays signed in: sessions end after some idle time, after some hours, and with the account."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from ..models import User

STARTED_AT, LAST_SEEN_AT = "began", "seen"
PRECISION = 60  # seconds; a session is saved no more often than this for having been used


@receiver(user_logged_in)
def remember_start(request: HttpRequest, **kwargs) -> None:
    """Remember in the session when somebody signed in."""
    request.session[STARTED_AT] = request.session[LAST_SEEN_AT] = int(time.time())


def session_timeout(get_response: Callable) -> Callable:
    """End the session of somebody who was idle, or has been signed in, for too long, and say so."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Readers have no cookie, and their session is not touched.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            if reason := timeout_reason(request, now):
                logout(request)
                messages.warning(request, reason)
            elif now - request.session[LAST_SEEN_AT] >= PRECISION:
                request.session[LAST_SEEN_AT] = now
        return get_response(request)

    return middleware


def timeout_reason(request: HttpRequest, now: int) -> str:
    """Why the session ends now; empty as long as it lasts."""
    hours, minutes = settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES
    if now - request.session.get(STARTED_AT, 0) >= hours * 3600:
        words = ngettext(
            "You were signed out, because a session lasts %d hour at most. Please sign in again.",
            "You were signed out, because a session lasts %d hours at most. Please sign in again.",
            hours,
        )
        return words % hours
    if now - request.session[LAST_SEEN_AT] >= minutes * 60:
        words = ngettext(
            "You were signed out, because nothing was done for %d minute. Please sign in again.",
            "You were signed out, because nothing was done for %d minutes. Please sign in again.",
            minutes,
        )
        return words % minutes
    return ""


def end_sessions(user: User) -> int:
    """Sign an account out everywhere; how many sessions that were. Only staff have any, so there are few."""
    ended = 0
    for session in Session.objects.all():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
            ended += 1
    return ended


@receiver(post_save, sender=User)
def end_sessions_of_disabled(instance: User, **kwargs) -> None:
    """An account that may not sign in keeps no session, not even for the day it is allowed back."""
    if not (instance.is_active and instance.is_staff):
        end_sessions(instance)
