"""All public pages, reached from the sitemap and by links."""

import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import translate_url
from django.utils import timezone
from django.utils.translation import gettext, override

from cspa.absolute_urls import translated_urls

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to
from ..support.crawl import HOST, in_the_sitemap, parse, walk

pytestmark = pytest.mark.django_db

SECURITY_HEADERS = {
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
}


@pytest.fixture(scope="module")
def pages(django_db_setup, django_db_blocker):
    """Each page of the seed, requested once."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("loaddata", "seed", verbosity=0)
        found = walk(Client())
        transaction.set_rollback(True)
    return found


@pytest.fixture
def seed():
    call_command("loaddata", "seed", verbosity=0)


def html_pages(pages):
    return {path: page for path, page in pages.items() if page["Content-Type"].startswith("text/html")}


def test_links_of_all_pages_lead_to_existing_pages(pages):
    assert {path: page.status_code for path, page in pages.items() if page.status_code != 200} == {}
    for language in ("en", "ru"):
        for path in ("", "delegations/", "delegations/tajikistan/", "delegations/people/4-mikhail-krotov/", "news/"):
            assert f"/{language}/{path}" in pages
    assert len(html_pages(pages)) >= 2 * (1 + 1 + 5 + 5 + 4 + 1 + 4 + 4) + 1


def test_pages_are_well_formed_and_have_landmarks(pages):
    for path, page in html_pages(pages).items():
        document = page.document
        assert document.get("lang") == path.split("/")[1], path
        assert len(list(document.iter("h1"))) == 1, path
        for landmark in ("header", "main", "footer", "nav"):
            assert list(document.iter(landmark)), (path, landmark)
        assert len(list(document.iter("main"))) == 1, path
        ids = [element.get("id") for element in document.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), (path, sorted(name for name in ids if ids.count(name) > 1))
        skip = next(document.iter("a"))
        assert skip.get("href") == "#content", path
        assert document.find(".//main").get("id") == "content", path
        assert document.findtext(".//title"), path
        for image in document.iter("img"):
            assert image.get("alt") is not None, path


def test_translated_addresses_equal_those_of_translate_url(pages):
    for path in [*html_pages(pages), "/api/v1/docs", "/english/"]:
        with override("ru" if path.startswith("/ru/") else "en"):
            assert translated_urls(path) == {code: translate_url(path, code) for code in ("en", "ru")}, path


def test_heading_levels_are_not_skipped(pages):
    for path, page in html_pages(pages).items():
        levels = [int(element.tag[1]) for element in page.document.iter() if re.fullmatch("h[1-6]", str(element.tag))]
        assert levels[0] == 1, path
        for before, after in pairwise(levels):
            assert after <= before + 1, (path, levels)


def test_pages_have_no_script_cookie_inline_style_or_other_host(pages):
    for path, page in html_pages(pages).items():
        document = page.document
        assert not page.cookies, path
        assert [script for script in document.iter("script") if script.get("type") != "application/ld+json"] == [], (
            path
        )
        assert list(document.iter("style")) == [], path
        for element in document.iter():
            for name, value in element.attrib.items():
                assert name != "style", path
                assert not str(name).startswith("on"), path
                loads = name in ("src", "srcset", "poster", "data") or (
                    name == "href"
                    and element.tag == "link"
                    and element.get("rel") in ("stylesheet", "icon", "preload")
                )
                assert not loads or not urlsplit(value).netloc, (path, value)


def test_responses_have_the_security_headers(client, pages):
    others = [
        "/",
        "/admin/login/",
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap-articles.xml",
        "/sitemap-news.xml",
        "/healthz",
        "/nothing/",
        "/en/nothing/",
        "/media/no.jpg",
    ]
    answers = {**pages, **{path: client.get(path) for path in others}}
    assert len(answers) == len(pages) + len(others)
    for path, page in answers.items():
        assert {name for name in SECURITY_HEADERS if name not in page} == set(), path
        policy = page["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
            assert directive in policy, (path, directive)
        assert page["Cross-Origin-Opener-Policy"] == "same-origin"
        assert page["X-Content-Type-Options"] == "nosniff"


def test_canonical_and_hreflang_links_lead_to_existing_pages(pages):
    for path, page in html_pages(pages).items():
        document = page.document
        links = {(link.get("rel"), link.get("hreflang")): link.get("href") for link in document.iter("link")}
        if path.endswith("/styleguide/"):
            continue
        assert links[("canonical", None)] == HOST + path
        for (relation, language), href in links.items():
            if relation == "alternate" and language:
                assert href.startswith(f"{HOST}/{language}/"), path
                assert href.removeprefix(HOST) in pages, (path, href)


def test_language_switch_links_the_same_page(pages):
    for path in html_pages(pages):
        if "/news/2020/05/26/russia" in path or path.endswith("/styleguide/"):
            continue
        other = path.replace("/en/", "/ru/") if path.startswith("/en/") else path.replace("/ru/", "/en/")
        assert f'href="{other}"' in pages[path].content.decode(), path


def test_unchanged_page_answers_304(client, pages, seed):
    tag = client.get("/en/delegations/")["ETag"]
    assert client.get("/en/delegations/", headers={"if-none-match": tag}).status_code == 304


def test_sitemap_lists_existing_pages_in_each_language(client, pages, seed):
    locations = in_the_sitemap(client)
    assert (
        len(locations)
        == len(set(locations))
        == 2 * (12 + 5 + 4 + len(set(re.findall("/topics/([a-z-]+)/", " ".join(locations))))) + 1
    )
    assert {urlsplit(location).path for location in locations} <= set(pages)


@up_to(300)
def test_sitemap_of_articles_lists_published_translations_only(client, sizes):
    def measure(rows):
        for number in range(rows):
            article = factories.ArticleFactory(slug=f"first-{number}")
            factories.ArticleFactory(language="ru", story=article.story, slug=f"vtoroy-{number}")
        hidden = factories.ArticleFactory(slug="alone", state="published")
        factories.ArticleFactory(language="ru", story=hidden.story, slug="chernovik", state="draft")

        def ask():
            content = client.get("/sitemap-articles.xml").content
            root = ElementTree.fromstring(content)
            assert len(root) == 2 * rows + 1
            links = [link.attrib for link in root.iter("{http://www.w3.org/1999/xhtml}link")]
            assert len(links) == 4 * rows
            assert {link["hreflang"] for link in links} == {"en", "ru"}
            assert b"chernovik" not in content

        return {"sitemap of articles": cost(ask), "sitemap": cost(lambda: client.get("/sitemap.xml"))}

    assert_same_cost(measure, sizes)


def test_news_sitemap_lists_articles_of_the_last_two_days(client):
    now = timezone.now()
    for title, age in (("Yesterday & <today>", 1), ("Long ago", 3), ("Tomorrow", -1)):
        factories.ArticleFactory(title=title, published_at=now - timedelta(days=age))
    factories.ArticleFactory(title="A draft", published_at=now, state="draft")
    root = ElementTree.fromstring(client.get("/sitemap-news.xml").content)
    name = "{http://www.google.com/schemas/sitemap-news/0.9}"
    assert [title.text for title in root.iter(f"{name}title")] == ["Yesterday & <today>"]
    assert [language.text for language in root.iter(f"{name}language")] == ["en"]


def test_feeds_are_valid_and_name_their_language(client, pages, seed):
    for language, entries in (("en", 1), ("ru", 0)):
        response = client.get(f"/{language}/news/feed.atom")
        feed = feedparser.parse(response.content)
        assert not feed.bozo
        assert feed.version == "atom10"
        assert (feed.feed.language, len(feed.entries)) == (language, entries)
        assert all(link.href.startswith(HOST) for link in feed.feed.links)
    entry = feedparser.parse(client.get("/en/news/feed.atom").content).entries[0]
    assert entry.id.startswith("urn:uuid:")
    assert client.get(urlsplit(entry.link).path).status_code == 200


def test_feed_date_changes_with_a_correction_and_not_with_an_edit(client):
    article = factories.ArticleFactory()

    def updated():
        return feedparser.parse(client.get("/en/news/feed.atom").content).entries[0].updated

    before = updated()
    article.title = "Another title"
    article.save()
    assert updated() == before
    factories.CorrectionFactory(article=article)
    assert updated() > before


@pytest.mark.parametrize("language", ["en", "ru"])
def test_error_pages_have_the_layout_of_the_site(client, settings, language, monkeypatch):
    settings.DEBUG = False
    client.raise_request_exception = False
    found = client.get(f"/{language}/nothing/")
    assert found.status_code == 404
    document = parse(found.content)
    assert document.get("lang") == language
    assert len(list(document.iter("h1"))) == 1

    from delegations.views import directory

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(directory, "delegations_on", fail)
    broken = client.get(f"/{language}/delegations/")
    assert broken.status_code == 500
    assert parse(broken.content).get("lang") == language
    assert "Content-Security-Policy" in broken


def test_unknown_host_answers_400_with_the_layout_of_the_site(client):
    response = client.get("/en/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert len(list(parse(response.content).iter("h1"))) == 1


def test_robots_txt_names_the_sitemap_and_security_txt_a_contact(client):
    robots = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {HOST}/sitemap.xml" in robots
    security = client.get("/.well-known/security.txt").content.decode()
    assert re.search(r"^Contact: http://testserver/en/contact/$", security, re.M)
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT00:00:00Z$", security, re.M)


def test_absolute_links_use_site_url(client, settings):
    settings.SITE_URL = "https://assembly.example"
    article = factories.ArticleFactory()
    for path in (
        "/en/news/feed.atom",
        "/sitemap.xml",
        "/sitemap-articles.xml",
        article.get_absolute_url(),
        "/robots.txt",
    ):
        content = client.get(path).content.decode()
        assert "https://assembly.example" in content, path
        assert "testserver" not in content, path


def test_health_check_reports_database_down(client, monkeypatch):
    from django.db import OperationalError

    from cspa.pages import health

    assert client.get("/healthz").content == b"ok\n"

    def away():
        raise OperationalError

    monkeypatch.setattr(health.connection, "cursor", away)
    assert client.get("/healthz").status_code == 503


def test_interface_texts_are_translated_into_russian(client):
    with override("ru"):
        for words in ("Delegations", "News", "not published", "Plenipotentiary representative"):
            assert re.search("[а-яё]", gettext(words)), words
