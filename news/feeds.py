"""Atom feeds (RFC 4287) of a language's news."""

from datetime import UTC, datetime, time

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from cspa.richtext import rendered
from cspa.site import absolute

from .models import Article, Topic

ENTRIES = 30


class NewsFeed(Feed):
    """The newest articles of the active language."""

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        # Django makes one Feed for all requests, so nothing of this request may be kept on it.
        feed = type(self)()
        feed.request = request
        return super(NewsFeed, feed).__call__(request, *args, **kwargs)

    def title(self) -> str:
        return _("News of the CSTO Parliamentary Assembly")

    def subtitle(self) -> str:
        return _("The newest articles in this language")

    def link(self) -> str:
        return absolute(self.request, reverse("news:feed"))

    def feed_url(self) -> str:
        return absolute(self.request, self.request.path)

    feed_guid = feed_url

    def items(self):
        articles = Article.objects.published().in_language().newest_first()
        return articles.prefetch_related("topics", "corrections")[:ENTRIES]

    def item_title(self, article: Article) -> str:
        return article.title

    def item_description(self, article: Article) -> str:
        return rendered(article.body)

    def item_link(self, article: Article) -> str:
        return absolute(self.request, article.get_absolute_url())

    def item_guid(self, article: Article) -> str:
        return f"urn:uuid:{article.uid}"

    def item_pubdate(self, article: Article) -> datetime:
        return article.published_at

    def item_updateddate(self, article: Article) -> datetime:
        """Small edits do not move it; a correction does."""
        corrected = [datetime.combine(note.date, time(), UTC) for note in article.corrections.all()]
        return max([article.published_at, *corrected])

    def item_categories(self, article: Article) -> list[str]:
        return [topic.name for topic in article.topics.all()]


class TopicFeed(NewsFeed):
    """The newest articles filed under a topic."""

    def get_object(self, request: HttpRequest, slug: str) -> Topic:
        return get_object_or_404(Topic, slug=slug)

    def title(self, topic: Topic) -> str:
        return _("%(topic)s – news of the CSTO Parliamentary Assembly") % {"topic": topic.name}

    def link(self, topic: Topic) -> str:
        return absolute(self.request, topic.get_absolute_url())

    def items(self, topic: Topic):
        articles = topic.articles.published().in_language().newest_first()
        return articles.prefetch_related("topics", "corrections")[:ENTRIES]
