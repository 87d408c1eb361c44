"""A process of its own that reads an XLSX file and writes the rows of its first shown sheet as JSON lines.

A file of some kilobytes can make openpyxl take gigabytes and minutes: by shared strings, by a row of millions of
cells, by elements within each other. The system bounds memory and time of the process for all of these, known or not.
It runs by its path, without Django.

The first line names the sheets: ``{"read": title, "others": titles, "hidden": titles}``. Each other line is ``[number,
cells, formulas]``, where ``formulas`` are the places of cells with a formula. The exit status is 0, REFUSED for a
damaged file, and another one where the memory or the time was not enough.
"""

import json
import os
import re
import resource
import sys
import warnings
from collections import defaultdict
from datetime import datetime
from typing import Any

# Bytes that the process may allocate, and seconds of the processor that it may take: for any file, and for each
# megabyte of it.
MAX_MEMORY = 150 * 1024 * 1024
MAX_SECONDS = 10
SECONDS_PER_MB = 5

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')
# Of a format: locales and colours, texts in quotes, and letters that stand for themselves.
_NOT_SHOWN = re.compile(r'\[[^]]*\]|"[^"]*"|\\.|_.')

REFUSED = 3
TOO_LARGE = 4


def main(max_columns: int, max_letters: int) -> None:
    """Write the rows. Rows and cells are cut right beyond the limits, so that the reader sees them exceeded."""
    from openpyxl import load_workbook

    # About styles and extensions that are not read.
    warnings.simplefilter("ignore")
    workbook = load_workbook(sys.stdin.buffer, read_only=True, keep_links=False)
    shown = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    sheet = (shown or workbook.worksheets)[0]
    sheets = {
        "read": sheet.title,
        "others": [other.title for other in shown[1:]],
        "hidden": [other.title for other in workbook.worksheets if other is not sheet and other not in shown],
    }
    print(json.dumps(sheets))
    # The declared dimensions may be wrong.
    sheet.reset_dimensions()
    merged = _merged_down(workbook, sheet)
    # Last row and text of the merged cells that reach into the row, by their places in it.
    reaching: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(sheet.iter_rows(max_col=max_columns + 1), 1):
        cells = [_text(cell)[: max_letters + 1] for cell in row]
        reaching |= {place: (last, cells[place]) for place, last in merged.get(number, ()) if place < len(cells)}
        for place, (last, text) in list(reaching.items()):
            if number > last:
                del reaching[place]
            # A row of nothing else stays empty.
            elif any(cells):
                cells += [""] * (place + 1 - len(cells))
                cells[place] = text
        while cells and not cells[-1]:
            cells.pop()
        formulas = [place for place, cell in enumerate(row[: len(cells)]) if cell.data_type == "f"]
        print(json.dumps([number, cells, formulas]))


def _merged_down(workbook: Any, sheet: Any) -> dict[int, set[tuple[int, int]]]:
    """Return the cells that are merged over several rows: place in a row and last row, by the first row.

    openpyxl leaves them out where it reads row by row, because they stand behind the rows.
    """
    from openpyxl.utils import column_index_from_string

    merged = defaultdict(set)
    rest = b""
    with workbook._archive.open(sheet._worksheet_path) as part:
        while chunk := part.read(1024 * 1024):
            rest += chunk
            for column, first, last in _MERGED.findall(rest):
                if int(first) < int(last):
                    merged[int(first)].add((column_index_from_string(column.decode()) - 1, int(last)))
            # The longest element that the chunk may have cut.
            rest = rest[-100:]
    return merged


def _text(cell: Any) -> str:
    """The text of a cell, dates with the precision that the cell shows: 2019-05-26, 2019-05 or 2019."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()[: _letters_of_date(cell.number_format)]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _letters_of_date(number_format: str) -> int:
    """Return how much of 2019-05-26 a cell of this format shows: all, seven letters, or four."""
    shown = _NOT_SHOWN.sub("", number_format.split(";")[0]).lower()
    if "d" in shown or "y" not in shown:
        return 10
    return 7 if "m" in shown else 4


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
    seconds = MAX_SECONDS + SECONDS_PER_MB * os.fstat(sys.stdin.fileno()).st_size // 1024**2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = 0
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
        sys.stdout.flush()
    except MemoryError:
        status = TOO_LARGE
    # openpyxl raises many types of errors for damaged files. The parser says in words that memory was not enough.
    except Exception as error:
        status = TOO_LARGE if "memory" in str(error) else REFUSED
    # To free millions of objects takes longer than to end.
    os._exit(status)
