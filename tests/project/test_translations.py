"""Translation status of stories: missing, outdated or up to date."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from news.models import Article

from ..support import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2020, 6, 1, tzinfo=UTC)
LIST = "/admin/news/article/"


def state(article: Article) -> str:
    return Article.objects.with_translation().get(pk=article.pk).translation


def test_status_of_a_story_follows_its_changes():
    with time_machine.travel(NOW, tick=False) as clock:
        original = factories.ArticleFactory()
        assert state(original) == "missing"
        clock.shift(timedelta(hours=1))
        translated = factories.ArticleFactory(story=original.story, language="ru", state="draft")
        assert [state(original), state(translated)] == ["equal", "equal"]
        clock.shift(timedelta(hours=1))
        original.body = "<p>Corrected</p>"
        original.save(update_fields=["body"])
        assert [state(original), state(translated)] == ["older", "older"]
        clock.shift(timedelta(hours=1))
        translated.title = "Исправлено"
        translated.save()
        assert [state(original), state(translated)] == ["equal", "equal"]
        clock.shift(timedelta(hours=1))
        original.state = "review"
        original.save()
        # The state is not part of the text.
        assert state(original) == "equal"
        translated.state = "withdrawn"
        translated.save()
        assert state(original) == "missing"


def test_translation_whose_original_is_withdrawn_becomes_the_original():
    original = factories.ArticleFactory()
    translated = factories.ArticleFactory(story=original.story, language="ru")
    assert (original.original(), translated.original()) == (None, original)
    original.state = "withdrawn"
    original.save()
    assert translated.original() is None


@pytest.mark.parametrize("language", ["en", "ru"])
def test_outdated_translation_is_not_listed_once_it_or_its_original_is_withdrawn(language: str):
    with time_machine.travel(NOW, tick=False) as clock:
        translated = factories.ArticleFactory(language="ru", story=factories.ArticleFactory().story)
        clock.shift(timedelta(hours=1))
        original = translated.original()
        original.summary = "Another summary."
        original.save()
    assert list(Article.objects.outdated("ru")) == [translated]
    Article.objects.filter(language=language).update(state="withdrawn")
    assert list(Article.objects.outdated("ru")) == []


def test_changelist_filters_by_status_and_counts_a_month(administrator: Client):
    alone = factories.ArticleFactory(slug="alone")
    pair = factories.ArticleFactory(slug="pair")
    factories.ArticleFactory(story=pair.story, language="ru", slug="pair")
    other_month = factories.ArticleFactory(slug="other", published_at=NOW)
    response = administrator.get(LIST, {"translation": "missing"})
    assert {row.pk for row in response.context["cl"].result_list} == {alone.pk, other_month.pk}
    assert administrator.get(LIST, {"translation": "older"}).context["cl"].result_count == 0
    month = administrator.get(LIST, {"published_at__year": 2020, "published_at__month": 5})
    assert [number for _label, number in month.context["translations"]] == [1, 0, 2]
    assert '<dl class="meter">' in month.text
    assert '<dl class="meter">' not in administrator.get(LIST).text
