"""Uploaded pictures: only what they seem, no larger than needed, without what the camera wrote into them."""

import io
import secrets
import warnings
from pathlib import PurePosixPath
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 1600  # pixels; larger photographs are scaled down

# Smaller ones beside it, the best format first. An AVIF at the library's own speed takes five times as long.
RENDITIONS = {"avif": {"quality": 55, "speed": 9}, "webp": {"quality": 78}}
WIDTHS = (480, 960)
CARD = (480, 320)  # pixels, of the part that lists show


def clean_photo(upload: "File[bytes]") -> "ContentFile[bytes]":
    """``upload`` as a fresh JPEG of at most MAX_SIDE pixels a side, without metadata.

    Raises ValidationError for another format, a damaged file, or more than MAX_BYTES or MAX_PIXELS.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(_("The photo is larger than 10 MB."), code="too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            upload.seek(0)
            image = Image.open(upload, formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:  # known before a pixel is decoded
                raise ValidationError(_("The photo has more than 40 million pixels."), code="too_many_pixels")
            image.load()
    except ValidationError:
        raise
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        raise ValidationError(_("This is not an undamaged JPEG, PNG or WebP photo."), code="invalid_image") from error
    if min(image.size) < 32 or max(image.size) > 20 * min(image.size):
        raise ValidationError(_("The photo is too small or too narrow."), code="bad_shape")
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    data = io.BytesIO()
    upright.save(data, "JPEG", quality=85, optimize=True, progressive=True)
    return ContentFile(data.getvalue(), name=f"{secrets.token_hex(8)}.jpg")


class PhotoField(models.ImageField):
    """An image field that stores what clean_photo() makes of an upload."""

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
    """The widths in pixels in which a picture ``width`` pixels wide is there."""
    return [*(less for less in WIDTHS if less < width), width]


def rendition_name(name: str, width: int, ending: str) -> str:
    """The name of the file beside ``name`` that is ``width`` pixels wide."""
    return str(PurePosixPath(name).with_suffix(f".{width}.{ending}"))


def card_name(name: str, focus: tuple[int, int], ending: str) -> str:
    """The name of the file beside ``name`` that holds the part around ``focus`` (per cent from the left, the top)."""
    return str(PurePosixPath(name).with_suffix(f".card-{focus[0]}-{focus[1]}.{ending}"))


def rendition_names(name: str, width: int, focus: tuple[int, int]) -> list[str]:
    """All that ``make_renditions`` stores beside the picture ``name``, which is ``width`` pixels wide."""
    whole = [rendition_name(name, each, ending) for each in widths(width) for ending in RENDITIONS]
    return [*whole, *(card_name(name, focus, ending) for ending in RENDITIONS)]


def make_renditions(photo: FieldFile, focus: tuple[int, int]) -> None:
    """Store ``photo`` in each of ``widths()`` and its part around ``focus``, where they are not there yet."""
    stored = cast("str", photo.name)  # a photo without a name has no renditions
    with photo.storage.open(stored) as file:
        image = Image.open(file)
        for ending, options in RENDITIONS.items():
            wanted = {rendition_name(stored, width, ending): width for width in widths(image.width)}
            for name, width in wanted.items():
                if not photo.storage.exists(name):
                    _store(photo, name, image.resize((width, round(image.height * width / image.width))), options)
            name = card_name(stored, focus, ending)
            if not photo.storage.exists(name):
                _store(photo, name, ImageOps.fit(image, CARD, centering=(focus[0] / 100, focus[1] / 100)), options)


def _store(photo: FieldFile, name: str, image: Image.Image, options: dict[str, int]) -> None:
    data = io.BytesIO()
    image.save(data, PurePosixPath(name).suffix.removeprefix("."), **options)
    photo.storage.save(name, ContentFile(data.getvalue()))
