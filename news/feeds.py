"""Atom, RSS and JSON feeds of the news in one language, for all news, a topic, a delegation or a person."""

from datetime import datetime

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import gettext as _

from cspa.absolute_urls import absolute_url
from cspa.exports.feeds import FORMATS

from .models import Article, Picture
from .rendering import plain_body
from .scopes import Moved, Scope

ENTRIES = 30


class NewsFeed(Feed):
    """Feed of the newest articles in the active language within a scope, with full text."""

    request: HttpRequest
    item_guid_is_permalink = False

    def __init__(self, scope: type[Scope] = Scope):
        self.scope_type = scope

    def __call__(self, request: HttpRequest, ending: str, **kwargs) -> HttpResponse:
        # Django shares one Feed instance between requests, so the state of a request needs an instance of its own.
        feed = type(self)(self.scope_type)
        feed.request, feed.feed_type = request, FORMATS[ending]
        try:
            response = super(NewsFeed, feed).__call__(request, **kwargs)
        except Moved as moved:
            return HttpResponsePermanentRedirect(moved.scope.feed_url(ending))
        # Conditional requests use the ETag only. When an article is withdrawn, the newest date goes back, so a
        # comparison by date would answer 304 and the client would keep the withdrawn article.
        del response["Last-Modified"]
        return response

    def get_object(self, request: HttpRequest, **kwargs) -> Scope:
        return self.scope_type.of(**kwargs)

    def absolute(self, path: str) -> str:
        return absolute_url(self.request, path)

    def title(self, scope: Scope) -> str:
        site = _("News of the CSTO Parliamentary Assembly")
        return f"{scope.heading} – {site}" if scope.subject else site

    def subtitle(self) -> str:
        return _("The newest articles in this language")

    description = subtitle

    def author_name(self) -> str:
        return _("CSTO Parliamentary Assembly")

    def link(self, scope: Scope) -> str:
        return self.absolute(scope.url)

    def feed_url(self) -> str:
        return self.absolute(self.request.path)

    feed_guid = feed_url

    def items(self, scope: Scope) -> list[Article]:
        articles = scope.stories().in_language().newest_first().select_related("picture")
        entries = list(articles.prefetch_related("topics", "corrections", "quotations__person")[:ENTRIES])
        self.pictures = Picture.objects.within(entries)
        return entries

    def item_title(self, article: Article) -> str:
        return article.title

    def item_description(self, article: Article) -> str:
        return plain_body(article, self.pictures, self.absolute)

    def item_link(self, article: Article) -> str:
        return self.absolute(article.get_absolute_url())

    def item_guid(self, article: Article) -> str:
        return f"urn:uuid:{article.uid}"

    def item_pubdate(self, article: Article) -> datetime:
        return article.published_at

    def item_updateddate(self, article: Article) -> datetime:
        return article.updated_at

    def item_categories(self, article: Article) -> list[str]:
        return [topic.name for topic in article.topics.all()]

    def item_extra_kwargs(self, article: Article) -> dict[str, str]:
        image = self.absolute(article.picture.address) if article.picture else ""
        return {"summary": article.summary, "language": article.language, "image": image}
