"""Addresses of the former site lead to the pages that took their place, and never away from this site."""

from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from news.models import Article, LegacyAddress
from news.models.legacy_addresses import legacy_address

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.counting import cost
from ..support.roles import account

pytestmark = pytest.mark.django_db


LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def article() -> Article:
    return factories.ArticleFactory(state="published", published_at=timezone.now() - timezone.timedelta(days=9))


def lead(address: str, **target) -> LegacyAddress:
    row = LegacyAddress(address=address, **target)
    row.full_clean()
    row.save()
    return row


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("/2015/03/hello/", "/2015/03/hello/"),
        ("/2015/03/hello/", "/2015/03/hello"),
        ("https://www.old.example/2015/03/hello", "/2015/03/hello/?utm_source=feed&fbclid=1"),
        ("/index.php?option=com&id=5", "/index.php?id=5&option=com"),
        ("/новости/встреча/", "/" + quote("новости") + "/" + quote("встреча")),
        ("/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/", "/" + quote("новости").lower()),
        ("/novosti/%ED%EE%E2/", "/novosti/%ed%ee%e2/"),
        ("/find?q=%D0%BC%D0%B8%D1%80", "/find?q=мир"),
        ("/?p=12", "/?p=12&utm_medium=mail"),
        ("/?page_id=3", "/?page_id=3"),
        ("/?attachment_id=7", "/?attachment_id=7"),
        ("/files/report (1).doc", "/files/report%20(1).doc"),
    ],
)
def test_address_of_the_former_site_redirects_for_ever(client: Client, article: Article, known: str, asked: str):
    lead(known, article=article)
    response = client.get(asked)
    assert (response.status_code, response["Location"]) == (301, article.get_absolute_url())
    assert client.head(asked).status_code == 301
    assert client.post(asked).status_code in (403, 404, 405, 302)


@pytest.mark.parametrize("asked", ["/index.php?id=6", "/index.php", "/index.php?id=5&page=2", "/INDEX.php?id=5"])
def test_another_page_of_the_former_site_is_not_guessed(client: Client, article: Article, asked: str):
    lead("/index.php?id=5", article=article)
    assert client.get(asked).status_code == 404


def test_number_that_no_page_had_leads_to_the_home_page(client: Client, article: Article):
    lead("/?p=12", article=article)
    assert client.get("/?p=13")["Location"] == "/en/"
    assert client.get("/")["Location"] == "/en/"


def test_redirect_follows_an_article_that_moves_and_leads_to_pages(client: Client, article: Article):
    lead("/old.html", article=article)
    lead("/who.html", target="/en/about/")
    article.slug = "elsewhere"
    article.save()
    assert client.get("/old.html")["Location"].endswith("/elsewhere/")
    assert client.get("/who.html")["Location"] == "/en/about/"


@pytest.mark.parametrize("values", [{"state": "draft"}, {"state": "review"}, {"published_at": LATER}])
def test_address_of_an_article_that_is_not_public_says_nothing(client: Client, article: Article, values: dict):
    lead("/old.html", article=article)
    assert client.get("/old.html").status_code == 301
    vars(article).update(values)
    article.save()
    response = client.get("/old.html")
    assert response.status_code == 404
    assert article.slug not in response.text


def test_address_of_a_withdrawn_article_leads_to_its_reason(client: Client, article: Article):
    lead("/old.html", article=article)
    Article.objects.update(state="withdrawn", withdrawal_reason="Cancelled.")
    response = client.get("/old.html", follow=True)
    assert response.status_code == 410


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?q=1",
        "/?p=1&q=2",
        "/en/",
        "/news/",
        "/news",
        "/about",
        "/ru/news/2015/03/27/a/",
        "/en/news/2015/03/27/a/?utm_source=x",
        "/admin/anything/",
        "/api/v1/people/",
        "/static/site.css",
        "/healthz",
        "/media/a.jpg",
    ],
)
def test_address_of_this_site_is_refused(article: Article, address: str):
    with pytest.raises(ValidationError, match="address of this site"):
        lead(address, article=article)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "old.html",
        "ftp://old.example/a",
        "javascript:alert(1)",
        "//old.example\\a",
        "/a\nb",
        "/" + "a" * 600,
        "/%00",
    ],
)
def test_what_is_no_address_is_refused(article: Article, address: str):
    with pytest.raises(ValidationError):
        lead(address, article=article)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/%5Cevil.example/",
        "/%2F/evil.example",
        "javascript:alert(1)",
        "/old.html",
        "/nothing/here/",
        "en/about/",
    ],
)
def test_target_elsewhere_is_refused(target: str):
    with pytest.raises(ValidationError):
        lead("/old.html", target=target)


def test_address_leads_to_one_target(article: Article):
    for target in ({}, {"article": article, "target": "/en/about/"}):
        with pytest.raises(ValidationError, match="not both"):
            lead("/old.html", **target)
    lead("/old.html", article=article)
    with pytest.raises(ValidationError, match="leads somewhere already"):
        lead("/old.html/", target="/en/about/")


@pytest.mark.parametrize(
    "asked", ["/a//evil.example/", "/" + "a" * 3000, "/x?" + "a=1&" * 500, "/%00", "/x?%ff=%fe", "/%c3%28?é"]
)
def test_strange_address_is_missing(client: Client, article: Article, asked: str):
    lead("/old.html", article=article)
    assert client.get(asked).status_code in (400, 404)


def test_lookup_costs_one_query(client: Client, article: Article):
    for number in range(5):
        lead(f"/old/{number}", article=article)
    for asked in ("/old/3", "/old/missing"):
        assert cost(partial(client.get, asked)) == 1


def test_address_as_it_is_compared_is_unchanged_by_comparing():
    for address in ("/a/b?x=1&y=%D0%BC", "/новости", "/?p=1", "/a%FFb", "/a b"):
        assert legacy_address(legacy_address(address)) == legacy_address(address)


# The admin


def test_publisher_corrects_an_address_and_an_editor_reads_it(client: Client, article: Article):
    row = lead("/old.html", article=article)
    client.force_login(account("News editor"))
    assert "/old.html" in words(client.get(page("news_legacyaddress_changelist")))
    assert client.get(page("news_legacyaddress_add")).status_code in (403, 404)
    client.force_login(account("Publisher"))
    address = page("news_legacyaddress_change", row.pk)
    form = {"address": "https://old.example/new/", "article": "", "target": "/en/about/"}
    client.post(address, filled_in(client, address) | form)
    row.refresh_from_db()
    assert (row.address, row.article, row.target) == ("/new", None, "/en/about/")
    form["address"] = "/en/about/"
    assert "address of this site" in words(client.post(address, filled_in(client, address) | form))
