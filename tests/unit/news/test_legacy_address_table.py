"""A table of addresses of the former site."""

from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from news.models import Article, LegacyAddress

from ...support import factories
from ...support.counting import cost

pytestmark = pytest.mark.django_db


@pytest.fixture
def article() -> Article:
    return factories.ArticleFactory()


def table(tmp_path: Path, text: str, *options: str) -> str:
    out = StringIO()
    (tmp_path / "table.csv").write_text(text)
    call_command("import_legacy_addresses", tmp_path / "table.csv", *options, stdout=out)
    return out.getvalue()


def test_table_is_imported_and_can_be_repeated(client: Client, article: Article, tmp_path: Path):
    text = f"\ufeffFormer;Present\n/?p=1;{article.get_absolute_url()}\n\n/о нас;/ru/about/\n"
    table(tmp_path, text, "--dry-run")
    assert not LegacyAddress.objects.exists()
    assert "added: addresses on the former site: 2" in table(tmp_path, text)
    assert "unchanged: addresses on the former site: 2" in table(tmp_path, text)
    assert LegacyAddress.objects.get(address="/?p=1").article == article
    assert client.get("/о нас")["Location"] == "/ru/about/"


def test_other_target_stays_unless_it_is_updated(article: Article, tmp_path: Path):
    LegacyAddress.objects.create(address="/old.html", article=article)
    text = "former,present\n/old.html,/en/about/\n"
    assert "which stays" in table(tmp_path, text)
    assert LegacyAddress.objects.get().article == article
    table(tmp_path, text, "--update")
    assert LegacyAddress.objects.get().target == "/en/about/"


@pytest.mark.parametrize(
    "line",
    [
        "/en/about/,/en/contact/",
        "/old.html,https://evil.example/",
        "/old.html,/en/news/2020/02/30/a/",
        "/old.html,/en/news/2020/02/20/a/",
        "/good.html,/en/contact/",
        "/old.html",
        "old,/en/about/",
    ],
)
def test_wrong_line_of_a_table_is_named_and_nothing_is_saved(tmp_path: Path, line: str):
    with pytest.raises(CommandError):
        table(tmp_path, f"former,present\n/good.html,/en/about/\n{line}\n")
    assert not LegacyAddress.objects.exists()


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "former\n/a\n"])
def test_file_that_is_no_table_is_refused(tmp_path: Path, text: str):
    with pytest.raises(CommandError):
        table(tmp_path, text)


def test_table_costs_the_same_with_any_number_of_rows(article: Article, tmp_path: Path):
    def cost_of(number: int) -> int:
        rows = "".join(f"/{number}/{each},{article.get_absolute_url()}\n" for each in range(number))
        return cost(partial(table, tmp_path, f"former,present\n{rows}"))

    assert cost_of(1) == cost_of(3) == cost_of(300)
