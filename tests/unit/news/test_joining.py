"""Articles on one event become one story: by a table, or in the admin."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cspa.audit import undo
from cspa.models import ChangeSet
from news.models import Article, LegacyAddress, Story

from ...support import factories
from ...support.admin_forms import filled_in, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> tuple[Article, Article]:
    english, russian = factories.ArticleFactory(), factories.ArticleFactory(language="ru", state="draft")
    LegacyAddress.objects.create(address="/?p=7", article=russian)
    return english, russian


def table(tmp_path: Path, text: str, *options: str) -> str:
    out = StringIO()
    (tmp_path / "table.csv").write_text(text)
    call_command("join_articles", tmp_path / "table.csv", *options, stdout=out)
    return out.getvalue()


def test_pairs_of_a_table_become_stories(pair, tmp_path: Path):
    english, russian = pair
    text = f"EN;ru\n{english.get_absolute_url()};https://old.example/?p=7\n\n"
    table(tmp_path, text, "--dry-run")
    assert Story.objects.count() == 2
    assert "changed: articles: 1\n" in table(tmp_path, text)
    russian.refresh_from_db()
    assert russian.story == english.story == Story.objects.get()
    assert "changed: –\n" in table(tmp_path, text)
    undo(ChangeSet.objects.get(kind="import"), None)
    russian.refresh_from_db()
    assert russian.story != english.story


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("en,de\n", "headings of the table are languages: en, ru"),
        ("en\n", "headings"),
        ("en,en\n", "headings"),
        ("en,ru\n{english},/?p=8\n", r"no article in this language \(ru\) at this address: /\?p=8"),
        ("en,ru\n/?p=7,\n", "no article in this language"),
        ("en,ru\n/en/about/,/?p=7\n", "no article in this language"),
        ("en,ru\nx,/?p=7\n", "This is no address"),
        ("en,ru\n/en/news/2020/02/31/a/,/?p=7\n", "no such page"),
        ("en,ru\n{english},/?p=7\n{other},/?p=7\n{english},/?p=7", "already"),
    ],
)
def test_table_that_cannot_be_followed_saves_nothing(pair, tmp_path: Path, text: str, words: str):
    english, _russian = pair
    other = factories.ArticleFactory()
    before = Story.objects.count()
    text = text.format(english=english.get_absolute_url(), other=other.get_absolute_url())
    out = StringIO()
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("join_articles", tmp_path / "table.csv", stdout=out)
    assert re.search(words, out.getvalue() + str(refused.value))
    assert Story.objects.count() == before


def test_editor_joins_by_the_story_of_the_article(client: Client, pair):
    english, russian = pair
    client.force_login(factories.UserFactory(is_superuser=True))
    address = page("news_article_change", russian.pk)
    assert client.post(address, filled_in(client, address) | {"story": english.story_id}).status_code == 302
    russian.refresh_from_db()
    assert (russian.story, Story.objects.count()) == (english.story, 1)
    third = factories.ArticleFactory(language="ru", state="draft")
    address = page("news_article_change", third.pk)
    answer = client.post(address, filled_in(client, address) | {"story": english.story_id})
    assert "This story has an article in this language already." in answer.text
