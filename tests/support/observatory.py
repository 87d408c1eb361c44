"""The score that the HTTP Observatory of MDN gives an answer: by its documentation, or by its own program.

https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring
"""

import json
import re
import shutil
import subprocess
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse

PROGRAM = Path(__file__).with_suffix(".mjs")

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


def judge(response: HttpResponse) -> dict[str, Any]:
    """Score and results of the Observatory's own program, and hints of Google's CSP Evaluator. Skips without them."""
    folder = settings.BASE_DIR / "var" / "observatory"
    if shutil.which("node") is None or not (folder / ".installed").exists():
        pytest.skip("node or the Observatory is absent; `make observatory` fetches it")
    answer = {
        "status": response.status_code,
        "headers": dict(response.headers),
        "cookies": [cookie.OutputString() for cookie in response.cookies.values()],
        "text": response.text,
    }
    done = subprocess.run(
        ["node", PROGRAM, folder], input=json.dumps(answer), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
