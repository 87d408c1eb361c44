"""Logs, from which nobody can take a one-time link."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from cspa.security.log_records import hide_links
from delegations.services import confirmations
from news import preview

from ....support import factories
from ....support.sign_in import LOGIN

TOKEN = "Xq7-secret_token:1w"
CONFIRM, PREVIEW = f"/en/confirm/{TOKEN}/", f"/ru/news/preview/{TOKEN}/"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What a handler of an operator writes, tracebacks included."""
    handler = logging.StreamHandler(StringIO())
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


def patterns_with_tokens(resolver: URLResolver, names: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all URL patterns that take a token."""
    for pattern in resolver.url_patterns:
        inside = (*names, pattern.namespace) if getattr(pattern, "namespace", None) else names
        if isinstance(pattern, URLResolver):
            yield from patterns_with_tokens(pattern, inside)
        elif isinstance(pattern, URLPattern) and "token" in pattern.pattern.regex.groupindex:
            yield ":".join((*inside, pattern.name))


def test_tokens_of_all_url_patterns_are_hidden():
    names = list(patterns_with_tokens(get_resolver()))
    assert {"confirm", "news:preview"} <= set(names)
    for name in names:
        address = reverse(name, args=[TOKEN])
        assert TOKEN in address
        assert TOKEN not in hide_links(f"Not Found: {address}"), name


@pytest.mark.parametrize(
    "text",
    [
        f"Gone: {CONFIRM}",
        f'"GET {CONFIRM} HTTP/1.1" 410 5120',
        f"Not Found: //en//confirm//{TOKEN}//",
        f"Not Found: /EN/CONFIRM/{TOKEN}/answers/",
        f"Forbidden (Referer checking failed - https://example.org{PREVIEW} does not match any trusted origins.): /x/",
        f"{{'path': 'ru/news/preview/{TOKEN}'}} ",
    ],
)
def test_token_is_hidden_wherever_it_stands(text: str):
    assert TOKEN not in hide_links(text)
    assert "…" in hide_links(text)


@pytest.mark.parametrize("text", ["Not Found: /en/confirm/", "/admin/news/article/1/preview/", "previews of confirm/"])
def test_other_addresses_are_logged_as_they_are(text: str):
    assert hide_links(text) == text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("get", CONFIRM, "Not Found"),
        ("put", CONFIRM, "Method Not Allowed"),
        ("get", f"{CONFIRM}nothing/", "Not Found"),
        ("get", PREVIEW, "Not Found"),
        ("post", PREVIEW, "Forbidden (CSRF cookie not set.)"),
    ],
)
def test_refused_request_is_logged_without_its_token(caplog, log: StringIO, method: str, path: str, said: str):
    getattr(Client(enforce_csrf_checks=True), method)(path)
    for text in (caplog.text, log.getvalue()):
        assert said in text
        assert "/…" in text
        assert TOKEN not in text


@pytest.mark.django_db
def test_used_link_is_logged_without_its_token(caplog, client: Client):
    article = factories.ArticleFactory(state="draft")
    preview.open_links(article)
    article.refresh_from_db()
    link = preview.link(article)
    token = link.rstrip("/").rpartition("/")[2]
    preview.withdraw_links(article)
    assert client.get(link).status_code == 404
    assert "Not Found: /en/news/preview/…/" in caplog.text
    assert token not in caplog.text


@pytest.mark.django_db
def test_failure_is_logged_without_its_token_and_mailed_to_nobody(
    client: Client, log: StringIO, settings, monkeypatch
):
    def fail(token: str) -> None:
        raise RuntimeError(f"No answer to {CONFIRM}")

    settings.ADMINS = ["operator@example.org"]
    monkeypatch.setattr(confirmations, "find", fail)
    client.raise_request_exception = False
    assert client.get(CONFIRM).status_code == 500
    assert "Internal Server Error: /en/confirm/…/" in log.getvalue()
    assert "RuntimeError: No answer to /en/confirm/…/" in log.getvalue()
    assert TOKEN not in log.getvalue()
    assert mail.outbox == []


@pytest.mark.django_db
def test_failed_sign_in_is_logged_without_the_token_of_the_next_page(caplog, client: Client):
    client.post(f"{LOGIN}?next={PREVIEW}", {"username": "clerk", "password": "wrong"})
    assert "AXES: New login failure" in caplog.text
    assert TOKEN not in caplog.text


def test_access_log_of_the_server_has_no_token():
    values = {"time": "", "addr": "10.0.0.1", "method": "GET", "path": CONFIRM, "protocol": "HTTP/1.1", "status": 410}
    form = '[%(time)s] %(addr)s - "%(method)s %(path)s %(protocol)s" %(status)d'
    # The server calls the logger with one mapping.
    record = logging.getLogger("granian.access").makeRecord(
        "granian.access", logging.INFO, "", 0, form, (values,), None
    )
    assert record.getMessage() == '[] 10.0.0.1 - "GET /en/confirm/…/ HTTP/1.1" 410'
