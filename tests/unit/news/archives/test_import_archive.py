"""Posts of other sites become articles that keep their addresses; a second run changes nothing."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from news.models import Article, LegacyAddress

from ....support.jsonl import a_line, imported, to_file

pytestmark = pytest.mark.django_db

WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Old</title><link>https://old.example</link><language>ru-RU</language>
{}
</channel></rss>
"""
POST = """<item>
<title>{title}</title><link>https://old.example{link}</link>
<guid isPermaLink="false">https://old.example/?p={number}</guid>
<content:encoded><![CDATA[{body}]]></content:encoded>
<excerpt:encoded><![CDATA[Кратко.]]></excerpt:encoded>
<wp:post_id>{number}</wp:post_id><wp:post_date>2015-03-27 13:00:00</wp:post_date>
<wp:post_date_gmt>{date}</wp:post_date_gmt><wp:post_name>{slug}</wp:post_name>
<wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type>
</item>
"""
SLUG = "%d0%b2%d1%81%d1%82%d1%80%d0%b5%d1%87%d0%b0"


def post(number: int = 5, **values: str) -> str:
    usual = {
        "title": "Встреча",
        "slug": SLUG,
        "link": f"/2015/03/{SLUG}/" if number == 5 else f"/2015/03/{number}/",
        "body": "Первый &laquo;абзац&raquo;.\n\nВторой.",
        "date": "2015-03-27 10:00:00",
        "status": "publish",
        "kind": "post",
    }
    return POST.format(number=number, **usual | values)


def wxr(tmp_path: Path, *items: str) -> Path:
    file = tmp_path / "old.xml"
    file.write_text(WXR.format("".join(items)))
    return file


def run(file: Path, *options: str) -> dict:
    """The report of the command, also of one that ends with an error."""
    out = StringIO()
    try:
        with override("en"):
            call_command("import_archive", file, *options, "--json", stdout=out, stderr=StringIO())
    except CommandError:
        if not out.getvalue():
            raise
    return json.loads(out.getvalue())


def test_post_becomes_an_article_that_keeps_its_addresses(client: Client, tmp_path: Path):
    file = wxr(tmp_path, post())
    assert run(file)["saved"]
    article = Article.objects.get()
    assert (article.title, article.language, article.slug, article.summary) == ("Встреча", "ru", "vstrecha", "Кратко.")
    assert article.body == "<p>Первый «абзац».</p>\n\n<p>Второй.</p>"
    assert timezone.localtime(article.published_at).isoformat() == "2015-03-27T13:00:00+03:00"
    for address in (f"/2015/03/{SLUG}/", "/2015/03/встреча", "/?p=5"):
        assert client.get(address)["Location"] == article.get_absolute_url()


def test_second_run_changes_nothing(tmp_path: Path):
    file = wxr(
        tmp_path, *(post(number, body="<b>Б</b>\n\nТ<table><tr><td>1</td></tr></table>") for number in range(1, 6))
    )
    assert run(file)["added"]["articles"] == 5
    report = run(file)
    assert (report["unchanged"]["articles"], report["added"]["articles"], report["changed"]["articles"]) == (5, 0, 0)
    assert Article.objects.count() == 5
    assert len({article.slug for article in Article.objects.all()}) == 5
    assert LegacyAddress.objects.count() == 10


@pytest.mark.parametrize("status", ["draft", "pending", "private"])
def test_draft_stays_a_draft(tmp_path: Path, status: str):
    run(wxr(tmp_path, post(status=status)))
    assert Article.objects.get().state == "draft"


def test_all_posts_can_be_drafts(tmp_path: Path):
    run(wxr(tmp_path, post()), "--draft")
    assert Article.objects.get().state == "draft"


@pytest.mark.parametrize("values", [{"kind": "attachment"}, {"kind": "nav_menu_item"}, {"status": "trash"}])
def test_what_is_no_text_is_passed_over(tmp_path: Path, values: dict):
    assert run(wxr(tmp_path, post(6), post(7, **values)))["added"]["articles"] == 1


