"""The page of the admin that imports an archive of another site."""

import io
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from cspa.auth.groups import PUBLISHERS
from cspa.models import ChangeSet
from news.admin import archive_import
from news.models import Article

from ..support import factories
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

PAGE = "/admin/news/article/archive/"
FEED = (
    b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Visit</title><link href="https://old.example/7"/>'
    b'<published>2015-03-27T10:00:00Z</published>\n<content type="html">&lt;p&gt;A&lt;/p&gt;&lt;table&gt;&lt;tr&gt;'
    b"&lt;td&gt;&amp;lt;i&gt;1</content></entry></feed>"
)
LINE = {"title": "Visit", "date": "2015-03-27", "language": "en", "body": "<p>A</p>"}


@pytest.fixture
def publisher(client: Client, tmp_path: Path, monkeypatch, settings) -> Client:
    settings.ALLOW_SELF_PUBLISHING = True
    monkeypatch.setattr(archive_import, "FOLDER", tmp_path / "imports")
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=PUBLISHERS))
    client.force_login(user)
    return client


def upload(client: Client, data: bytes = FEED, name: str = "old.atom", **options):
    file = io.BytesIO(data)
    file.name = name
    return client.post(PAGE, {"file": file, "language": "en", **options})


@pytest.mark.parametrize(("data", "name"), [(FEED, "old.atom"), (json.dumps(LINE).encode(), "old.jsonl")])
def test_page_shows_what_an_archive_brings_and_saves_it_after_confirmation(publisher, tmp_path, data, name):
    answer = upload(publisher, data, name)
    assert "2015-03-27 Visit" in answer.text
    if name == "old.atom":
        assert "old.atom:2" in answer.text
        assert "table (1)" in answer.text
    assert not Article.objects.exists()
    done = publisher.post(PAGE, {"note": answer.context["note"], "change_reason": "The move"}, follow=True)
    assert "The archive was imported." in done.text
    assert Article.objects.get().state == "published"
    entry = ChangeSet.objects.get()
    assert (entry.kind, entry.details, entry.reason) == ("import", name, "The move")
    assert not list((tmp_path / "imports").iterdir())
    assert "upload the file again" in publisher.post(PAGE, {"note": answer.context["note"]}, follow=True).text
    assert "The file changes nothing." in upload(publisher, data, name).text
    assert not list((tmp_path / "imports").iterdir())


@pytest.mark.parametrize(("data", "name"), [(FEED, "old.atom"), (json.dumps(LINE).encode(), "old.jsonl")])
def test_nobody_publishes_alone_by_an_archive(publisher, settings, data, name):
    settings.ALLOW_SELF_PUBLISHING = False
    publisher.post(PAGE, {"note": upload(publisher, data, name, draft="").context["note"]})
    article = Article.objects.get()
    assert article.state == "draft"
    Article.objects.update(state="published")
    assert "The file changes nothing." in upload(publisher, data, name, update="on").text


def test_record_that_changed_meanwhile_is_not_overwritten(publisher):
    answer = upload(publisher)
    other = upload(publisher, FEED.replace(b"Visit", b"Other"))
    publisher.post(PAGE, {"note": other.context["note"]})
    done = publisher.post(PAGE, {"note": answer.context["note"]}, follow=True)
    assert "The record changed since the report was shown" in done.text
    assert Article.objects.get().title == "Other"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"x", "old.xml", "This is no sound XML file: line 1"),
        (b"x", "old.txt", "File extension"),
        (b"", "old.xml", "empty"),
        (b"{", "old.jsonl", "This is not JSON"),
        (FEED.replace(b"Visit", b""), "old.atom", "Nothing can be imported while there are conflicts"),
        (FEED, "x" * 120 + ".atom", "at most 100 characters"),
        (
            json.dumps(
                LINE | {"picture": {"id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "path": "pictures/a.jpg"}}
            ).encode(),
            "old.jsonl",
            "This file is not in the folder",
        ),
    ],
)
def test_page_shows_errors_of_the_file(publisher, tmp_path, data, name, words):
    answer = upload(publisher, data, name)
    assert (answer.status_code, "note" in answer.context) == (200, False)
    assert words in answer.text
    assert not (tmp_path / "imports").exists() or not list((tmp_path / "imports").iterdir())


@pytest.mark.parametrize("note", ["", "x", "../../etc/passwd"])
def test_forged_token_saves_nothing(publisher, note):
    assert "upload the file again" in publisher.post(PAGE, {"note": note}, follow=True).text


def test_token_of_a_colleague_saves_nothing(publisher):
    note = upload(publisher).context["note"]
    user = factories.UserFactory()
    user.groups.add(Group.objects.get(name=PUBLISHERS))
    publisher.force_login(user)
    assert "upload the file again" in publisher.post(PAGE, {"note": note}, follow=True).text
    assert not Article.objects.exists()


def test_page_is_in_the_language_of_the_user(publisher):
    publisher.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    page = parsed(upload(publisher))
    main = page.xpath("string(//main)") + page.xpath("string(//ol[@class='breadcrumbs'])")
    assert "Загрузить архив" in main
    assert set(re.findall("[A-Za-z]{2,}", main)) <= {"Visit", "table", "tr", "td", "old", "atom", "Atom", "RSS"}
