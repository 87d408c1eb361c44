"""Polling for a state of another thread, process or server."""

import time
from collections.abc import Callable
from typing import Any


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    """Poll until ``holds()`` is true. Fail after ``seconds``, which are enough for a slow machine."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"The state did not come within {seconds} seconds."
        time.sleep(0.01)
