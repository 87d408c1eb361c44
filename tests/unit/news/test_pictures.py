"""Pictures and attachments of articles: sizes, alternative texts and uploads only."""

import io
from pathlib import Path

import feedparser
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from cspa.richtext import pictures, sanitise
from news.models import Article, Attachment, Picture

from ...support import factories
from ...support.admin_forms import article_form, filled_in, page, words
from ...support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


def stored(address: str) -> Image.Image:
    """The picture that a visitor gets at ``address``."""
    return Image.open(Path(default_storage.path(address.removeprefix(settings.MEDIA_URL))))


def figure(picture: Picture, alt: str = "", caption: str = "") -> str:
    words = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<p>Before.</p><figure><img src="{picture.address}" alt="{alt}">{words}</figure><p>After.</p>'


# Sizes


@pytest.mark.parametrize(
    ("size", "widths"), [((2000, 1000), (480, 960, 1600)), ((960, 640), (480, 960)), ((300, 200), (300,))]
)
def test_picture_has_all_widths_up_to_its_own_in_both_formats(size: tuple, widths: tuple):
    picture = factories.PictureFactory(file=ContentFile(factories.photo(size), "x.jpg"))
    assert (picture.width, picture.height) == (min(size[0], 1600), min(size[0], 1600) * size[1] // size[0])
    assert [kind for kind, _srcset in picture.versions] == ["image/avif", "image/webp"]
    for kind, srcset in picture.versions:
        found = [entry.split() for entry in srcset.split(", ")]
        assert [width for _address, width in found] == [f"{width}w" for width in widths]
        assert [stored(address).width for address, _width in found] == list(widths)
        assert {f"image/{stored(address).format.lower()}" for address, _width in found} == {kind}


@pytest.mark.parametrize(("focus", "colour"), [((0, 50), "red"), ((100, 50), "blue")])
def test_card_is_cropped_around_the_focus(focus: tuple, colour: str):
    panorama = ContentFile(factories.photo((1500, 300)), "x.jpg")
    picture = factories.PictureFactory(file=panorama, focus_x=focus[0], focus_y=focus[1])
    for _kind, address in picture.cards:
        card = stored(address).convert("RGB")
        assert card.size == (480, 320)
        red, _green, blue = card.getpixel((240, 160))
        assert (red > blue) == (colour == "red")


def test_changed_focus_gives_another_file_name():
    picture = factories.PictureFactory()
    before = picture.cards
    picture.focus_x = 10
    picture.save()
    assert {address for _kind, address in before}.isdisjoint(address for _kind, address in picture.cards)
    assert stored(picture.cards[0][1]).size == (480, 320)


# Words


@pytest.mark.parametrize(
    ("texts", "alt", "passes"),
    [
        ({}, "", True),
        ({"alt_en": ""}, "", False),
        ({"alt_en": "", "alt_ru": ""}, "", False),
        ({"alt_en": "", "decorative": True}, "", True),
        # The article has its own alternative text; the lead picture is another one.
        ({"alt_en": ""}, "A hall", True),
    ],
)
def test_article_with_a_picture_without_alternative_text_is_not_published(administrator: Client, texts, alt, passes):
    picture = factories.PictureFactory(**texts)
    data = article_form(administrator, body=figure(picture, alt), state="draft")
    assert administrator.post(page("news_article_add"), data).status_code == 302
    draft = Article.objects.get()
    address = page("news_article_change", draft.pk)
    response = administrator.post(address, filled_in(administrator, address) | {"state": "published"})
    assert (response.status_code == 302) == passes
    if not passes:
        assert "Give each picture its alternative text in the language of the article" in words(response)
        assert Article.objects.get().state == "draft"


def test_lead_picture_requires_alternative_text_in_the_language_of_the_article(administrator: Client):
    picture = factories.PictureFactory(alt_ru="")
    for language, passes in (("ru", False), ("en", True)):
        data = article_form(administrator, language=language, picture=picture.pk, state="published", title=language)
        response = administrator.post(page("news_article_add"), data)
        assert (response.status_code == 302) == passes, language


def test_alternative_text_of_a_published_picture_cannot_be_removed(administrator: Client):
    picture = factories.PictureFactory()
    factories.ArticleFactory(body=figure(picture))
    factories.ArticleFactory(language="ru", state="draft", picture=picture)
    address = page("news_picture_change", picture.pk)
    data = filled_in(administrator, address)
    response = administrator.post(address, data | {"alt_en": ""})
    assert "Published news show this picture: give the alternative text (English)." in words(response)
    assert Picture.objects.get().alt_en
    assert administrator.post(address, data | {"alt_ru": ""}).status_code == 302
    data = filled_in(administrator, address)
    assert administrator.post(address, data | {"alt_en": "", "decorative": "on"}).status_code == 302


# Only our own


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<figure><img src="https://evil.example/x.jpg" alt="x"></figure>', ""),
        ('<figure><img src="/media/people/x.jpg" alt="x"></figure>', ""),
        ('<figure><img src="/media/pictures/../people/x.jpg" alt="x"></figure>', ""),
        ('<figure><img src="//media/pictures/x.jpg" alt="x"></figure>', ""),
        ('<figure><img src="/media/pictures/x.jpg?y" alt="x"></figure>', ""),
        ('<figure><img alt="x"></figure>', ""),
        (
            '<figure><img src="https://evil.example/x" alt=""><figcaption>Words <em>stay</em></figcaption></figure>',
            "Words <em>stay</em>",
        ),
        ('<p>a<img src="/media/pictures/x.jpg" alt="">b</p>', "<p>ab</p>"),
        ("<figure><p>No picture</p></figure>", "<p>No picture</p>"),
        (
            '<figure><figure><img src="/media/pictures/x.jpg" alt="">',
            '<figure><img src="/media/pictures/x.jpg" alt=""></figure>',
        ),
        (
            '<figure class="a" onclick="b"><img alt=\'a > "b"\' onerror="c" src="/media/pictures/x.jpg" srcset="y 2x">'
            '<figcaption class="c">Words</figcaption></figure>',
            '<figure><img src="/media/pictures/x.jpg" alt="a &gt; &quot;b&quot;">'
            "<figcaption>Words</figcaption></figure>",
        ),
    ],
)
def test_sanitise_keeps_uploaded_pictures_and_the_alternative_text_of_others(html: str, expected: str):
    once = sanitise(html)
    assert once.replace("&gt;", ">") == expected.replace("&gt;", ">")
    assert sanitise(once) == once


