"""A parliament confirms its list or proposes corrections."""

import threading

import pytest
from django.db import connection, connections
from django.test import Client

from delegations.models import Confirmation, ConfirmationRequest, Delegate, Proposal, Source
from delegations.services import confirmations

from .....support import factories
from .....support.admin_forms import words
from .....support.confirmations import NOW, SIGNED, TODAY, ask, confirm, correct, digest, proposals
from .....support.counting import assert_same_cost, cost, up_to

pytestmark = [pytest.mark.django_db, pytest.mark.long]


# Correct as it stands


def test_confirmed_list_makes_a_confirmation_of_today_with_a_source(home):
    # The client acts as a browser without a cookie.
    client = Client(enforce_csrf_checks=True)
    asked, address = ask(home)
    response = confirm(client, address, name_ru="Анна Вторая", office_ru="руководитель аппарата")
    assert "Confirmed by the parliament on 20 May 2026" in words(response)
    confirmation = Confirmation.objects.get()
    assert (confirmation.parliament, confirmation.date) == (home.parliament, TODAY)
    assert confirmation.confirmed_by_en == "Anna Second, Clerk of the House"
    assert confirmation.confirmed_by_ru == "Анна Вторая, руководитель аппарата"
    assert confirmation.source.title_en == "Confirmation by link of 20 May 2026: Home Assembly"
    assert confirmation.source.title_ru == "Подтверждение по ссылке от 20 мая 2026 г.: Домашнее собрание"
    assert confirmation.source.date == TODAY
    asked.refresh_from_db()
    assert asked.answered_at == NOW
    public = words(client.get("/en/delegations/home/"))
    assert "Confirmed by the parliament on 20 May 2026 (Anna Second, Clerk of the House)." in public
    public = words(client.get("/ru/delegations/home/"))
    assert "Подтверждено парламентом 20 мая 2026 г. (Анна Вторая, руководитель аппарата)." in public


def test_confirmation_in_russian_is_stored_in_russian(client, home):
    _asked, address = ask(home)
    address = address.replace("/en/", "/ru/")
    response = client.post(address, {"do": "correct", "shown": digest(client, address), **SIGNED})
    assert response.status_code == 200
    assert not Confirmation.objects.exists()
    signed = {"name_ru": "Анна Вторая", "office_ru": "руководитель аппарата"}
    response = client.post(address, {"do": "correct", "shown": digest(client, address), **signed})
    assert "Подтверждено парламентом 20 мая 2026 г." in words(response)
    confirmation = Confirmation.objects.get()
    assert (confirmation.confirmed_by_en, confirmation.confirmed_by_ru) == ("", "Анна Вторая, руководитель аппарата")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name_en": ""},
        {"office_en": "  "},
        {"name_en": "a\x00b"},
        {"name_en": "a" * 10_000},
        {"name_ru": "Анна"},
        {"office_ru": "руководитель"},
    ],
)
def test_name_of_the_confirming_person_is_required_and_limited(client, home, wrong):
    _asked, address = ask(home)
    response = confirm(client, address, **wrong)
    assert response.status_code == 200
    assert "Nothing was sent yet." in words(response)
    assert not Confirmation.objects.exists()
    assert confirm(client, address).context["confirmation"]


