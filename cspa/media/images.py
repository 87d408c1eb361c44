"""Uploaded pictures: validated, re-encoded without metadata, scaled down, and stored in several renditions."""

import io
import math
import secrets
import warnings
from pathlib import PurePosixPath
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
# By the format: what a decoder holds at the same time for a pixel differs. All stay below 300 MB.
MAX_PIXELS = {"JPEG": 40_000_000, "PNG": 40_000_000, "WEBP": 12_000_000}
# A progressive JPEG is held as a whole before the first pixel is known.
MAX_PROGRESSIVE_PIXELS = 20_000_000
# Rows of pixels that are scaled down at the same time.
BAND = 256
# Pixels. Larger photos are scaled down.
MAX_SIDE = 1600

# Formats of the renditions, best first. With the library's default speed an AVIF takes five times as long.
RENDITIONS = {"avif": {"quality": 55, "speed": 9}, "webp": {"quality": 78}}
WIDTHS = (480, 960)
# Width and height in pixels of the crop that lists show.
CARD = (480, 320)


def clean_photo(upload: "File[bytes]") -> "ContentFile[bytes]":
    """``upload`` re-encoded as a JPEG of at most MAX_SIDE pixels a side, without metadata.

    Raise ValidationError for another format, a damaged file, or more than MAX_BYTES or MAX_PIXELS.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(_("The photo is larger than 10 MB."), code="too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            upload.seek(0)
            image = Image.open(upload, formats=FORMATS)
            # Pillow knows the size from the header, before it decodes pixels.
            most = MAX_PROGRESSIVE_PIXELS if image.info.get("progressive") else MAX_PIXELS[cast("str", image.format)]
            if image.width * image.height > most:
                raise ValidationError(
                    _(
                        "The photo has more than %(limit)d million pixels. A JPEG that is not progressive, or a PNG, "
                        "may have 40 million."
                    ),
                    code="too_many_pixels",
                    params={"limit": most // 10**6},
                )
            # A JPEG is decoded at an eighth, a quarter or half of its size where that is large enough.
            image.draft(None, (MAX_SIDE, MAX_SIDE))
            image.load()
    except ValidationError:
        raise
    # Pillow raises errors of many types for damaged files.
    except Exception as error:
        raise ValidationError(_("This is not an undamaged JPEG, PNG or WebP photo."), code="invalid_image") from error
    if min(image.size) < 32 or max(image.size) > 20 * min(image.size):
        raise ValidationError(_("The photo is too small or too narrow."), code="bad_shape")
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    reduced = _reduced(image)
    # Frees the pixels of the whole photo before those of the small one are copied.
    image.close()
    if orientation:
        reduced.getexif()[ExifTags.Base.Orientation] = orientation
    upright = ImageOps.exif_transpose(reduced)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    data = io.BytesIO()
    upright.save(data, "JPEG", quality=85, optimize=True, progressive=True)
    return ContentFile(data.getvalue(), name=f"{secrets.token_hex(8)}.jpg")


def _reduced(image: Image.Image) -> Image.Image:
    """``image`` in RGB, divided by a whole number so that its longer side keeps MAX_SIDE if it has as much.

    The rows are converted in bands, because a conversion of the whole would double the memory.
    """
    factor = max(1, max(image.size) // MAX_SIDE)
    width, height = image.size
    rows = max(1, BAND // factor) * factor
    reduced = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)))
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height))).convert("RGB")
        reduced.paste(band.reduce(factor), (0, top // factor))
    return reduced


class PhotoField(models.ImageField):
    """Image field that stores uploads re-encoded by clean_photo()."""

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        if value and not value._committed:
            clean_photo(value.file)
        return super().clean(value, model_instance)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        photo = getattr(model_instance, self.attname)
        if photo and not photo._committed:
            cleaned = clean_photo(photo.file)
            photo.save(cleaned.name, cleaned, save=False)
        return super().pre_save(model_instance, add)


def widths(width: int) -> list[int]:
    """Widths in pixels of the renditions of a picture that is ``width`` pixels wide."""
    return [*(less for less in WIDTHS if less < width), width]


def rendition_name(name: str, width: int, ending: str) -> str:
    return str(PurePosixPath(name).with_suffix(f".{width}.{ending}"))


def card_name(name: str, focus: tuple[int, int], ending: str) -> str:
    """File name of the crop of ``name`` around ``focus`` (per cent from the left and from the top)."""
    return str(PurePosixPath(name).with_suffix(f".card-{focus[0]}-{focus[1]}.{ending}"))


def rendition_names(name: str, width: int, focus: tuple[int, int]) -> list[str]:
    """File names of all renditions of the picture ``name``, which is ``width`` pixels wide."""
    scaled = [rendition_name(name, each, ending) for each in widths(width) for ending in RENDITIONS]
    return [*scaled, *(card_name(name, focus, ending) for ending in RENDITIONS)]


def make_renditions(photo: FieldFile, focus: tuple[int, int]) -> None:
    """Store the missing renditions of ``photo``: one for each of ``widths()``, and the crop around ``focus``."""
    # The type of `name` includes None, for a field without a file.
    stored = cast("str", photo.name)
    with photo.storage.open(stored) as file:
        image = Image.open(file)
        for ending, options in RENDITIONS.items():
            by_name = {rendition_name(stored, width, ending): width for width in widths(image.width)}
            for name, width in by_name.items():
                if not photo.storage.exists(name):
                    _store(photo, name, image.resize((width, round(image.height * width / image.width))), options)
            name = card_name(stored, focus, ending)
            if not photo.storage.exists(name):
                _store(photo, name, ImageOps.fit(image, CARD, centering=(focus[0] / 100, focus[1] / 100)), options)


def _store(photo: FieldFile, name: str, image: Image.Image, options: dict[str, int]) -> None:
    data = io.BytesIO()
    image.save(data, PurePosixPath(name).suffix.removeprefix("."), **options)
    photo.storage.save(name, ContentFile(data.getvalue()))
