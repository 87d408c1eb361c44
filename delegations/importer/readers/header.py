"""The header of a table: which columns are read, and how the cells of a row are read by it."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.exports.tabular import unescape_formula
from cspa.i18n import language_codes, single_line, translated_columns

from ...exports.serializers import MANDATE_COLUMNS
from ..records import ImportRefusedError, RowError, checked_text, language_of
from .columns import LAST_DAY, REASON, TRANSLATED, Formula, columns_of, is_error
from .files import TableRow

# Columns that say of whom a row speaks.
_NAMED = {"person_id", "name", *translated_columns("name")}
_FAMILY, _GIVEN = ({name, *translated_columns(name)} for name in ("family_name", "given_name"))


class Header:
    """The first row of ``head`` that says of whom the rows speak, else the first of the longest.

    ``mapping`` gives our columns by the headings of the file, "" for one that is passed over. Raises
    ImportRefusedError if there are no rows.
    """

    def __init__(self, head: list[TableRow], mapping: Mapping[str, str]):
        if not head:
            raise ImportRefusedError(_("The file has no header."))
        mapping = {_key(heading): column for heading, column in mapping.items()}
        found = [_columns(cells, mapping) for _line, cells in head]
        filled = [len(list(filter(str.strip, cells))) for _line, cells in head]
        longest = filled.index(max(filled))
        self.place = next((place for place, columns in enumerate(found) if _name_people(columns)), longest)
        self.line, self.headings = head[self.place]
        # Ours, "" for one that is passed over.
        self.columns = found[self.place]
        self.absent = mapping.keys() - set(map(_key, self.headings))
        self.unknown = [
            heading[:40]
            for heading, column in zip(map(single_line, self.headings), self.columns, strict=True)
            if heading and not column and _key(heading) not in mapping
        ]

    def check(self, *more: str) -> None:
        """Raise ImportRefusedError if columns that a table needs, or ``more``, are missing, or some stand twice."""
        if self.unknown and not _name_people(self.columns):
            raise ImportRefusedError(
                _("Unknown columns: %(names)s. Known are: %(known)s.")
                % {"names": ", ".join(self.unknown[:20]), "known": ", ".join(MANDATE_COLUMNS)}
            )
        if self.absent:
            names = ", ".join(sorted(self.absent))
            raise ImportRefusedError(_("The file has no columns: %(names)s.") % {"names": names})
        # A row has one end, in whatever way it is written.
        meant = ["end" if name == LAST_DAY else name for name in self.columns]
        if doubled := sorted({name for name in meant if name and meant.count(name) > 1}):
            raise ImportRefusedError(_("Columns that stand twice: %(names)s.") % {"names": ", ".join(doubled)})
        missing = [name for name in more if name not in self.columns]
        if not _name_people(self.columns):
            missing.append(translated_columns("name")[0])
        if missing:
            raise ImportRefusedError(_("Columns that are missing: %(names)s.") % {"names": ", ".join(missing)})

    def names_person(self, cells: list[str]) -> bool:
        """Whether a row says of whom it speaks."""
        return _name_people([name for name, cell in zip(self.columns, cells, strict=False) if cell.strip()])

    def without_heading(self, cells: list[str]) -> Iterator[int]:
        """Yield the numbers of the columns in which ``cells`` have a value under no heading."""
        for number, (heading, cell) in enumerate(zip(self.headings, cells, strict=False), 1):
            if cell.strip() and not heading.strip():
                yield number

    def errors(self, cells: list[str]) -> Iterator[RowError]:
        """Yield the reasons why cells of the row have no value."""
        for name, cell in zip(self.columns, cells, strict=False):
            if name and isinstance(cell, Formula):
                yield RowError(_("“%(name)s” holds a formula; save the file with values only.") % {"name": name})
            if name and is_error(cell):
                yield RowError(_("“%(name)s” holds an error: %(text)s") % {"name": name, "text": cell.strip()})

    def row(self, cells: list[str]) -> dict[str, str]:
        """Return the cells with a value by our columns. In a column without a language the letters tell it.

        Raises RowError for cells beyond the header, for missing ones, and for texts that cannot be stored.
        """
        width = len(self.columns)
        if len(cells) < width or any(map(str.strip, cells[width:])):
            raise RowError(
                _("The row has %(count)d cells, the header %(columns)d.") % {"count": len(cells), "columns": width}
            )
        row: dict[str, str] = {}
        for name, cell in zip(self.columns, cells, strict=False):
            if (
                name in ("", REASON)
                or isinstance(cell, Formula)
                or is_error(cell)
                or (name in TRANSLATED and not cell.strip())
            ):
                continue
            column = to_attribute(name, language_of(cell)) if name in TRANSLATED else name
            # A column that names its language goes before one that does not.
            if not row.get(column):
                row[column] = checked_text(unescape_formula(cell), name)
        return row

    def join_names(self, row: dict[str, str]) -> None:
        """Give ``row`` the whole name where the table holds its parts alone."""
        if "name" in self.columns:
            return
        for code in language_codes():
            name, given, family = (to_attribute(part, code) for part in ("name", "given_name", "family_name"))
            if name not in self.columns and row.get(given) and row.get(family):
                row[name] = f"{row[given]} {row[family]}"


def _columns(headings: list[str], mapping: Mapping[str, str]) -> list[str]:
    return [mapping.get(_key(heading), column) for heading, column in zip(headings, columns_of(headings), strict=True)]


def _key(heading: str) -> str:
    return single_line(heading).casefold()


def _name_people(columns: list[str]) -> bool:
    return not (_NAMED.isdisjoint(columns) and (_FAMILY.isdisjoint(columns) or _GIVEN.isdisjoint(columns)))
