"""The history of a delegation is remembered while its own tables are unchanged."""

from typing import Any
from unittest import mock

import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from cspa.cache.versions import tables_in
from cspa.db.snapshot import Snapshot
from delegations.dates import today
from delegations.exports.timeline import History
from delegations.models import Chamber, Delegate, Parliament, Participation, Person, Representative, SeatQuota, Source

from ....support import factories

# PostgreSQL raises the versions of tables at the commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parliament() -> Parliament:
    parliament = factories.ParliamentFactory()
    chamber = factories.ChamberFactory(parliament=parliament)
    factories.ParticipationFactory(parliament=parliament, sources=[factories.SourceFactory()])
    factories.SeatQuotaFactory(chamber=chamber)
    factories.DelegateFactory(chamber=chamber)
    factories.RepresentativeFactory(parliament=parliament)
    return parliament


def read(parliament: Parliament) -> tuple[list[str], set[str]]:
    """What the page says of the history, and the tables that were read for it."""
    snapshot = mock.patch("cspa.cache.computed.current_snapshot", return_value=Snapshot(DEFAULT_DB_ALIAS))
    with CaptureQueriesContext(connection) as queries, snapshot:
        history = History.of(parliament, [], today())
        said = [
            *(f"{row.status} {row.parliament}" for row in history.participations),
            *(source.title for row in history.participations for source in row.sources.all()),
            *(f"{row.seats} {row.chamber.name}" for row in history.quotas),
            *(f"{row.role} {row.person.name}" for row in history.mandates),
            *(f"{row.starts} {row.parliament}" for row in history.representatives),
        ]
    return said, {table for query in queries for table in tables_in(query["sql"])}


EDITS: list[tuple[type[Model], str, Any]] = [
    (Parliament, "name_en", "Changed"),
    (Participation, "status", "observer"),
    (Chamber, "name_en", "Changed"),
    (SeatQuota, "seats", 9),
    (Delegate, "role", "substitute"),
    (Person, "name_en", "Changed"),
    (Representative, "starts", "2019"),
    (Source, "title_en", "Changed"),
]


def test_edit_of_each_table_is_seen(parliament: Parliament):
    for model, name, value in EDITS:
        before, _tables = read(parliament)
        for row in model._default_manager.all():
            setattr(row, name, value)
            row.save()
        assert read(parliament)[0] != before, model


def test_edit_of_the_name_lets_no_dated_rows_be_read_again(parliament: Parliament):
    read(parliament)
    Parliament.objects.update(name_en="Changed")
    assert read(parliament)[1] == {"delegations_parliament", "delegations_confirmation", "delegations_source"}
