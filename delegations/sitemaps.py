"""Sitemaps of the directory."""

from cspa.absolute_urls import SiteSitemap

from .dates import today
from .models import Body, Parliament, Person


class DelegationSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return Parliament.objects.on(today())


class BodySitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return Body.objects.exclude(kind=Body.Kind.ASSEMBLY).in_protocol_order()


class PersonSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return Person.objects.public().order_by("public_id")
