"""Pictures and documents of an export come along; what is missing is listed, and its article is a draft."""

import time
from pathlib import Path

import pytest
from django.test import Client

from cspa.richtext import pictures
from news.archives.markup import Markup, changed
from news.jsonl.losses import lost_elements
from news.models import Article, Attachment, Picture

from ....support import factories
from ....support.jsonl import imported, stored
from .test_import_archive import PAGE, post, run, saved, wxr

pytestmark = pytest.mark.django_db

UPLOADS = "https://old.example/wp-content/uploads/2015/03/"
META = "<wp:postmeta><wp:meta_key>{}</wp:meta_key><wp:meta_value><![CDATA[{}]]></wp:meta_value></wp:postmeta></item>"


def attachment(number: int, name: str, alt: str = "") -> str:
    item = post(number, title=name, body="", kind="attachment", status="inherit")
    words = META.format("_wp_attachment_image_alt", alt) if alt else "</item>"
    return item.replace("</item>", f"<wp:attachment_url>{UPLOADS}{name}</wp:attachment_url>{words}")


def with_lead(item: str, number: int) -> str:
    return item.replace("</item>", META.format("_thumbnail_id", number))


@pytest.fixture
def uploads(media: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "wp-content" / "uploads" / "2015" / "03"
    folder.mkdir(parents=True)
    (folder / "зал.jpg").write_bytes(factories.photo((64, 48)))
    (folder / "vote.png").write_bytes(factories.photo((48, 64)))
    (folder / "vote-48x48.png").write_bytes(factories.photo((48, 48)))
    (folder / "Заявление.pdf").write_bytes(factories.PDF)
    (folder / "talk.docx").write_bytes(b"PK")
    (folder / "broken.jpg").write_bytes(b"GIF89a")
    return folder


def brought(tmp_path: Path, *items: str, folder: str = "", options: tuple[str, ...] = ()) -> dict:
    return run(wxr(tmp_path, *items), "--media", str(tmp_path / folder), *options)


@pytest.mark.parametrize("folder", ["", "wp-content", "wp-content/uploads"])
def test_pictures_come_along_with_their_alternative_text(uploads: Path, tmp_path: Path, folder: str):
    words = "Вид\n<em>зала</em>"
    body = (
        f"Первый <em><a href='{UPLOADS}vote.png'><img src='{UPLOADS}vote-48x48.png' alt='Голосуют' /></a></em> и ещё."
        "\n\n[caption id='a' width='9']"
        f"<a href='x'><img src='{UPLOADS}%D0%B7%D0%B0%D0%BB.jpg' alt=''></a> {words}[/caption]"
    )
    report = brought(tmp_path, with_lead(post(body=body), 9), attachment(9, "зал.jpg", "Зал"), folder=folder)
    assert (report["saved"], report["warnings"], report["not_kept"]) == (True, [], {})
    article = Article.objects.get()
    vote, hall = (address for address, _alt in pictures(article.body))
    assert article.body == (
        f'<p>Первый </p><figure><img src="{vote}" alt="Голосуют"></figure><p> и ещё.</p>\n\n'
        f'<figure><img src="{hall}" alt="Зал"><figcaption>Вид<br>\n<em>зала</em></figcaption></figure>'
    )
    assert (article.state, article.picture.alt_ru, article.picture.address) == ("published", "Зал", hall)
    # The whole picture, of which the text shows a smaller copy.
    assert {(row.width, row.height) for row in Picture.objects.all()} == {(64, 48), (48, 64)}
    again = brought(tmp_path, with_lead(post(body=body), 9), attachment(9, "зал.jpg", "Зал"), folder=folder)
    assert (again["unchanged"]["articles"], again["added"]["pictures"], again["warnings"]) == (1, 0, [])


def test_document_becomes_an_attachment(client: Client, uploads: Path, tmp_path: Path):
    body = "<p>См. <a href='/wp-content/uploads/2015/03/Заявление.pdf'>текст <em>заявления</em></a>.</p>"
    assert brought(tmp_path, post(body=body))["warnings"] == []
    article, attached = Article.objects.get(), Attachment.objects.get()
    assert (attached.article, attached.title, attached.language) == (article, "текст заявления", "ru")
    assert f'<a href="{attached.file.url}">текст <em>заявления</em></a>' in article.body
    assert attached.title in client.get(article.get_absolute_url()).content.decode()
    assert brought(tmp_path, post(body=body))["unchanged"]["articles"] == 1


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (f"<img src='{UPLOADS}other.jpg' alt='A'>", "img: This file is not in the folder of the media: {}other.jpg"),
        (f"<img src='{UPLOADS}../../../../secret.jpg' alt='A'>", "img: This file is not in the folder of the media"),
        ("<img src='https://other.example/wp-content/uploads/2015/03/vote.png' alt='A'>", "img: This file is not in"),
        (f"<img src='{UPLOADS}broken.jpg' alt='A'>", "img: This is not an undamaged JPEG, PNG or WebP photo. {}"),
        (f"<img src='{UPLOADS}vote.png' alt=' '>", "img: The picture has no alternative text: {}vote.png"),
        (f"<img src='{UPLOADS}vote.png' alt='A'><!--", ""),
        (f"<h2><img src='{UPLOADS}vote.png' alt='A'></h2>", ""),
        (f"<figure>A<img src='{UPLOADS}vote.png' alt='A'>B</figure>", "img: The picture stands where a text can show"),
        (f"<a href='{UPLOADS}none.pdf'>A</a>", "a: This file is not in the folder of the media: {}none.pdf"),
        (f"<a href='{UPLOADS}talk.docx'>A</a>", "a: This is not an undamaged PDF document. {}talk.docx"),
        ("<a href='https://other.example/none.pdf'>A</a>", ""),
    ],
)
def test_what_is_missing_is_listed_and_the_article_is_a_draft(uploads: Path, tmp_path: Path, element: str, words: str):
    (tmp_path / "secret.jpg").write_bytes(factories.photo())
    file = wxr(tmp_path, post(body=f"Т\n\n{element}"))
    line = next(number for number, text in enumerate(file.read_text().split("\n"), 1) if element in text)
    report = run(file, "--media", str(tmp_path / "wp-content"))
    assert report["saved"]
    assert Article.objects.get().state == ("draft" if words else "published")
    notes = [(note["pointer"], note["message"]) for note in report["warnings"] if "loses" not in note["message"]]
    assert [place for place, _message in notes] == [f"old.xml:{line}"] * bool(words)
    assert all(message.startswith(words.format(UPLOADS)) for _place, message in notes)


