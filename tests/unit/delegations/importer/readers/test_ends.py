"""What an end in a file means."""

import pytest

from delegations.importer import ImportRefusedError
from delegations.importer.records import OpenQuestionError
from delegations.models import Delegate

from .....support import factories
from .....support.imports import export, member, popolo, table_of, take

pytestmark = pytest.mark.django_db

ROWS = [member(start_date="2014-01-01", end_date="2015-06-29"), member(start_date="2015-06-30", end_date="2018-03")]


def ends():
    return [str(row.ends) for row in Delegate.objects.order_by("start")]


@pytest.mark.parametrize(
    ("meaning", "expected"), [("last-day", ["2015-06-30", "2018-03"]), ("first-day-out", ["2015-06-29", "2018-03"])]
)
def test_file_whose_next_mandates_begin_a_day_after_an_end_is_asked_about(meaning, expected):
    with pytest.raises(OpenQuestionError, match=": 1 \\(/memberships/0\\)") as asked:
        take(popolo(memberships=ROWS))
    assert {"ends": meaning} in [choice.changes for choice in asked.value.choices]
    assert take(popolo(memberships=ROWS), ends=meaning).saved
    assert ends() == expected


def test_file_whose_mandates_follow_on_the_same_day_is_not_asked_about():
    take(popolo(memberships=[member(start_date="2014-01-01", end_date="2015-06-30"), member(start_date="2015-06-30")]))
    assert ends() == ["2015-06-30", "None"]


def test_heading_of_the_last_day_says_what_it_is(chamber):
    header = ["ФИО", "С", "Последний день полномочий"]
    rows = [dict(zip(header, row, strict=True)) for row in (("Анна Ли", "01.01.2014", "29.06.2015"),)]
    assert take(table_of(*rows, header=header), "csv", chamber=chamber.slug, ends="last-day").saved
    assert ends() == ["2015-06-30"]
    both = table_of({"name_en": "Bo Ray"}, header=["name_en", "end", "last day"])
    with pytest.raises(ImportRefusedError, match="twice: end"):
        take(both, "csv", chamber=chamber.slug)


def test_own_files_are_not_asked_about(chamber):
    first = factories.DelegateFactory(chamber=chamber, starts="2014-01-01", ends="2015-06-29")
    factories.DelegateFactory(chamber=chamber, person=first.person, starts="2015-06-30")
    assert not take(export("csv").encode(), "csv").changes
    with pytest.raises(ImportRefusedError, match="says itself"):
        take(export().encode(), chamber="", ends="last-day")
