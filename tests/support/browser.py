"""Pages in Chromium: clean contexts, time limits, accessibility rules."""

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
    "preload": False,  # it would ask for the files of @import again, at wrong addresses
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}


NARROW, WIDE = 320, 1440


# Seconds for one step in a page. Only a hang takes longer.
SECONDS = 60


# A letter of each language of the members that the English and Russian alphabets lack, and one that they have.
LETTERS = {"kk": "ӘәҒғҚқҢңӨөҰұҮүҺһІі", "ky": "ҢңӨөҮү", "tg": "ҒғӢӣҚқӮӯҲҳҶҷ", "be": "ЁёІіЎў", "ru": "Щщ", "en": "Ww"}


@contextmanager
def in_time(what: str, seconds: float = SECONDS) -> Iterator[None]:
    """Turn a hang into a failure that names ``what``: several calls of Playwright have no timeout of their own."""

    def give_up(number, frame):
        raise TimeoutError(f"{what} took more than {seconds} seconds")

    # pytest-timeout uses the same timer.
    former, began = signal.signal(signal.SIGALRM, give_up), time.monotonic()
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1))


# Pages that no test uses now, by the options of their contexts. A new page costs the CPU time of five visits in a used
# one, whose process runs, whose HTTP cache is warm and whose scripts are compiled.
idle: dict[tuple, list[Page]] = {}


@contextmanager
def clean_page(chromium: Browser, viewport=None, color_scheme="light", **options) -> Iterator[Page]:
    """A page without cookies, stored data or other pages beside it; an earlier test may have used it."""
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
    """A clean page; in the end nobody else was asked, nothing was missing, no reader got a cookie."""
    asked, complaints = [], []

    def answered(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            complaints.append((response.status, response.url))

    def said(message: ConsoleMessage) -> None:
        # That a resource failed to load is judged by its response.
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
    """The names of all templates that are rendered meanwhile, in the thread of the server too."""
    names: set[str] = set()

    def note(template, **kwargs) -> None:
        names.add(template.name)

    template_rendered.connect(note)
    try:
        yield names
    finally:
        template_rendered.disconnect(note)


def overflow(page) -> int:
    """By how many pixels a page scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def sign_in(page, site, user):
    page.context.clear_cookies()
    page.goto(f"{site}/admin/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Delegations, news and accounts").wait_for()
