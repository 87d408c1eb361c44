"""Preview links for readers without an account: signed, expiring, revocable, neither cached nor indexed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from news import preview
from news.models import Article

from ...support import factories
from ...support.admin_forms import filled_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def draft() -> Article:
    article = factories.ArticleFactory(state="draft", title="Not yet public", body="<p>Whole text</p>")
    preview.open_links(article)
    article.refresh_from_db()
    return article


def test_preview_link_shows_the_article_as_published(client, draft):
    response = client.get(preview.link(draft))
    assert response.status_code == 200
    assert "<h1>Not yet public</h1>" in response.text
    assert "<p>Whole text</p>" in response.text
    assert "Preview, not public: draft." in response.text
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in response.text
    assert 'rel="canonical"' not in response.text
    assert "application/ld+json" not in response.text
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_link_expires_after_seven_days_and_shows_the_date(client, draft):
    with time_machine.travel(NOW, tick=False) as clock:
        link = preview.link(draft)
        assert "8 May 2026, 15:00" in client.get(link).text
        clock.shift(timedelta(days=7))
        assert client.get(link).status_code == 200
        clock.shift(timedelta(seconds=1))
        gone = client.get(link)
        assert gone.status_code == 404
        assert "has expired" in gone.text
        assert gone["Cache-Control"] == "no-store, private"


def test_withdrawn_link_answers_404_after_a_new_one_is_made(client, draft):
    link = preview.link(draft)
    assert client.get(link).status_code == 200
    preview.withdraw_links(draft)
    assert client.get(link).status_code == 404
    preview.open_links(draft)
    assert client.get(link).status_code == 404


@pytest.mark.parametrize("change", [lambda link: link[:-5] + "xxxx/", lambda link: "/en/news/preview/x:y:z/"])
def test_forged_link_answers_404(client, draft, change):
    assert client.get(change(preview.link(draft))).status_code == 404


def test_article_without_a_key_has_no_link(client):
    article = factories.ArticleFactory(state="draft")
    assert client.get(preview.link(article)).status_code == 404


def test_link_in_another_language_redirects_to_that_of_the_article(client, draft):
    link = preview.link(draft)
    response = client.get(link.replace("/en/", "/ru/"))
    assert (response.status_code, response["Location"]) == (302, link)


def test_link_is_made_and_withdrawn_in_the_admin(administrator: Client):
    article = factories.ArticleFactory(state="draft", title="Not yet public")
    page = reverse("admin:news_article_preview", args=[article.pk])
    assert f'href="{page}"' in administrator.get(reverse("admin:news_article_change", args=[article.pk])).text
    assert "/en/news/preview/" not in administrator.get(page).text
    administrator.post(page, {"do": "open"})
    response = administrator.get(page)
    link = response.context["link"]
    assert Client().get(link).status_code == 200
    administrator.post(page, {"do": "withdraw"})
    assert Client().get(link).status_code == 404
    assert administrator.post(page, {"do": "x"}).status_code == 400
    assert administrator.get(reverse("admin:news_article_preview", args=[99])).status_code == 404


def test_link_requires_permission(client):
    article = factories.ArticleFactory(state="draft")
    client.force_login(factories.UserFactory())
    assert client.post(reverse("admin:news_article_preview", args=[article.pk]), {"do": "open"}).status_code == 404
    article.refresh_from_db()
    assert article.preview_key == ""


@pytest.mark.parametrize(
    ("zone", "day", "clock", "accepted"),
    [
        ("Europe/Moscow", "2026-03-29", "02:30", True),
        ("Europe/Berlin", "2026-03-29", "02:30", False),
        ("Europe/Berlin", "2026-10-25", "02:30", False),
        ("Europe/Berlin", "2026-10-25", "03:30", True),
    ],
)
def test_nonexistent_or_ambiguous_local_time_is_a_form_error(
    administrator: Client,
    settings,
    zone: str,
    day: str,
    clock: str,
    accepted: bool,
):
    settings.TIME_ZONE = zone
    article = factories.ArticleFactory()
    address = reverse("admin:news_article_change", args=[article.pk])
    data = filled_in(administrator, address) | {"published_at_0": day, "published_at_1": clock}
    response = administrator.post(address, data)
    assert (response.status_code == 302) == accepted
    assert accepted or "the clocks change" in response.text
