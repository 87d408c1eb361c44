"""Pieces of pages, kept in the process as long as nothing that was read for them has changed.

A page is made anew when any of its tables has changed; most of its pieces rest on fewer tables, and many are shared
with other pages. Only pages that all readers share are made of kept pieces (``cspa.caching``): staff, previews and
commands read everything anew.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from cachetools import LRUCache
from django.conf import settings
from django.db import connections
from django.utils.translation import get_language

from . import versions
from .versions import Mark

SHARE = 4  # pieces may take this part of what pages may


@dataclass
class Rested:
    """Something that was made of what the database said, with the numbers of the tables that were read for it."""

    numbers: dict[str, Any]
    mark: Mark | None  # at which the numbers were last compared

    def holds(self, mark: Mark) -> bool:
        """Whether nothing in it has changed."""
        if self.mark is mark:
            return True
        if mark.agrees(self.numbers):
            self.mark = mark
            return True
        return False


@dataclass
class Piece(Rested):
    """A piece of a page, and the tables that were read for it."""

    content: bytes  # pickled: who takes it cannot change it
    tables: frozenset[str]

    @property
    def size(self) -> int:
        return len(self.content) + 1000

    @property
    def value(self) -> Any:
        return pickle.loads(self.content)  # noqa: S301  our own


@dataclass
class Reading:
    """What the page, or the piece, that is being made has read, and the numbers from before it began."""

    mark: Mark | None  # None: nothing is kept
    tables: set[str]  # of all of it
    own: set[str] = field(default_factory=set)  # that what it holds in hand rests on: its pieces may use it


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
_pieces: LRUCache[tuple, Piece] = LRUCache(
    settings.PAGES_MEGABYTES * 1024 * 1024 // SHARE, getsizeof=lambda piece: piece.size
)
_guard = threading.Lock()


@contextmanager
def reading(mark: Mark | None) -> Iterator[set[str]]:
    """The tables that are read meanwhile, with or without pieces that were kept under ``mark``; None: without."""

    def note(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        named, now = versions.tables_in(str(sql)), _reading.get()
        now.tables |= named
        now.own |= named
        return execute(sql, params, many, context)

    token = _reading.set(page := Reading(mark, set()))
    try:
        with ExitStack() as noting:
            for connection in connections.all():
                noting.enter_context(connection.execute_wrapper(note))
            yield page.tables
    finally:
        _reading.reset(token)


def piece(key: tuple, make: Callable[[], Any]) -> Any:
    """What ``make`` answers, kept under ``key`` and the active language where a page for all readers is being made.

    Who asks gets a copy.
    """
    return each([None], lambda _subjects: {None: make()}, *key)[0]


def each(subjects: list[Any], make: Callable[[list[Any]], dict[Any, Any]], *key: Any) -> list[Any]:
    """What ``make`` answers for each of ``subjects``, in their order and each kept by itself under ``key``.

    ``make`` is asked once, for those that are not there.
    """
    answers, tables = _take(subjects, make, key)
    if now := _reading.get():
        now.own |= tables
    return answers


def text(key: tuple, make: Callable[[], str]) -> str:
    """As ``piece``, of a text that goes into the page and serves nothing else."""
    (answer,), _tables = _take([None], lambda _subjects: {None: make()}, key)
    return answer


def _take(
    subjects: list[Any], make: Callable[[list[Any]], dict[Any, Any]], key: tuple
) -> tuple[list[Any], frozenset[str]]:
    """The answers, and the tables that they rest on."""
    now = _reading.get()
    if now is None or now.mark is None:
        made = make(subjects)
        return [made[subject] for subject in subjects], frozenset()
    key = (get_language(), *key)
    with _guard:
        known = {subject: _pieces.get((*key, subject)) for subject in subjects}
    missing = [subject for subject, found in known.items() if found is None or not found.holds(now.mark)]
    if missing:
        for subject, found in _made(now, lambda: make(missing)):
            known[subject] = found
            if found.tables <= versions.tables():
                with _guard, suppress(ValueError):  # larger than all there is room for
                    _pieces[(*key, subject)] = found
    tables = frozenset().union(*(found.tables for found in known.values()))
    now.tables |= tables
    return [known[subject].value for subject in subjects], tables


def there() -> dict[str, float]:
    """How many pieces this process keeps, and how much memory they take."""
    with _guard:
        return {"number": len(_pieces), "megabytes": round(_pieces.currsize / 1024 / 1024, 1)}


def _made(page: Reading, make: Callable[[], dict[Any, Any]]) -> Iterator[tuple[Any, Piece]]:
    with _within(page) as read:
        # A queryset is asked by being pickled.
        contents = {subject: pickle.dumps(made, pickle.HIGHEST_PROTOCOL) for subject, made in make().items()}
    tables = frozenset(read.tables)
    numbers = page.mark.of(tables)
    for subject, content in contents.items():
        yield subject, Piece(numbers, page.mark, content, tables)


@contextmanager
def _within(page: Reading) -> Iterator[Reading]:
    """What is read meanwhile for a part of ``page``."""
    token = _reading.set(read := Reading(page.mark, set(page.own), set(page.own)))
    try:
        yield read
    finally:
        _reading.reset(token)


class once:  # noqa: N801  a decorator, as cached_property is
    """A property of a view that is computed once, and no sooner than a piece asks for it.

    Each piece that uses it rests on what was read for it; so it is a value that has been read, no queryset to come.
    """

    def __init__(self, make: Callable[[Any], Any]):
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_once_{name}"

    def __get__(self, view: Any, owner: type | None = None) -> Any:
        if view is None:
            return self
        page = _reading.get()
        if self.name not in vars(view):
            if page is None:
                vars(view)[self.name] = self.make(view), frozenset()
            else:
                with _within(page) as read:
                    vars(view)[self.name] = self.make(view), frozenset(read.tables)
        value, tables = vars(view)[self.name]
        if page is not None:
            page.tables |= tables
            page.own |= tables
        return value


def kept(make: Callable) -> Callable:
    """A function whose answers are kept as pieces, under its arguments.

    The arguments are plain values, and nothing else may decide the answer but the language and the database. Every
    caller gets an answer of its own.
    """
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def answer(*arguments: Any) -> Any:
        return piece((name, *arguments), lambda: make(*arguments))

    return answer
