"""What a user says about a file that the file does not say itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy

# As an answer: a person who is not on record.
NEW = "new"
# Before the key of an earlier person of the file: ids of a file may be numbers, as public ids are.
OF_FILE = "="
# Every legislature of the file, or every row that an earlier mandate overlaps.
ALL = "all"


class Ends(models.TextChoices):
    """What an end in a file means."""

    LAST_DAY = "last-day", gettext_lazy("the last day in office")
    FIRST_DAY_OUT = "first-day-out", gettext_lazy("the first day no longer in office")


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import. The command and the admin page offer the same."""

    # Slug of the chamber that the members sit in.
    chamber: str = ""
    # Code of the country (ISO 3166-1 alpha-2) of the file's legislature.
    country: str = ""
    # Ids of the organizations in a Popolo file whose members are imported, or ALL; none: the only legislature.
    organizations: tuple[str, ...] = ()
    # Make a chamber of an organization that is not on record.
    new_chamber: bool = False
    # Its name, where the file is a table.
    chamber_name: str = ""
    # How the file writes ends; empty: as what the file shows, else the first day out.
    ends: str = ""
    # Our columns by the headings of a table; "" for a column that is passed over.
    columns: Mapping[str, str] = field(default_factory=dict)
    # Who the people of the file are, by Record.answer_key: a public id, NEW, or OF_FILE and the key of another one.
    people: Mapping[str, str] = field(default_factory=dict)
    # Places of rows (line numbers, JSON pointers), or ALL: an earlier mandate that overlaps ends where they begin.
    end_earlier: tuple[str, ...] = ()
    # The first day no longer in office of mandates that the file does not name; None: they stay.
    end_missing: date | None = None
    # Leave out rows that conflict, and save the others.
    skip_invalid: bool = False

    def with_columns(self, columns: Mapping[str, str]) -> Self:
        return replace(self, columns=columns)

    def as_json(self) -> dict[str, Any]:
        """The options that differ from the defaults, as values of JSON."""
        defaults = asdict(type(self)())
        stated = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in stated.items()}

    @classmethod
    def of_json(cls, stated: Mapping[str, Any]) -> Self:
        """The options of ``as_json()``."""
        values = dict(stated)
        if day := values.get("end_missing"):
            values["end_missing"] = date.fromisoformat(day)
        lists = {name: tuple(values.get(name, ())) for name in ("organizations", "end_earlier")}
        return cls(**values | lists)
