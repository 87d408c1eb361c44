"""Geometry of the charts; templates/charts/ renders it as SVG.

Coordinates are integers, since templates format floats with the decimal comma of the locale.
"""

from dataclasses import dataclass
from datetime import date
from math import cos, pi, sin
from typing import NamedTuple

# Radius of a seat of the hemicycle.
RADIUS = 10
# Outline of a seat around its centre, by the kind of its chamber: circle, square, diamond; triangle for none recorded.
# Chambers differ by more than colour, and a kind looks the same wherever it stands.
SHAPES = {
    "lower": ((0, -RADIUS), f"a{RADIUS} {RADIUS} 0 1 0 .1 0z"),
    "upper": ((-8, -8), "h16v16h-16z"),
    "single": ((0, -11), "l11 11-11 11-11-11z"),
    "": ((0, -10), "l10 17h-20z"),
}
# Distance between the centres of neighbouring seats, and between rows.
STEP = 26
MARGIN = RADIUS + 2
# Size of the bar of a share.
BAR, BAR_HEIGHT = 100, 8
# Smallest radius of the first row that still looks like an arc.
MIN_FIRST_RADIUS = 1.5 * STEP


@dataclass(frozen=True)
class Seat:
    x: int
    y: int
    kind: str
    filled: bool


@dataclass(frozen=True)
class Hemicycle:
    width: int
    height: int
    seats: list[Seat]
    # The filled and the total seats of each kind, from left to right.
    kinds: dict[str, tuple[int, int]]

    @property
    def outlines(self) -> list[tuple[str, bool, str]]:
        """SVG path of the filled and of the empty seats of each kind, as (kind, filled, path).

        One path for many seats keeps the page small.
        """
        drawn: dict[tuple[str, bool], list[str]] = {}
        for seat in self.seats:
            drawn.setdefault((seat.kind, seat.filled), []).append(seat_outline(seat.kind, seat.x, seat.y))
        return [(kind, filled, "".join(outlines)) for (kind, filled), outlines in drawn.items()]


def seat_outline(kind: str, x: int, y: int) -> str:
    """SVG path of a seat of a chamber of ``kind`` around the point ``x``, ``y``."""
    (left, top), outline = SHAPES[kind]
    return f"M{x + left} {y + top}{outline}"


def hemicycle(groups: list[tuple[str, int, int]]) -> Hemicycle:
    """Hemicycle of ``groups`` of (kind of chamber, filled, total) seats, with the first group on the left."""
    total = sum(seats for _kind, _filled, seats in groups)
    rows = _rows(total)
    outer = rows[-1][0] if rows else 0
    places = [
        (pi / 2 if number == 1 else pi - pi * place / (number - 1), radius)
        for radius, number in rows
        for place in range(number)
    ]
    places.sort(key=lambda place: (-place[0], place[1]))
    seat_kinds = [(kind, place < filled) for kind, filled, seats in groups for place in range(seats)]
    kinds: dict[str, tuple[int, int]] = {}
    for kind, filled, seats in groups:
        before = kinds.get(kind, (0, 0))
        kinds[kind] = (before[0] + filled, before[1] + seats)
    centre = round(outer) + MARGIN
    return Hemicycle(
        width=2 * centre,
        height=centre + MARGIN,
        seats=[
            Seat(round(centre + radius * cos(angle)), round(centre - radius * sin(angle)), kind, filled)
            for (angle, radius), (kind, filled) in zip(places, seat_kinds, strict=True)
        ],
        kinds=kinds,
    )


def _rows(total: int) -> list[tuple[float, int]]:
    """Radius and number of seats of each row, innermost first.

    The number of rows is the greatest that leaves the first row a radius of MIN_FIRST_RADIUS.
    """
    if total == 0:
        return []
    count = 1
    while _first_radius(total, count + 1) >= MIN_FIRST_RADIUS:
        count += 1
    # Two seats face each other, STEP apart; the length of the arc would put them closer.
    first = max(_first_radius(total, count), STEP / 2 if total > 1 else 0)
    radii = [first + STEP * row for row in range(count)]
    numbers = [int(1 + pi * radius / STEP) for radius in radii]
    # Distribute the seats that rounding has left over, from the outermost row inwards.
    for row in range(total - sum(numbers)):
        numbers[-1 - row % count] += 1
    return list(zip(radii, numbers, strict=True))


def _first_radius(total: int, count: int) -> float:
    """Radius of the first of ``count`` rows if ``total`` seats are STEP apart."""
    return STEP * ((total - count) / (pi * count) - (count - 1) / 2)


@dataclass(frozen=True)
class Share:
    """Bar of ``width`` by ``height`` of which ``filled`` units are filled."""

    width: int
    height: int
    filled: int


def share(part: int, whole: int) -> Share:
    """Bar for ``part`` of ``whole``. Rounding never makes a partial share look full or empty."""
    filled = round(BAR * part / whole) if whole else 0
    if 0 < part < whole:
        filled = min(max(filled, 1), BAR - 1)
    return Share(BAR, BAR_HEIGHT, filled)


# Timeline: width of the labels and of the scale beside them, height of a line and of the axis.
LABEL_WIDTH = 300
SCALE_WIDTH = 680
LINE_HEIGHT = 26
AXIS_HEIGHT = 30
MAX_TICKS = 12
# Most widths of a letter are smaller.
LETTER_WIDTH = 9


@dataclass(frozen=True)
class Bar:
    """Period on a line of a timeline, with its text where there is room for it."""

    x: int
    width: int
    text: str
    dated: bool


@dataclass(frozen=True)
class TimelineLine:
    y: int
    label: str
    bars: list[Bar]


@dataclass(frozen=True)
class Tick:
    """Mark at the start of a year on the axis."""

    x: int
    year: str


@dataclass(frozen=True)
class Timeline:
    width: int
    height: int
    mark: int
    lines: list[TimelineLine]
    ticks: list[Tick]

    @property
    def has_undated(self) -> bool:
        return any(not bar.dated for line in self.lines for bar in line.bars)


class Span(NamedTuple):
    """A period to draw; None stands for the end of the scale. ``dated`` tells whether its start is recorded."""

    start: date | None
    end: date | None
    text: str
    dated: bool


def timeline(lines: list[tuple[str, list[Span]]], first: date, last: date, mark: date) -> Timeline:
    """Timeline from ``first`` to ``last`` of lines of a label and periods.

    Bars are clipped at both ends; ``mark`` is the day that the page shows.
    """
    days = max((last - first).days, 1)

    def place(day: date) -> int:
        return LABEL_WIDTH + round(SCALE_WIDTH * min(max((day - first).days, 0), days) / days)

    drawn = []
    for number, (label, periods) in enumerate(lines):
        bars = []
        for span in periods:
            left, right = place(span.start or first), place(span.end or last)
            width = max(right - left, 2)
            fits = (len(span.text) + 1) * LETTER_WIDTH <= width
            bars.append(Bar(left, width, span.text if fits else "", span.dated))
        drawn.append(TimelineLine(AXIS_HEIGHT + LINE_HEIGHT * number, label, bars))
    every = max(1, -(-(last.year - first.year) // MAX_TICKS))
    years = range(first.year + 1, last.year + 1, every)
    return Timeline(
        width=LABEL_WIDTH + SCALE_WIDTH + MARGIN,
        height=AXIS_HEIGHT + LINE_HEIGHT * len(lines) + MARGIN,
        mark=place(mark),
        lines=drawn,
        ticks=[Tick(place(date(year, 1, 1)), str(year)) for year in years],
    )
