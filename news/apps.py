"""Configuration of the news app: models of the audit log, table versions, scheduled changes."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsConfig(AppConfig):
    name = "news"
    verbose_name = _("News")

    def ready(self) -> None:
        from cspa import audit
        from cspa.cache import versions

        from . import models

        audit.register(
            models.Story,
            models.FormerAddress,
            models.LegacyAddress,
            models.Topic,
            models.Picture,
            models.Attachment,
            models.Correction,
        )
        audit.register(models.Article, exclude_fields=["preview_key"])
        # Saving an article creates and deletes its quotations, so only the columns that an editor chose are recorded.
        audit.register(models.Quotation, exclude_fields=["article", "place", "words", "speaker"], updates_only=True)
        versions.track_tables(self)
        versions.register_scheduled_change(models.Article._meta.db_table, models.Article.objects.next_publication)
