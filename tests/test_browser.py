"""Pages in Chromium: accessibility rules, no sideways scrolling, nothing asked of anybody else."""

import os
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from delegations.models import Delegate
from news.models import Article

from . import factories

# Playwright runs an event loop of its own in this thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "",
    "delegations/",
    "delegations/?country=XX",
    "delegations/belarus/",
    "delegations/tajikistan/",
    "delegations/people/2-viktor-rogalev/",
    "news/",
    "news/2020/05/",
    "news/topics/biological-security/",
    "about/",
    "contact/",
    "privacy/",
    "accessibility/",
    "styleguide/",
    "nothing/",
]
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
WIDTHS = (320, 360, 768, 1440)


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def site(live_server):
    """The seed, and one delegation as full as any may become, on a real server."""
    call_command("loaddata", "seed", verbosity=0)
    source = factories.SourceFactory()
    parliament = factories.ParliamentFactory(slug="full")
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=3, starts="2019-05", sources=[source])
    factories.ParticipationFactory(parliament=parliament)
    for role in Delegate.Role.values:
        factories.DelegateFactory(chamber=chamber, role=role, starts="2020-03-01", political_group_en="Group")
    article = factories.ArticleFactory(parliaments=[parliament], sources=[source], slug="translated")
    factories.ArticleFactory(language="ru", story=article.story, slug="perevod", title="О перевод")
    factories.CorrectionFactory(article=article)
    factories.ArticleFactory.create_batch(45)
    return live_server.url.replace("localhost", "127.0.0.1")


def addresses(language):
    yield from (f"/{language}/{page}" for page in PAGES)
    yield f"/{language}/delegations/full/"
    if language == "en":
        yield "/en/news/?page=2"
        yield "/en/news/2020/05/26/translated/"
        yield Article.objects.get(title__startswith="Russia").get_absolute_url()
    else:
        yield "/ru/news/2020/05/26/perevod/"
        yield "/ru/news/2020/05/26/item-0/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_every_page_passes_axe_and_asks_nobody_else(chromium, site, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(color_scheme=scheme, locale=language, bypass_csp=True)
    page, axe, visited, asked, complaints = context.new_page(), Axe(), 0, set(), []
    page.on("request", lambda request: asked.add(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    violations = {}
    for address in addresses(language):
        page.goto(site + address)
        for rule in axe.run(page, options=AXE_OPTIONS).response["violations"]:
            violations.setdefault(rule["id"], {})[address] = [node["html"][:120] for node in rule["nodes"]][:3]
        visited += 1
    assert violations == {}
    assert visited == len(list(addresses(language))) >= 18
    assert {url for url in asked if not url.startswith(site)} == set()
    assert context.cookies() == []
    assert [text for text in complaints if "404" not in text] == []
    context.close()


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_no_page_scrolls_sideways_and_none_breaks_its_own_policy(chromium, site, language):
    visited, complaints = 0, []
    for width in WIDTHS:
        context = chromium.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        for address in addresses(language):
            page.goto(site + address)
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, (address, width, beyond)
            visited += 1
        context.close()
    assert visited == len(WIDTHS) * len(list(addresses(language)))
    assert [text for text in complaints if not re.search("404", text)] == []


def test_the_first_key_leads_to_the_content(chromium, site):
    page = chromium.new_page()
    page.goto(site + "/en/delegations/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id || location.hash") in ("content", "#content")
    page.close()


def test_a_page_without_script_is_the_same_page(chromium, site):
    texts = []
    for allowed in (True, False):
        context = chromium.new_context(java_script_enabled=allowed)
        page = context.new_page()
        page.goto(site + "/en/delegations/belarus/")
        texts.append(page.inner_text("main"))
        context.close()
    assert texts[0] == texts[1]
    assert "House of Representatives" in texts[0]


def test_the_fonts_of_the_pages_have_the_letters_of_every_member(chromium, site):
    page = chromium.new_page()
    page.goto(site + "/ru/")
    # A letter that no font of the page has would be drawn by another one, of another width.
    sizes = page.evaluate(
        """async () => {
            await document.fonts.ready;
            return [...document.fonts].filter((font) => font.status === "error").length;
        }"""
    )
    assert sizes == 0
    assert len(list((Path(settings.BASE_DIR) / "static" / "fonts").glob("*.woff2"))) >= 4
    page.close()
