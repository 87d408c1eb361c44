"""The editorial calendar: a month as a table of published and scheduled articles, in the time zone of the Assembly."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from news.models import Article

from ...support import factories
from ...support.admin_forms import page, words
from ...support.counting import Costs, assert_same_cost, cost, up_to
from ...support.markup import parsed

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(factories.UserFactory(is_superuser=True))
    client.raise_request_exception = False
    return client


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(NOW, tick=False):
        yield


def month(client: Client, asked: str = "") -> list[list[list[str]]]:
    """The weeks of the table, with a list of titles for each day."""
    response = client.get(page("news_article_calendar"), {"month": asked} if asked else {})
    assert response.status_code == 200
    tree = parsed(response)
    rows = list(tree.find(".//table[@class='calendar']/tbody"))
    return [[["".join(item.itertext()).split() for item in cell.iter("li")] for cell in row] for row in rows]


def test_article_is_on_its_local_day_with_time_language_and_state(administrator: Client):
    factories.ArticleFactory(title="Late", published_at=datetime(2026, 11, 1, 21, 30, tzinfo=UTC))
    factories.ArticleFactory(title="Tomorrow", language="ru", published_at=NOW + timedelta(days=1))
    weeks = month(administrator)
    assert len(weeks) == 6
    assert {len(week) for week in weeks} == {7}
    # 1 November 2026 is a Sunday; half past nine in the evening by UTC is the next day in Moscow.
    assert weeks[0] == [[]] * 7
    assert weeks[1][0] == [["00:30", "EN", "published", "Late"]]
    assert weeks[4][3] == [["12:00", "RU", "scheduled", "Tomorrow"]]


def test_drafts_are_shown_if_scheduled_and_withdrawn_articles_never(administrator: Client):
    later, before = NOW + timedelta(hours=3), NOW - timedelta(hours=3)
    for state in Article.State.values:
        for when, name in ((later, "later"), (before, "before")):
            factories.ArticleFactory(state=state, title=f"{state}-{name}", published_at=when)
    titles = {item[-1] for week in month(administrator) for day in week for item in day}
    assert titles == {"draft-later", "review-later", "published-later", "published-before"}


def test_table_has_headings_and_each_day_links_its_list(administrator: Client):
    factories.ArticleFactory(title="Here", published_at=NOW)
    factories.ArticleFactory(title="Elsewhere", published_at=NOW - timedelta(days=1))
    response = administrator.get(page("news_article_calendar"))
    tree = parsed(response)
    table = tree.find(".//table[@class='calendar']")
    assert table.findtext("caption") == "November 2026"
    assert ["".join(cell.itertext()) for cell in table.iter("th")][::6] == ["MonMonday", "SunSunday"]
    assert {cell.get("scope") for cell in table.iter("th")} == {"col"}
    days = [link for link in table.iter("a") if link.get("class") == "day"]
    assert len(days) == 30
    (today,) = (link for link in days if link.get("aria-current") == "date")
    found = administrator.get(today.get("href")).context["cl"].result_list
    assert [article.title for article in found] == ["Here"]


def test_calendar_in_russian_has_russian_month_and_weekdays(administrator: Client):
    administrator.post(page("language"), {"language": "ru"})
    response = administrator.get(page("news_article_calendar"))
    tree = parsed(response)
    table = tree.find(".//table[@class='calendar']")
    assert "2026" in table.findtext("caption")
    assert [cell.text for cell in next(table.iter("th"))] == ["Пн", "Понедельник"]


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        ("", "2026-10", "2026-12"),
        ("2026-12", "2026-11", "2027-01"),
        ("2028-02", "2028-01", "2028-03"),
        ("1900-01", None, "1900-02"),
        ("2100-12", "2100-11", None),
    ],
)
def test_calendar_links_the_previous_and_next_month(
    administrator: Client, asked: str, before: str | None, after: str | None
):
    response = administrator.get(page("news_article_calendar"), {"month": asked})
    found = [name for name in (before, after) if name]
    assert [link for link in found if f'href="?month={link}"' in response.text] == found
    assert response.text.count('href="?month=') == len(found)


@pytest.mark.parametrize(
    "asked",
    [
        "2026-13", "2026-00", "2026", "2026-11-01", "11.2026", "9999-99", "1899-12", "2101-01", "nonsense", "\x00",
        "٢٠٢٦-١١", "2026-1", " 2026-11", "a" * 10_000, "9" * 5_000, "-1",
    ],
)  # fmt: skip
def test_invalid_month_shows_a_message(administrator: Client, asked: str):
    response = administrator.get(page("news_article_calendar"), {"month": asked})
    assert response.status_code == 400
    assert "is a month between 1900 and 2100, written as 2026-11" in response.text


@up_to(300)
def test_month_costs_the_same_with_any_number_of_articles(administrator: Client, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for number in range(rows):
            factories.ArticleFactory(published_at=datetime(2026, 11, 1 + number % 28, 12, tzinfo=UTC))
        return {"calendar": cost(lambda: administrator.get(page("news_article_calendar")))}

    assert_same_cost(measure, sizes)


def test_day_with_many_articles_shows_the_first_and_links_the_list(administrator: Client):
    for number in range(23):
        factories.ArticleFactory(title=f"Number-{number}", published_at=NOW + timedelta(minutes=number))
    shown = words(administrator.get(page("news_article_calendar")))
    assert "Number-19" in shown
    assert "Number-20" not in shown
    assert "3 more" in shown


def test_changelist_and_dashboard_link_the_calendar(administrator: Client):
    for address in (page("news_article_changelist"), page("index")):
        assert f'href="{page("news_article_calendar")}"' in administrator.get(address).text


def test_calendar_requires_permission_to_view_articles(client: Client):
    client.force_login(factories.UserFactory())
    assert client.get(page("news_article_calendar")).status_code == 404
