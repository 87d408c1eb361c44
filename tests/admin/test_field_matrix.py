"""Every field of every record, for every role: restore, undo and the list set what the form sets, and nothing else."""

from collections import defaultdict

import pytest
from django.test import Client

from cspa.models import User
from delegations.models import Parliament

from ..support import factories
from ..support.fields import FOREIGN, Subject, foreign_subjects, may_save, subjects, tried
from ..support.roles import ROLES, account, documented

pytestmark = pytest.mark.django_db

VALUES = {frozenset({True}): "yes", frozenset({False}): "–", frozenset({True, False}): "partly"}
# The roles whose rights depend on rows; `make audit` walks the others too.
CHECKED = ("Assigned secretary", "News editor")
TABLE = {(group, role): cell for group, role, cell in documented("who sets", tuple(VALUES.values()))}


def walked(me: User, known: list[Subject]) -> tuple[dict, dict[str, str]]:
    """What ``me`` can set: by row and field for each way, and by group of fields as the table says it."""
    chief = Client()
    chief.force_login(factories.UserFactory(is_superuser=True))
    cells: dict[tuple[str, str], dict[str, bool]] = {}
    groups: dict[str, set[bool]] = defaultdict(set)
    for subject in known:
        subject.load(chief)
        is_open = may_save(me, subject) and not subject.name.endswith(FOREIGN)
        for name in subject.fields():
            group = subject.group(name)
            # Where the page cannot be saved, and of another delegation, one field stands for its group. A field
            # without another value that the database accepts is not tried.
            if (is_open or group not in groups) and (found := tried(me, subject, name)):
                cells[subject.name, name] = found
                groups[group].update(found.values())
    return cells, {group: VALUES[frozenset(values)] for group, values in groups.items()}


def test_table_of_field_groups_has_every_role():
    assert {role for _group, role in TABLE} == set(ROLES)
    assert len(TABLE) == len(ROLES) * len({group for group, _role in TABLE})


# A role takes half a minute.
@pytest.mark.long
@pytest.mark.parametrize(
    "role", [role if role in CHECKED else pytest.param(role, marks=pytest.mark.audit) for role in ROLES]
)
def test_form_restore_undo_and_list_set_the_same_fields(role: str):
    me, known = account(role), subjects()
    if role == "Assigned secretary":
        me.parliaments.set(Parliament.objects.all())
    cells, groups = walked(me, known + foreign_subjects())
    assert {cell: found for cell, found in cells.items() if len(set(found.values())) > 1} == {}
    assert groups == {group: cell for (group, column), cell in TABLE.items() if column == role}
    assert len(cells) >= len(groups) > 50


@pytest.mark.audit
def test_superuser_sets_every_field_in_every_way():
    cells, _groups = walked(factories.UserFactory(is_superuser=True), subjects())
    assert {cell: found for cell, found in cells.items() if not all(found.values())} == {}
    assert len(cells) > 150