def test_losses_are_named_by_file_line_and_element(tmp_path: Path):
    table = "<table><tr><td>1</td><td>2</td></tr></table>"
    body = f"Text.\n\n{table}\n\n\n<img src='https://old.example/a.jpg' alt='A'>[gallery ids='1']"
    file = wxr(tmp_path, post(6), post(7, body=body))
    report = run(file)
    line = file.read_text().split("\n").index("<content:encoded><![CDATA[Text.") + 1
    lost = "The text loses elements that texts may not hold: "
    assert {note["message"].removeprefix(lost): note["pointer"] for note in report["warnings"]} == {
        "The text shows what was a command of its system: [gallery]": f"old.xml:{line + 5}",
        "table (1)": f"old.xml:{line + 2}",
        "tr (1)": f"old.xml:{line + 2}",
        "td (2)": f"old.xml:{line + 2}",
        "img (1)": f"old.xml:{line + 5}",
    }
    assert report["not_kept"] == {"table": 1, "tr": 1, "td": 2, "img": 1}


def test_strict_refuses_a_loss(tmp_path: Path):
    report = run(wxr(tmp_path, post(6), post(7, body="<table><tr><td>1</td></tr></table>")), "--strict")
    assert not report["saved"]
    assert "table (1)" in report["conflicts"][0]["message"]
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": " "}, "no title"),
        ({"body": " "}, "no full text"),
        ({"date": "0000-00-00 00:00:00"}, ""),
    ],
)
def test_post_that_cannot_be_read_is_named_and_nothing_is_saved(tmp_path: Path, values: dict, words: str):
    report = run(wxr(tmp_path, post(6), post(7, **values)))
    if words:
        assert not report["saved"]
        assert words in report["conflicts"][0]["message"]
        assert not Article.objects.exists()
    else:
        # The local time is known.
        assert report["added"]["articles"] == 2


def test_language_is_asked_for(tmp_path: Path):
    file = wxr(tmp_path, post())
    file.write_text(file.read_text().replace("ru-RU", "de-DE"))
    assert "--language" in run(file)["conflicts"][0]["message"]
    assert run(file, "--language", "ru")["saved"]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><rss><channel><item><title>&b;</title></item></channel></rss>'
)


@pytest.mark.parametrize("text", ["", "no xml", "<rss><channel>", "<html></html>", BOMB])
def test_file_that_is_no_archive_is_refused(tmp_path: Path, text: str):
    (tmp_path / "old.xml").write_text(text)
    with pytest.raises(CommandError, match=r"\w{4}"):
        call_command("import_archive", tmp_path / "old.xml", stdout=StringIO())
    assert not Article.objects.exists()


def test_lines_are_written_and_imported_apart(tmp_path: Path):
    run(wxr(tmp_path, post()), "--output", str(tmp_path / "old.jsonl"))
    assert not Article.objects.exists()
    call_command("import_articles", tmp_path / "old.jsonl", stdout=StringIO())
    assert run(wxr(tmp_path, post()))["unchanged"]["articles"] == 1


def test_losses_of_json_lines_are_named_too(tmp_path: Path):
    lost = a_line(body="<p>A</p><table><tr><td>1</td></tr></table><b>B</b>")
    file = to_file(tmp_path, a_line(), lost)
    with override("en"):
        report = imported(file)
        assert [(note["line"], note["message"].rsplit(": ")[1]) for note in report["warnings"]] == [
            (2, "table (1)"),
            (2, "tr (1)"),
            (2, "td (1)"),
            (2, "strong (1)"),
        ]


def test_strict_refuses_the_losses_of_json_lines(tmp_path: Path):
    file = to_file(tmp_path, a_line(), a_line(body="<table><tr><td>1</td></tr></table>"))
    with pytest.raises(CommandError):
        call_command("import_articles", file, "--strict", stdout=StringIO())
    assert not Article.objects.exists()


# Feeds


def test_rss_with_full_text(client: Client, tmp_path: Path):
    item = (
        "<item><title>Visit &amp;amp; talks</title><link>https://old.example/node/7</link><description>Short"
        "</description><pubDate>Fri, 27 Mar 2015 10:00:00 +0300</pubDate><content:encoded>&lt;p&gt;Full.&lt;/p&gt;"
        "</content:encoded></item>"
    )
    file = wxr(tmp_path, item)
    file.write_text(file.read_text().replace("ru-RU", "en"))
    run(file)
    article = Article.objects.get()
    assert (article.title, article.body, str(article.date)) == ("Visit & talks", "<p>Full.</p>", "2015-03-27")
    assert client.get("/node/7")["Location"] == article.get_absolute_url()
    assert run(file)["unchanged"]["articles"] == 1


