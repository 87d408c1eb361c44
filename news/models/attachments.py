"""Attachments: documents to download with an article."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cspa.db.natural_keys import NaturalKeyManager, UidModel
from cspa.media.pdf import PdfField


class Attachment(UidModel):
    article = models.ForeignKey("news.Article", models.CASCADE, related_name="attachments", verbose_name=_("article"))
    file = PdfField(_("document"), upload_to="attachments/", help_text=_("PDF, at most 20 MB."))
    title = models.CharField(
        _("title"), max_length=200, help_text=_("As readers see it: “Statement on biological security”.")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    size = models.PositiveIntegerField(_("size"), editable=False, default=0, help_text=_("In bytes."))

    objects = NaturalKeyManager["Attachment"]()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.size = self.file.size
        super().save(*args, **kwargs)
