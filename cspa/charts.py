"""Geometry of the charts; templates/charts/ renders it as SVG.

Coordinates are integers, since templates format floats with the decimal comma of the locale.
"""

from dataclasses import dataclass
from datetime import date
from math import cos, pi, sin
from typing import NamedTuple

# Radius of a seat of the hemicycle.
RADIUS = 10
# Half the side of a square seat.
SQUARE = 8
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
    r: int
    group: int
    filled: bool


@dataclass(frozen=True)
class Hemicycle:
    width: int
    height: int
    seats: list[Seat]

    @property
    def outlines(self) -> list[tuple[int, bool, str]]:
        """SVG path of the filled and of the empty seats of each group, as (group, filled, path).

        One path for many seats keeps the page small. The second group has squares, so that the groups differ by more
        than colour.
        """
        drawn: dict[tuple[int, bool], list[str]] = {}
        for seat in self.seats:
            if seat.group == 1:
                outline = f"M{seat.x - SQUARE} {seat.y - SQUARE}h{2 * SQUARE}v{2 * SQUARE}h-{2 * SQUARE}z"
            else:
                outline = f"M{seat.x} {seat.y - seat.r}a{seat.r} {seat.r} 0 1 0 .1 0z"
            drawn.setdefault((seat.group, seat.filled), []).append(outline)
        return [(group, filled, "".join(outlines)) for (group, filled), outlines in drawn.items()]


def hemicycle(groups: list[tuple[int, int]]) -> Hemicycle:
    """Hemicycle of ``groups`` of (filled, total) seats, with the first group on the left."""
    total = sum(seats for _filled, seats in groups)
    rows = _rows(total)
    outer = rows[-1][0] if rows else 0
    places = [
        (pi / 2 if number == 1 else pi - pi * place / (number - 1), radius)
        for radius, number in rows
        for place in range(number)
    ]
    places.sort(key=lambda place: (-place[0], place[1]))
    seat_groups = [(group, place < filled) for group, (filled, seats) in enumerate(groups) for place in range(seats)]
    centre = round(outer) + MARGIN
    return Hemicycle(
        width=2 * centre,
        height=centre + MARGIN,
        seats=[
            Seat(round(centre + radius * cos(angle)), round(centre - radius * sin(angle)), RADIUS, group, filled)
            for (angle, radius), (group, filled) in zip(places, seat_groups, strict=True)
        ],
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
