"""Pages in Chromium: accessibility rules, no sideways scrolling, nothing asked of anybody else."""

import signal
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command

from delegations.models import Delegate
from news.models import Article

from . import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "",
    "delegations/",
    "delegations/?country=XX",
    "delegations/?on=2010-05-05",
    "delegations/belarus/",
    "delegations/tajikistan/",
    "delegations/full/",
    "delegations/full/completeness/",
    "delegations/full/mandates/",
    "delegations/full/completeness/?on=2019-06-01",
    "delegations/people/2-viktor-rogalev/",
    "delegations/people/2-viktor-rogalev/?on=2019-02-01",
    "delegations/people/",
    "delegations/people/?q=Kogut&role=nonsense",
    "delegations/people/delegates/",
    "delegations/people/delegates/?on=2020-03-02",
    "search/",
    "search/?q=meeting",
    "search/?q=Kogut&year=x",
    "delegations/changes/",
    "delegations/changes/?since=2019-01-01",
    "news/",
    "news/?before=1590483600000000-9",
    "news/2020/05/",
    "news/delegations/full/",
    "news/people/2-viktor-rogalev/",
    "news/topics/biological-security/",
    "about/",
    "contact/",
    "privacy/",
    "data/",
    "accessibility/",
    "styleguide/",
]
LANGUAGES = [code for code, _name in settings.LANGUAGES]
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "preload": False,  # it would ask for the files of @import again, at wrong addresses
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
NARROW, WIDE = 320, 1440
WIDTHS = (NARROW, 360, 768, WIDE)
SECONDS = 15  # for all that a test does with one page

# A letter of each language of the members that the English and Russian alphabets lack, and one that they have.
LETTERS = {"kk": "ӘәҒғҚқҢңӨөҰұҮүҺһІі", "ky": "ҢңӨөҮү", "tg": "ҒғӢӣҚқӮӯҲҳҶҷ", "be": "ЁёІіЎў", "ru": "Щщ", "en": "Ww"}


@pytest.fixture
def site(server):
    """The address of a site with the seed, long lists and a delegation as full as any may become."""
    call_command("loaddata", "seed", verbosity=0)
    source = factories.SourceFactory()
    parliament = factories.ParliamentFactory(slug="full")
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=3, starts="2019-05", sources=[source])
    factories.ParticipationFactory(parliament=parliament)
    for role in Delegate.Role.values:
        factories.DelegateFactory(chamber=chamber, role=role, starts="2020-03-01", political_group_en="Group")
    picture = factories.PictureFactory()
    article = factories.ArticleFactory(
        parliaments=[parliament],
        sources=[source],
        slug="translated",
        dateline="Minsk",
        picture=picture,
        body=f'<p>Text.</p><figure><img src="{picture.address}" alt=""><figcaption>The hall</figcaption></figure>',
    )
    factories.AttachmentFactory(article=article)
    factories.ArticleFactory(language="ru", story=article.story, slug="perevod", title="О перевод")
    factories.CorrectionFactory(article=article)
    for language in LANGUAGES:
        factories.ArticleFactory.create_batch(25, language=language)
    return server


def addresses(language):
    """The address of each page in a language, with the status of its answer."""
    yield from ((f"/{language}/{page}", 200) for page in PAGES)
    yield f"/{language}/nothing/", 404
    yield "/api/v1/docs", 200
    only_english = Article.objects.get(title__startswith="Russia").get_absolute_url()
    if language == "en":
        yield "/en/news/2020/05/26/translated/", 200
        yield only_english, 200
    else:
        yield "/ru/news/2020/05/26/perevod/", 200
        yield only_english.replace("/en/", "/ru/"), 404


@contextmanager
def in_time(what, seconds=SECONDS):
    """A hang becomes a failure with words: several calls of Playwright know no time limit of their own."""

    def give_up(number, frame):
        raise TimeoutError(f"{what} took more than {seconds} seconds")

    former = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


