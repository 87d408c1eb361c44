"""Numbers to geometry; the drawing stands in templates/charts/.

All coordinates are whole numbers, so that no locale can put a comma into an SVG.
"""

from dataclasses import dataclass
from math import ceil, cos, pi, sin

RADIUS = 10  # of a seat
STEP = 26  # between the centres of two seats
INNER = 52  # radius of the innermost row


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
    radii = _rows(total)
    outer = radii[-1] if radii else INNER
    angles = sorted(
        (pi - pi * (place + 0.5) / number, radius)
        for radius, number in zip(radii, _spread(total, radii), strict=True)
        for place in range(number)
    )
    angles.reverse()
    owners = [(group, place < filled) for group, (filled, seats) in enumerate(groups) for place in range(seats)]
    centre = outer + RADIUS + 2
    return Hemicycle(
        width=2 * centre,
        height=centre + RADIUS + 2,
        seats=[
            Seat(
                round(centre + radius * cos(angle)),
                round(centre - radius * sin(angle)),
                RADIUS,
                group,
                filled,
            )
            for (angle, radius), (group, filled) in zip(angles, owners, strict=True)
        ],
    )


def _rows(total: int) -> list[int]:
    """Radii of the rows that hold ``total`` seats, the innermost first."""
    radii: list[int] = []
    while sum(_capacity(radius) for radius in radii) < total:
        radii.append(INNER + STEP * len(radii))
    return radii


def _capacity(radius: int) -> int:
    return int(pi * radius / STEP)


def _spread(total: int, radii: list[int]) -> list[int]:
    """How many of ``total`` seats each row takes, in proportion to its length."""
    numbers, left, room = [], total, sum(_capacity(radius) for radius in radii)
    for radius in radii:
        capacity = _capacity(radius)
        number = min(left, ceil(left * capacity / room), capacity) if room else 0
        numbers.append(number)
        left, room = left - number, room - capacity
    return numbers
