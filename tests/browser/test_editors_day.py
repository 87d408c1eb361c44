"""A day of the newsroom in Chromium, as in the handbook: from the first draft to a restored text."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from cspa import audit
from cspa.auth.groups import NEWS_EDITORS, PUBLISHERS
from news.models import Article

from ..support import factories
from ..support.browser import browsing, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a word processor puts on the clipboard.
PASTED = """
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin: 0cm}</style></head><body>
<p class=MsoNormal style='mso-margin-top-alt:auto'><b><span lang=EN-US style='color:red'>Pasted</span></b> from a
<i>letter</i><o:p></o:p></p><!--[if gte mso 9]><xml><w:WordDocument/></xml><![endif]-->
<table><tr><td>A cell</td></tr></table><img src="https://elsewhere.example/pixel.gif">
<script>document.title = "run"</script>
</body></html>
"""


@pytest.fixture
def site(server):
    """The URL of a site with one person to quote."""
    factories.PersonFactory(name_en="Viktor Kogut")
    return server


@pytest.fixture
def office():
    """The users by role."""
    people = {}
    for name, group in (("editor", NEWS_EDITORS), ("publisher", PUBLISHERS)):
        people[name] = factories.UserFactory(username=name)
        people[name].groups.add(Group.objects.get(name=group))
    return people


def save(page, name="Save and continue editing"):
    page.get_by_role("button", name=name, exact=True).last.click()
    page.wait_for_load_state()
    assert page.locator(".errornote").count() == 0, page.locator(".errornote, .errorlist").all_inner_texts()


def text_field(page):
    return page.get_by_role("textbox", name="Text:")


def seen_by_visitor(chromium, site, address, **options):
    """Status and text of a page for an anonymous visitor."""
    with browsing(chromium, site, **options) as page:
        return page.goto(site + address).status, page.inner_text("main")


def test_article_is_written_reviewed_published_corrected_and_restored(chromium, site, office, time_machine):
    with browsing(chromium, site, signed_in=True, locale="en", viewport={"width": 1440, "height": 900}) as page:
        sign_in(page, site, office["editor"])

        # A picture, with words in both languages
        page.goto(f"{site}/admin/news/picture/add/")
        page.locator("input[type=file]").set_input_files(
            {"name": "hall.jpg", "mimeType": "image/jpeg", "buffer": factories.photo((1200, 800))}
        )
        page.get_by_label("Alternative text (English)").fill("A vote in the hall")
        page.get_by_label("Alternative text (Русский)").fill("Голосование в зале")
        save(page)
        page.locator("img.focus").click(position={"x": 10, "y": 10})
        assert int(page.locator("#id_focus_x").input_value()) < 10
        save(page)

        # Write
        page.goto(f"{site}/admin/news/article/add/")
        page.get_by_label("Title:").first.fill("Council meets in Minsk")
        page.get_by_label("Dateline:").fill("Minsk")
        page.get_by_label("Summary:").fill("The Council met and agreed.")
        text_field(page).click()
        page.keyboard.type("The Council met on Monday.\n")
        # … quote
        page.get_by_role("button", name="blockquote").click()
        page.keyboard.type("We agreed on the model law.\n— Viktor Kogut, deputy Executive Secretary\n\n")
        page.keyboard.type("The next meeting is in autumn.\n")
        # … a picture in the text
        page.get_by_role("searchbox", name="Search").fill("VOTE")
        page.get_by_role("button", name="Insert into the text: A vote in the hall").click()
        text_field(page).locator("img").wait_for()
        page.keyboard.type("Written after the picture.")
        save(page)
        article = Article.objects.get(slug="council-meets-in-minsk")
        assert article.state == "draft"
        assert "Written after the picture." in article.body
        assert re.search(
            r'<figure><img src="/media/pictures/\w+\.jpg" alt="A vote in the hall"></figure>', article.body
        )
        quotation = article.quotations.get()
        assert (quotation.words, quotation.speaker) == ("We agreed on the model law.", "Viktor Kogut")
        assert quotation.person.name_en == "Viktor Kogut"
        change, public = page.url, article.get_absolute_url()

        # Preview
        page.get_by_role("link", name="Preview").click()
        page.get_by_role("button", name="Make a link").click()
        link = page.locator("#content-main a").get_attribute("href")
        assert link.startswith(site)
        status, text = seen_by_visitor(chromium, site, link.removeprefix(site))
        assert status == 200
        assert "Preview, not public: draft." in text
        assert "We agreed on the model law." in text
        assert seen_by_visitor(chromium, site, public)[0] == 404

        # Review
        page.goto(change)
        page.get_by_label("State:").select_option("review")
        save(page)
        page.goto(f"{site}/admin/news/article/?state__exact=review")
        assert page.get_by_role("link", name="Council meets in Minsk").count() == 1

        # A colleague schedules it: it appears by itself
        sign_in(page, site, office["publisher"])
        page.goto(change)
        page.get_by_label("State:").select_option("published")
        moment = timezone.localtime() + timedelta(minutes=10)
        page.get_by_role("textbox", name="Date:").fill(f"{moment:%Y-%m-%d}")
        page.get_by_role("textbox", name="Time:").fill(f"{moment:%H:%M:%S}")
        save(page)
        article.refresh_from_db()
        public = article.get_absolute_url()
        assert timezone.now() < article.published_at
        assert seen_by_visitor(chromium, site, public)[0] == 404
        page.goto(f"{site}/admin/news/article/")
        assert "scheduled" in page.get_by_role("row").filter(has_text="Council meets in Minsk").inner_text()
        time_machine.move_to(article.published_at)
        status, text = seen_by_visitor(chromium, site, public)
        assert status == 200
        assert "Preview" not in text

        # Translate, beside the original
        sign_in(page, site, office["editor"])
        page.goto(change)
        page.get_by_role("link", name="Add translation: Русский").click()
        original = page.get_by_role("region", name="Original: English")
        assert "We agreed on the model law." in original.inner_text()
        title = page.get_by_label("Title:").first
        assert original.bounding_box()["x"] < title.bounding_box()["x"]
        title.fill("Совет заседает в Минске")
        page.get_by_label("Summary:").fill("Совет собрался и договорился.")
        text_field(page).click()
        page.keyboard.type("Совет собрался в понедельник.")
        page.get_by_label("State:").select_option("review")
        save(page)
        translation = page.url
        sign_in(page, site, office["publisher"])
        page.goto(translation)
        page.get_by_label("State:").select_option("published")
        save(page)
        russian = article.story.articles.get(language="ru")
        status, text = seen_by_visitor(chromium, site, russian.get_absolute_url(), locale="ru")
        assert status == 200
        assert "Совет собрался в понедельник." in text
        assert "English: Council meets in Minsk" in text

        # Correct
        page.goto(change)
        text_field(page).click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" It takes place in Dushanbe.")
        page.get_by_role("link", name="Add another Correction").or_(
            page.get_by_role("button", name="Add another Correction")
        ).click()
        page.locator("#id_corrections-0-text").fill("An earlier version did not name the place.")
        save(page)
        status, text = seen_by_visitor(chromium, site, public)
        assert "An earlier version did not name the place." in text
        assert "Dushanbe" in text

        # Restore
        page.get_by_role("link", name="History").click()
        page.get_by_role("button", name="Restore").first.click()
        page.get_by_text("Restored: the state of").first.wait_for()
        status, text = seen_by_visitor(chromium, site, public)
        assert "Dushanbe" not in text
        assert "Written after the picture." in text
        assert "An earlier version did not name the place." in text
        # Nothing is lost: what was replaced is in the history.
        assert any("Dushanbe" in state["body"] for _change, state in audit.history_of(article))


def test_text_pasted_from_a_word_processor_is_cleaned(chromium, site, office):
    asked, refused, context = [], {}, chromium.new_context(locale="en")
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
        sign_in(page, site, office["editor"])
        page.goto(f"{site}/admin/news/article/add/")
        page.get_by_label("Title:").first.fill("Pasted")
        page.get_by_label("Summary:").fill("What a word processor gave.")
        text_field(page).click()
        page.keyboard.type("Before. ")
        page.evaluate(
            """(html) => {
                const data = new DataTransfer();
                data.setData("text/html", html);
                const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
                document.querySelector(".prose-editor [role=textbox]").dispatchEvent(paste);
            }""",
            PASTED,
        )
        assert page.title() != "run"
        save(page)
    finally:
        context.close()
    body = " ".join(Article.objects.get(title="Pasted").body.split())
    assert body.startswith("<p>Before. ")
    assert "<strong>Pasted</strong> from a <em>letter</em>" in body
    assert "A cell" in body
    assert not re.search("Mso|style|span|script|file:|<o:|<table|<img", body), body
    # The editor would show the foreign picture; the policy of the admin lets the browser ask nobody.
    assert {url for url in asked if not url.startswith((site, "data:"))} == {"https://elsewhere.example/pixel.gif"}
    assert refused["https://elsewhere.example/pixel.gif"] == "csp"
