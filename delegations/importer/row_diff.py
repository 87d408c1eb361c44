"""The difference between a row and what a file states of it."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from translated_fields import to_attribute

from cspa.i18n import language_codes

from ..models import AssemblyPost, Delegate, Period, Person, PersonName, Representative, Source
from .records import Kind


class Action(models.TextChoices):
    """What an import does to a row."""

    ADDED = "added", gettext_lazy("added")
    CHANGED = "changed", gettext_lazy("changed")
    ENDED = "ended", gettext_lazy("ended")
    UNCHANGED = "unchanged", gettext_lazy("unchanged")


@dataclass(slots=True, eq=False)
class RowDiff:
    """One row with the values that it gets, and those that it had."""

    kind: Kind
    location: int | str
    row: models.Model
    action: Action
    # Old values of the columns that change.
    before: dict[str, Any] = field(default_factory=dict)
    # All sources of the row; None if they do not change.
    sources: list[Source] | None = None
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    # Former slugs of a parliament, former public ids of a person.
    former: list[Any] = field(default_factory=list)

    @property
    def label(self) -> str:
        return row_label(self.row)

    @property
    def details(self) -> list[str]:
        """Columns that change as "name: old → new"; of a new row its main values."""
        if self.action == Action.ADDED:
            details = self._details_of_new_row()
        else:
            details = [
                f"{_column_label(self.row, name)}: {_display(old)} → {_display(getattr(self.row, name))}"
                for name, old in self.before.items()
            ]
        if self.sources is not None:
            details.append(_("sources: %(titles)s") % {"titles": ", ".join(map(str, self.sources)) or "–"})
        details += [f"{scheme}: {identifier}" for scheme, identifier in self.identifiers]
        return details + [str(former) for former in self.former]

    def _details_of_new_row(self) -> list[str]:
        row = self.row
        details = [period_label(row)] if isinstance(row, Period) else []
        if isinstance(row, Delegate):
            role = str(row.get_role_display()) if row.role != Delegate.Role.DELEGATE else ""
            details += [role, str(row.political_group), str(row.constituency)]
        return list(filter(None, details))


def row_label(row: models.Model) -> str:
    """Return a label for ``row`` that takes no query: a new row may not be saved yet."""
    if isinstance(row, Person):
        return f"{row.public_name} ({row.public_id})" if row.public_id else str(row.public_name)
    if isinstance(row, PersonName):
        return f"{row.name} ({row.person.public_name})"
    if isinstance(row, Delegate):
        return f"{row.person.public_name}, {row.chamber.name}"
    if isinstance(row, Representative):
        return f"{row.person.public_name}, {row.parliament.label}"
    if isinstance(row, AssemblyPost):
        return f"{row.person.public_name}, {row.title}"
    return str(row)


def period_label(row: Period) -> str:
    return f"{row.starts.written if row.starts else '?'} – {row.ends or ('?' if row.ended else '')}".rstrip()


def _column_label(row: models.Model, name: str) -> str:
    """Return the verbose name of a column, with its language if it has one."""
    field = row._meta.get_field({"starts": "start", "ends": "end"}.get(name, name))
    languages = [code for code in language_codes() if name.endswith(to_attribute("", code))]
    return f"{field.verbose_name} ({languages[0]})" if languages else str(field.verbose_name)


def _display(value: Any) -> str:
    return str(value) if value not in ("", None) else "–"
