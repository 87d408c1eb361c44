"""A line needs title, day, language and text. What is made of it stays when it comes again."""

from pathlib import Path

import pytest
from django.test import Client

from news.archives.joining import join
from news.models import Article

from ....support import factories
from ....support.jsonl import counts, imported, on_record, to_file, words

pytestmark = pytest.mark.django_db

LINE = {"title": "Сессия", "date": "2020-05-26", "language": "ru", "body": "<p>Текст.</p>"}


def test_line_of_four_keys_becomes_an_article_once(tmp_path: Path):
    file = to_file(tmp_path, LINE, LINE | {"date": "2020-05-27"}, LINE | {"language": "en"})
    assert imported(file)["added"]["articles"] == 3
    article = Article.objects.get(language="ru", date="2020-05-26")
    assert (article.title, article.slug, article.state) == ("Сессия", "sessiia", "published")
    assert article.text_changed_at == article.published_at
    before = counts()
    again = imported(file)
    assert (again["unchanged"]["articles"], again["warnings"]) == (3, [])
    assert counts() == before


def test_source_address_tells_articles_of_one_title_apart(client: Client, tmp_path: Path):
    lines = [LINE | {"legacy_addresses": [f"https://old.example/node/{number}"]} for number in (1, 2)]
    assert imported(to_file(tmp_path, *lines))["saved"]
    first, second = Article.objects.order_by("pk")
    assert second.slug.startswith(f"{first.slug}-")
    assert client.get("/node/2")["Location"] == second.get_absolute_url()
    # In another order, with another title and day.
    lines = [lines[1] | {"title": "Другое", "date": "2020-06-01"}, lines[0]]
    report = imported(to_file(tmp_path, *lines), "--update")
    assert (report["changed"]["articles"], report["unchanged"]["articles"], report["conflicts"]) == (1, 1, [])
    second.refresh_from_db()
    assert (second.title, str(second.date)) == ("Другое", "2020-06-01")
    assert Article.objects.count() == 2


def test_articles_without_a_source_address_that_look_alike_are_a_conflict(tmp_path: Path):
    report = imported(to_file(tmp_path, LINE, LINE))
    assert words(report["conflicts"]) == ["This stands on line 1 already: 2020-05-26 Сессия"]


def test_made_slug_avoids_the_address_of_another_article(tmp_path: Path):
    other = on_record()
    line = LINE | {"title": other.slug, "language": other.language, "date": str(other.date)}
    for action in ("added", "unchanged"):
        report = imported(to_file(tmp_path, line))
        assert (report[action]["articles"], report["conflicts"], report["warnings"]) == (1, [], [])


def test_what_an_editor_changed_stays(tmp_path: Path):
    file = to_file(tmp_path, LINE)
    imported(file)
    article = Article.objects.get()
    join([factories.ArticleFactory(), article])
    article.slug, article.state, article.withdrawal_reason = "changed", "withdrawn", ""
    article.save()
    report = imported(file, "--update")
    assert (report["unchanged"]["articles"], report["warnings"], report["conflicts"]) == (1, [], [])
    article.refresh_from_db()
    assert (article.slug, article.state, article.story.articles.count()) == ("changed", "withdrawn", 2)


def test_drafts_are_asked_for_and_stay_as_an_editor_leaves_them(tmp_path: Path):
    file = to_file(tmp_path, LINE | {"state": "published"})
    imported(file, "--draft")
    assert Article.objects.get().state == "draft"
    Article.objects.update(state="published")
    report = imported(file, "--draft", "--update")
    assert (report["unchanged"]["articles"], Article.objects.get().state) == (1, "published")
