"""Partial dates, and the day that a request selects.

A partial date is written as in Popolo: 2019, 2019-05 or 2019-05-26. It is stored as its first day together
with a precision, and never compared as text. A start is known by a day, written "by 2019-05-26", where a fact held on
that day and began on it or earlier.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.http import QueryDict
from django.utils import timezone
from django.utils.dates import MONTHS_ALT
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# The day on which the Council of the CSTO decided to found the Assembly: the first day of the site's history.
FOUNDED = date(2006, 11, 16)

# Check constraints refuse rows outside these years.
EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)

_PATTERN = re.compile(r"(by )?([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class Precision(models.TextChoices):
    DAY = "day", _("day")
    MONTH = "month", _("month")
    YEAR = "year", _("year")
    # Only of a start.
    BY = "by", _("by this day")


@dataclass(frozen=True)
class PartialDate:
    """A date known to the day, the month or the year, or a day by which a fact held, as first day and precision."""

    first: date
    precision: str = Precision.DAY

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Parse 2019, 2019-05, 2019-05-26 or "by 2019-05-26".

        Raise ValueError for other text and for years outside 1900 to 2100.
        """
        match = _PATTERN.fullmatch(text)
        if not match or (match[1] and not match[4]):
            raise ValueError(f"not a date as 2019, 2019-05, 2019-05-26 or by 2019-05-26: {text!r}")
        by, year, month, day = match.groups()
        first = date(int(year), int(month or 1), int(day or 1))
        if not EARLIEST <= first <= LATEST:
            raise ValueError(f"outside 1900 to 2100: {text!r}")
        if by:
            return cls(first, Precision.BY)
        return cls(first, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR)

    @classmethod
    def of(cls, value: "PartialDate | date | str | None") -> "PartialDate | None":
        """Convert ``value`` to a partial date; None and "" become None."""
        if isinstance(value, PartialDate):
            return value
        if value is None or value == "":
            return None
        return cls(value) if isinstance(value, date) else cls.parse(value)

    def __str__(self) -> str:
        return f"by {self.iso}" if self.precision == Precision.BY else self.iso

    @property
    def written(self) -> str:
        """The date as forms and reports write it in the active language."""
        return gettext("by %(day)s") % {"day": self.iso} if self.precision == Precision.BY else self.iso

    @property
    def iso(self) -> str:
        """The date as Popolo writes it, without the word "by"."""
        lengths: dict[str, int] = {Precision.MONTH: 7, Precision.YEAR: 4}
        return self.first.isoformat()[: lengths.get(self.precision, 10)]

    @property
    def quality(self) -> str:
        """How much is known: "exact", "partial", or "by" for a day by which the fact held."""
        return {Precision.DAY: "exact", Precision.BY: "by"}.get(Precision(self.precision), "partial")

    @property
    def exact(self) -> bool:
        return self.precision == Precision.DAY

    @property
    def is_day(self) -> bool:
        """Whether it names a day, be it the exact one or one by which the fact held."""
        return self.precision in (Precision.DAY, Precision.BY)

    @property
    def after(self) -> date:
        """The first day after the day, month or year."""
        if self.is_day:
            return self.first + timedelta(days=1)
        if self.precision == Precision.YEAR or self.first.month == 12:
            return date(self.first.year + 1, 1, 1)
        return date(self.first.year, self.first.month + 1, 1)

    @property
    def words(self) -> str:
        """The date in the active language: 26 May 2020, May 2020, 2020, by 26 May 2020."""
        if self.precision == Precision.YEAR:
            return str(self.first.year)
        if self.precision != Precision.MONTH:
            day = date_format(self.first, "DATE_FORMAT")
            return day if self.exact else gettext("by %(day)s") % {"day": day}
        words = date_format(self.first, "YEAR_MONTH_FORMAT")
        # Russian writes months in lower case, but Django capitalises a month that stands without a day.
        return words.lower() if str(MONTHS_ALT[self.first.month]).islower() else words


def today() -> date:
    """Return the current day in the Assembly's time zone."""
    return timezone.localdate()


class Day(date):
    """The day that a request selects."""

    @classmethod
    def asked(cls, parameters: QueryDict) -> "Day":
        """Return the day of ``on=YYYY-MM-DD`` in ``parameters``; today where it is absent or empty.

        Raise ValueError with a translated message where it is not one day between 1900 and 2100.
        """
        values = parameters.getlist("on")
        if len(values) > 1:
            raise ValueError(_("The day “on” is given more than once."))
        if not values or not values[0]:
            return cls.of(today())
        try:
            day = PartialDate.parse(values[0])
        except ValueError:
            day = None
        if day is None or not day.exact:
            raise ValueError(_("“on” is a day between 1900 and 2100, written as 2019-05-26."))
        return cls.of(day.first)

    @classmethod
    def of(cls, day: date) -> "Day":
        return cls(day.year, day.month, day.day)

    @property
    def is_today(self) -> bool:
        return self == today()

    @property
    def is_future(self) -> bool:
        return self > today()

    @property
    def before_founding(self) -> bool:
        return self < FOUNDED

    @property
    def query(self) -> str:
        """The query string that selects this day: "?on=2019-05-26"; empty for today."""
        return "" if self.is_today else f"?on={self.isoformat()}"
