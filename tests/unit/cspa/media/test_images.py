"""Uploaded photos: validated, reduced in size and without metadata."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cspa.media.images import MAX_SIDE, clean_photo

from ....support import factories


def picture(format="JPEG", size=(400, 300), mode="RGB", **options):
    data = io.BytesIO()
    Image.new(mode, size).save(data, format, **options)
    return data.getvalue()


def upload(content, name="photo.jpg"):
    return SimpleUploadedFile(name, content)


def bomb():
    """A PNG of 169 megapixels in a few kilobytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 13_000, 13_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (1 + 13_000 // 8) * 13_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("format", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("JPEG", "CMYK"), ("PNG", "P")]
)
def test_photo_is_encoded_again_as_jpeg(format, mode):
    cleaned = Image.open(clean_photo(upload(picture(format, mode=mode))))
    assert (cleaned.format, cleaned.mode, cleaned.size) == ("JPEG", "RGB", (400, 300))


def test_exif_data_is_removed():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (55.0, 45.0, 0.0)}
    exif[0x010F] = "Camera"
    before = picture(exif=exif)
    assert b"Camera" in before
    after = clean_photo(upload(before)).read()
    assert b"Camera" not in after
    assert not Image.open(io.BytesIO(after)).getexif()


def test_large_photo_is_scaled_down():
    assert max(Image.open(clean_photo(upload(picture(size=(4000, 3000))))).size) == MAX_SIDE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        picture()[:600],
        picture("GIF", mode="P"),
        picture("BMP"),
        picture("TIFF"),
        picture("PNG", size=(1, 20_000)),
        bomb(),
    ],
    ids=["empty", "text", "svg", "truncated", "gif", "bmp", "tiff", "narrow", "bomb"],
)
def test_file_that_is_no_photo_is_refused_with_a_message(content):
    with pytest.raises(ValidationError) as refused:
        clean_photo(upload(content))
    assert refused.value.messages[0].endswith(".")


@pytest.mark.django_db
def test_stored_file_has_no_part_of_the_uploaded_name():
    person = factories.PersonFactory(photo=upload(picture(), "../../evil name.php.jpg"))
    assert person.photo.name.startswith("people/")
    assert "evil" not in person.photo.name
    assert person.photo.name.endswith(".jpg")


@pytest.mark.django_db
def test_invalid_photo_is_a_validation_error_of_the_field():
    person = factories.PersonFactory.build(photo=upload(b"nonsense"), public_id=1)
    with pytest.raises(ValidationError) as refused:
        person.full_clean()
    assert "photo" in refused.value.error_dict
