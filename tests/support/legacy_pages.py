"""Texts of pages saved from the former site."""

TITLE = "A meeting in Minsk"


def page_of(*block: str, title: str = TITLE, day: str = "26 May 2020", text: str = "They met.") -> bytes:
    return "\n".join([*block, title, day, title, text]).encode()
