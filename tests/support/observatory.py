"""The score that the HTTP Observatory of MDN would give an answer, by the table of its documentation.

https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring
"""

import re
from http.cookies import Morsel

from django.http import HttpResponse

# Seconds; a shorter Strict-Transport-Security costs points.
SIX_MONTHS = 15768000
PRIVATE_REFERRER = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}


def policy_of(response: HttpResponse) -> dict[str, list[str]]:
    """The sources of each directive of the Content-Security-Policy."""
    directives = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def score(response: HttpResponse) -> int:
    """Points of an answer over https: 100, less for what is missing, more for what goes beyond."""
    policy = policy_of(response)
    assert not any(
        "unsafe" in source or source in ("*", "data:", "https:") for each in policy.values() for source in each
    )
    max_age = re.match(r"max-age=(\d+)", response.get("Strict-Transport-Security", ""))
    modifiers = [
        0 if max_age and int(max_age[1]) >= SIX_MONTHS else -20,
        0 if response.get("X-Content-Type-Options") == "nosniff" else -5,
        10 if policy["default-src"] == ["'none'"] and policy["form-action"] in (["'none'"], ["'self'"]) else 5,
        5 if "frame-ancestors" in policy else 0,
        5 if response.get("Referrer-Policy") in PRIVATE_REFERRER else 0,
        10 if response.get("Cross-Origin-Resource-Policy") in ("same-origin", "same-site") else 0,
        _points_of_cookies(list(response.cookies.values())),
    ]
    return 100 + sum(modifiers)


def _points_of_cookies(cookies: list[Morsel]) -> int:
    if not cookies:
        return 0
    if not all(cookie["secure"] and cookie["httponly"] for cookie in cookies):
        return -40
    return 5 if all(cookie["samesite"] in ("Lax", "Strict") for cookie in cookies) else 0
