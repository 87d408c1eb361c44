"""Addresses of the news."""

from django.urls import path, register_converter

from cspa.feeds import FORMATS
from delegations.urls import PublicId

from . import views
from .feeds import NewsFeed
from .scopes import DelegationScope, PersonScope, TopicScope


class Year:
    """A year that the site can hold news of: 1900 to 2100."""

    regex = "19[0-9]{2}|20[0-9]{2}|2100"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int | str) -> str:
        return f"{int(value):04d}"


class TwoDigits(Year):
    """A month or a day with its leading zero."""

    regex = "[0-9]{2}"

    def to_url(self, value: int | str) -> str:
        return f"{int(value):02d}"


class Ending:
    """The ending of a feed's address, which says its format."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    to_url = to_python


register_converter(Year, "year")
register_converter(Ending, "ending")
register_converter(TwoDigits, "two_digits")

app_name = "news"

# As in the addresses of the directory, whose converter this is.
PERSON = f"people/<{PublicId.name}:public_id>-<slug:slug>"

urlpatterns = [
    path("", views.FeedView.as_view(), name="feed"),
    path("feed.<ending:ending>", NewsFeed(), name="subscription"),
    path("preview/<str:token>/", views.PreviewView.as_view(), name="preview"),
    path("topics/<slug:slug>/", views.FeedView.as_view(scope_type=TopicScope), name="topic"),
    path("topics/<slug:slug>/feed.<ending:ending>", NewsFeed(TopicScope), name="topic_subscription"),
    path("delegations/<slug:slug>/", views.FeedView.as_view(scope_type=DelegationScope), name="delegation"),
    path("delegations/<slug:slug>/feed.<ending:ending>", NewsFeed(DelegationScope), name="delegation_subscription"),
    path(f"{PERSON}/", views.FeedView.as_view(scope_type=PersonScope), name="person"),
    path(f"{PERSON}/feed.<ending:ending>", NewsFeed(PersonScope), name="person_subscription"),
    path("<year:year>/", views.PeriodView.as_view(), name="year"),
    path("<year:year>/<two_digits:month>/", views.PeriodView.as_view(), name="month"),
    path("<year:year>/<two_digits:month>/<two_digits:day>/", views.PeriodView.as_view(), name="day"),
    path(
        "<year:year>/<two_digits:month>/<two_digits:day>/<slug:slug>/",
        views.ArticleView.as_view(),
        name="article",
    ),
]
