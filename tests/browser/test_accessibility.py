"""Pages in Chromium: accessibility rules, no horizontal scrolling, no requests to other hosts."""

import pytest
from django.conf import settings
from django.core.management import call_command

from delegations.models import Delegate
from news.models import Article

from ..support import factories
from ..support.browser import AXE_OPTIONS, LETTERS, NARROW, WIDE, browsing, in_time, overflow, rendered_templates

pytestmark = pytest.mark.browser

# One address of each kind of page. The test fails where a page template is not rendered.
PAGES = [
    "",
    "delegations/?on=2020-05-05",
    "delegations/?country=XX",
    "delegations/full/",
    "delegations/full/completeness/?on=2019-06-01",
    "delegations/full/mandates/",
    "delegations/people/2-viktor-rogalev/?on=2019-02-01",
    "delegations/people/",
    "delegations/people/?q=Kogut&role=nonsense",
    "delegations/people/delegates/?on=2020-03-02",
    "assembly/",
    "assembly/?on=2014-05-26",
    "assembly/council/",
    "delegations/changes/?since=2019-01-01",
    "search/",
    "search/?q=meeting",
    "search/?q=Kogut&year=x",
    "news/2020/05/",
    "news/topics/biological-security/",
    "privacy/",
    "data/",
    "styleguide/",
]
# Pages that this walk cannot reach: errors, and those that other tests of the browser open.
ELSEWHERE = {
    "400.html",
    "403.html",
    "410.html",
    "408.html",
    "413.html",
    "500.html",
    "503.html",
    "sheets.html",
    "delegations/confirm.html",
    "delegations/confirm_closed.html",
    "delegations/confirm_thanks.html",
    "news/no_preview.html",
}
LANGUAGES = [code for code, _name in settings.LANGUAGES]
# This page repeats the same tables. axe checks the first of each section, which saves CPU time.
ALIKE = {"/api/v1/docs": {"exclude": [["article ~ article"], ["dl ~ dl"]]}}
WIDTHS = (NARROW, 360, 768, WIDE)


@pytest.fixture(scope="module")
def site(server, module_db):
    """The URL of a site that the tests of this module only read."""
    with module_db.unblock():
        fill()
        yield server


def fill() -> None:
    """Load the seed, long lists and a delegation of the maximum size."""
    call_command("loaddata", "seed", verbosity=0)
    source = factories.SourceFactory()
    parliament = factories.ParliamentFactory(slug="full")
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.SeatQuotaFactory(chamber=chamber, seats=3, starts="2019-05", sources=[source])
    factories.ParticipationFactory(parliament=parliament)
    for role in Delegate.Role.values:
        factories.DelegateFactory(chamber=chamber, role=role, starts="2020-03-01", political_group_en="Group")
    council = factories.BodyFactory(
        kind="council", slug="council", telephone="+7 812 326-69-09", email="office@example.org", sources=[source]
    )
    factories.BodyFactory(parent=council, starts="2010", ends="2019")
    for role, starts, ends in (("chair", "2010", "2014"), ("chair", "2014", None), ("member", "by 2012-05-26", None)):
        factories.AssemblyPostFactory(body=council, role=role, parliament=parliament, starts=starts, ends=ends)
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


def addresses(language):
    """The URL of each page in a language, with the status of its response."""
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


def page_templates() -> set[str]:
    """All templates of complete pages."""
    folder = settings.BASE_DIR / "templates"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    return {name for name in names if not name.startswith(("admin/", "components/", "django/", "pages/"))}


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", WIDE), ("ru", "dark", NARROW)],
    ids=["English, light and wide", "Russian, dark and narrow"],
)
def test_pages_pass_axe_without_horizontal_scrolling_or_csp_violations(chromium, site, language, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    axe, violations, beyond = Axe(), {}, []
    viewport = {"width": width, "height": 800}
    options = {"color_scheme": scheme, "viewport": viewport, "locale": language}
    with rendered_templates() as rendered, browsing(chromium, site, **options) as page:
        for address, status in addresses(language):
            with in_time(address):
                page.set_viewport_size(viewport)
                assert page.goto(site + address).status == status, address
                for rule in axe.run(page, ALIKE.get(address), AXE_OPTIONS).response["violations"]:
                    nodes = [node["html"][:120] for node in rule["nodes"]][:3]
                    violations.setdefault(rule["id"], {})[address] = nodes
                for each in WIDTHS:
                    page.set_viewport_size({"width": each, "height": 800})
                    if (extra := overflow(page)) > 0:
                        beyond.append((address, each, extra))
    assert violations == {}
    assert beyond == []
    assert page_templates() - rendered == ELSEWHERE


def test_first_tab_focuses_the_skip_link(chromium, site):
    with browsing(chromium, site) as page, in_time("the first key"):
        page.goto(site + "/en/delegations/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_page_without_javascript_is_the_same(chromium, site):
    texts = []
    for allowed in (True, False):
        with browsing(chromium, site, java_script_enabled=allowed) as page, in_time(f"script: {allowed}"):
            page.goto(site + "/en/delegations/belarus/")
            texts.append(page.inner_text("main"))
    assert texts[0] == texts[1]
    assert "House of Representatives" in texts[0]


def test_font_has_the_letters_of_all_member_states(chromium, site):
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
