"""Configuration of the links app, which checks the external links of the site."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LinksConfig(AppConfig):
    name = "links"
    verbose_name = _("Links")

    def ready(self) -> None:
        from cspa.cache import versions

        versions.track_tables(self)
