"""Every field of every record, for every role: restore, undo, list, bulk action and import set what the form sets."""

from collections import Counter, defaultdict

import pytest
from django.test import Client

from cspa.models import User
from delegations.importer.records import KINDS
from delegations.models import Observation, Parliament

from ..support import factories
from ..support.fields import (
    FILES,
    FOREIGN,
    NOT_IMPORTED,
    Subject,
    exported,
    foreign_subjects,
    import_file,
    may_save,
    subjects,
    tried,
    ways,
)
from ..support.roles import ROLES, account, documented

pytestmark = pytest.mark.django_db

VALUES = {frozenset({True}): "yes", frozenset({False}): "–", frozenset({True, False}): "partly"}
# The roles whose rights depend on rows; `make audit` walks the others too.
CHECKED = ("Assigned secretary", "News editor")
TABLE = {(group, role): cell for group, role, cell in documented("who sets", tuple(VALUES.values()))}
MAY_IMPORT = {
    role: cell == "yes" for line, role, cell in documented("who may", ("yes", "–")) if line == "import a file"
}
# The fields that every role tries at the least, by way.
LEAST = {
    "form": 80,
    "undo": 80,
    "restore": 75,
    "list": 4,
    "bulk action": 12,
    "convocation": 4,
    "import": 45,
    "import of a table": 9,
}


def walked(me: User, known: list[Subject]) -> tuple[dict, dict[str, str]]:
    """What ``me`` can set: by row and field for each way, and by group of fields as the table says it."""
    chief = Client()
    chief.force_login(factories.UserFactory(is_superuser=True))
    cells: dict[tuple[str, str], dict[str, bool]] = {}
    groups: dict[str, set[bool]] = defaultdict(set)
    ways_of: dict[str, set[str]] = defaultdict(set)
    files = exported()
    for subject in known:
        subject.load(chief, files)
        is_open = may_save(me, subject) and not subject.name.endswith(FOREIGN)
        for name in subject.fields():
            group = subject.group(name)
            # Where the page cannot be saved, and of another delegation, one field for each way stands for its group.
            # A field without another value that the database accepts is not tried.
            is_tried = is_open or ways(subject, name).keys() - ways_of[group]
            if is_tried and (found := tried(me, subject, name)):
                cells[subject.name, name] = found
                groups[group].add(found["form"])
                ways_of[group].update(found)
    return cells, {group: VALUES[frozenset(values)] for group, values in groups.items()}


def test_table_of_field_groups_has_every_role():
    assert {role for _group, role in TABLE} == set(ROLES)
    assert len(TABLE) == len(ROLES) * len({group for group, _role in TABLE})


def differing(cells: dict[tuple[str, str], dict[str, bool]], *, may_import: bool) -> dict:
    """The cells in which another way than the form does not set what the form sets. Imports need their own right."""
    return {
        cell: found
        for cell, found in cells.items()
        if any(may != (found["form"] and (way not in FILES or may_import)) for way, may in found.items())
    }


def counted(cells: dict[tuple[str, str], dict[str, bool]]) -> Counter[str]:
    return Counter(way for found in cells.values() for way in found)


# A role takes half a minute.
@pytest.mark.long
@pytest.mark.parametrize(
    "role", [role if role in CHECKED else pytest.param(role, marks=pytest.mark.audit) for role in ROLES]
)
def test_every_way_sets_the_same_fields(role: str):
    me, known = account(role), subjects()
    if role == "Assigned secretary":
        me.parliaments.set(Parliament.objects.all())
    cells, groups = walked(me, known + foreign_subjects())
    assert differing(cells, may_import=MAY_IMPORT[role]) == {}
    assert groups == {group: cell for (group, column), cell in TABLE.items() if column == role}
    assert len(cells) >= len(groups) > 50
    assert {way: number for way, number in LEAST.items() if counted(cells)[way] < number} == {}
    assert counted(cells).keys() == LEAST.keys()


@pytest.mark.audit
def test_superuser_sets_every_field_in_every_way():
    cells, _groups = walked(factories.UserFactory(is_superuser=True), subjects())
    refused = {cell: found for cell, found in cells.items() if not all(found.values())}
    # No form sets the day on which an account was made. A superuser's restore and undo bring it back.
    assert {(name, way) for (_row, name), found in refused.items() for way in found if not found[way]} == {
        ("date_joined", "form")
    }
    assert len(cells) > 150
    assert counted(cells)["import"] > 70


def test_every_record_that_a_file_contains_is_imported_into_the_matrix():
    known = subjects()
    imported = {subject.model for subject in known if FILES.keys() & ways(subject, "").keys()}
    # No form sets an observation.
    assert imported == set(KINDS.values()) - {Observation}


# A row of each model, and five imports.
@pytest.mark.long
def test_file_does_not_set_what_it_finds_a_row_by():
    me, files, chief, found = factories.UserFactory(is_superuser=True), exported(), Client(), {}
    chief.force_login(me)
    for subject in subjects():
        for name in NOT_IMPORTED.get(subject.model, ()):
            subject.load(chief, files)
            found[subject.name, name] = tried(me, subject, name, {"import": import_file("popolo")})
    assert set(map(str, found.values())) == {str({"import": False})}
    assert len(found) == 6
