"""Former addresses of articles: the address that readers know leads to its article for ever."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from news.models import Article, FormerAddress

from ...support import factories
from ...support.admin_forms import article_form, page, words

pytestmark = pytest.mark.django_db

KNOWN = "Another article of this day had this address before, and readers still follow it there."


def moved(state: str = "published", **more) -> Article:
    """An article whose address was “first”, and is “second” now."""
    article = factories.ArticleFactory(state=state, title="First", slug="first", **more)
    article.slug = "second"
    article.save()
    return article


def test_draft_cannot_take_the_former_address_of_a_published_article(administrator: Client):
    article = moved()
    former = f"/en/news/{article.date:%Y/%m/%d}/first/"
    data = article_form(
        administrator, slug="first", published_at_0=f"{article.date:%Y-%m-%d}", published_at_1="12:00:00"
    )
    assert KNOWN in words(administrator.post(page("news_article_add"), data))
    # Nor without a slug, if the title gives it.
    assert KNOWN in words(administrator.post(page("news_article_add"), data | {"slug": "", "title": "First"}))
    assert Article.objects.get() == article
    assert administrator.get(former)["Location"] == article.get_absolute_url()


def test_article_returns_to_its_own_former_address():
    article = moved()
    article.slug = "first"
    article.full_clean()
    article.save()
    assert [former.slug for former in FormerAddress.objects.all()] == ["second"]


def test_former_address_of_a_withdrawn_article_stays_and_of_a_draft_is_free():
    withdrawn = moved(state="withdrawn", withdrawal_reason="Cancelled.")
    with pytest.raises(ValidationError, match=KNOWN):
        factories.ArticleFactory.build(
            slug="first", published_at=withdrawn.published_at, story=withdrawn.story
        ).validate_unique()
    Article.objects.update(state="draft")
    other = factories.ArticleFactory(slug="first", published_at=withdrawn.published_at)
    other.validate_unique()
    assert not FormerAddress.objects.filter(slug="first").exists()


def test_save_without_validation_takes_no_address_that_readers_know():
    article = moved()
    other = factories.ArticleFactory(state="draft", slug="first", published_at=article.published_at)
    assert FormerAddress.objects.get().article == article
    other.slug = "third"
    other.save()
    assert FormerAddress.objects.get().article == article
