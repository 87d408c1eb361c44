"""Numbers to geometry; the drawing stands in templates/charts/.

All coordinates are whole numbers, so that no locale can put a comma into an SVG.
"""

from dataclasses import dataclass
from math import cos, pi, sin

RADIUS = 10  # of a seat
STEP = 26  # between the centres of neighbours, in a row and from row to row
MARGIN = RADIUS + 2
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
