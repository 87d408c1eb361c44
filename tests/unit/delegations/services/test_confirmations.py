"""A parliament confirms its list by a link or proposes corrections, which a clerk accepts or refuses."""

import re
import threading
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.utils.translation import override

from cspa.models import User
from delegations.models import (
    Confirmation,
    ConfirmationRequest,
    Delegate,
    Person,
    Proposal,
    Representative,
    Source,
)
from delegations.services import confirmations

from ....support import factories
from ....support.admin_forms import filled_in, page, words
from ....support.counting import assert_same_cost, cost, up_to

pytestmark = [pytest.mark.django_db, pytest.mark.long]

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
TODAY = date(2026, 5, 20)
SIGNED = {"name_en": "Anna Second", "office_en": "Clerk of the House"}
LANGUAGES = ["en", "ru"]


@pytest.fixture(autouse=True)
def clock(request):
    # The browser uses the real clock.
    if "browser" in request.keywords:
        yield None
        return
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def home() -> SimpleNamespace:
    """A parliament with a chamber of three seats, two delegates and a representative, and its clerk."""
    parliament = factories.ParliamentFactory(slug="home", name_en="Home Assembly", name_ru="Домашнее собрание")
    chamber = factories.ChamberFactory(parliament=parliament, slug="home-house", name_en="House", name_ru="Палата")
    factories.SeatQuotaFactory(chamber=chamber, seats=3)

    def person(name: str, russian: str) -> Person:
        return Person.objects.create(name_en=name, name_ru=russian)

    first, second, third = (
        person(*names)
        for names in (("Ivan First", "Иван Первый"), ("Oleg Other", "Олег Другой"), ("Petr Third", "Пётр Третий"))
    )
    return SimpleNamespace(
        parliament=parliament,
        chamber=chamber,
        mandate=factories.DelegateFactory(person=first, chamber=chamber, starts="2020-01-01", role="head"),
        other=factories.DelegateFactory(person=second, chamber=chamber, starts="2021"),
        service=factories.RepresentativeFactory(person=third, parliament=parliament, starts="2022-05"),
        clerk=factories.UserFactory(username="clerk", is_superuser=True),
    )


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


@pytest.fixture
def office(home: SimpleNamespace) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(home.clerk)
    return client


def decide(office: Client, proposal: Proposal, decision: str, **fields: str):
    """Press a button on the page of ``proposal``, with the initial values of its form."""
    address = page("delegations_proposal_change", proposal.pk)
    response = office.post(address, filled_in(office, address) | {"decide": decision, **fields})
    proposal.refresh_from_db()
    return response


# The link


@pytest.mark.parametrize("language", LANGUAGES)
def test_link_shows_the_recorded_list_with_no_store_and_noindex(client, home, language):
    factories.DelegateFactory(chamber=home.chamber, person__name_en="Gone Long", starts="2010", ends="2015")
    _asked, address = ask(home)
    response = client.get(address.replace("/en/", f"/{language}/"))
    text = words(response)
    expected = {
        "en": ["Home Assembly", "Ivan First", "head of the delegation", "1 January 2020 – to date", "Petr Third", "3"],
        "ru": ["Домашнее собрание", "Иван Первый", "руководитель делегации", "1 января 2020", "Пётр Третий", "3"],
    }
    for part in expected[language]:
        assert part in text
    assert "Gone Long" not in text
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex">' in response.text
    assert "canonical" not in response.text
    # The link belongs to the language switch.
    assert "hreflang" in response.text
    assert f'href="{address if language == "ru" else address.replace("/en/", "/ru/")}"' in response.text
    assert not response.cookies
    assert "<script" not in response.text
    robots = client.get("/robots.txt").text
    assert f"Disallow: /{language}/confirm/\n" in robots
    assert "confirm" not in client.get("/sitemap.xml").text


def test_key_of_a_link_is_not_stored(home):
    asked, address = ask(home)
    key = address.split("/")[3].split(":")[0]
    asked.refresh_from_db()
    stored = [str(getattr(asked, field.attname)) for field in asked._meta.concrete_fields]
    assert len(key) >= 32
    assert not [text for text in stored if key in text]
    assert asked.expires_at == NOW + timedelta(days=14)


