"""Which responses are cached, and under which key."""

import gzip
from collections.abc import Callable

import brotli
import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from factory.django import DjangoModelFactory

from cspa.cache.keys import MAX_URL_LENGTH, normalise_query
from cspa.cache.page_cache import PageCache
from news.models import Article

from ....support import factories
from ....support.page_cache import LIST, Reader

pytestmark = pytest.mark.django_db(transaction=True)


# What is cached


def test_cached_page_takes_no_query_and_has_the_headers_of_the_rendered_page(
    reader: Reader, client: Client, article: Article
):
    address = article.get_absolute_url()
    first, django = reader.get(address), client.get(address)
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        reader.renders(0),
    ):
        again = reader.get(address)
    assert len(queries) == 0
    assert first.content == again.content == django.content
    assert dict(again.items()) == {
        **dict(django.items()),
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=0, stale-if-error=86400",
    }


@pytest.mark.parametrize(("encoding", "read"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_cached_page_has_the_accepted_encoding(reader: Reader, article: Article, encoding: str, read: Callable):
    plain = reader.get(LIST)
    packed = reader.get(LIST, **{"Accept-Encoding": f"deflate, {encoding}"})
    assert packed["Content-Encoding"] == encoding
    assert read(packed.content) == plain.content
    assert packed["ETag"] == f"W/{plain['ETag']}"
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content)
    assert "Content-Encoding" not in reader.get(LIST, **{"Accept-Encoding": f"{encoding};q=0, identity"})


def test_conditional_request_answers_304_and_head_has_no_body(reader: Reader, article: Article):
    page = reader.get(LIST)
    for tags in (page["ETag"], f"W/{page['ETag']}", f'"other", W/{page["ETag"]}', "*"):
        answer = reader.get(LIST, **{"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", page["ETag"])
        assert answer["Content-Security-Policy"] == page["Content-Security-Policy"]
    assert reader.get(LIST, **{"If-None-Match": '"other"'}).status_code == 200
    head = reader.get(LIST, method="HEAD")
    assert (head.content, head["Content-Length"]) == (b"", str(len(page.content)))


def test_cdn_headers_name_the_tables_of_a_page(reader: Reader, article: Article, settings):
    assert "CDN-Cache-Control" not in reader.get(LIST)
    settings.CDN_MAX_AGE = 60
    answer = reader.get("/ru/news/")
    assert answer["CDN-Cache-Control"] == "max-age=60, stale-while-revalidate=60, stale-if-error=86400"
    assert "news_article" in answer["Surrogate-Key"].split()
    assert "delegations_person" not in answer["Surrogate-Key"].split()


# The key


def test_undeclared_parameters_neither_split_nor_poison_the_cache(reader: Reader):
    factories.SeatQuotaFactory()
    plain = reader.get("/en/delegations/?on=2020-05-26")
    with reader.renders(0):
        for query in ("?on=2020-05-26&utm=1", "?utm=<script>&on=2020-05-26", "?UTM&on=2020-05-26&page=3"):
            assert reader.get(f"/en/delegations/{query}").content == plain.content
    with reader.renders(1):
        first = reader.get("/en/delegations/?fbclid=x")
    assert b"fbclid" not in first.content
    with reader.renders(0):
        assert reader.get("/en/delegations/").content == first.content
    with reader.renders(1):
        assert reader.get("/en/delegations/?on=2019-05-26").content != plain.content


def test_parameter_order_is_ignored_and_a_repeated_parameter_answers_400(reader: Reader):
    assert normalise_query("/en/delegations/", "status=member&on=2020-05-26", "") == normalise_query(
        "/en/delegations/", "on=2020-05-26&status=member", ""
    )
    assert reader.get("/en/delegations/?on=2020-05-26&on=2019-05-26").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["on=%ff", "on=%D0%9A", "q=\xd0\x9a", "on=" + "x" * 5000, "&".join(["a=1"] * 5000), "%00=%00&on=%00", "=&&"],
)
def test_malformed_query_answers_as_without_the_cache(reader: Reader, client: Client, query: str):
    for address in ("/en/delegations/", "/en/search/", "/api/v1/people/", "/data/popolo.json"):
        assert reader.get(f"{address}?{query}").status_code == client.get(f"{address}?{query}").status_code < 500


def test_languages_hosts_and_schemes_have_separate_pages(reader: Reader, article: Article, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    one, two = (reader.get(LIST, Host=f"{name}.example") for name in ("one", "two"))
    assert b"http://one.example/en/news/" in one.content
    assert b"http://two.example/en/news/" in two.content
    assert reader.get(LIST, Host="evil.example").status_code == 400
    assert b"evil.example" not in reader.get(LIST, Host="one.example").content
    for code in ("en", "ru"):
        answer = reader.get("/api/v1/articles/", Host="one.example", **{"Accept-Language": code})
        assert answer["Content-Language"] == code
        assert reader.get(f"/{code}/", Host="one.example", **{"Accept-Language": "ru"})["Content-Language"] == code


def test_cached_page_depends_on_nothing_but_the_address(reader: Reader, article: Article):
    strange = {
        "Cookie": "django_language=ru; csrftoken=x",
        "Referer": "https://evil.example/",
        "User-Agent": "Xylophone",
    }
    strange |= {
        "X-Forwarded-Host": "evil.example",
        "Accept-Language": "ru",
        "If-None-Match": "W/",
        "Range": "bytes=0-1",
    }
    first = reader.get(LIST, **strange)
    with reader.renders(0):
        assert reader.get(LIST).content == first.content
    assert first.status_code == 200
    assert b"evil" not in first.content


def session_cookie() -> str:
    client = Client()
    client.force_login(factories.UserFactory(is_superuser=True))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def test_session_neither_bypasses_the_cache_nor_shows_in_a_page(reader: Reader, article: Article):
    first = reader.get(LIST, Cookie=session_cookie())
    with reader.renders(0):
        assert reader.get(LIST).content == reader.get(LIST, Cookie="sessionid=made-up").content == first.content
    assert "Set-Cookie" not in first


def test_back_office_previews_and_forms_bypass_the_cache(reader: Reader, article: Article):
    cookie = session_cookie()
    draft = factories.ArticleFactory(state="draft")
    doors = [
        (LIST, {"Authorization": "Basic x"}),
        ("/admin/", {"Cookie": cookie}),
        ("/admin/login/", {}),
        (reverse("news:preview", args=["no-such-token"]), {}),
        (draft.get_absolute_url(), {}),
        ("/healthz", {}),
        ("/en/nothing/", {}),
        ("/static/css/site.css", {}),
    ]
    for address, headers in doors:
        reader.get(address, **headers)
    reader.get(LIST, method="POST")
    assert len(reader.site.pages) == 0
    reader.get(LIST)
    assert len(reader.site.pages) == 1


@pytest.mark.parametrize(
    ("name", "value", "pages"),
    [
        ("Set-Cookie", "seen=1", 0),
        ("Cache-Control", "private", 0),
        ("Vary", "Cookie", 0),
        ("Vary", "Accept-Language, Cookie", 0),
        ("Vary", "Accept-Language", 1),
        # The response has no such header.
        ("ETag", "", 0),
        ("X-Robots-Tag", "noindex", 1),
    ],
)
def test_response_with_a_private_header_is_not_cached(
    reader: Reader, article: Article, name: str, value: str, pages: int
):
    django = get_wsgi_application()

    def site(environ: dict, start: Callable) -> HttpResponse:
        def begin(status: str, headers: list, *error: object) -> None:
            others = [header for header in headers if header[0] != name]
            start(status, [*others, (name, value)] if value else others)

        return django(environ, begin)

    reader.site.django = site
    with reader.renders(pages):
        answers = [reader.get(LIST) for _reader in range(2)]
    assert len(reader.site.pages) == pages
    for answer in answers:
        assert b"The Council met" in answer.content
        assert pages or answer.get(name, "") == value


@pytest.mark.parametrize(("factory", "pages"), [(factories.UserFactory, 0), (factories.TopicFactory, 1)])
def test_page_that_reads_a_table_without_version_is_not_cached(
    reader: Reader, article: Article, factory: type[DjangoModelFactory], pages: int
):
    rows = factory._meta.model.objects
    django = get_wsgi_application()

    def site(environ: dict, start: Callable) -> HttpResponse:
        number = str(rows.count())
        return django(environ, lambda status, headers, *_error: start(status, [*headers, ("Rows", number)]))

    reader.site.django = site
    with reader.renders(pages):
        before = [reader.get(LIST)["Rows"] for _reader in range(2)]
    factory()
    assert before == [str(rows.count() - 1)] * 2
    assert reader.get(LIST)["Rows"] == str(rows.count())


@pytest.mark.parametrize(("address", "header"), [(f"{LIST}?utm=", None), ("/api/v1/topics/", "Accept-Language")])
def test_address_longer_than_the_limit_is_answered_and_not_cached(reader: Reader, address: str, header: str | None):
    def get(letters: int) -> HttpResponse:
        filling = "x" * (letters - len(address.replace("?", "")))
        return reader.get(address, **{header: filling}) if header else reader.get(address + filling)

    with reader.renders(0):
        beyond = get(MAX_URL_LENGTH + 1)
    with reader.renders(1):
        within = get(MAX_URL_LENGTH)
    assert beyond.status_code == within.status_code == 200


@pytest.mark.long
def test_memory_of_the_cache_is_bounded(reader: Reader, settings):
    settings.PAGE_CACHE_MB = 1
    small = PageCache(reader.site.django)
    reader.site, small = small, reader.site
    long = [factories.ArticleFactory(body=f"<p>{'word ' * 10_000}</p>") for _number in range(14)]
    for article in long:
        assert reader.get(article.get_absolute_url()).status_code == 200
    cached = reader.site.pages
    assert 5 < len(cached) < len(long)
    assert sum(page.size for page in cached.values()) == cached.currsize <= 1024 * 1024
    reader.site.versions.close()
    reader.site = small
