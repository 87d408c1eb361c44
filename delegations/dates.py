"""Dates as precise as known, and the days that the site can be asked for.

A partial date is written as in Popolo: 2019, 2019-05 or 2019-05-26. It is stored as its first day together
with a precision, and never compared as text.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.http import QueryDict
from django.utils import timezone
from django.utils.dates import MONTHS_ALT
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

# The Council of the CSTO took the decision that began the Assembly on this day (design: the first day of history).
FOUNDED = date(2006, 11, 16)

# A row outside these years is refused by the database.
EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)

_PATTERN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class Precision(models.TextChoices):
    """How much of a date is known."""

    DAY = "day", _("day")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


@dataclass(frozen=True)
class PartialDate:
    """A day, a month or a year: its first day and how much of it is known."""

    first: date
    precision: str = Precision.DAY

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Read 2019, 2019-05 or 2019-05-26; ValueError for anything else or outside 1900 to 2100."""
        match = _PATTERN.fullmatch(text)
        if not match:
            raise ValueError(f"not a date as 2019, 2019-05 or 2019-05-26: {text!r}")
        year, month, day = match.groups()
        first = date(int(year), int(month or 1), int(day or 1))
        if not EARLIEST <= first <= LATEST:
            raise ValueError(f"outside 1900 to 2100: {text!r}")
        return cls(first, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR)

    @classmethod
    def of(cls, value: "PartialDate | date | str | None") -> "PartialDate | None":
        """The partial date that ``value`` means; None and the empty text mean none."""
        if isinstance(value, PartialDate):
            return value
        if value is None or value == "":
            return None
        return cls(value) if isinstance(value, date) else cls.parse(value)

    def __str__(self) -> str:
        lengths: dict[str, int] = {Precision.DAY: 10, Precision.MONTH: 7, Precision.YEAR: 4}
        return self.first.isoformat()[: lengths[self.precision]]

    @property
    def exact(self) -> bool:
        return self.precision == Precision.DAY

    @property
    def after(self) -> date:
        """The first day after all that the date may mean."""
        if self.precision == Precision.DAY:
            return self.first + timedelta(days=1)
        if self.precision == Precision.YEAR or self.first.month == 12:
            return date(self.first.year + 1, 1, 1)
        return date(self.first.year, self.first.month + 1, 1)

    @property
    def words(self) -> str:
        """As a reader of the active language writes it: 26 May 2020, May 2020, 2020."""
        if self.precision == Precision.YEAR:
            return str(self.first.year)
        if self.exact:
            return date_format(self.first, "DATE_FORMAT")
        words = date_format(self.first, "YEAR_MONTH_FORMAT")
        # Russian writes months small; Django has them capitalised when they stand alone.
        return words.lower() if str(MONTHS_ALT[self.first.month]).islower() else words


def today() -> date:
    """The current day in the Assembly's time zone, asked anew for each request."""
    return timezone.localdate()


class Day(date):
    """The day that a page, a file or an answer was asked for."""

    @classmethod
    def asked(cls, parameters: QueryDict) -> "Day":
        """The day of ``on=YYYY-MM-DD`` among ``parameters``; today where it is absent or empty.

        ValueError with words where it is no day between 1900 and 2100, or is given twice.
        """
        values = parameters.getlist("on")
        if len(values) > 1:
            raise ValueError(_("The day “on” is given more than once."))
        if not values or not values[0]:
            return cls.of(today())
        try:
            asked = PartialDate.parse(values[0])
        except ValueError:
            asked = None
        if asked is None or not asked.exact:
            raise ValueError(_("“on” is a day between 1900 and 2100, written as 2019-05-26."))
        return cls.of(asked.first)

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
        """Whether there was no Assembly yet."""
        return self < FOUNDED

    @property
    def query(self) -> str:
        """What an address needs to lead to the same day: "?on=2019-05-26", nothing for today."""
        return "" if self.is_today else f"?on={self.isoformat()}"
