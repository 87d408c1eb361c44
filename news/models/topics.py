"""Topics of articles."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import cached_reverse
from cspa.db.natural_keys import NaturalKeyManager, NaturalKeyModel
from cspa.i18n import required_in_some_language, translated
from cspa.models import SluggedModel


class Topic(SluggedModel, NaturalKeyModel):
    """A subject of articles with a page and feeds of its own."""

    slug = models.SlugField(_("address"), unique=True, help_text=_("Latin letters, as in “biological-security”."))
    name = translated(_("name"), max_length=100)

    key_columns = ("slug",)

    objects = NaturalKeyManager["Topic"]()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]
        constraints = [required_in_some_language("topic", "name", _("Give the name in at least one language."))]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return cached_reverse("news:topic", self.slug)
