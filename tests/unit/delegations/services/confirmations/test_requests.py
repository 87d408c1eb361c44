"""A clerk asks a parliament for a confirmation and follows its answer."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.core import mail

from delegations.models import Confirmation, ConfirmationRequest

from .....support.admin_forms import filled_in, page, words
from .....support.confirmations import LANGUAGES, NOW, TODAY, ask, confirm, decide, proposals

pytestmark = [pytest.mark.django_db, pytest.mark.long]


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
