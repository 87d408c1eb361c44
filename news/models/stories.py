"""Stories, which group an article with its translations."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class StoryManager(models.Manager["Story"]):
    def get_by_natural_key(self, uid: str) -> "Story":
        return self.get(uid=uid)


class Story(models.Model):
    """The group of an article and its translations, at most one article for each language."""

    uid = models.UUIDField(_("public id"), unique=True, default=uuid.uuid4, editable=False)

    objects = StoryManager()

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        ordering = ["-pk"]

    def __str__(self) -> str:
        articles = sorted(self.articles.all(), key=lambda article: article.language)
        return articles[0].title if articles else str(self.uid)

    def natural_key(self) -> tuple[str]:
        return (str(self.uid),)
