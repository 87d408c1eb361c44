"""Storage of uploads in memory and in an S3 bucket, with the same URLs."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings as configured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from cspa.backup import make, restore, uploads
from cspa.env import env_storage
from cspa.media.images import rendition_names
from delegations.models import Person
from news.models import Attachment, Picture

from ....support import factories

pytestmark = pytest.mark.long

ADDRESS = "s3://key:se%2Fcret@files.example.org/uploads?region=eu"


@pytest.fixture
def bucket(settings, monkeypatch) -> Iterator[None]:
    """A bucket on a host other than Amazon's."""
    moto = pytest.importorskip("moto")
    import boto3

    monkeypatch.setenv("MOTO_S3_CUSTOM_ENDPOINTS", "https://files.example.org")
    monkeypatch.setenv("MEDIA_BUCKET_URL", ADDRESS)
    with moto.mock_aws():
        where = {"endpoint_url": "https://files.example.org", "region_name": "eu"}
        boto3.client("s3", **where).create_bucket(
            Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu"}
        )
        settings.STORAGES = {**configured.STORAGES, "default": env_storage("MEDIA_BUCKET_URL")}
        yield


@pytest.fixture(params=["memory", "bucket"])
def store(request, settings) -> None:
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    else:
        memory = "django.core.files.storage.InMemoryStorage"
        settings.STORAGES = {**configured.STORAGES, "default": {"BACKEND": memory}}


@pytest.fixture
def picture(store) -> Picture:
    return factories.PictureFactory(file=ContentFile(factories.photo((1200, 800)), "x.jpg"))


def content(name: str) -> bytes:
    with default_storage.open(name) as file:
        return file.read()


@pytest.mark.django_db
def test_picture_and_renditions_in_a_bucket_are_served_by_the_site(picture: Picture, client: Client):
    names = [picture.file.name, *rendition_names(picture.file.name, 1200, (picture.focus_x, picture.focus_y))]
    assert sorted(uploads.names()) == sorted(names)
    assert picture.file.url == f"/media/{picture.file.name}"
    for name in names:
        answer = client.get(default_storage.url(name))
        assert b"".join(answer) == content(name)
        assert answer["Content-Length"] == str(len(content(name)))
        assert answer["Content-Type"] == f"image/{name.rpartition('.')[2].replace('jpg', 'jpeg')}"
        assert answer["Cache-Control"] == "public, max-age=3600"
        assert client.get(f"/media/{name}", headers={"If-Modified-Since": answer["Last-Modified"]}).status_code == 304


@pytest.mark.parametrize("name", ["people/gone.jpg", "people", "../x", "%00", "a" * 2000, "people//x.jpg/"])
def test_missing_file_answers_404(store, client: Client, name: str):
    assert client.get(f"/media/{name}").status_code == 404


@pytest.mark.django_db
def test_file_saved_under_an_existing_name_gets_another_name(store):
    one, two = (default_storage.save("people/x.jpg", ContentFile(text)) for text in (b"one", b"two"))
    assert one == "people/x.jpg" != two
    assert (content(one), content(two)) == (b"one", b"two")


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_backup_and_restore_include_the_files_of_the_bucket(store, tmp_path):
    def start_anew(*kept: str) -> None:
        call_command("flush", interactive=False, verbosity=0)
        for name in {*uploads.names()} - {*kept}:
            default_storage.delete(name)

    start_anew()
    photo = ContentFile(factories.photo(), "photo.jpg")
    factories.PersonFactory(photo=photo)
    factories.PictureFactory()
    factories.AttachmentFactory()
    before = {name: content(name) for name in uploads.names()}
    assert make(tmp_path / "backup").files == len(before) > 3
    start_anew()
    assert uploads.names() == []
    restore(tmp_path / "backup")
    assert {name: content(name) for name in uploads.names()} == before
    start_anew(photo := Person.objects.get().photo.name)
    # One file already exists.
    restore(tmp_path / "backup")
    assert {name: content(name) for name in uploads.names()} == before
    assert Attachment.objects.get().file.name in before
    start_anew()
    default_storage.save(photo, ContentFile(b"another"))
    with pytest.raises(CommandError, match="Other files have these names: people/"):
        call_command("restore", tmp_path / "backup")
    start_anew()


@pytest.mark.django_db
def test_bucket_down_answers_503_and_returns_the_text_of_a_form(settings, monkeypatch):
    monkeypatch.setenv("MEDIA_BUCKET_URL", "s3://key:secret@127.0.0.1:1/uploads")
    settings.STORAGES = {**configured.STORAGES, "default": env_storage("MEDIA_BUCKET_URL")}
    client = Client(raise_request_exception=False)
    answer = client.get("/media/people/x.jpg")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    client.force_login(factories.UserFactory(is_superuser=True))
    photo = ContentFile(factories.photo(), "photo.jpg")
    typed = {"alt_en": "Delegates at a table", "alt_ru": "За столом", "file": photo, "focus_x": 50, "focus_y": 50}
    answer = client.post(reverse("admin:news_picture_add"), typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 503
    assert "Delegates at a table" in answer.text
    with pytest.raises(ConnectionError):
        default_storage.listdir("")


def test_s3_client_is_not_imported_without_a_bucket():
    """The client is large."""
    program = "import sys, django; django.setup(); import cspa.urls; sys.exit('boto3' in sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "cspa.settings", "SECRET_KEY": "x"}
    assert subprocess.run([sys.executable, "-c", program], cwd=configured.BASE_DIR, env=environment).returncode == 0
