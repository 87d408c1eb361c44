"""The roles of docs/roles.md as accounts, and its tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group

from cspa.models import User

from . import factories

# The column of docs/roles.md: the group, and further values of the account.
ROLES: dict[str, tuple[str | None, dict]] = {
    "News editor": ("News editors", {}),
    "Translator": ("Translators", {"translates_into": "ru"}),
    "Publisher": ("Publishers", {}),
    "Secretary": ("Delegation secretaries", {}),
    "Assigned secretary": ("Delegation secretaries", {}),
    "Administrator": ("Administrators", {}),
    "No group": (None, {}),
}


def account(role: str, **more) -> User:
    """An account with ``role``. The caller assigns parliaments."""
    group, values = ROLES[role]
    user = factories.UserFactory(**values | more)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


def documented(beginning: str, values: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Row, column and cell of the tables in docs/roles.md whose first heading has this ``beginning``."""
    text = (Path(settings.BASE_DIR) / "docs" / "roles.md").read_text()
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith(f"| {beginning}"):
            header = cells[1:]
        elif line.startswith("| ") and header and not re.match(r"\| ?-", line):
            assert len(cells) == len(header) + 1, line
            for column, cell in zip(header, cells[1:], strict=True):
                assert cell in values, line
                yield cells[0], column, cell
        elif not line.startswith("|"):
            header = []
