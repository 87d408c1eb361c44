"""A process of its own that reads an XLSX file and writes the rows of its first sheet as JSON lines.

A file of some kilobytes can make openpyxl take gigabytes and minutes: by shared strings, by a row of millions of
cells, by elements within each other. The system bounds memory and time of the process for all of these, known or not.
It runs by its path, without Django.

A line is ``[number, cells]``, or ``{"formula": number}`` in place of the first row with a formula. The exit status is
0, REFUSED for a damaged file, and another one where the memory or the time was not enough.
"""

import json
import os
import resource
import sys
import warnings
from datetime import datetime
from typing import Any

# Bytes that the process may allocate, and seconds of the processor that it may take.
MAX_MEMORY = 150 * 1024 * 1024
MAX_SECONDS = 10

REFUSED = 3
TOO_LARGE = 4


def main(max_columns: int, max_letters: int) -> None:
    """Write the rows. Rows and cells are cut right beyond the limits, so that the reader sees them exceeded."""
    from openpyxl import load_workbook

    # About styles and extensions that are not read.
    warnings.simplefilter("ignore")
    workbook = load_workbook(sys.stdin.buffer, read_only=True, keep_links=False)
    sheet = workbook.worksheets[0]
    # The declared dimensions may be wrong.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_col=max_columns + 1), 1):
        if any(cell.data_type == "f" for cell in row):
            print(json.dumps({"formula": number}))
            return
        cells = [_text(cell.value)[: max_letters + 1] for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        print(json.dumps([number, cells]))


def _text(value: Any) -> str:
    """The text of a cell, dates as 2019-05-26."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS + 1))
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
