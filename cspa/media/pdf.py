"""Uploaded PDF documents, stored under names that cannot be guessed."""

import secrets
from os import PathLike
from pathlib import PurePath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models
from django.utils.translation import gettext_lazy as _
from slugify import slugify

MAX_BYTES = 20 * 1024 * 1024


def check_pdf(upload: "File[bytes]") -> None:
    """Raise ValidationError for a file over MAX_BYTES, or without the header and trailer of a PDF (ISO 32000)."""
    if upload.size > MAX_BYTES:
        raise ValidationError(_("The document is larger than 20 MB."), code="too_large")
    upload.seek(0)
    begins = upload.read(1024).lstrip().startswith(b"%PDF-")
    upload.seek(max(0, upload.size - 1024))
    ends = b"%%EOF" in upload.read()
    upload.seek(0)
    if not (begins and ends):
        raise ValidationError(_("This is not an undamaged PDF document."), code="invalid_document")


class PdfField(models.FileField):
    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        if value and not value._committed:
            check_pdf(value.file)
        return super().clean(value, model_instance)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        document = getattr(model_instance, self.attname)
        if document and not document._committed:
            check_pdf(document.file)
        return super().pre_save(model_instance, add)

    def generate_filename(self, instance: models.Model, filename: str | PathLike[str]) -> str:
        stem = slugify(PurePath(filename).stem, max_length=60) or "document"
        return super().generate_filename(instance, f"{stem}-{secrets.token_hex(8)}.pdf")
