"""JSON objects whose lists are decoded element by element, so that memory does not grow with the file."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from ..records import RowError

MAX_DIGITS = 18
# Of a list: each may become a line of the report.
MAX_ELEMENTS = 200_000
# Characters that are decoded at once: most elements fit into the first, none may be longer than the last. Nested empty
# lists take thirty times their size in memory.
WINDOWS = (4 * 1024, 64 * 1024, 1024 * 1024)
# Of what is no text: "false", or an escape.
LONGEST_SIGN = 6

_SPACE = re.compile(r"[ \t\n\r]*")


class JsonList:
    """A list of a JSON document. Each iteration decodes it anew."""

    def __init__(self, text: str, start: int):
        self._text = text
        self._start = start
        # The place after the list.
        self.end = start
        self._length = 0
        for _element, self.end in _elements(text, start):
            self._length += 1
            if self._length > MAX_ELEMENTS:
                raise RowError(_("A list of the file has more than %(limit)d rows.") % {"limit": MAX_ELEMENTS})
        self.end = _skip(text, self.end) + 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return (element for element, _end in _elements(self._text, self._start))


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object ``text`` with a JsonList for each list in it; None if it is another value.

    Raises json.JSONDecodeError for what is no strict JSON, and RowError for huge numbers, NaN and Infinity, deep
    nesting, an element of more than a million characters, and too many elements.
    """
    place = _skip(text, 0)
    if text[place : place + 1] != "{":
        _value, place = _decode(text, place)
        document = None
    else:
        document, place = _object(text, place + 1)
    if (place := _skip(text, place)) != len(text):
        raise json.JSONDecodeError("Extra data", text, place)
    return document


def _object(text: str, place: int) -> tuple[dict[str, Any], int]:
    """Decode the members of an object from ``place``; return them and the place after the object."""
    document: dict[str, Any] = {}
    place = _skip(text, place)
    if text[place : place + 1] == "}":
        return document, place + 1
    while True:
        key, place = _decode(text, _skip(text, place))
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, place)
        place = _skip(text, _expect(text, _skip(text, place), ":"))
        if text[place : place + 1] == "[":
            document[key] = listed = JsonList(text, place + 1)
            place = listed.end
        else:
            document[key], place = _decode(text, place)
        place = _skip(text, place)
        if text[place : place + 1] == "}":
            return document, place + 1
        place = _expect(text, place, ",")


def _elements(text: str, place: int) -> Iterator[tuple[Any, int]]:
    """Yield the elements of a list from ``place``, each with the place after it."""
    place = _skip(text, place)
    if text[place : place + 1] == "]":
        return
    while True:
        element, place = _decode(text, _skip(text, place))
        yield element, place
        place = _skip(text, place)
        if text[place : place + 1] == "]":
            return
        place = _expect(text, place, ",")


def _decode(text: str, place: int) -> tuple[Any, int]:
    """Decode the value at ``place``; return it and the place after it."""
    for size in WINDOWS:
        window = text[place : place + size]
        is_rest = place + size >= len(text)
        try:
            value, end = _DECODER.raw_decode(window)
        except json.JSONDecodeError as error:
            if is_rest:
                raise json.JSONDecodeError(error.msg, text, place + error.pos) from error
        except RecursionError as error:
            raise RowError(_("The JSON is nested too deeply.")) from error
        except RowError:
            # Of a number that goes on, the message counts all digits.
            if is_rest or size == WINDOWS[-1]:
                raise
        else:
            # A number may go on after the window.
            if is_rest or end < len(window):
                return value, place + end
    # The error is within the window, or the value is longer.
    try:
        _DECODER.raw_decode(window)
    except json.JSONDecodeError as error:
        if error.pos < len(window) - LONGEST_SIGN and not error.msg.startswith("Unterminated string"):
            raise json.JSONDecodeError(error.msg, text, place + error.pos) from error
    line = text.count("\n", 0, place) + 1
    message = _("Line %(line)d begins a value of more than %(limit)d letters.")
    raise RowError(message % {"line": line, "limit": WINDOWS[-1]})


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    assert match is not None
    return match.end()


def _expect(text: str, place: int, sign: str) -> int:
    if text[place : place + 1] != sign:
        raise json.JSONDecodeError(f"Expecting '{sign}' delimiter", text, place)
    return place + 1


def parse_json(text: str, **options: Any) -> Any:
    """Parse strict JSON with the ``options`` of json.loads.

    Raises RowError for what json.loads accepts, or fails at in other ways than with JSONDecodeError: huge numbers,
    NaN and Infinity, and deep nesting.
    """
    try:
        return json.loads(text, parse_int=_parse_int, parse_constant=_refuse_constant, **options)
    except RecursionError as error:
        raise RowError(_("The JSON is nested too deeply.")) from error


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise RowError(
            _("The file holds a number of %(count)d digits; at most %(limit)d are read.")
            % {"count": len(digits), "limit": MAX_DIGITS}
        )
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise RowError(_("The file holds “%(name)s”, which is no number in JSON.") % {"name": name})


_DECODER = json.JSONDecoder(parse_int=_parse_int, parse_constant=_refuse_constant)
