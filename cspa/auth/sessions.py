"""Session timeouts: sessions end after an idle time, after a maximum age, and when the account is disabled."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from ..db.timeouts import write_without_waiting
from ..models import User
from .session_store import SessionStore

STARTED_AT, LAST_SEEN_AT = "began", "seen"
# Seconds. The time of last use is saved at most once in this interval, to save writes.
LAST_SEEN_PRECISION = 60
# Seconds by which the clocks of two machines may differ.
CLOCK_SKEW = 60


@receiver(user_logged_in)
def remember_start(request: HttpRequest, **kwargs) -> None:
    request.session[STARTED_AT] = request.session[LAST_SEEN_AT] = int(time.time())


def session_timeout(get_response: Callable) -> Callable:
    """Middleware that signs out a user whose session is idle or open for too long, with a message."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Without a session cookie, skip the query for the user: public pages need none.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            if reason := timeout_reason(request, now):
                with write_without_waiting():
                    logout(request)
                messages.warning(request, reason)
            elif now - request.session[LAST_SEEN_AT] >= LAST_SEEN_PRECISION:
                save_last_use(request, now)
        return get_response(request)

    return middleware


def save_last_use(request: HttpRequest, now: int) -> None:
    """Save the time of last use; where another transaction writes, leave that to the next request."""
    session = cast(SessionStore, request.session)
    session[LAST_SEEN_AT] = now
    # The session may also have been ended meanwhile.
    with suppress(OperationalError, UpdateError):
        session.save_at_once()
    session.modified = False


def timeout_reason(request: HttpRequest, now: int) -> str:
    """Message with the reason why the session ends; empty while the session is valid."""
    hours, minutes = settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES
    # A session that begins in the future was opened while the clock was ahead.
    if not -CLOCK_SKEW <= now - request.session.get(STARTED_AT, 0) < hours * 3600:
        message = ngettext(
            "You were signed out, because a session lasts %d hour at most. Please sign in again.",
            "You were signed out, because a session lasts %d hours at most. Please sign in again.",
            hours,
        )
        return message % hours
    if now - request.session[LAST_SEEN_AT] >= minutes * 60:
        message = ngettext(
            "You were signed out, because nothing was done for %d minute. Please sign in again.",
            "You were signed out, because nothing was done for %d minutes. Please sign in again.",
            minutes,
        )
        return message % minutes
    return ""


def end_sessions(user: User) -> None:
    """Delete all sessions of the user. Every session is decoded, which is fine because only staff have sessions."""
    for session in Session.objects.all():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


@receiver(post_save, sender=User)
def end_sessions_of_disabled(instance: User, **kwargs) -> None:
    """Delete the sessions of a disabled account, so that none becomes valid again when the account is enabled."""
    if not (instance.is_active and instance.is_staff):
        end_sessions(instance)