@contextmanager
def browsing(chromium, site, signed_in=False, **options):
    """A page of a fresh browser; in the end nobody else was asked, nothing was missing, no reader got a cookie."""
    context = chromium.new_context(**options)
    context.set_default_timeout(SECONDS * 1000 / 2)
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "response",
        lambda response: (
            complaints.append((response.status, response.url))
            if response.status >= 400 and not response.request.is_navigation_request()
            else None
        ),
    )
    # That a resource failed to load is judged by its response.
    page.on(
        "console",
        lambda message: (
            complaints.append((page.url, message.text))
            if message.type == "error" and not message.text.startswith("Failed to load resource")
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    try:
        yield page
        assert complaints == []
        assert [url for url in asked if not url.startswith((site + "/", "data:"))] == []
        assert any(url.startswith(site + settings.STATIC_URL) for url in asked)
        assert bool(context.cookies()) == signed_in
    finally:
        context.close()


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", WIDE), ("dark", NARROW)], ids=["light and wide", "dark and narrow"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_passes_axe_and_asks_nobody_else(chromium, site, language, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    axe, visited, violations = Axe(), 0, {}
    viewport = {"width": width, "height": 800}
    with browsing(chromium, site, color_scheme=scheme, viewport=viewport, locale=language, bypass_csp=True) as page:
        for address, status in addresses(language):
            with in_time(address):
                assert page.goto(site + address).status == status, address
                for rule in axe.run(page, options=AXE_OPTIONS).response["violations"]:
                    nodes = [node["html"][:120] for node in rule["nodes"]][:3]
                    violations.setdefault(rule["id"], {})[address] = nodes
            visited += 1
    assert violations == {}
    assert visited == len(PAGES) + 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways_and_none_breaks_its_own_policy(chromium, site, language):
    visited, beyond = 0, []
    with browsing(chromium, site) as page:
        for address, status in addresses(language):
            with in_time(address):
                assert page.goto(site + address).status == status, address
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 800})
                    extra = page.evaluate(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    if extra > 0:
                        beyond.append((address, width, extra))
            visited += 1
    assert beyond == []
    assert visited == len(PAGES) + 4


def test_the_first_key_leads_to_the_content(chromium, site):
    with browsing(chromium, site) as page, in_time("the first key"):
        page.goto(site + "/en/delegations/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_a_page_without_script_is_the_same_page(chromium, site):
    texts = []
    for allowed in (True, False):
        with browsing(chromium, site, java_script_enabled=allowed) as page, in_time(f"script: {allowed}"):
            page.goto(site + "/en/delegations/belarus/")
            texts.append(page.inner_text("main"))
    assert texts[0] == texts[1]
    assert "House of Representatives" in texts[0]


def test_the_font_of_the_site_has_the_letters_of_every_member(chromium, site):
    with browsing(chromium, site) as page, in_time("the fonts"):
        page.goto(site + "/ru/")
        page.evaluate(
            """(texts) => {
                const lines = texts.map((text) => {
                    const line = document.createElement("p");
                    line.style.fontFamily = "var(--serif)";
                    line.textContent = text;
                    return line;
                });
                document.querySelector("main").replaceChildren(...lines);
                document.body.offsetWidth;  // the layout asks for the fonts
                return document.fonts.ready.then(() => null);
            }""",
            list(LETTERS.values()),
        )
        inspector = page.context.new_cdp_session(page)
        inspector.send("DOM.enable")
        inspector.send("CSS.enable")
        document = inspector.send("DOM.getDocument")["root"]["nodeId"]
        lines = inspector.send("DOM.querySelectorAll", {"nodeId": document, "selector": "main p"})["nodeIds"]
        drawn = {}
        for language, line in zip(LETTERS, lines, strict=True):
            fonts = inspector.send("CSS.getPlatformFontsForNode", {"nodeId": line})["fonts"]
            drawn[language] = sum(font["glyphCount"] for font in fonts if font["isCustomFont"])
    assert drawn == {language: len(letters) for language, letters in LETTERS.items()}
