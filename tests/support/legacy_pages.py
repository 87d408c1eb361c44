"""Texts of pages saved from the former site."""

from datetime import date

TITLE = "A meeting in Minsk"
DAY = date(2020, 5, 26)
KYRGYZ = "Delegation of the Supreme Council of the Kyrgyz Republic to the CSTO PA consists of {} deputies."
ENVOY = "Plenipotentiary Representative of the Supreme Council of the Kyrgyz Republic: {}"
SITE = "Website of the Supreme Council of the Kyrgyz Republic: {}"


def page_of(*block: str, title: str = TITLE, day: str = "26 May 2020", text: str = "They met.") -> bytes:
    return "\n".join([*(block or [KYRGYZ.format(7)]), title, day, title, text]).encode()


def block_of(*lines: str) -> list[tuple[int, str]]:
    return list(enumerate(lines, 1))


def words(report) -> str:
    return "\n".join(map(str, [*report.conflicts, *report.warnings]))
