"""Addresses of the news."""

from django.urls import path, register_converter

from . import feeds, views


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


register_converter(Year, "year")
register_converter(TwoDigits, "two_digits")

app_name = "news"

urlpatterns = [
    path("", views.FeedView.as_view(), name="feed"),
    path("feed.atom", feeds.NewsFeed(), name="atom"),
    path("topics/<slug:slug>/", views.TopicView.as_view(), name="topic"),
    path("topics/<slug:slug>/feed.atom", feeds.TopicFeed(), name="topic_atom"),
    path("<year:year>/", views.PeriodView.as_view(), name="year"),
    path("<year:year>/<two_digits:month>/", views.PeriodView.as_view(), name="month"),
    path("<year:year>/<two_digits:month>/<two_digits:day>/", views.PeriodView.as_view(), name="day"),
    path(
        "<year:year>/<two_digits:month>/<two_digits:day>/<slug:slug>/",
        views.ArticleView.as_view(),
        name="article",
    ),
]
