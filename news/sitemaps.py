"""Published articles and topics for search engines."""

from cspa.site import SiteSitemap

from .models import Article, Topic


class ArticleSitemap(SiteSitemap):
    """Each article under its own language."""

    def items(self):
        return Article.objects.published().defer("body").newest_first()

    def lastmod(self, article: Article):
        return article.published_at


class TopicSitemap(SiteSitemap):
    i18n = alternates = x_default = True

    def items(self):
        return Topic.objects.all()
