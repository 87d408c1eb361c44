"""Sitemaps of articles, of recent news and of topics."""

from datetime import timedelta

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from cspa.absolute_urls import SiteSitemap

from .models import Article, Topic


class ArticleSitemap(SiteSitemap):
    """All published articles, each in its own language with its published translations as alternates."""

    def items(self) -> QuerySet[Article]:
        in_each_language = Article.objects.published().without_body().order_by("language")
        versions = Prefetch("story__articles", in_each_language, "versions")
        # Ordered by key, so that publishing an article rarely moves another one to the next page of the sitemap.
        return Article.objects.published().without_body().order_by("pk").prefetch_related("corrections", versions)

    def lastmod(self, article: Article):
        return article.updated_at

    def get_urls(self, page=1, site=None, protocol=None) -> list[dict]:
        urls = super().get_urls(page, site, protocol)
        origin = f"{self.get_protocol(protocol)}://{self.get_domain(site)}"
        for url in urls:
            versions = url["item"].story.versions
            if len(versions) > 1:
                url["alternates"] = [
                    {"location": origin + version.get_absolute_url(), "lang_code": version.language}
                    for version in versions
                ]
        return urls


class RecentNewsSitemap(SiteSitemap):
    """The articles of the last two days, for news search engines."""

    # The maximum of the format.
    limit = 1000

    def items(self) -> QuerySet[Article]:
        since = timezone.now() - timedelta(days=2)
        return Article.objects.published().filter(published_at__gte=since).without_body().newest_first()


class TopicSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return Topic.objects.all()
