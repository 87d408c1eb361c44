"""The note of a participation, with its sources, wherever the status stands."""

import json

import pytest
from django.test import Client

from delegations.exports import popolo
from delegations.importer import import_file
from delegations.models import Participation

from ..support import factories
from ..support.markup import text

pytestmark = pytest.mark.django_db

ENGLISH, RUSSIAN = "Takes part in no sitting since 2024.", "С 2024 года не участвует в заседаниях."


@pytest.fixture
def participation() -> Participation:
    return factories.ParticipationFactory(
        parliament__slug="home",
        note_en=ENGLISH,
        note_ru=RUSSIAN,
        sources=[factories.SourceFactory(title_en="Letter of the Speaker", title_ru="Письмо спикера")],
    )


@pytest.mark.usefixtures("participation")
@pytest.mark.parametrize(
    ("language", "note", "source"), [("en", ENGLISH, "Letter of the Speaker"), ("ru", RUSSIAN, "Письмо спикера")]
)
def test_delegation_page_shows_the_note_and_its_source(client: Client, language: str, note: str, source: str):
    page = text(client.get(f"/{language}/delegations/home/"))
    # Of the day, and in the history.
    assert page.count(note) == page.count(source) == 2


@pytest.mark.usefixtures("participation")
def test_api_and_files_have_the_note(client: Client):
    found = client.get("/api/v1/delegations/home/?language=ru").json()["participation"]
    assert (found["status"], found["note"], found["source"][0]["title"]) == ("member", RUSSIAN, "Письмо спикера")
    (row,) = json.loads(b"".join(client.get("/en/delegations/?format=json").streaming_content))["results"]
    assert (row["status"], row["status_note_en"], row["status_note_ru"]) == ("member", ENGLISH, RUSSIAN)
    factories.ParliamentFactory(slug="other")
    assert client.get("/api/v1/delegations/other/").json()["participation"] is None


def test_import_reads_the_note_back(participation: Participation):
    exported = "".join(popolo.chunks())
    Participation.objects.update(note_en="Another", note_ru="")
    assert import_file(exported.encode(), "popolo").conflicts == []
    participation.refresh_from_db()
    assert (participation.note_en, participation.note_ru) == (ENGLISH, RUSSIAN)
    assert "".join(popolo.chunks()) == exported
