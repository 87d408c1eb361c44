"""The seat diagram: one circle for each seat, without overlaps, and numbers independent of the locale."""

import locale
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import combinations

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from cspa import charts
from cspa.charts import RADIUS, hemicycle

from ...support.generated import examples

GROUPS = st.lists(
    st.integers(1, 120).flatmap(
        lambda seats: st.tuples(st.sampled_from(list(charts.SHAPES)), st.integers(0, seats), st.just(seats))
    ),
    max_size=4,
)


@examples(25)
@given(GROUPS)
def test_every_seat_is_drawn_once_inside_the_box(groups):
    chart = hemicycle(groups)
    left_to_right = iter(chart.seats)
    for kind, filled, seats in groups:
        drawn = [next(left_to_right) for _place in range(seats)]
        assert {seat.kind for seat in drawn} == {kind}
        assert sum(seat.filled for seat in drawn) == filled
    assert next(left_to_right, None) is None
    assert sum(seats for _filled, seats in chart.kinds.values()) == len(chart.seats)
    for seat in chart.seats:
        assert RADIUS <= seat.x <= chart.width - RADIUS
        assert RADIUS <= seat.y <= chart.height - RADIUS


@pytest.mark.parametrize("total", [1, 2, 7, 11, 12, 16, 22, 68, 300])
def test_seats_do_not_overlap(total):
    seats = hemicycle([("lower", 0, total)]).seats
    gaps = [(a.x - b.x) ** 2 + (a.y - b.y) ** 2 for a, b in combinations(seats, 2)]
    assert all(gap >= (2 * RADIUS) ** 2 for gap in gaps)


@pytest.fixture
def russian_numbers() -> Iterator[None]:
    """Set the number format of the process to Russian."""
    before = locale.setlocale(locale.LC_NUMERIC)
    # The locale may not be installed. Django formats by the language only.
    with suppress(locale.Error):
        locale.setlocale(locale.LC_NUMERIC, "ru_RU.UTF-8")
    yield
    locale.setlocale(locale.LC_NUMERIC, before)


@pytest.mark.usefixtures("russian_numbers")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_drawing_is_the_same_in_every_locale(language, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    with override(language):
        drawing = render_to_string(
            "charts/hemicycle.svg", {"chart": hemicycle([("upper", 3, 700), ("lower", 5, 500)]), "title": "t"}
        )
    assert drawing.count("M") == 1200
    assert ",00" not in drawing
    assert "\xa0" not in drawing


@pytest.mark.parametrize("order", [("lower", "upper"), ("upper", "lower")])
def test_kind_of_a_chamber_decides_its_shape_in_any_order(order):
    chart = hemicycle([(kind, 1, 2) for kind in order])
    assert {(kind, charts.SHAPES[kind][1] in path) for kind, _filled, path in chart.outlines} == {
        ("lower", True),
        ("upper", True),
    }
    assert len({outline for _corner, outline in charts.SHAPES.values()}) == 4


def test_timeline_clips_periods_at_its_edges():
    first, last = date(2010, 1, 1), date(2020, 1, 1)
    seats = [charts.Span(None, date(2015, 1, 1), "7", False), charts.Span(date(2015, 1, 1), None, "6", True)]
    lines = [("seats", seats), ("late", [])]
    drawn = charts.timeline(lines, first, last, date(2020, 1, 1))
    before, after = drawn.lines[0].bars
    assert (before.x, before.dated, after.dated) == (charts.LABEL_WIDTH, False, True)
    assert drawn.has_undated
    assert before.x + before.width == after.x
    assert after.x + after.width == charts.LABEL_WIDTH + charts.SCALE_WIDTH == drawn.mark
    assert [tick.year for tick in drawn.ticks] == [str(year) for year in range(2011, 2021)]
    assert all(isinstance(number, int) for bar in (before, after) for number in (bar.x, bar.width))
    assert drawn.lines[1].y - drawn.lines[0].y == charts.LINE_HEIGHT


def test_long_timeline_has_a_bounded_number_of_ticks():
    drawn = charts.timeline([], date(1900, 1, 1), date(2100, 1, 1), date(2000, 1, 1))
    assert 10 <= len(drawn.ticks) <= charts.MAX_TICKS


def test_text_of_a_period_is_drawn_where_it_fits():
    first, last = date(2010, 1, 1), date(2020, 1, 1)
    spans = [charts.Span(first, date(2010, 2, 1), "head of the delegation", True)]
    spans += [charts.Span(date(2015, 1, 1), last, "head of the delegation", True)]
    drawn = charts.timeline([("line", spans)], first, last, last)
    assert [bar.text for bar in drawn.lines[0].bars] == ["", "head of the delegation"]
