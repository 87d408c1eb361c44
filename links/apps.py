"""The addresses of other sites that this one names, and whether they still answer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LinksConfig(AppConfig):
    name = "links"
    verbose_name = _("Links")

    def ready(self) -> None:
        from cspa.cache import versions

        versions.track_tables(self)
