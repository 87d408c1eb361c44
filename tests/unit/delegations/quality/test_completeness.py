"""Completeness of a delegation: the figures of a day and the missing facts, by the rules of the dashboard."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils.translation import override

from cspa.charts import BAR, share
from delegations.dates import today
from delegations.models import Chamber
from delegations.quality.completeness import Completeness

from ....support import factories
from ....support.admin_forms import page, words
from ....support.counting import Costs, assert_same_cost, cost, up_to
from ....support.markup import parsed

pytestmark = pytest.mark.django_db

DAY = date(2020, 6, 1)


@pytest.fixture
def chamber() -> Chamber:
    return factories.ChamberFactory(parliament__slug="home", parliament__short_name_en="Home", name_en="House")


def figures(chamber: Chamber, day: date = DAY, language: str = "en") -> dict[str, tuple[int, int]]:
    with override(language):
        found = Completeness.of(chamber.parliament, day)
    return {figure.label: (figure.part, figure.whole) for figure in [*found.people, *found.facts]}


def address(language: str = "en", slug: str = "home") -> str:
    return f"/{language}/delegations/{slug}/completeness/"


def test_figures_count_the_people_and_facts_of_the_day(chamber):
    source = factories.SourceFactory()
    whole = factories.PersonFactory(photo="people/x.jpg")
    only_english = factories.PersonFactory(name_ru="", given_name_ru="", family_name_ru="")
    factories.DelegateFactory(chamber=chamber, person=whole, starts="2019-05-26", sources=[source])
    factories.DelegateFactory(chamber=chamber, person=only_english, starts="2019")
    factories.RepresentativeFactory(parliament=chamber.parliament, person=whole)
    factories.SeatQuotaFactory(chamber=chamber, starts="2019", sources=[source])
    factories.ParticipationFactory(parliament=chamber.parliament, sources=[source, factories.SourceFactory()])
    factories.LinkFactory(chamber=chamber, starts="2019-01-01")
    factories.LinkFactory(parliament=chamber.parliament, starts="2019-01")
    # Of another day, another delegation.
    factories.DelegateFactory(chamber=chamber, starts="2021")
    factories.DelegateFactory(starts="2019", sources=[source])
    assert figures(chamber) == {
        "Photo": (1, 2),
        "Name (English)": (2, 2),
        "Name (Russian)": (1, 2),
        "Source": (3, 7),
        "First day recorded": (5, 7),
        "First day known to the day": (2, 7),
    }
    assert figures(chamber, date(2018, 1, 1))["Photo"] == (1, 1)


def test_page_lists_missing_facts(client: Client, chamber):
    known = factories.PersonFactory(photo="people/x.jpg", name_en="Known Person", family_name_en="")
    factories.DelegateFactory(chamber=chamber, person=known, role="head", starts="2019-01-01")
    unseen = factories.PersonFactory(name_en="Unseen Person", family_name_en="")
    factories.RepresentativeFactory(parliament=chamber.parliament, person=unseen)
    factories.SeatQuotaFactory(chamber=chamber)
    response = client.get(address())
    tree = parsed(response)
    rows = {row.findtext("th"): row for row in tree.iter("tr") if row.find("td") is not None}
    cells = {label: " ".join("".join(row[2].itertext()).split()) for label, row in rows.items()}
    assert cells["Photo"] == "1 missing: Photo Unseen Person"
    assert cells["Name (English)"] == "nothing"
    assert cells["Source"] == (
        "3 missing: Source Seat quota: House Known Person (head of the delegation, House) "
        "Unseen Person (plenipotentiary representative)"
    )
    assert cells["First day recorded"].startswith("2 missing: First day recorded Seat quota: House Unseen Person")
    assert {"".join(row[1].itertext()).split()[0] for row in rows.values()} == {"1", "2", "0"}
    links = {link.get("href") for link in rows["Photo"].iter("a")}
    assert links == {unseen.get_absolute_url()}
    assert response.text.count('<svg class="share"') == 6


def test_withdrawn_name_is_not_shown(client: Client, chamber):
    gone = factories.PersonFactory(
        name_en="Secret Person", family_name_en="", withdrawn=True, withdrawal_reason_en="X."
    )
    factories.DelegateFactory(chamber=chamber, person=gone)
    shown = words(client.get(address()))
    assert "Secret" not in shown
    assert "name withdrawn (delegate, House)" in shown
    assert figures(chamber, today())["Photo"] == (0, 0)
    assert figures(chamber, today())["Source"] == (0, 1)


def test_page_shows_the_confirmation_and_whether_it_is_valid(client: Client, chamber):
    assert "has not confirmed its roster" in words(client.get(address()))
    factories.ConfirmationFactory(parliament=chamber.parliament, date=today() - timedelta(days=500))
    factories.ConfirmationFactory(parliament=chamber.parliament, date=today() + timedelta(days=1))
    shown = words(client.get(address()))
    assert "by Secretariat of the House. It no longer speaks for this day" in shown
    factories.ConfirmationFactory(parliament=chamber.parliament, date=today() - timedelta(days=10))
    shown = words(client.get(address()))
    assert "Roster confirmed as complete on" in shown
    assert "no longer speaks" not in shown


def test_page_shows_the_requested_day(client: Client, chamber):
    factories.ParticipationFactory(parliament=chamber.parliament, starts="2010", ends="2015")
    factories.DelegateFactory(chamber=chamber, starts="2010", ends="2015")
    assert "took no part in the Assembly on this day" in words(client.get(address()))
    response = client.get(f"{address()}?on=2012-03-04")
    assert "as recorded on 4 March 2012" in words(response)
    assert "0 of 1" in words(response)
    assert '<meta name="robots" content="noindex, nofollow">' in response.text
    assert "nothing is on record before" in words(client.get(f"{address()}?on=1999-01-01"))
    for nonsense in ("9999-99-99", "2026-02-30", "2019", "nonsense", "%00", "a" * 10_000):
        assert client.get(f"{address()}?on={nonsense}").status_code == 400
    assert client.get(f"{address()}?on=2012-03-04&on=2012-03-04").status_code == 400


def test_delegation_without_names_is_not_shown_as_complete(client: Client, chamber):
    factories.SeatQuotaFactory(chamber=chamber)
    shown = words(client.get(address()))
    assert "No name is published for this day." in shown
    assert "0 of 0" not in shown
    assert "0 of 1" in shown


def test_delegation_page_and_completeness_page_link_each_other_on_the_same_day(client: Client, chamber):
    factories.DelegateFactory(chamber=chamber)
    shown = client.get("/en/delegations/home/?on=2019-02-01").text
    assert f'href="{address()}?on=2019-02-01"' in shown
    assert 'href="/en/delegations/home/?on=2019-02-01"' in client.get(f"{address()}?on=2019-02-01").text


def test_former_address_redirects_and_an_unknown_one_answers_404(client: Client, chamber):
    chamber.parliament.slug = "new-home"
    chamber.parliament.save()
    response = client.get(f"{address()}?on=2019-02-01")
    assert (response.status_code, response["Location"]) == (301, f"{address(slug='new-home')}?on=2019-02-01")
    response = client.get("/en/delegations/home/?on=2019-02-01")
    assert (response.status_code, response["Location"]) == (301, "/en/delegations/new-home/?on=2019-02-01")
    for slug in ("nothing", "people", "changes"):
        assert client.get(address(slug=slug)).status_code == 404


def test_page_in_russian_is_translated(client: Client, chamber):
    factories.DelegateFactory(chamber=chamber)
    shown = words(client.get(address("ru")))
    assert "0 из 1" in shown
    assert all(label.isascii() is False for label in figures(chamber, language="ru"))


def test_dashboard_counts_equal_the_gaps_on_the_page(client: Client, chamber):
    """The record has one delegation only, so its gaps are all there are."""
    factories.SeatQuotaFactory(chamber=chamber)
    for number in range(3):
        person = factories.PersonFactory(name_ru="", given_name_ru="", family_name_ru="")
        factories.DelegateFactory(chamber=chamber, person=person, starts="2019" if number else None)
    factories.RepresentativeFactory(parliament=chamber.parliament)
    missing = {label: whole - part for label, (part, whole) in figures(chamber, today()).items()}
    client.force_login(factories.UserFactory(is_superuser=True))
    desk = {
        line.url.removeprefix("/admin/delegations/"): line.number
        for _label, lines in client.get(page("index")).context["sections"]
        for line in lines
    }
    assert desk["person/?todo=photo"] == missing["Photo"] == 4
    assert desk["person/?todo=name_ru"] == missing["Name (Russian)"] == 3
    models = ("seatquota", "delegate", "representative")
    assert sum(desk[f"{name}/?todo=source"] for name in models) == missing["Source"] == 5
    assert sum(desk[f"{name}/?todo=date"] for name in models) == missing["First day recorded"] == 3


@up_to(300)
def test_page_costs_the_same_with_any_number_of_gaps(client: Client, chamber: Chamber, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for _row in range(rows):
            factories.DelegateFactory(chamber=chamber)
            factories.SeatQuotaFactory(chamber=factories.ChamberFactory(parliament=chamber.parliament))
            factories.LinkFactory(chamber=chamber, language="")
        factories.ConfirmationFactory(parliament=chamber.parliament, date=today())

        def ask() -> None:
            assert client.get(address()).status_code == 200

        return {"completeness": cost(ask)}

    assert_same_cost(measure, sizes)


@pytest.mark.parametrize(
    ("part", "whole", "filled"),
    [(0, 0, 0), (0, 5, 0), (5, 5, BAR), (1, 2, BAR // 2), (1, 999, 1), (998, 999, BAR - 1)],
)
def test_bar_is_full_or_empty_for_exact_shares_only(part: int, whole: int, filled: int):
    assert share(part, whole).filled == filled