def test_link_is_used_up_by_an_answer_and_not_by_a_visit(client, home):
    asked, address = ask(home)
    for _ in range(3):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert client.put(address).status_code == 405
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert confirm(client, address).status_code == 200
    for response in (client.get(address), client.post(address, {"do": "correct", **SIGNED})):
        assert response.status_code == 410
        assert "It was answered on 20 May 2026, 15:00" in words(response)
        assert "Ivan" not in response.text
        assert response["Cache-Control"] == "no-store, private"
        assert response["Referrer-Policy"] == "no-referrer"
    assert "На неё ответили" in words(client.get(address.replace("/en/", "/ru/")))


def test_link_expires_after_the_days_in_the_setting(client, home, clock, settings):
    settings.CONFIRMATION_DAYS = 3
    asked, address = ask(home)
    shown = digest(client, address)
    clock.shift(timedelta(days=3) - timedelta(seconds=1))
    assert client.get(address).status_code == 200
    clock.shift(timedelta(seconds=1))
    for response in (client.get(address), client.post(address, {"do": "correct", "shown": shown, **SIGNED})):
        assert response.status_code == 410
        assert "It expired on 23 May 2026" in words(response)
    assert not Confirmation.objects.exists()
    assert asked in ConfirmationRequest.objects.in_state("expired", NOW + timedelta(days=3))


def test_withdrawn_link_is_closed(client, home):
    asked, address = ask(home)
    assert confirmations.withdraw(asked)
    assert not confirmations.withdraw(asked)
    response = client.get(address)
    assert response.status_code == 410
    assert "The Secretariat withdrew it." in words(response)
    assert client.post(address, {"do": "correct", **SIGNED}).status_code == 410
    assert not Confirmation.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_forged_link_reveals_nothing(client, home, language):
    _asked, address = ask(home)
    _prefix, token = address.rstrip("/").rsplit("/", 1)
    key, signature = token.split(":")
    forged = ["x", f"{key}:{signature[:-2]}xx", f"x{key}:{signature}", key, "%00", "%FF", "a" * 5000, f"{token}x", ":"]
    texts = set()
    client.raise_request_exception = False
    for bad in forged:
        response = client.get(f"/{language}/confirm/{bad}/")
        assert response.status_code == 404, bad
        assert client.post(f"/{language}/confirm/{bad}/", {"do": "correct", **SIGNED}).status_code == 404
        assert response["Referrer-Policy"] == "no-referrer"
        texts.add(words(response))
    assert len(texts) == 1
    assert "home" not in texts.pop().lower().replace("home page", "").replace("home news", "")[500:]


def test_parliament_that_does_not_participate_today_has_no_list(client, home, office):
    _asked, address = ask(home)
    factories.ParticipationFactory(parliament=home.parliament, starts="2010", ends="2015")
    response = client.get(address)
    assert response.status_code == 410
    assert "takes no part" in words(response)
    add = page("delegations_confirmationrequest_add")
    response = office.post(add, {"parliament": home.parliament.pk, "addressee": "Somebody"})
    assert "This parliament takes no part in the Assembly today." in words(response)


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


# Withdrawn people


def test_withdrawn_person_is_listed_without_a_name(client, home):
    person = home.mandate.person
    person.withdrawn, person.withdrawal_reason_en = True, "At the person's request."
    person.save()
    asked, address = ask(home)
    for language in LANGUAGES:
        for query in ("", "?do=corrections"):
            text = client.get(address.replace("/en/", f"/{language}/") + query).text
            assert "Ivan" not in text
            assert "Иван" not in text
            assert f"name_{home.mandate.uid}" not in text
    assert "name withdrawn" in client.get(address).text
    # Nor does a forged field correct the name.
    correct(client, address, **{f"name_{home.mandate.uid}": "Ivan First", f"gone_{home.mandate.uid}": "on"})
    proposal = asked.proposals.get()
    assert (proposal.kind, proposal.recorded["name"]) == ("ended", "")


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


# Asking, in the office