def test_pictures_of_a_body_are_found_with_their_alternative_text():
    html = sanitise('<figure><img src="/media/pictures/a-1_B.jpg" alt="a &gt; &quot;b&quot; &amp; c"></figure>')
    assert pictures(html) == [("/media/pictures/a-1_B.jpg", 'a > "b" & c')]


# Shown


@pytest.fixture
def illustrated() -> Article:
    """A published article with a lead picture, a picture in its body and an attachment."""
    article = factories.ArticleFactory(
        picture=factories.PictureFactory(file=ContentFile(factories.photo((1200, 800)), "x.jpg")),
        body=figure(factories.PictureFactory(), "A vote", "The vote in <em>Minsk</em>"),
        dateline="Minsk",
    )
    factories.AttachmentFactory(article=article, title="Заявление", language="ru")
    return article


def test_page_shows_pictures_with_size_alternative_text_and_credit(client: Client, illustrated: Article):
    text = client.get(illustrated.get_absolute_url()).text
    lead, inner = illustrated.picture, Picture.objects.exclude(pk=illustrated.picture_id).get()
    assert f'src="{lead.address}" alt="{lead.alt_en}" width="1200" height="800" fetchpriority="high"' in text
    assert f'src="{inner.address}" alt="A vote" width="600" height="400" loading="lazy"' in text
    assert 'The vote in <em>Minsk</em> · <span class="credit">Photo: Secretariat</span></figcaption>' in text
    assert text.count('type="image/avif"') == 2
    assert '<span class="dateline">Minsk</span>' in text
    assert f'<meta property="og:image" content="http://testserver{lead.address}">' in text


def test_page_links_attachments_with_language_and_size(client: Client, illustrated: Article):
    document = illustrated.attachments.get()
    text = client.get(illustrated.get_absolute_url()).text
    assert f'<a href="{document.file.url}" hreflang="ru" type="application/pdf">' in text
    assert document.size == len(factories.PDF)
    assert f"(PDF, {document.size}\xa0bytes" in text
    answer = client.get(document.file.url)
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer.streaming_content) == factories.PDF


def test_list_shows_the_card_with_empty_alternative_text(client: Client, illustrated: Article):
    text = client.get("/en/news/").text
    assert f'<img src="{illustrated.picture.cards[-1][1]}" alt="" width="480" height="320" loading="lazy"' in text


def test_feeds_json_ld_and_api_have_absolute_picture_urls(client: Client, illustrated: Article):
    lead, inner = illustrated.picture, Picture.objects.exclude(pk=illustrated.picture_id).get()
    entry = feedparser.parse(client.get("/en/news/feed.atom").content).entries[0]
    assert f'src="http://testserver{inner.address}"' in entry.content[0].value
    item = client.get("/en/news/feed.json").json()["items"][0]
    assert item["image"] == f"http://testserver{lead.address}"
    record = client.get(f"/api/v1/articles/{illustrated.uid}/").json()
    assert record["picture"] == {
        "url": f"http://testserver{lead.address}",
        "width": 1200,
        "height": 800,
        "alternative_text": lead.alt_en,
        "credit": "Photo: Secretariat",
    }
    assert record["dateline"] == "Minsk"
    assert record["attachments"][0]["language"] == "ru"
    assert f'<img src="http://testserver{inner.address}"' in record["body"]


