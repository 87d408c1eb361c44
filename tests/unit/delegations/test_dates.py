"""Dates as people, spreadsheets and the pages of the site write them."""

import pytest
from django.conf import settings
from django.utils.translation import override

from delegations.dates import PartialDate

WRITTEN = {
    "26.3.1994": "1994-03-26",
    "05.2019": "2019-05",
    "26.05.2019 г.": "2019-05-26",
    "2019 год": "2019",
    "26 May 2019": "2019-05-26",
    "May 26, 2019": "2019-05-26",
    "2\u00a0февраля 2020 г.": "2020-02-02",
    "МАЙ 2019": "2019-05",
    "сент. 2019": "2019-09",
    # Saved by a spreadsheet.
    "май.19": "2019-05",
    "May-19": "2019-05",
    "26.05.2019 0:00:00": "2019-05-26",
    "2019-05-26T00:00:00": "2019-05-26",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_date_is_read_as_it_is_written(text):
    assert PartialDate.read(text).iso == WRITTEN[text]


@pytest.mark.parametrize(
    "text", ["05/06/2019", "26.05.19", "26 2019", "26 Mai 2019", "31 April 2019", "32.1.2019", "May", "20190526"]
)
def test_what_leaves_the_date_open_is_refused(text):
    with pytest.raises(ValueError, match=r"not a date|day"):
        PartialDate.read(text)


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
@pytest.mark.parametrize("day", ["2019", "2019-05-06", *(f"2020-{month:02}" for month in range(1, 13))])
def test_date_that_a_page_shows_is_read_again(language, day):
    with override(language):
        words = PartialDate.parse(day).words
    assert PartialDate.read(words).iso == day
