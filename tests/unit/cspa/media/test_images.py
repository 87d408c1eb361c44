"""Uploaded photos: validated, reduced in size and without metadata."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image, ImageChops

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


def test_large_photo_is_reduced_without_a_seam():
    shade = Image.linear_gradient("L").resize((2000, 5000)).convert("RGB")
    data = io.BytesIO()
    shade.save(data, "PNG")
    cleaned = Image.open(clean_photo(upload(data.getvalue())))
    assert cleaned.size == (640, MAX_SIDE)
    expected = shade.resize(cleaned.size)
    # The JPEG differs by its compression.
    assert max(high for _low, high in ImageChops.difference(cleaned, expected).getextrema()) < 12


@pytest.mark.parametrize("size", [(400, 300), (4000, 3000)])
def test_photo_is_turned_as_its_camera_was_held(size):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo = Image.new("RGB", size)
    photo.paste("white", (0, 0, size[0], size[1] // 2))
    data = io.BytesIO()
    photo.save(data, "JPEG", exif=exif)
    turned = Image.open(clean_photo(upload(data.getvalue())))
    assert turned.width < turned.height
    middle = turned.height // 2
    assert (turned.getpixel((turned.width - 5, middle))[0], turned.getpixel((5, middle))[0]) == (255, 0)


LARGEST = {
    "jpeg": ("JPEG", (8000, 5000), "RGB", {}),
    "CMYK": ("JPEG", (8000, 5000), "CMYK", {}),
    "progressive": ("JPEG", (5000, 4000), "CMYK", {"progressive": True}),
    "transparent": ("PNG", (8000, 5000), "RGBA", {}),
    "square": ("PNG", (6300, 6300), "RGB", {}),
    "webp": ("WEBP", (4000, 3000), "RGBA", {}),
}

# The peak that getrusage() gives would be that of this process where it is higher: a child takes it over.
PEAK = """
import re, sys
import django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from cspa.media.images import clean_photo
clean_photo(SimpleUploadedFile("photo", open(sys.argv[1], "rb").read()))
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
@pytest.mark.parametrize("kind", LARGEST)
def test_largest_photo_takes_less_than_300_megabytes(kind: str, tmp_path: Path):
    format, size, mode, options = LARGEST[kind]
    (tmp_path / "photo").write_bytes(picture(format, size, mode, **options))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "photo")],
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) < 300


@pytest.mark.parametrize(
    ("format", "size", "options", "limit"),
    [
        ("JPEG", (8000, 5001), {}, 40),
        ("JPEG", (5000, 4001), {"progressive": True}, 20),
        ("PNG", (8000, 5001), {}, 40),
        ("WEBP", (4000, 3001), {}, 12),
    ],
)
@pytest.mark.long
def test_photo_of_too_many_pixels_is_refused_with_the_limit(format, size, options, limit):
    with pytest.raises(ValidationError, match=f"more than {limit} million pixels"):
        clean_photo(upload(picture(format, size, "L" if format != "WEBP" else "RGB", **options)))


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
