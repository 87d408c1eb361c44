"""Bodies of articles: a closed set of elements, whatever the input."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from hypothesis import example, given
from hypothesis import strategies as st

from cspa import richtext
from cspa.richtext import MAX_DEPTH, MAX_LENGTH, TAGS, links, pictures, plain_text, render_html, sanitise
from news.models import Article

from ...support import factories
from ...support.generated import examples

ATTACKS = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<img src=https://evil.example/pixel.gif>",
    "<img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<p style='background:url(https://evil.example)'>x</p>",
    "<p onclick=alert(1)>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<a href='java&#1;script:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='//evil.example' target=_blank onmouseover=alert(1)>x</a>",
    "<form action=https://evil.example><input name=q></form>",
    "<base href=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<object data=https://evil.example></object><embed src=https://evil.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><script>alert(1)</script-->",
    "<p>a\x00b</p>",
    "<template><script>alert(1)</script></template>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_dangerous_markup_is_removed(attack):
    for html in (sanitise(attack), render_html(attack)):
        lowered = html.lower()
        for word in (
            "<script",
            "<style",
            "<img",
            "<svg",
            "<math",
            "<iframe",
            "style=",
            " on",
            "javascript:",
            "data:",
            "vbscript:",
            "\x00",
        ):
            assert word not in lowered, html
        assert "evil.example" not in lowered or lowered.startswith("<a href=")


@examples(50)
@given(st.text(alphabet="<>/\"'= abpshrefonclickstyle&#;:-—", max_size=200))
def test_sanitising_is_idempotent(text):
    once = sanitise(text)
    assert sanitise(str(once)) == once
    assert all(f"<{tag}" not in once for tag in ("script", "style", "img", "svg"))


def test_markup_in_an_attribute_is_escaped():
    # What reads figures and quotations back relies on it.
    html = '<figure><img src="/media/pictures/a.jpg" alt="</figure><p>— x</p>"></figure>'
    assert sanitise(html).count("<") == 3
    assert "&lt;/figure" in sanitise(html)


PIECES = [
    *(
        f"<{slash}{tag}>"
        for tag in ("figure", "figcaption", "p", "h2", "ul", "li", "blockquote", "a")
        for slash in ("", "/")
    ),
    '<img src="/media/pictures/a.jpg" alt="">',
    '<img src="/media/pictures/a.jpg" alt="a > b &quot;">',
    '<img src="https://evil.example/a.jpg">',
    "words",
    "— somebody",
    "\x01",
    "&#1;",
]


@examples(50)
@example(["<h2>", "<figure>", "<h2>", "words"])
@example(["<p>", "<a href='/'>", "<select>", "<figcaption>", "<figure>", '<img src="/media/pictures/a.jpg" alt="">'])
@given(st.lists(st.sampled_from(PIECES), max_size=20))
def test_text_that_is_sanitised_again_keeps_its_words_and_pictures(pieces):
    once = sanitise("".join(pieces))
    again = sanitise(str(once))
    # A heading within a heading may become two, with a space between.
    assert "".join(plain_text(again).split()) == "".join(plain_text(once).split())
    assert (pictures(again), links(again)) == (pictures(once), links(once))
    assert "evil" not in once + again
    assert again.count("<img") == once.count("<img")
    assert once.count("<img") == len(pictures(once)), "each picture is asked for its alternative text"
    assert re.sub(r"<figure><img [^<]*>(<figcaption>.*?</figcaption>)?</figure>", "", once).count("fig") == 0


@pytest.mark.parametrize(
    "html", ["<blockquote>" * 50_000, "<ul>" * (MAX_DEPTH + 1), "a" * (MAX_LENGTH + 1), "<p>" * 4_000_000]
)
def test_text_that_is_expensive_to_parse_is_refused_before_parsing(html, monkeypatch):
    asked = []
    monkeypatch.setattr(richtext, "_clean", asked.append)
    with pytest.raises(ValidationError):
        sanitise(html)
    assert not asked


def test_text_of_the_maximum_depth_or_length_is_accepted():
    assert sanitise("<ul>" * MAX_DEPTH).count("<ul>") == MAX_DEPTH
    assert len(sanitise("a" * MAX_LENGTH)) == MAX_LENGTH


@pytest.mark.parametrize("code", [0x1, 0x8, 0xB, 0xC, 0xE, 0x1F, 0xFFFE, 0xFFFF])
def test_character_that_a_feed_cannot_hold_is_removed(code: int):
    assert sanitise(f"<p>a{chr(code)}b&#{code};c&#x{code:X};d</p>") == "<p>abcd</p>"


@pytest.mark.parametrize(
    ("address", "is_kept"),
    [
        ("http://example.org/", True),
        ("https://example.org/", True),
        ("mailto:press@example.org", True),
        ("/en/news/", True),
        ("#sources", True),
        ("ftp://example.org/", False),
        ("file:///etc/hosts", False),
        ("tel:+70000000000", False),
    ],
)
def test_link_keeps_its_address_where_a_reader_can_follow_it(address: str, is_kept: bool):
    assert links(sanitise(f'<p><a href="{address}">x</a></p>')) == [address] * is_kept


def test_link_to_a_page_in_another_language_names_it():
    html = '<p><a href="https://example.org/?a=1&amp;b=2" hreflang="ru">x</a></p>'
    assert sanitise(html) == html


@pytest.mark.parametrize("block", ["p", "h2", "h3", "li", "blockquote", "figcaption"])
def test_words_of_two_blocks_are_separated_in_plain_text(block: str):
    html = f"<{block}><em>O</em>ne</{block}><{block}>t<strong>wo</strong><br>lines</{block}>"
    assert plain_text(html) == "One two lines"


def test_long_text_of_allowed_elements_is_accepted():
    html = "<p>" + "</p><p>".join(["word " * 50] * 500) + "</p>"
    assert sanitise(html).count("<p>") == 500


def test_quotation_names_its_speaker():
    html = "<blockquote><p>First.</p><p>Second.</p><p>— Sergei Lavrov, <em>Minister</em></p></blockquote><p>After.</p>"
    assert render_html(html) == (
        '<figure class="quotation"><blockquote><p>First.</p><p>Second.</p></blockquote>'
        "<figcaption>Sergei Lavrov, <em>Minister</em></figcaption></figure><p>After.</p>"
    )


def test_each_quotation_keeps_its_own_speaker():
    quotation = "<blockquote><p>{0}</p><p>— {0}</p></blockquote>"
    page = render_html(quotation.format("A") + quotation.format("B") + "<blockquote><p>Nobody.</p></blockquote>")
    assert page.count("<figure") == 2
    assert "<figcaption>A</figcaption>" in page
    assert page.endswith("<blockquote><p>Nobody.</p></blockquote>")


@pytest.mark.django_db
class TestStored:
    DIRTY, CLEAN = "<p onclick=x>Text</p><script>alert(1)</script>", "<p>Text</p>"

    def test_saved_body_is_sanitised(self):
        assert factories.ArticleFactory(body=self.DIRTY).body == self.CLEAN
        assert Article.objects.get().body == self.CLEAN

    def test_body_of_bulk_create_and_of_a_fixture_is_sanitised(self, tmp_path):
        story = factories.ArticleFactory().story
        article = factories.ArticleFactory.build(body=self.DIRTY, story=story, language="ru")
        Article.objects.bulk_create([article])
        assert Article.objects.get(language="ru").body == self.CLEAN
        fixture = tmp_path / "dirty.json"
        call_command("dumpdata", "news", natural_primary=True, natural_foreign=True, output=str(fixture))
        fixture.write_text(fixture.read_text().replace("<p>Text</p>", "<p>New</p><script>alert(1)</script>"))
        call_command("loaddata", fixture, verbosity=0)
        assert Article.objects.get(language="ru").body == "<p>New</p>"

    def test_allowed_elements_are_those_of_the_handbook(self):
        texts = {"p", "h2", "h3", "ul", "ol", "li", "a", "strong", "em", "blockquote", "br"}
        assert texts | {"figure", "img", "figcaption"} == TAGS


def test_sanitised_text_is_not_parsed_again_and_text_derived_from_it_is():
    clean = sanitise("<p>a</p><script>b</script>")
    assert sanitise(clean) is clean
    assert sanitise(f"{clean}<script>b</script>") == sanitise(clean + "<script>b</script>") == clean == "<p>a</p>"
