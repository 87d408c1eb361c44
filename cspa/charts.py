"""Numbers to geometry; the drawing stands in templates/charts/.

All coordinates are whole numbers, so that no locale can put a comma into an SVG.
"""

from dataclasses import dataclass
from datetime import date
from math import cos, pi, sin

RADIUS = 10  # of a seat
SQUARE = 8  # half the side of one that is a square
STEP = 26  # between the centres of neighbours, in a row and from row to row
MARGIN = RADIUS + 2
BAR, BAR_HEIGHT = 100, 8  # of a share
INNERMOST = 1.5 * STEP  # the smallest first row that still looks like an arc


@dataclass(frozen=True)
class Seat:
    """A seat of the diagram: its centre, the group it belongs to, and whether a name fills it."""

    x: int
    y: int
    r: int
    group: int
    filled: bool


@dataclass(frozen=True)
class Hemicycle:
    """Seats in a half circle within a box of ``width`` by ``height``."""

    width: int
    height: int
    seats: list[Seat]

    @property
    def outlines(self) -> list[tuple[int, bool, str]]:
        """The seats of each group as two SVG paths: (group, filled, path). The second group has squares."""
        drawn: dict[tuple[int, bool], list[str]] = {}
        for seat in self.seats:
            if seat.group == 1:
                outline = f"M{seat.x - SQUARE} {seat.y - SQUARE}h{2 * SQUARE}v{2 * SQUARE}h-{2 * SQUARE}z"
            else:
                outline = f"M{seat.x} {seat.y - seat.r}a{seat.r} {seat.r} 0 1 0 .1 0z"
            drawn.setdefault((seat.group, seat.filled), []).append(outline)
        return [(group, filled, "".join(outlines)) for (group, filled), outlines in drawn.items()]


def hemicycle(groups: list[tuple[int, int]]) -> Hemicycle:
    """A half circle of seats for ``groups`` of (filled, all) seats, the first group on the left."""
    total = sum(seats for _filled, seats in groups)
    rows = _rows(total)
    outer = rows[-1][0] if rows else 0
    places = [
        (pi / 2 if number == 1 else pi - pi * place / (number - 1), radius)
        for radius, number in rows
        for place in range(number)
    ]
    places.sort(key=lambda place: (-place[0], place[1]))
    owners = [(group, place < filled) for group, (filled, seats) in enumerate(groups) for place in range(seats)]
    centre = round(outer) + MARGIN
    return Hemicycle(
        width=2 * centre,
        height=centre + MARGIN,
        seats=[
            Seat(round(centre + radius * cos(angle)), round(centre - radius * sin(angle)), RADIUS, group, filled)
            for (angle, radius), (group, filled) in zip(places, owners, strict=True)
        ],
    )


def _rows(total: int) -> list[tuple[float, int]]:
    """Radius and number of seats of each row, the innermost first: as many rows as leave a first one of INNERMOST."""
    if total == 0:
        return []
    count = 1
    while _first_radius(total, count + 1) >= INNERMOST:
        count += 1
    first = max(_first_radius(total, count), STEP / 2 if total > 1 else 0)  # two seats stand side by side
    radii = [first + STEP * row for row in range(count)]
    numbers = [int(1 + pi * radius / STEP) for radius in radii]
    for row in range(total - sum(numbers)):  # what rounding left over, from the outermost row inwards
        numbers[-1 - row % count] += 1
    return list(zip(radii, numbers, strict=True))


def _first_radius(total: int, count: int) -> float:
    """The radius of the first of ``count`` rows in which ``total`` seats stand STEP apart."""
    return STEP * ((total - count) / (pi * count) - (count - 1) / 2)


@dataclass(frozen=True)
class Share:
    """A bar of ``width`` by ``height`` of which ``filled`` units are full."""

    width: int
    height: int
    filled: int


def share(part: int, whole: int) -> Share:
    """A bar for ``part`` of ``whole``: it is full, or empty, only where the part is the whole, or nothing."""
    filled = round(BAR * part / whole) if whole else 0
    if 0 < part < whole:
        filled = min(max(filled, 1), BAR - 1)
    return Share(BAR, BAR_HEIGHT, filled)


# A timeline in units of its own: bars lie right of the labels, one line below the other.
LABELS = 300
SPAN = 680
LINE = 26
AXIS = 30
MOST_TICKS = 12
MOST_LINES = 80  # more than a reader can compare; the table beside the drawing holds all


@dataclass(frozen=True)
class Bar:
    """A period on a line of a timeline; one that is open has no recorded start or end."""

    x: int
    width: int
    text: str
    open_start: bool
    open_end: bool


@dataclass(frozen=True)
class Line:
    """A line of a timeline: the baseline of its text, and its bars from left to right."""

    y: int
    label: str
    bars: list[Bar]


@dataclass(frozen=True)
class Tick:
    """The beginning of a year."""

    x: int
    year: str


@dataclass(frozen=True)
class Timeline:
    """Lines of periods above a scale of years, with a mark at one day."""

    width: int
    height: int
    mark: int
    lines: list[Line]
    ticks: list[Tick]
    left_out: int


def timeline(
    lines: list[tuple[str, list[tuple[date | None, date | None, str]]]], first: date, last: date, mark: date
) -> Timeline:
    """Periods from ``first`` to ``last``: lines of (label, [(start or None, end or None, text), …]).

    What lies outside is cut off at the edge; ``mark`` is the day that the page speaks of. The lines after the first
    MOST_LINES are ``left_out``.
    """
    lines, left_out = lines[:MOST_LINES], max(len(lines) - MOST_LINES, 0)
    days = max((last - first).days, 1)

    def place(day: date) -> int:
        return LABELS + round(SPAN * min(max((day - first).days, 0), days) / days)

    drawn = []
    for number, (label, periods) in enumerate(lines):
        bars = []
        for start, end, text in periods:
            left, right = place(start or first), place(end or last)
            bars.append(Bar(left, max(right - left, 2), text, start is None, end is None))
        drawn.append(Line(AXIS + LINE * number, label, bars))
    every = max(1, -(-(last.year - first.year) // MOST_TICKS))
    years = range(first.year + 1, last.year + 1, every)
    return Timeline(
        width=LABELS + SPAN + MARGIN,
        height=AXIS + LINE * len(lines) + MARGIN,
        mark=place(mark),
        lines=drawn,
        ticks=[Tick(place(date(year, 1, 1)), str(year)) for year in years],
        left_out=left_out,
    )
