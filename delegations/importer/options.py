"""What a user says about a file that the file does not say itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Self


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import. The command and the admin page offer the same."""

    # Slug of the chamber that the members sit in.
    chamber: str = ""
    # Code of the country (ISO 3166-1 alpha-2) of the file's legislature.
    country: str = ""
    # Our columns by the headings of a table; "" for a column that is passed over.
    columns: Mapping[str, str] = field(default_factory=dict)
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
        return cls(**values)
