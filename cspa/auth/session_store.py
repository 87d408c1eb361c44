"""Sessions in the database whose keys carry a signature: a made-up key is recognised without a query."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db import OperationalError
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from ..db.timeouts import write_without_waiting

RANDOM_LENGTH = 24
SIGNATURE_LENGTH = 16


def _signature(random: str) -> str:
    return salted_hmac("cspa.auth.session_store", random, algorithm="sha256").hexdigest()[:SIGNATURE_LENGTH]


def is_signed(session_key: str) -> bool:
    """Whether this site has made the key. The session itself may have ended."""
    random, signature = session_key[:RANDOM_LENGTH], session_key[RANDOM_LENGTH:]
    return constant_time_compare(signature, _signature(random))


def has_signed_session(environ: dict[str, Any]) -> bool:
    """Whether a WSGI request has a session cookie that this site has set."""
    cookies = environ.get("HTTP_COOKIE", "")
    if settings.SESSION_COOKIE_NAME not in cookies:
        return False
    return is_signed(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME) or "")


class SessionStore(DatabaseSessionStore):
    """Sessions in the database with signed keys."""

    def save(self, must_create: bool = False) -> None:
        """Save the session. Raises UpdateError if it was deleted, OperationalError if the database does not answer."""
        try:
            super().save(must_create)
        except UpdateError as error:
            # Django takes every error of the database for a deleted session, and answers 400.
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

    def save_at_once(self) -> None:
        """Save during a GET request, which waits for no other writer, instead of after the response."""
        with write_without_waiting():
            self.save()
        self.modified = False

    def _get_new_session_key(self) -> str:
        while True:
            random = get_random_string(RANDOM_LENGTH, VALID_KEY_CHARS)
            key = random + _signature(random)
            if not self.exists(key):
                return key

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and is_signed(key)