@pytest.mark.parametrize("language", LANGUAGES)
def test_link_is_created_on_the_page_of_the_parliament_and_shown_once(client, home, office, language):
    office.cookies["django_language"] = language
    add = page("delegations_confirmationrequest_add")
    assert (
        f'href="{add}?parliament={home.parliament.pk}"'
        in office.get(page("delegations_parliament_change", home.parliament.pk)).text
    )
    address = f"{add}?parliament={home.parliament.pk}"
    data = filled_in(office, address)
    name = {"en": "Petr Third, plenipotentiary representative", "ru": "Пётр Третий, полномочный представитель"}
    assert data["addressee"] == name[language]
    assert data["parliament"] == str(home.parliament.pk)
    response = office.post(address, data)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    asked = ConfirmationRequest.objects.get()
    assert (asked.made_by, asked.addressee, asked.made_at) == (home.clerk, data["addressee"], NOW)
    letters = response.context["letters"]
    assert [letter.language for letter in letters] == LANGUAGES
    for letter in letters:
        link = letter.link.removeprefix("http://testserver")
        assert link.startswith(f"/{letter.language}/confirm/")
        assert client.get(link).status_code == 200
        assert letter.link in letter.body
        assert letter.link in response.text
        assert letter.link in unquote(letter.mailto)
    assert "Please look at the list" in letters[0].body
    assert "3 June 2026, 15:00" in letters[0].body
    assert "Просим" in letters[1].body
    assert "3 июня 2026 г. 15:00" in letters[1].body
    key = letters[0].link.split("/")[-2]
    for other in (address, page("delegations_confirmationrequest_change", asked.pk)):
        text = office.get(other).text
        assert data["addressee"] in text
        assert key not in text
    assert not mail.outbox


def test_mail_is_sent_to_a_given_address_which_is_not_stored(home, office, settings):
    settings.DEFAULT_FROM_EMAIL = "secretariat@example.org"
    add = page("delegations_confirmationrequest_add")
    data = {"parliament": home.parliament.pk, "addressee": "Petr Third", "email": "private@example.org"}
    response = office.post(add, data)
    (letter,) = mail.outbox
    assert (letter.to, letter.from_email) == (["private@example.org"], "secretariat@example.org")
    for written in response.context["letters"]:
        assert written.body in letter.body
    assert "private@example.org" not in response.text
    row = ConfirmationRequest.objects.values().get()
    assert not [value for value in row.values() if "private" in str(value)]
    history = office.get(page("delegations_confirmationrequest_history", row["id"])).text
    assert "private@" not in history


@pytest.mark.parametrize("email", ["x", "a@b", "a@example.org\nBcc: b@example.org", "a\x00@example.org", "a" * 10_000])
def test_invalid_address_sends_no_mail_and_makes_no_request(home, office, email):
    add = page("delegations_confirmationrequest_add")
    response = office.post(add, {"parliament": home.parliament.pk, "addressee": "Petr Third", "email": email})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"email"}
    assert not mail.outbox
    assert not ConfirmationRequest.objects.exists()


def test_mail_server_down_shows_the_mail_for_copying(home, office, monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("delegations.admin.confirmations.send_mail", away)
    add = page("delegations_confirmationrequest_add")
    data = {"parliament": home.parliament.pk, "addressee": "Petr Third", "email": "private@example.org"}
    response = office.post(add, data)
    assert "The letter could not be sent." in words(response)
    assert response.context["letters"]


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("parliament=abc", {"parliament": "abc", "addressee": "x"}),
        ("parliament=99999999999999999999", {"parliament": "9" * 30, "addressee": "x"}),
        ("parliament=%00", {"parliament": "\x00", "addressee": "x"}),
        ("", {"parliament": "", "addressee": "a\x00"}),
        ("x=y", {"addressee": "a" * 10_000}),
    ],
)
def test_forged_form_of_the_clerk_is_refused_with_a_message(home, office, query, data):
    add = page("delegations_confirmationrequest_add")
    assert office.get(f"{add}?{query}").status_code == 200
    response = office.post(f"{add}?{query}", data)
    assert response.status_code == 200
    assert "errornote" in response.text
    assert not ConfirmationRequest.objects.exists()


def test_open_links_are_listed_and_can_be_withdrawn(client, home, office, clock):
    asked, address = ask(home)
    answered, other = ask(home)
    confirm(client, other)
    listed = office.get(page("delegations_confirmationrequest_changelist"), {"state": "open"})
    assert list(listed.context["cl"].result_list) == [asked]
    assert office.get(page("delegations_confirmationrequest_changelist"), {"state": "x"}).status_code == 200
    change = page("delegations_confirmationrequest_change", asked.pk)
    withdraw = page("delegations_confirmationrequest_withdraw", asked.pk)
    assert f'formaction="{withdraw}"' in office.get(change).text
    assert office.get(withdraw).status_code == 302
    assert client.get(address).status_code == 200
    assert "The link was withdrawn." in words(office.post(withdraw, follow=True))
    assert client.get(address).status_code == 410
    assert "no longer open" in words(office.post(withdraw, follow=True))
    assert f'formaction="{withdraw}"' not in office.get(change).text
    assert "no longer open" in words(
        office.post(page("delegations_confirmationrequest_withdraw", answered.pk), follow=True)
    )
    answered.refresh_from_db()
    assert answered.withdrawn_at is None


