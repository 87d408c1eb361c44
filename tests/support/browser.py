"""Pages in Chromium: clean contexts, time limits, options of the accessibility checks."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test.signals import template_rendered
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from . import factories

AXE_OPTIONS = {
    "resultTypes": ["violations"],
    # Preloading would request the files of @import again, at wrong URLs.
    "preload": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}


NARROW, WIDE = 320, 1440


# Seconds for one step in a page. Only a hang exceeds them.
SECONDS = 60


# Letters of the members' languages, most of them not in the English or Russian alphabet.
LETTERS = {"kk": "ӘәҒғҚқҢңӨөҰұҮүҺһІі", "ky": "ҢңӨөҮү", "tg": "ҒғӢӣҚқӮӯҲҳҶҷ", "be": "ЁёІіЎў", "ru": "Щщ", "en": "Ww"}


@contextmanager
def in_time(what: str, seconds: float = SECONDS) -> Iterator[None]:
    """Fail with the name ``what`` instead of hanging: several calls of Playwright have no timeout of their own."""

    def give_up(number, frame):
        raise TimeoutError(f"{what} took more than {seconds} seconds")

    # pytest-timeout uses the same timer: restore its handler and its remaining time afterwards.
    former, began = signal.signal(signal.SIGALRM, give_up), time.monotonic()
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1))


# Pool of unused pages, by the options of their contexts. A new page costs the CPU time of five visits in a used one,
# which has a running process, a warm HTTP cache and compiled scripts.
idle: dict[tuple, list[Page]] = {}


@contextmanager
def clean_page(chromium: Browser, viewport=None, color_scheme="light", **options) -> Iterator[Page]:
    """A page without cookies, stored data or sibling pages, which may come from the pool."""
    pages = idle.setdefault((chromium, *sorted(options.items())), [])
    page = pages.pop() if pages else chromium.new_context(**options).new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.set_viewport_size(viewport or {"width": 1280, "height": 720})
    page.emulate_media(color_scheme=color_scheme)
    try:
        yield page
        for other in page.context.pages:
            if other != page:
                other.close()
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.context.clear_cookies()
    except BaseException:
        page.context.close()
        raise
    pages.append(page)


@contextmanager
def browsing(chromium, site, signed_in=False, **options):
    """A clean page. At the end, assert no request to another host, no error, and cookies only if ``signed_in``."""
    asked, complaints = [], []

    def answered(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            complaints.append((response.status, response.url))

    def said(message: ConsoleMessage) -> None:
        # ``answered`` checks the response of a resource that failed to load.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append((message.page.url, message.text))

    listeners = {
        "request": lambda request: asked.append(request.url),
        "response": answered,
        "console": said,
        "pageerror": lambda error: complaints.append(("error", str(error))),
    }
    with clean_page(chromium, **options) as page:
        for event, listener in listeners.items():
            page.on(event, listener)
        yield page
        assert complaints == []
        assert [url for url in asked if not url.startswith((site + "/", "data:"))] == []
        assert any(url.startswith(site + settings.STATIC_URL) for url in asked)
        assert bool(page.context.cookies()) == signed_in
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


@contextmanager
def rendered_templates() -> Iterator[set[str]]:
    """The names of all templates rendered within the block, also in the thread of the server."""
    names: set[str] = set()

    def note(template, **kwargs) -> None:
        names.add(template.name)

    template_rendered.connect(note)
    try:
        yield names
    finally:
        template_rendered.disconnect(note)


def overflow(page) -> int:
    """The number of pixels by which a page scrolls horizontally."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def sign_in(page, site, user):
    page.context.clear_cookies()
    page.goto(f"{site}/admin/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Delegations, news and accounts").wait_for()
