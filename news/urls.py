"""URLs of the news."""

from collections.abc import Callable

from django.urls import path, register_converter
from django.urls.converters import IntConverter, StringConverter

from cspa.cache.keys import cacheable
from cspa.exports.feeds import FORMATS
from delegations.urls import PublicId

from . import views
from .feeds import NewsFeed
from .scopes import DelegationScope, PersonScope, Scope, TopicScope


class Year(IntConverter):
    """A year from 1900 to 2100, the range of the dates of articles."""

    regex = "19[0-9]{2}|20[0-9]{2}|2100"


class TwoDigits(IntConverter):
    """A month or a day with its leading zero."""

    regex = "[0-9]{2}"

    def to_url(self, value: int | str) -> str:
        return f"{int(value):02d}"


class Ending(StringConverter):
    """The suffix of a feed, which names its format."""

    regex = "|".join(FORMATS)


register_converter(Year, "year")
register_converter(Ending, "ending")
register_converter(TwoDigits, "two_digits")

app_name = "news"

# The directory registers this converter and uses the same form of address.
PERSON = f"people/<{PublicId.name}:public_id>-<slug:slug>"

LIST = ("before", "after", "format")


def feed(scope: type[Scope] = Scope) -> Callable:
    return cacheable(NewsFeed(scope))


def articles(scope: type[Scope] = Scope) -> Callable:
    return cacheable(views.FeedView.as_view(scope_type=scope), *LIST)


period = cacheable(views.PeriodView.as_view(), *LIST)

urlpatterns = [
    path("", articles(), name="feed"),
    path("feed.<ending:ending>", feed(), name="subscription"),
    path("preview/<str:token>/", views.PreviewView.as_view(), name="preview"),
    path("topics/<slug:slug>/", articles(TopicScope), name="topic"),
    path("topics/<slug:slug>/feed.<ending:ending>", feed(TopicScope), name="topic_subscription"),
    path("delegations/<slug:slug>/", articles(DelegationScope), name="delegation"),
    path("delegations/<slug:slug>/feed.<ending:ending>", feed(DelegationScope), name="delegation_subscription"),
    path(f"{PERSON}/", articles(PersonScope), name="person"),
    path(f"{PERSON}/feed.<ending:ending>", feed(PersonScope), name="person_subscription"),
    path("<year:year>/", period, name="year"),
    path("<year:year>/<two_digits:month>/", period, name="month"),
    path("<year:year>/<two_digits:month>/<two_digits:day>/", period, name="day"),
    path(
        "<year:year>/<two_digits:month>/<two_digits:day>/<slug:slug>/",
        cacheable(views.ArticleView.as_view()),
        name="article",
    ),
]