def test_lead_picture_without_a_file_or_words_is_listed(uploads: Path, tmp_path: Path):
    items = [with_lead(post(number), 100 + number) for number in (1, 2, 3)]
    report = brought(tmp_path, *items, attachment(101, "vote.png"), attachment(102, "none.png", "A"))
    assert [note["message"].split(":")[:2] for note in report["warnings"]] == [
        ["lead picture", " The lead picture has no alternative text"],
        ["lead picture", " This file is not in the folder of the media"],
        ["lead picture", " The lead picture is not in the media library of the file"],
    ]
    assert report["not_kept"] == {"lead picture": 2}
    assert set(Article.objects.values_list("state", flat=True)) == {"draft"}


def test_strict_refuses_a_missing_file(uploads: Path, tmp_path: Path, media: Path):
    items = post(6, body=f"<img src='{UPLOADS}vote.png' alt='A'>"), post(7, body=f"<a href='{UPLOADS}none.pdf'>A</a>")
    report = brought(tmp_path, *items, options=("--strict",))
    assert not report["saved"]
    assert [note["message"][:40] for note in report["conflicts"]] == ["a: This file is not in the folder of the"]
    assert not Article.objects.exists()
    assert stored(media) == set()


def test_lines_are_written_with_their_files(uploads: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    body = f"<img src='{UPLOADS}vote.png' alt='A'><a href='{UPLOADS}Заявление.pdf'>A</a>"
    brought(tmp_path, post(body=body), options=("--output", str(tmp_path / "out" / "old.jsonl")))
    assert not Article.objects.exists()
    assert len(stored(tmp_path / "out")) == 3
    assert imported(tmp_path / "out" / "old.jsonl")["added"]["attachments"] == 1


def test_picture_leaves_the_elements_around_it_and_lines_stay():
    text = "<div>\n<p>A <em><a href='x'>\n<img\n src='a'></a></em> B</p><img src='b'></div>"
    markup = Markup(text)
    edits = [markup.shown(image, f"/{number}", "") for number, image in enumerate(markup.images)]
    found = changed(text, edits)
    assert "".join(found.split("\n")) == (
        '<div><p>A </p><figure><img src="/0" alt=""></figure><p> B</p><figure><img src="/1" alt=""></figure></div>'
    )
    assert found.count("\n") == text.count("\n")


def test_saved_pages_bring_the_files_beside_them(media: Path, tmp_path: Path):
    page = PAGE.replace("<p>First.</p>", "<p>First.<img src='visit_files/a%20b.jpg' alt='A'></p>")
    arguments = saved(tmp_path, visit=page)
    (arguments[0] / "visit_files").mkdir()
    (arguments[0] / "visit_files" / "a b.jpg").write_bytes(factories.photo((64, 48)))
    assert run(*arguments, "--media", str(arguments[0]))["added"]["pictures"] == 1
    assert pictures(Article.objects.get().body) == [(Picture.objects.get().address, "A")]


@pytest.mark.parametrize("damaged", ["<img " * 38_000, "<b>" * 150 + "<img>" * 9_000, "[caption" * 20_000])
def test_damaged_text_is_read_in_bounded_time(damaged: str):
    began = time.process_time()
    markup = Markup(damaged)
    changed(damaged, [markup.shown(image, "/1", "") for image in markup.images])
    lost_elements(damaged)
    assert time.process_time() - began < 15
