"""Month calendar of published and planned articles."""

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import InvalidParameter
from delegations.dates import PartialDate, Precision, today

from .models import EARLIEST, LATEST, Article, ArticleQuerySet

# Articles shown for a day. The changelist of the day has all of them.
MOST_SHOWN = 20


@dataclass
class DayOfNews:
    date: date
    articles: list[Article]

    @property
    def is_today(self) -> bool:
        return self.date == today()

    @property
    def address(self) -> str:
        """The URL of the changelist of the day."""
        parts = {f"published_at__{part}": getattr(self.date, part) for part in ("year", "month", "day")}
        return f"{reverse('admin:news_article_changelist')}?{urlencode(parts)}"

    @property
    def shown(self) -> list[Article]:
        return self.articles[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return len(self.articles) - len(self.shown)


@dataclass(frozen=True)
class Month:
    """A month in weeks from Monday to Sunday. A day of another month is None."""

    first: date
    weeks: list[list[DayOfNews | None]]

    weekdays = property(lambda self: list(zip(WEEKDAYS_ABBR.values(), WEEKDAYS.values(), strict=True)))

    @property
    def before(self) -> date | None:
        day = (self.first - timedelta(days=1)).replace(day=1)
        return day if day > EARLIEST.date() else None

    @property
    def after(self) -> date | None:
        day = PartialDate(self.first, Precision.MONTH).after
        return day if day < LATEST.date() else None


def asked_month(text: str) -> date:
    """Parse a month such as 2026-11 and return its first day; an empty text means the current month."""
    if not text:
        return today().replace(day=1)
    try:
        asked = PartialDate.parse(text)
    except ValueError:
        asked = None
    if asked is None or asked.precision != Precision.MONTH:
        raise InvalidParameter(_("“month” is a month between 1900 and 2100, written as 2026-11."))
    return asked.first


def month_of_news(first: date, articles: ArticleQuerySet) -> Month:
    """The month that begins on ``first``, with its published and planned ``articles``."""
    by_day: dict[date, list[Article]] = defaultdict(list)
    planned = articles.planned(first, PartialDate(first, Precision.MONTH).after)
    for article in planned.only("title", "language", "state", "published_at"):
        by_day[timezone.localdate(article.published_at)].append(article)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return Month(
        first, [[DayOfNews(day, by_day[day]) if day.month == first.month else None for day in week] for week in weeks]
    )