def test_atom_with_full_text(tmp_path: Path):
    (tmp_path / "old.atom").write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Old</title><entry><title>Visit</title>'
        '<link rel="self" href="https://old.example/self"/><link href="https://old.example/7"/><id>urn:7</id>'
        "<published>2015-03-27T10:00:00Z</published><updated>2015-03-28T10:00:00Z</updated><summary>Short</summary>"
        '<content type="html">&lt;p&gt;Full.&lt;/p&gt;</content><author><name>A</name></author></entry></feed>'
    )
    run(tmp_path / "old.atom")
    article = Article.objects.get()
    assert (article.body, article.summary, str(article.date)) == ("<p>Full.</p>", "Short", "2015-03-27")
    assert LegacyAddress.objects.get().address == "/7"


def test_atom_with_xhtml(tmp_path: Path):
    (tmp_path / "old.atom").write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><entry><title type="xhtml">'
        '<div xmlns="http://www.w3.org/1999/xhtml">Visit &amp; <b>talks</b></div></title><link href="https://old.example/7"/>'
        '<published>2015-03-27T10:00:00Z</published><content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml">'
        '<x:p>A &lt; B,<x:br/>\n<x:a href="https://a.example/?b&amp;c">C</x:a></x:p><x:title>D</x:title>\n<x:div><x:p>E'
        "</x:p></x:div></x:div></content></entry><entry><title>Second</title><link href='https://old.example/8'/>"
        "<published>2015-03-28T10:00:00Z</published><content type='html'>&lt;p&gt;F&lt;/p&gt;</content></entry></feed>"
    )
    report = run(tmp_path / "old.atom")
    second, first = Article.objects.all()
    assert (first.title, second.title, second.body) == ("Visit & talks", "Second", "<p>F</p>")
    link = '<a href="https://a.example/?b&amp;c">C</a>'
    assert first.body == f"<p>A &lt; B,<br>\n{link}</p>D\n<p>E</p>"
    assert {note["pointer"] for note in report["warnings"]} == {"old.atom:2", "old.atom:3"}


# Saved pages

MAPPING = """
title = "article.news h1"
date = "time"
body = "article div[itemprop=articleBody]"
language = "en"
address = "https://old.example/archive"
"""
PAGE = """<html><head><title>Old</title></head><body><h1>Menu</h1>
<article class="big news"><h1>A visit &amp; talks</h1>
<time>27 March 2015</time><br>
<div itemprop="articleBody">
<p>First.</p><div>Second<p>Third.</div></div><div>Foot</div></article></body></html>
"""


def saved(tmp_path: Path, mapping: str = MAPPING, **pages: str) -> tuple[Path, str, str]:
    folder = tmp_path / "pages"
    folder.mkdir(exist_ok=True)
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)
    (tmp_path / "mapping.toml").write_text(mapping)
    return folder, "--mapping", str(tmp_path / "mapping.toml")


def test_saved_pages_are_read_by_selectors(client: Client, tmp_path: Path):
    arguments = saved(tmp_path, visit=PAGE, визит=PAGE.replace("27 March 2015", "28 марта 2015 г."))
    assert run(*arguments)["added"]["articles"] == 2
    article = Article.objects.get(date="2015-03-27")
    assert article.title == "A visit & talks"
    assert "First" in article.body
    assert "Third" in article.body
    assert "Foot" not in article.body
    assert client.get("/archive/visit.html")["Location"] == article.get_absolute_url()
    assert client.get("/archive/визит.html").status_code == 301
    report = run(*arguments)
    assert report["unchanged"]["articles"] == 2
    assert {note["pointer"] for note in report["warnings"]} == {"visit.html:5", "визит.html:5"}


@pytest.mark.parametrize(
    "mapping",
    [
        "",
        "title = 1",
        MAPPING + 'other = "p"',
        MAPPING.replace('"time"', '"time:first"'),
        MAPPING.replace("article.", ">"),
    ],
)
def test_wrong_mapping_is_refused(tmp_path: Path, mapping: str):
    with pytest.raises(CommandError):
        call_command("import_archive", *saved(tmp_path, mapping, visit=PAGE), stdout=StringIO())


def test_page_without_what_the_mapping_names_is_listed(tmp_path: Path):
    report = run(*saved(tmp_path, visit=PAGE, other=PAGE.replace("27 March 2015", "soon")))
    assert [(note["pointer"], note["message"]) for note in report["conflicts"]] == [
        ("other.html:4", "There is no date that could be read.")
    ]
    assert not Article.objects.exists()


def test_folder_needs_a_mapping(tmp_path: Path):
    with pytest.raises(CommandError, match="mapping"):
        call_command("import_archive", tmp_path, stdout=StringIO())
