"""No address answers a status from 500 on to any account, whatever its parameters."""

import pytest
from django.test import Client

from ..support import factories
from ..support.addresses import PARAMETERS, STRANGE, addresses, relations
from ..support.admin_forms import MODELS, page
from ..support.roles import ROLES, account

pytestmark = pytest.mark.django_db

ACCOUNTS = ["visitor", "superuser", *ROLES]


def signed_in(name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name in ROLES:
        user = account(name)
        if name == "Assigned secretary":
            user.parliaments.add(factories.ParliamentFactory(slug="own"))
        client.force_login(user)
    elif name == "superuser":
        client.force_login(factories.UserFactory(is_superuser=True))
    return client


@pytest.fixture
def rows() -> None:
    """A row of each model that has pages."""
    for make in MODELS.values():
        make(1)


def failures(client: Client, requests: list[tuple[str, str, dict]]) -> list[str]:
    """The requests, of method, address and parameters, that are answered with a server error."""
    return [
        f"{method} {address} {str(data)[:120]}"
        for method, address, data in requests
        if getattr(client, method)(address, data).status_code >= 500
    ]


@pytest.mark.long
@pytest.mark.parametrize("name", ACCOUNTS)
def test_autocomplete_is_answered_for_every_field_and_account(rows, name: str):
    requests = [("get", page("autocomplete"), {**each, "term": "a"}) for each in relations()]
    assert failures(signed_in(name), requests) == []
    assert len(requests) > 300


def test_relation_that_another_model_declares_is_no_autocomplete_field():
    undoes = {"app_label": "cspa", "model_name": "changeset", "field_name": "undoes"}
    assert signed_in("superuser").get(page("autocomplete"), undoes).status_code == 200
    reverse = {"app_label": "delegations", "model_name": "person", "field_name": "mandates"}
    assert signed_in("superuser").get(page("autocomplete"), reverse).status_code == 404


def test_strange_search_terms_are_answered():
    people = {"app_label": "news", "model_name": "article", "field_name": "people"}
    requests = [("get", page("autocomplete"), {**people, "term": term}) for term in STRANGE]
    requests += [("get", page("autocomplete"), {**people, "term": "a", "page": term}) for term in STRANGE]
    requests += [("get", page("delegations_person_changelist"), {"q": term}) for term in STRANGE]
    assert failures(signed_in("superuser"), requests) == []


# An account takes a minute. A superuser reaches the most code.
@pytest.mark.long
@pytest.mark.parametrize(
    "name", [name if name == "superuser" else pytest.param(name, marks=pytest.mark.audit) for name in ACCOUNTS]
)
def test_every_address_is_answered_for_every_account(rows, name: str):
    # Signing out would answer all further requests with the sign-in page.
    client, known = signed_in(name), [address for address in addresses() if address != page("logout")]
    requests = [("get", address, {}) for address in known]
    requests += [("get", address, dict.fromkeys(PARAMETERS, "x")) for address in known]
    requests += [("post", address, dict.fromkeys(PARAMETERS, "x")) for address in known]
    assert failures(client, requests) == []
    assert len(known) > 300


@pytest.mark.audit
@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_every_parameter_with_strange_values_is_answered_for_every_account(rows, name: str, number: int):
    client, known = signed_in(name), [address for address in addresses() if address != page("logout")]
    strange = dict.fromkeys(PARAMETERS, STRANGE[number])
    requests = [(method, address, strange) for address in known for method in ("get", "post")]
    # One strange parameter hides another that is read later.
    requests += [("get", address, {key: value}) for address in known[number::19] for key, value in strange.items()]
    assert failures(client, requests) == []
