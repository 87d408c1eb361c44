"""sitemap.xml: every public page that stands in no list of its app."""

from django.urls import reverse

from cspa.site import SiteSitemap
from delegations.sitemaps import DelegationSitemap, PersonSitemap
from news.sitemaps import ArticleSitemap, TopicSitemap


class PageSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return [
            "home",
            "delegations:directory",
            "delegations:people",
            "delegations:delegates",
            "delegations:changes",
            "news:feed",
            "data",
            "about",
            "contact",
            "privacy",
            "accessibility",
        ]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS = {
    "pages": PageSitemap,
    "delegations": DelegationSitemap,
    "people": PersonSitemap,
    "topics": TopicSitemap,
    "articles": ArticleSitemap,
}
