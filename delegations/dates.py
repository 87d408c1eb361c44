"""Partial dates, and the day that a request selects.

A partial date is written as in Popolo: 2019, 2019-05 or 2019-05-26. It is stored as its first day together
with a precision, and never compared as text. A start is known by a day, written "by 2019-05-26", where a fact held on
that day and began on it or earlier.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.db import models
from django.http import QueryDict
from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_ALT
from django.utils.formats import date_format
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from cspa.i18n import language_codes, single_line

# The day on which the Council of the CSTO decided to found the Assembly: the first day of the site's history.
FOUNDED = date(2006, 11, 16)

# Check constraints refuse rows outside these years.
EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)

_PATTERN = re.compile(r"(by )?([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")

# Before a day by which a fact held, in the languages of the back office.
BY = re.compile(r"(?:by|к|не позднее)\s+", re.IGNORECASE)
# Behind a date: "26 мая 2019 г.", and the time that a database or a spreadsheet adds to a day.
_AFTER_DATE = re.compile(r"\s*г(?:ода?)?\.?$|[T ]0?0:00(?::00)?$")
_NUMBERS = re.compile(r"(?:(?:(?P<day>[0-9]{1,2})\.)?(?P<month>[0-9]{1,2})\.)?(?P<year>[0-9]{4})")
_WORDS = [
    re.compile(r"(?:(?P<day>[0-9]{1,2}) )?(?P<name>[^\W\d_]+)\.? (?P<year>[0-9]{4})"),
    re.compile(r"(?P<name>[^\W\d_]+)\.? (?P<day>[0-9]{1,2}), (?P<year>[0-9]{4})"),
    # A spreadsheet shows and saves a month so: May-19, май.19.
    re.compile(r"(?P<name>[^\W\d_]+)[.-](?P<short>[0-9]{2})"),
]


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
    def read(cls, text: str) -> "PartialDate":
        """Read a date as people, spreadsheets and our own pages write it: 26.05.2019, 26 May 2019, май 2019 г.

        Months have their names in every language of the site. Raise ValueError as ``parse()`` does.
        """
        text = _AFTER_DATE.sub("", single_line(text))
        if match := _NUMBERS.fullmatch(text):
            year, month, day = match.group("year", "month", "day")
            return cls.parse("-".join(part.zfill(2) for part in (year, month, day) if part))
        for pattern in _WORDS:
            match = pattern.fullmatch(text)
            if match and (number := _month(match["name"].lower())):
                parts = match.groupdict()
                year, day = parts.get("year") or f"20{parts['short']}", parts.get("day")
                return cls.parse(f"{year}-{number:02}" + (f"-{day.zfill(2)}" if day else ""))
        return cls.parse(text)

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


# Whatever words a file has, those in use stay few.
@lru_cache(maxsize=200)
def _month(word: str) -> int | None:
    """Return the number of the month whose name in some language begins with ``word``, of three letters or more."""
    numbers = set()
    for code in language_codes() if len(word) >= 3 else ():
        with override(code):
            for names in (MONTHS, MONTHS_ALT):
                numbers |= {number for number, name in names.items() if str(name).lower().startswith(word)}
    return numbers.pop() if len(numbers) == 1 else None


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