# Deciding


def the(found: list[Proposal]) -> Proposal:
    (proposal,) = found
    return proposal


def test_proposals_are_listed_and_their_pages_show_both_versions(client, home, office):
    proposal = the(
        proposals(client, home, **{f"role_{home.mandate.uid}": "delegate", f"day_{home.mandate.uid}": "2026"})
    )
    done = factories.ProposalFactory(
        state="refused", reason="Wrong", decided_by=home.clerk, decided_at=NOW, text="Older"
    )
    listed = office.get(page("delegations_proposal_changelist"), {"state": "waiting"})
    assert list(listed.context["cl"].result_list) == [proposal]
    assert "another role: Ivan First" in words(listed)
    shown = words(office.get(page("delegations_proposal_change", proposal.pk)))
    assert "Role head of the delegation delegate (2026)" in shown
    assert "Anna Second, Clerk of the House on 20 May 2026, 15:00" in shown
    decided = office.get(page("delegations_proposal_change", done.pk))
    assert 'name="decide"' not in decided.text
    assert "Refused: clerk, 20 May 2026, 15:00. Reason: Wrong" in words(decided)


def test_accepted_end_ends_the_mandate_with_the_answer_as_source(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    assert decide(office, proposal, "accepted")["Location"].endswith("?state=waiting")
    home.mandate.refresh_from_db()
    assert home.mandate.end == date(2026, 4, 26)
    source = home.mandate.sources.get()
    assert source.title_en == "Confirmation by link of 20 May 2026: Home Assembly"
    assert (proposal.state, proposal.decided_by, proposal.decided_at) == ("accepted", home.clerk, NOW)
    with pytest.raises(confirmations.ConfirmationError, match="This proposal was decided meanwhile: accepted"):
        confirmations.decide(proposal, "refused", home.clerk, values={}, reason="No")
    again = office.post(page("delegations_proposal_change", proposal.pk), {"decide": "refused", "reason": "No"})
    assert again.status_code == 200
    proposal.refresh_from_db()
    assert proposal.state == "accepted"


def test_accepted_end_without_a_day_requires_a_day(client, home, office):
    proposal = the(proposals(client, home, **{f"gone_{home.mandate.uid}": "on"}))
    response = decide(office, proposal, "accepted")
    assert "Give the first day no longer in office" in words(response)
    assert proposal.state == "waiting"
    assert not Source.objects.exists()
    response = decide(office, proposal, "changed", day="2026-05-01")
    assert "Give the reason." in words(response)
    response = decide(office, proposal, "changed", day="1.5.2026", reason="As the decree says.")
    assert response.status_code == 302
    home.mandate.refresh_from_db()
    assert home.mandate.end == date(2026, 5, 1)
    assert (proposal.state, proposal.reason) == ("changed", "As the decree says.")


def test_accepted_role_ends_the_mandate_and_begins_another(client, home, office):
    uid, source = home.mandate.uid, factories.SourceFactory()
    home.mandate.sources.add(source)
    home.mandate.political_group_en = "Group"
    home.mandate.ends = "2027-01-01"
    home.mandate.save()
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    assert decide(office, proposal, "accepted").status_code == 302
    rows = Delegate.objects.filter(person=home.mandate.person).order_by("start")
    assert [(row.role, str(row.starts), str(row.ends), row.political_group_en) for row in rows] == [
        ("head", "2020-01-01", "2026-04-26", "Group"),
        ("delegate", "2026-04-26", "2027-01-01", "Group"),
    ]
    answer = Source.objects.get(title_en__startswith="Confirmation by link")
    assert [set(row.sources.all()) for row in rows] == [{source, answer}, {answer}]


def test_accepted_role_from_the_first_day_corrects_the_mandate(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2020-01-01"}))
    decide(office, proposal, "accepted")
    row = Delegate.objects.get(person=home.mandate.person)
    assert (row.role, str(row.starts), row.ends) == ("delegate", "2020-01-01", None)


@pytest.mark.parametrize("day", ["", "2019-12-31"])
def test_accepted_role_requires_a_day_within_the_mandate(client, home, office, day):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": day}))
    text = words(decide(office, proposal, "accepted"))
    assert ("Give the first day in the new role." if not day else "must come after the first day in office") in text
    assert proposal.state == "waiting"
    assert Delegate.objects.get(person=home.mandate.person).end is None
    assert not Source.objects.exists()


def test_accepted_name_is_corrected_in_the_language_of_the_answer(client, home, office):
    person = home.mandate.person
    asked, address = ask(home)
    signed = {"name_ru": "Анна Вторая", "office_ru": "руководитель"}
    correct(client, address.replace("/en/", "/ru/"), signed, **{f"name_{home.mandate.uid}": "Иван Первой"})
    proposal = asked.proposals.get()
    decide(office, proposal, "accepted")
    person.refresh_from_db()
    assert (person.name_en, person.name_ru) == ("Ivan First", "Иван Первой")
    assert person.sort_key_ru.startswith(Person(name_ru="x").sort_key_ru)
    assert Person.objects.search("Первой").get() == person


def test_accepted_name_is_corrected_with_its_recorded_parts(client, home, office):
    person = home.mandate.person
    person.family_name_en, person.given_name_en, person.patronymic_en = "First", "Ivan", "Petrovich"
    person.save()
    proposal = the(proposals(client, home, **{f"name_{home.mandate.uid}": "Ivan Firrst"}))
    assert "“First” is recorded as a part of the name" in words(decide(office, proposal, "accepted"))
    person.refresh_from_db()
    assert person.name_en == "Ivan First"
    response = decide(office, proposal, "accepted", family_name="Firrst")
    assert "You changed what was proposed" in words(response)
    assert decide(office, proposal, "changed", family_name="Firrst", reason="With its part.").status_code == 302
    person.refresh_from_db()
    assert (person.name_en, person.family_name_en, person.patronymic_en) == ("Ivan Firrst", "Firrst", "Petrovich")


def test_accepted_missing_person_is_added_with_a_mandate(client, home, office):
    proposal = the(
        proposals(client, home, missing0_name="New Face", missing0_place="home-house", missing0_day="2026-04")
    )
    decide(office, proposal, "accepted")
    row = Delegate.objects.get(person__name_en="New Face")
    assert (row.chamber, row.role, str(row.starts)) == (home.chamber, "delegate", "2026-04")
    assert row.sources.get().title_en.startswith("Confirmation by link")


def test_missing_person_on_record_is_reused(client, home, office):
    known = Person.objects.create(name_en="Former Member", name_ru="Бывший Член")
    proposal = the(proposals(client, home, missing0_name="Former Member", missing0_place="home-house"))
    assert "This field is required." in words(decide(office, proposal, "accepted"))
    assert proposal.state == "waiting"
    for forged in ("999999", "abc", "\x00"):
        assert "Select a valid choice" in words(decide(office, proposal, "accepted", person=forged))
    assert decide(office, proposal, "accepted", person=str(known.pk)).status_code == 302
    assert Delegate.objects.get(person=known).chamber == home.chamber
    assert Person.objects.filter(name_en="Former Member").count() == 1


def test_conflict_is_named_and_nothing_is_saved(client, home, office):
    people = Person.objects.count()
    proposal = the(proposals(client, home, missing0_name="New Envoy", missing0_place="representative"))
    text = words(decide(office, proposal, "accepted"))
    assert "This parliament has another representative in the same period." in text
    assert proposal.state == "waiting"
    assert Person.objects.count() == people
    assert not Source.objects.exists()
    home.service.ends = "2026-04-01"
    home.service.save()
    response = decide(office, proposal, "changed", day="2026-04-01", reason="From the day of the handover.")
    assert response.status_code == 302
    assert Representative.objects.get(person__name_en="New Envoy").starts.first == date(2026, 4, 1)


def test_integrity_error_is_shown_as_a_message(client, home, office, monkeypatch):
    proposal = the(proposals(client, home, missing0_name="New Face", missing0_place="home-house"))
    people = Person.objects.count()

    def fail(self, *args, **kwargs):
        raise IntegrityError

    monkeypatch.setattr(Delegate, "save", fail)
    assert "somebody changed the same facts meanwhile" in words(decide(office, proposal, "accepted"))
    assert (proposal.state, Person.objects.count()) == ("waiting", people)


def test_fact_changed_since_the_answer_is_not_overwritten(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    home.mandate.role = "deputy_head"
    home.mandate.save()
    shown = words(office.get(page("delegations_proposal_change", proposal.pk)))
    assert "The record was changed since the parliament answered." in shown
    assert "Role head of the delegation deputy head of the delegation delegate" in shown
    assert "no longer what the parliament saw" in words(decide(office, proposal, "accepted"))
    assert Delegate.objects.filter(person=home.mandate.person).count() == 1
    assert decide(office, proposal, "changed", reason="Both are true.").status_code == 302
    assert Delegate.objects.filter(person=home.mandate.person).count() == 2


def test_fact_changed_while_the_page_was_open_is_shown_again(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    address = page("delegations_proposal_change", proposal.pk)
    data = filled_in(office, address) | {"decide": "changed", "reason": "Yes"}
    home.mandate.ends = "2026-03-01"
    home.mandate.save()
    assert "The record was changed meanwhile." in words(office.post(address, data))
    home.mandate.refresh_from_db()
    assert str(home.mandate.ends) == "2026-03-01"


def test_proposal_already_recorded_is_accepted(client, home, office):
    uid = home.mandate.uid
    ended, named = proposals(
        client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26", f"name_{home.other.uid}": "Oleg Ottr"}
    )
    home.mandate.ends = "2026-04-26"
    home.mandate.save()
    home.other.person.name_en = "Oleg Ottr"
    home.other.person.save()
    for proposal in (ended, named):
        assert decide(office, proposal, "accepted").status_code == 302
        assert proposal.state == "accepted"


def test_proposal_on_a_deleted_row_can_only_be_refused(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    home.mandate.delete()
    for decision in ("accepted", "changed"):
        assert "no longer exists" in words(decide(office, proposal, decision, reason="x"))
    assert decide(office, proposal, "refused", reason="Never was a delegate.").status_code == 302
    assert proposal.state == "refused"


def test_refusal_requires_a_reason_and_changes_nothing(client, home, office):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26"}))
    assert "Give the reason." in words(decide(office, proposal, "refused"))
    assert decide(office, proposal, "refused", reason="The decree says otherwise.", day="nonsense").status_code == 302
    home.mandate.refresh_from_db()
    assert (proposal.state, home.mandate.end) == ("refused", None)
    assert not Source.objects.exists()
    history = words(office.get(page("delegations_proposal_history", proposal.pk)))
    assert "refused; The decree says otherwise." in history


@pytest.mark.parametrize(
    "fields",
    [
        {"decide": ""},
        {"decide": "waiting"},
        {"decide": "changed", "reason": "a" * 10_000},
        {"decide": "changed", "reason": "a\x00"},
        {"decide": "changed", "reason": "x", "day": "9999-99-99"},
        {"decide": "changed", "reason": "x", "day": "2020\x00"},
        {"decide": "changed", "reason": "x", "role": "emperor"},
        {"decide": "changed", "reason": "x", "role": ""},
        {"decide": "changed", "reason": "x", "shown": "x"},
    ],
)
def test_forged_decision_is_refused_with_a_message(client, home, office, fields):
    uid = home.mandate.uid
    proposal = the(proposals(client, home, **{f"role_{uid}": "delegate", f"day_{uid}": "2026-04-26"}))
    decision = fields.pop("decide")
    response = decide(office, proposal, decision, **fields)
    assert response.status_code == 200
    assert "Nothing was decided." in words(response)
    assert proposal.state == "waiting"
    assert Delegate.objects.filter(person=home.mandate.person).count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_free_text_is_escaped_and_can_be_accepted(client, home, office, rows):
    proposal = the(proposals(client, home, text="<b>bold</b>\nsecond line"))
    shown = office.get(page("delegations_proposal_change", proposal.pk)).text
    assert "&lt;b&gt;bold&lt;/b&gt;<br>second line" in shown
    assert decide(office, proposal, "accepted").status_code == 302


# The confirmation of a corrected list


def test_confirmation_is_recorded_after_all_corrections_are_decided(client, home, office, clock):
    uid = home.mandate.uid
    first, second = proposals(
        client,
        home,
        **{f"gone_{uid}": "on", f"day_{uid}": "2026-04-26", "missing0_name": "X Y", "missing0_place": "home-house"},
    )
    asked = first.request
    record = page("delegations_confirmationrequest_record", asked.pk)
    change = page("delegations_confirmationrequest_change", asked.pk)
    clock.shift(timedelta(days=2))
    office.force_login(home.clerk)
    decide(office, first, "accepted")
    assert f'formaction="{record}"' not in office.get(change).text
    assert "still waiting" in words(office.post(record, follow=True))
    decide(office, second, "refused", reason="Sits from June on.")
    shown = office.get(change)
    assert f'formaction="{record}"' in shown.text
    assert "Some were refused" in words(shown)
    assert not Confirmation.objects.exists()
    office.get(record)
    assert not Confirmation.objects.exists()
    assert "The confirmation was recorded." in words(office.post(record, follow=True))
    confirmation = Confirmation.objects.get()
    assert (confirmation.date, confirmation.confirmed_by_en) == (TODAY, "Anna Second, Clerk of the House")
    assert confirmation.source == home.mandate.sources.get()
    assert "Confirmed by the parliament on 20 May 2026" in words(client.get("/en/delegations/home/"))
    assert "already confirmed for this day" in words(office.post(record, follow=True))
    assert f'formaction="{record}"' not in office.get(change).text


def test_request_without_an_answer_cannot_be_recorded(home, office):
    asked, _address = ask(home)
    record = page("delegations_confirmationrequest_record", asked.pk)
    assert "still waiting" in words(office.post(record, follow=True))
    assert not Confirmation.objects.exists()


# Nobody else


def test_pages_answer_404_without_permission(home, client):
    proposal = factories.ProposalFactory(request__parliament=home.parliament)
    asked, _address = ask(home)
    client.force_login(factories.UserFactory())
    doors = [
        page("delegations_confirmationrequest_add"),
        page("delegations_confirmationrequest_changelist"),
        page("delegations_confirmationrequest_change", asked.pk),
        page("delegations_confirmationrequest_withdraw", asked.pk),
        page("delegations_confirmationrequest_record", asked.pk),
        page("delegations_proposal_changelist"),
        page("delegations_proposal_change", proposal.pk),
    ]
    for door in doors:
        assert client.get(door).status_code == 404, door
        assert client.post(door, {"decide": "refused", "reason": "x"}).status_code == 404, door
    for door in (page("delegations_proposal_change", 99), page("delegations_proposal_change", "abc")):
        client.force_login(home.clerk)
        assert client.get(door).status_code == 404
    proposal.refresh_from_db()
    assert proposal.state == "waiting"
    assert User.objects.count() >= 3


def test_requests_and_proposals_change_no_public_response(client, home):
    """Public responses are byte for byte the same with and without a request, an answer and its corrections."""
    from ....support.crawl import seen

    doors = [
        "/en/delegations/home/",
        "/en/delegations/changes/",
        "/en/delegations/changes/feed.json",
        "/api/v1/delegations/",
        "/api/v1/delegations/home/",
        "/api/v1/people/",
        "/data/popolo.json",
        "/en/delegations/?format=csv",
        "/en/delegations/people/delegates/?format=json",
        "/sitemap.xml",
    ]

    def all_of_it() -> dict:
        answers = seen(client)
        for door in doors:
            response = client.get(door)
            assert response.status_code == 200, door
            content = response.getvalue() if response.streaming else response.content
            answers[door] = (200, content.decode())
        return answers

    before = all_of_it()
    found = proposals(
        client,
        home,
        **{f"name_{home.mandate.uid}": "Xylophone", "missing0_name": "Xylophone Two", "missing0_place": "home-house"},
        text="Xylophone three",
    )
    ask(home)
    assert len(found) == 3
    after = all_of_it()
    assert after.keys() == before.keys()
    assert len(after) > 40
    assert [door for door in before if before[door] != after[door]] == []


def test_pages_are_translated_in_both_languages(client, home, office):
    _asked, address = ask(home)
    with override("ru"):
        text = words(client.get(address.replace("/en/", "/ru/") + "?do=corrections"))
    letters = re.sub("[^A-Za-z]", "", text.replace("English", ""))
    assert len(letters) < 60, letters


# In a browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")], ids=["wide", "narrow"])
def test_list_is_corrected_decided_and_recorded_without_javascript(chromium, server, width, scheme):
    """A clerk asks, the parliament corrects, the clerk decides and records. The public page then shows the result."""
    from axe_playwright_python.sync_playwright import Axe

    from ....support.browser import AXE_OPTIONS, browsing, in_time

    factories.UserFactory(username="clerk", is_superuser=True)
    chamber = factories.ChamberFactory(parliament__slug="home", name_en="House")
    factories.SeatQuotaFactory(chamber=chamber, seats=2)
    mandate = factories.DelegateFactory(chamber=chamber, starts="2020", person__name_en="Ivan First")
    options = {"java_script_enabled": False, "locale": "en", "color_scheme": scheme}
    with browsing(chromium, server, signed_in=True, viewport={"width": 1024, "height": 800}, **options) as office:
        with in_time("asking"):
            office.goto(f"{server}/admin/")
            office.get_by_label("Username").fill("clerk")
            office.get_by_label("Password").fill(factories.PASSWORD)
            office.keyboard.press("Enter")
            office.get_by_role("heading", name="Delegations, news and accounts").wait_for()
            office.goto(server + page("delegations_parliament_change", chamber.parliament.pk))
            office.get_by_role("link", name="Ask for a confirmation").click()
            office.get_by_label("Addressee").fill("Petr Third, Speaker")
            office.keyboard.press("Enter")
            link = re.search(r"http\S+/en/confirm/\S+", office.get_by_label("Letter (English)").input_value())[0]
        narrow = {"viewport": {"width": width, "height": 800}, **options}
        with browsing(chromium, server, **narrow) as parliament, in_time("correcting"):
            assert parliament.goto(link).status == 200
            parliament.get_by_role("link", name="Propose corrections").click()
            entry = parliament.get_by_role("listitem").filter(has_text="Ivan First")
            entry.get_by_text("Correct this entry").click()
            entry.get_by_label("The name is written").fill("Ivan Firrst")
            entry.get_by_label("Since").fill("May")
            parliament.get_by_label("Your name", exact=True).fill("Anna Second")
            parliament.get_by_label("Your office", exact=True).fill("Clerk of the House")
            parliament.get_by_role("button", name="Send the corrections").click()
            parliament.locator("main").get_by_text("Nothing was sent yet.").first.wait_for()
            entry.get_by_text("“May” is not a date").first.wait_for()
            assert entry.get_by_label("Since").get_attribute("aria-invalid") == "true"
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert parliament.evaluate(overflow) == 0
            entry.get_by_label("Since").fill("")
            parliament.get_by_role("button", name="Send the corrections").click()
            parliament.locator("main").get_by_text("Your corrections have arrived.").first.wait_for()
            assert parliament.goto(link).status == 410
        with in_time("deciding"):
            office.goto(f"{server}{page('delegations_proposal_changelist')}?state=waiting")
            office.get_by_role("link", name="the name is written otherwise: Ivan First").click()
            office.get_by_role("button", name="Accept as proposed").click()
            office.locator("#content").get_by_text("0 proposed corrections").first.wait_for()
            office.goto(server + page("delegations_confirmationrequest_changelist"))
            office.get_by_role("link", name=str(chamber.parliament.name)).first.click()
            office.get_by_role("button", name="Record the confirmation").click()
            office.locator(".messagelist").get_by_text("The confirmation was recorded.").first.wait_for()
    mandate.person.refresh_from_db()
    assert mandate.person.name_en == "Ivan Firrst"
    second, token = confirmations.ask(chamber.parliament, "Somebody", User.objects.get())
    axe = Axe()
    options |= {"java_script_enabled": True, "bypass_csp": True}
    with browsing(chromium, server, viewport={"width": width, "height": 800}, **options) as reader:
        with in_time("reading"):
            reader.goto(f"{server}/en/delegations/home/")
            assert "(Anna Second, Clerk of the House)" in reader.inner_text("main")
        for address in confirmations.paths(token).values():
            for query in ("", "?do=corrections"):
                with in_time(address):
                    assert reader.goto(server + address + query).status == 200
                    for summary in reader.locator("summary").all():
                        summary.click()
                    assert axe.run(reader, options=AXE_OPTIONS).response["violations"] == []
    assert second.state(second.made_at) == "open"