def test_input_of_the_visitor_is_escaped(client, home):
    _asked, address = ask(home)
    confirm(client, address, name_en="<script>alert(1)</script>", office_en='"><b>')
    public = client.get("/en/delegations/home/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in public
    assert "<script>alert" not in public
    assert '"><b>' not in public


def test_unknown_button_confirms_nothing(client, home):
    _asked, address = ask(home)
    for do in ("", "x", "correct\x00", "corrections "):
        response = client.post(address, {"do": do, "shown": digest(client, address), **SIGNED})
        assert response.status_code == 200
    assert not Confirmation.objects.exists()


def test_concurrently_changed_list_is_shown_again_and_not_confirmed(client, home):
    asked, address = ask(home)
    shown = digest(client, address)
    changes = [
        lambda: factories.DelegateFactory(chamber=home.chamber, person__name_en="Newly Come"),
        lambda: Delegate.objects.filter(pk=home.other.pk).update(role="substitute"),
        lambda: setattr(home.mandate.person, "name_ru", "Иван Первой") or home.mandate.person.save(),
        lambda: home.chamber.quotas.update(seats=4),
        lambda: home.service.delete(),
    ]
    for change in changes:
        change()
        for do, more in (("correct", {}), ("corrections", {"text": "Something"})):
            response = client.post(address, {"do": do, "shown": shown, **SIGNED, **more})
            assert response.status_code == 200
            assert "The list was changed while you looked at it." in words(response)
            # The input is kept.
            assert 'value="Anna Second"' in response.text
        assert "Newly Come" in response.text
        assert response.context["digest"] != shown
        shown = response.context["digest"]
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert not Proposal.objects.exists()
    assert client.post(address, {"do": "correct", "shown": shown, **SIGNED}).context["confirmation"]


def test_digest_does_not_depend_on_the_language(client, home):
    _asked, address = ask(home)
    assert digest(client, address) == digest(client, address.replace("/en/", "/ru/"))


def test_second_confirmation_of_one_day_is_refused_and_leaves_the_link_open(client, home):
    first, second = ask(home), ask(home)
    confirm(client, first[1])
    response = confirm(client, second[1])
    assert response.status_code == 200
    assert "already confirmed for this day" in words(response)
    assert Confirmation.objects.count() == Source.objects.count() == 1
    second[0].refresh_from_db()
    assert second[0].answered_at is None
    assert "Подтверждение" not in client.get(second[1]).text


@pytest.mark.both_databases("delegations.services.confirmations")
@pytest.mark.django_db(transaction=True)
def test_first_of_two_concurrent_answers_is_accepted(home):
    asked, address = ask(home)
    shown = digest(Client(), address)
    start, results = threading.Barrier(2), []

    def answer() -> None:
        start.wait()
        client = Client(raise_request_exception=False)
        results.append(client.post(address, {"do": "correct", "shown": shown, **SIGNED}).status_code)
        connections.close_all()

    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        # A database in memory has one connection for all threads: one after the other, on one reading of the row.
        stale = ConfirmationRequest.objects.get(pk=asked.pk)
        results = [Client().post(address, {"do": "correct", "shown": shown, **SIGNED}).status_code]
        with pytest.raises(confirmations.ConfirmationError, match="no longer open"):
            confirmations.confirm(stale, {"en": "Anna Second, Clerk"}, shown)
        results.append(410)
    else:
        threads = [threading.Thread(target=answer) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(results) == [200, 410]
    assert Confirmation.objects.count() == Source.objects.count() == 1


@up_to(300)
@pytest.mark.parametrize("query", ["", "?do=corrections"])
def test_page_costs_the_same_with_any_number_of_people(client, home, query, sizes):
    def measure(rows):
        factories.DelegateFactory.create_batch(rows, chamber=home.chamber, starts="2020")
        _asked, address = ask(home)

        def visit():
            assert client.get(address + query).text.count('class="person-name"') == rows + 3

        return {"confirmation": cost(visit)}

    assert_same_cost(measure, sizes)


# Corrections


def test_answer_with_several_corrections_makes_a_proposal_for_each(client, home):
    first, other, service = home.mandate.uid, home.other.uid, home.service.uid
    found = proposals(
        client,
        home,
        **{
            f"gone_{first}": "on",
            f"day_{first}": "26.04.2026",
            f"role_{other}": "substitute",
            f"day_{other}": "2026-05",
            f"name_{other}": "Oleg Ottr",
            f"gone_{service}": "on",
            "missing0_name": "New Face",
            "missing0_place": "home-house",
            "missing0_day": "2026-04-26",
            "missing3_name": "New Envoy",
            "missing3_place": "representative",
            "text": "The order of the names.\nAlso: <b>bold</b>",
        },
    )
    assert [(row.kind, row.name, row.role, row.day, row.row, row.chamber) for row in found] == [
        ("ended", "", "", "", home.service, None),
        ("ended", "", "", "2026-04-26", home.mandate, None),
        ("role", "", "substitute", "2026-05", home.other, None),
        ("name", "Oleg Ottr", "", "", home.other, None),
        ("missing", "New Face", "delegate", "2026-04-26", None, home.chamber),
        ("missing", "New Envoy", "", "", None, None),
        ("other", "", "", "", None, None),
    ]
    assert {row.state for row in found} == {"waiting"}
    assert found[1].recorded == {
        "name": "Ivan First",
        "chamber": "home-house",
        "role": "head",
        "starts": "2020-01-01",
        "ends": "",
        "ended": False,
    }
    assert not Confirmation.objects.exists()
    assert not Source.objects.exists()
    assert Delegate.objects.get(pk=home.mandate.pk).end is None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "Nothing is corrected."),
        ({"gone_{first}": "on", "role_{first}": "delegate"}, "Choose one: no longer in office, or another role."),
        ({"day_{first}": "2026"}, "Say what holds since this day."),
        ({"day_{first}": "9999-99-99", "gone_{first}": "on"}, "is not a date"),
        ({"day_{first}": "a" * 10_000, "gone_{first}": "on"}, "is not a date"),
        ({"day_{first}": "2020\x00", "gone_{first}": "on"}, "is not a date"),
        ({"role_{first}": "emperor"}, "Select a valid choice"),
        ({"role_{first}": "head"}, "Select a valid choice"),
        ({"name_{first}": "a" * 10_000}, "at most 150 characters"),
        ({"name_{first}": "a\x00"}, "Null characters are not allowed"),
        ({"name_{first}": "Ivan First"}, "Nothing is corrected."),
        ({"missing0_place": "home-house"}, "Give the name."),
        ({"missing0_name": "Somebody"}, "Choose the chamber or the office."),
        ({"missing0_name": "Vac\u00adant", "missing0_place": "home-house"}, "“Vacant” is no name."),
        ({"missing0_name": "Ann\ufffd Lee", "missing0_place": "home-house"}, "Letters of the name were lost"),
        ({"missing0_name": "Somebody", "missing0_place": "elsewhere"}, "Select a valid choice"),
        ({"text": "a" * 2001}, "at most 2000 characters"),
        ({"name_00000000-0000-0000-0000-000000000000": "Forged", "missing99_name": "Forged"}, "Nothing is corrected."),
    ],
)
def test_invalid_correction_is_a_form_error(client, home, fields, complaint):
    asked, address = ask(home)
    client.raise_request_exception = False
    fields = {name.format(first=home.mandate.uid): text for name, text in fields.items()}
    response = correct(client, address, **fields)
    assert response.status_code == 200
    assert complaint in words(response).replace("2,000", "2000")
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert not Proposal.objects.exists()
    if not fields.get("text"):
        assert correct(client, address, text="Something").status_code == 200
        assert asked.proposals.count() == 1


def test_form_with_thousands_of_rows_is_refused_with_no_store(client, home):
    _asked, address = ask(home)
    client.raise_request_exception = False
    many = {f"missing{number}_name": "x" for number in range(3001)}
    response = client.post(address, {"do": "corrections", **SIGNED, **many})
    assert response.status_code == 400
    assert response["Cache-Control"] == "no-store, private"
    assert response["Referrer-Policy"] == "no-referrer"
    assert not Proposal.objects.exists()
