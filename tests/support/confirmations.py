"""A parliament that answers by its link, and the clerk who decides."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

from django.test import Client

from delegations.models import ConfirmationRequest, Proposal
from delegations.services import confirmations

from ..support.admin_forms import filled_in, page

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
TODAY = date(2026, 5, 20)
SIGNED = {"name_en": "Anna Second", "office_en": "Clerk of the House"}
LANGUAGES = ["en", "ru"]


def ask(home: SimpleNamespace) -> tuple[ConfirmationRequest, str]:
    """A confirmation request, and the path of its link in English."""
    asked, token = confirmations.ask(home.parliament, "Petr Third, representative", home.clerk)
    return asked, confirmations.paths(token)["en"]


def digest(client: Client, address: str) -> str:
    return client.get(address).context["digest"]


def confirm(client: Client, address: str, **more: str):
    """Confirm the list without corrections."""
    return client.post(address, {"do": "correct", "shown": digest(client, address), **SIGNED, **more})


def correct(client: Client, address: str, signed: dict = SIGNED, **fields: str):
    """Send the form of corrections as the browser does: with its initial values and ``fields``."""
    form = client.get(address, {"do": "corrections"}).context["form"]
    data = {name: field.get_bound_field(form, name).value() or "" for name, field in form.fields.items()}
    data = {name: value for name, value in data.items() if not name.startswith("gone_")}
    shown = {"do": "corrections", "shown": digest(client, address)}
    return client.post(
        address, data | shown | signed | {name.replace("__", "_"): text for name, text in fields.items()}
    )


def proposals(client: Client, home: SimpleNamespace, **fields: str) -> list[Proposal]:
    """The proposals of a parliament that sends ``fields``."""
    asked, address = ask(home)
    response = correct(client, address, **fields)
    assert response.status_code == 200
    assert "Your corrections have arrived" in response.text, response.context["form"].errors
    return list(asked.proposals.all())


def decide(office: Client, proposal: Proposal, decision: str, **fields: str):
    """Press a button on the page of ``proposal``, with the initial values of its form."""
    address = page("delegations_proposal_change", proposal.pk)
    response = office.post(address, filled_in(office, address) | {"decide": decision, **fields})
    proposal.refresh_from_db()
    return response
