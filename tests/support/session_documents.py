"""Delegations of a session, and its documents."""

import io
from datetime import UTC, date, datetime

from django.test import Client
from pypdf import PdfReader

from cspa.exports import documents
from delegations.dates import Day
from delegations.models import Delegate, Parliament
from delegations.services import session_documents

from ..support import factories

DAY = Day.of(date(2020, 5, 26))
# The time in Moscow is 12:05.
NOW = datetime(2020, 6, 1, 9, 5, tzinfo=UTC)
PACK = "/admin/delegations/parliament/session-pack/"


def delegation(slug: str, order: int, seats: int | None = 7, **parliament) -> Parliament:
    """A parliament that participates, with one chamber."""
    parliament = factories.ParliamentFactory(slug=slug, order=order, **parliament)
    factories.ParticipationFactory(parliament=parliament)
    chamber = factories.ChamberFactory(parliament=parliament, slug=f"{slug}-house", name_en="House", name_ru="Палата")
    if seats is not None:
        factories.SeatQuotaFactory(chamber=chamber, seats=seats)
    return parliament


def sit(parliament: Parliament, role: str = "delegate", **person) -> Delegate:
    person = factories.PersonFactory(**person)
    return factories.DelegateFactory(person=person, chamber=parliament.chambers.get(), role=role)


def document(
    papers=session_documents.Paper.values, languages=("en",), parliaments=None, day=DAY
) -> documents.PrintDocument:
    return session_documents.pack(day, parliaments, languages, papers, recorded=NOW)


def rows(table: documents.Table) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in table.rows]


def text_of(data: bytes) -> str:
    """The selectable text of a PDF, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


def answer(client: Client, **asked) -> bytes:
    response = client.get(PACK, asked)
    assert response.status_code == 200, response.content[:500]
    assert "no-store" in response["Cache-Control"]
    return b"".join(response.streaming_content) if response.streaming else response.content


def cells(sheet: documents.PrintPage) -> list[str]:
    return [cell for table in sheet.tables for cell in cells_of(table)]


def cells_of(table: documents.Table) -> list[str]:
    return [cell for row in (*table.rows, table.total) for cell in row]
