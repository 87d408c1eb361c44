"""The news of the Assembly."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsConfig(AppConfig):
    name = "news"
    verbose_name = _("News")

    def ready(self) -> None:
        from cspa import versions
        from cspa.audit import journal

        from . import models

        journal.follow(
            models.Story,
            models.FormerAddress,
            models.Topic,
            models.Picture,
            models.Attachment,
            models.Correction,
        )
        journal.follow(models.Article, leave_out=["preview_key"])
        # The text makes and removes them; only what an editor chose is recorded.
        journal.follow(models.Quotation, leave_out=["article", "place", "words", "speaker"], dependent=True)
        versions.changes_by_itself(models.Article._meta.db_table, models.Article.objects.next_publication)
