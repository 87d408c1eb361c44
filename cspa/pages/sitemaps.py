"""Sitemap index with a section for each kind of public page, and the section of pages of no single app."""

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from delegations.sitemaps import BodySitemap, DelegationSitemap, PersonSitemap
from news.sitemaps import ArticleSitemap, RecentNewsSitemap, TopicSitemap

from ..absolute_urls import SiteSitemap, absolute_url


class PageSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return [
            "home",
            "assembly:assembly",
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
    "bodies": BodySitemap,
    "people": PersonSitemap,
    "topics": TopicSitemap,
    "articles": ArticleSitemap,
}
# Google requires a sitemap of its own for news: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
NEWS = {"news": RecentNewsSitemap}


def index(request: HttpRequest) -> TemplateResponse:
    """Sitemap index with all pages of each section.

    Django's view ignores SITE_URL, and reads every row to determine the date of a section.
    """
    locations = []
    for section, sitemap in SITEMAPS.items():
        url = absolute_url(request, reverse("sitemap_section", kwargs={"section": section}))
        locations += [f"{url}?p={page}" if page > 1 else url for page in sitemap().paginator.page_range]
    locations.append(absolute_url(request, reverse("news_sitemap")))
    context = {"sitemaps": [{"location": location} for location in locations]}
    return TemplateResponse(request, "sitemap_index.xml", context, content_type="application/xml")
