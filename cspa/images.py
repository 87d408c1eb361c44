"""Uploaded photographs: only what they seem, no larger than needed, without what the camera wrote into them."""

import io
import secrets
import warnings

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 1600  # pixels; larger photographs are scaled down


def clean_photo(upload: UploadedFile) -> ContentFile:
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
    image = ImageOps.exif_transpose(image).convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85, optimize=True, progressive=True)
    return ContentFile(data.getvalue(), name=f"{secrets.token_hex(8)}.jpg")


class PhotoField(models.ImageField):
    """An image field that stores what clean_photo() makes of an upload."""

    def clean(self, value, model_instance):
        if value and not value._committed:
            clean_photo(value.file)
        return super().clean(value, model_instance)

    def pre_save(self, model_instance, add):
        photo = getattr(model_instance, self.attname)
        if photo and not photo._committed:
            cleaned = clean_photo(photo.file)
            photo.save(cleaned.name, cleaned, save=False)
        return super().pre_save(model_instance, add)