@up_to(30)
def test_pictures_cost_no_additional_queries(client: Client, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for _ in range(rows):
            lead, *inner = (factories.PictureFactory(file=ContentFile(tiny, "photo.jpg")) for _ in range(3))
            article = factories.ArticleFactory(picture=lead, body="".join(map(figure, inner)))

        def ask(address: str) -> None:
            assert client.get(address).status_code == 200

        return {
            "news": cost(lambda: ask("/en/news/")),
            "Atom feed": cost(lambda: ask("/en/news/feed.atom")),
            "article": cost(lambda: ask(article.get_absolute_url())),
        }

    tiny = factories.photo((120, 80))
    assert_same_cost(measure, sizes)


# In the office


def test_picture_is_uploaded_cleaned_and_offered_by_the_editor(administrator: Client):
    data = filled_in(administrator, page("news_picture_add")) | {
        "file": SimpleUploadedFile("../../x.jpg", factories.photo(), "image/jpeg"),
        "alt_en": "A vote in the hall",
    }
    assert administrator.post(page("news_picture_add"), data).status_code == 302
    picture = Picture.objects.get()
    assert picture.file.name.startswith("pictures/")
    recent = administrator.get(page("news_picture_recent"), {"q": "VOTE"}).json()["pictures"]
    assert [(entry["address"], entry["alt"]) for entry in recent] == [
        (picture.address, {"en": "A vote in the hall", "ru": ""})
    ]
    assert administrator.get(page("news_picture_recent"), {"q": "nobody"}).json() == {"pictures": []}


def test_list_of_pictures_requires_permission(client: Client):
    client.force_login(factories.UserFactory())
    factories.PictureFactory()
    assert client.get(page("news_picture_recent")).status_code == 404


@pytest.mark.parametrize("content", [b"", b"MZ", b"<html>%PDF-%%EOF</html>", b"%PDF-1.4\n", b"GIF89a%%EOF"])
def test_invalid_attachment_is_a_form_error(administrator: Client, content: bytes):
    data = article_form(administrator) | {
        "attachments-TOTAL_FORMS": "1",
        "attachments-0-title": "Statement",
        "attachments-0-language": "en",
        "attachments-0-file": SimpleUploadedFile("x.pdf", content, "application/pdf"),
    }
    response = administrator.post(page("news_article_add"), data)
    assert response.status_code == 200
    assert ("This is not an undamaged PDF document." if content else "The submitted file is empty.") in words(response)
    assert not Attachment.objects.exists()


def test_attachment_has_an_unguessable_name():
    first, second = factories.AttachmentFactory(), factories.AttachmentFactory()
    assert first.file.name != second.file.name
    assert len(first.file.name) > len("attachments/statement-.pdf") + 12
    with pytest.raises(ValidationError):
        factories.AttachmentFactory(file=ContentFile(b"MZ", "x.pdf"))


# A translation beside its original


def test_translation_form_shows_the_original_and_has_its_picture(administrator: Client):
    article = factories.ArticleFactory(picture=factories.PictureFactory(), title="Original title")
    offered = f"{page('news_article_add')}?story={article.story_id}&language=ru"
    response = administrator.get(offered)
    assert '<div lang="en">' in response.text
    assert "Original title" in words(response)
    data = filled_in(administrator, offered)
    assert data["picture"] == str(article.picture_id)
    # The form has no title.
    refused = administrator.post(offered, data)
    assert "Original title" in words(refused)
    assert administrator.post(offered, data | {"title": "т", "summary": "т", "body": "<p>т</p>"}).status_code == 302
    there = page("news_article_change", Article.objects.get(language="ru").pk)
    assert "Original title" in words(administrator.get(there))
    assert "Original:" not in words(administrator.get(page("news_article_change", article.pk)))


def test_outdated_translation_is_declared_up_to_date(administrator: Client):
    article = factories.ArticleFactory()
    translation = factories.ArticleFactory(story=article.story, language="ru")
    address = page("news_article_change", translation.pk)
    assert "up_to_date" not in filled_in(administrator, address)
    assert 'name="up_to_date"' not in administrator.get(address).text
    article.summary = "Another summary."
    article.save()
    assert Article.objects.with_translation().get(pk=translation.pk).translation == "older"
    assert 'name="up_to_date"' in administrator.get(address).text
    assert administrator.post(address, filled_in(administrator, address)).status_code == 302
    assert Article.objects.with_translation().get(pk=translation.pk).translation == "older"
    data = filled_in(administrator, address) | {"up_to_date": "on"}
    assert administrator.post(address, data).status_code == 302
    assert Article.objects.with_translation().get(pk=translation.pk).translation == "equal"


def test_large_upload_is_resized_and_encoded_as_jpeg():
    png = io.BytesIO()
    Image.new("RGBA", (3000, 1500)).save(png, "PNG")
    picture = factories.PictureFactory(file=ContentFile(png.getvalue(), "x.png"))
    assert stored(picture.address).format == "JPEG"
    assert (picture.width, picture.height) == (1600, 800)
