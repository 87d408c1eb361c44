"""Who may see documents of a session, what they cost, and how they look in a browser."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from .....support import factories
from .....support.admin_forms import page
from .....support.browser import AXE_OPTIONS, browsing, sign_in
from .....support.counting import assert_same_cost, cost, up_to
from .....support.session_documents import PACK, answer, delegation, sit, text_of

pytestmark = pytest.mark.django_db


# Rights


@pytest.mark.parametrize("form", ["", "print", "pdf", "csv"])
def test_documents_are_hidden_from_users_without_permission(client: Client, belarus, form):
    asked = {"format": form} if form else {}
    visited = client.get(PACK, asked)
    assert (visited.status_code, visited["Location"].partition("?")[0]) == (302, page("login"))
    for group in ("News editors", "Translators", "Publishers", "Administrators"):
        me = factories.UserFactory()
        me.groups.add(Group.objects.get(name=group))
        client.force_login(me)
        assert client.get(PACK, asked).status_code == 404
        for address in (page("index"), page("delegations_parliament_changelist")):
            assert PACK not in client.get(address).text


@pytest.mark.parametrize("form", ["print", "pdf", "csv"])
def test_secretary_sees_assigned_delegations_only(client: Client, belarus, armenia, form):
    sit(armenia, name_en="Ani Hakobyan", family_name_en="Hakobyan")
    me = factories.UserFactory()
    me.groups.add(Group.objects.get(name="Delegation secretaries"))
    client.force_login(me)
    for assigned, seen in (([], {"Ani", "Petr"}), ([armenia], {"Ani"}), ([armenia, belarus], {"Ani", "Petr"})):
        me.parliaments.set(assigned)
        data = answer(client, format=form, language="en")
        text = text_of(data) if form == "pdf" else data.decode()
        assert {name for name in ("Ani", "Petr") if f"{name} " in text} == seen
        if form != "csv":
            assert ("assigned to the account that made them" in text) == bool(assigned)


# What it costs


def fill(rows: int) -> None:
    """Delegations, each with a delegate, a substitute and a representative who holds a post."""
    parliaments = factories.create_many(factories.ParliamentFactory, [{"order": place} for place in range(rows)])
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(factories.ParticipationFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(factories.SeatQuotaFactory, [{"chamber": row} for row in chambers])
    people = factories.create_many(factories.PersonFactory, [{}] * (3 * rows))
    for role, sitting in (("delegate", people[:rows]), ("substitute", people[rows : 2 * rows])):
        mandates = [
            {"chamber": row, "role": role, "person": person} for row, person in zip(chambers, sitting, strict=True)
        ]
        factories.create_many(factories.DelegateFactory, mandates)
    agents = people[2 * rows :]
    factories.create_many(
        factories.RepresentativeFactory,
        [{"parliament": row, "person": agent} for row, agent in zip(parliaments, agents, strict=True)],
    )
    assembly = factories.assembly()
    factories.create_many(factories.AssemblyPostFactory, [{"person": agent, "body": assembly} for agent in agents])


@up_to(300)
def test_documents_cost_the_same_with_any_number_of_delegations(administrator, sizes):
    def measure(rows):
        fill(rows)
        return {
            "session pack for print": cost(lambda: answer(administrator, format="print")),
            "session pack as CSV": cost(lambda: answer(administrator, format="csv")),
        }

    assert_same_cost(measure, sizes)


# Typesetting 300 delegations takes ten seconds.
@up_to(30)
def test_pdf_costs_the_same_with_any_number_of_delegations(administrator, sizes):
    def measure(rows):
        fill(rows)
        return {"session pack as PDF": cost(lambda: answer(administrator, format="pdf"))}

    assert_same_cost(measure, sizes)


def test_day_without_delegations_shows_a_message(administrator):
    assert "No delegation is on record for this day." in answer(administrator, format="print").decode()
    assert "No delegation is on record for this day." in text_of(answer(administrator, format="pdf", language="en"))


# In the browser


@pytest.fixture
def site(server):
    parliament = delegation("belarus", 1)
    sit(parliament)
    sit(parliament, "substitute")
    return server


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "dark")])
def test_pages_pass_axe_without_horizontal_scrolling(chromium, site, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    me = factories.UserFactory(username="me", is_superuser=True)
    with browsing(
        chromium,
        site,
        signed_in=True,
        locale="en",
        color_scheme=scheme,
        viewport={"width": 768, "height": 900},
        bypass_csp=True,
    ) as tab:
        sign_in(tab, site, me)
        tab.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
        for query in ("", "?on=nonsense", "?format=print"):
            tab.goto(site + PACK + query)
            violations = Axe().run(tab, options=AXE_OPTIONS).response["violations"]
            assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= 768
