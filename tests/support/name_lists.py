"""Name lists as the user pastes them into the roster form."""

import hashlib

OLD_PAGE = "АСАНОВ Жакип Кажманович, БЕКТАЕВ Али Абдикаримович"


def answer(response, number: int) -> str:
    """The name of the form field that assigns a person to the entry ``number``."""
    return f"who-{response.context['entries'][number - 1].name.key}"


def made_up(number: int) -> str:
    """A name that is not similar to the name of another number."""
    digits = hashlib.sha256(str(number).encode()).hexdigest()[:8]
    return "".join("абвгдежзиклмнопр"[int(digit, 16)] for digit in digits).capitalize()


def listed(number: int) -> str:
    return ", ".join(f"{made_up(n).upper()} Иван {made_up(n)}ович" for n in range(number))
