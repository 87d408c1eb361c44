"""Lockout after too many failed sign-ins, and how it is reset."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client

from cspa.models import User

from ..support import factories
from ..support.admin_forms import words
from ..support.sign_in import FACTOR, LIMIT, LOGIN, act, code_of, is_in, sign_in, with_factor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def fail(client: Client, user: str = "clerk", times: int = LIMIT, **more):
    for _ in range(times):
        response = sign_in(client, user, "wrong", **more)
    return response


@pytest.mark.parametrize("name", ["clerk", "nobody"])
def test_account_is_rate_limited_for_the_address_of_the_failures_only(clerk: User, name: str):
    attacker = Client(REMOTE_ADDR="10.0.0.1")
    for number in range(LIMIT):
        assert sign_in(attacker, name, "wrong").status_code == (429 if number == LIMIT - 1 else 200)
    # Another browser at this address does not help, and another account is free.
    assert sign_in(Client(REMOTE_ADDR="10.0.0.1", headers={"user-agent": "another"}), name).status_code == 429
    assert sign_in(attacker, factories.UserFactory()).status_code == 302
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), clerk).status_code == 302


def test_account_is_rate_limited_for_a_network_of_ipv6(clerk: User):
    for number in range(LIMIT):
        response = sign_in(Client(REMOTE_ADDR=f"2001:db8:1:2:{number}::1"), clerk, "wrong")
    assert response.status_code == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:2:ffff::1"), clerk).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:3::1"), clerk).status_code == 302


@pytest.mark.parametrize("name", ["clerk", "nobody"])
def test_account_is_rate_limited_across_addresses_at_a_higher_limit_even_if_unknown(clerk: User, settings, name: str):
    settings.SIGN_IN_ACCOUNT_ATTEMPTS = 25
    for number in range(25):
        response = sign_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), name, "wrong")
        assert response.status_code == (429 if number == 24 else 200)
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), name).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), factories.UserFactory()).status_code == 302


def test_address_is_rate_limited_across_usernames_at_a_higher_limit(client: Client, clerk: User, settings):
    settings.SIGN_IN_ADDRESS_ATTEMPTS = 15
    for number in range(15):
        response = sign_in(client, f"name{number}", "wrong")
        assert response.status_code == (429 if number == 14 else 200)
    assert sign_in(client, clerk).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), clerk).status_code == 302


def test_limits_of_addresses_and_accounts_leave_room_for_offices(settings):
    assert settings.SIGN_IN_ATTEMPTS == LIMIT
    assert LIMIT < settings.SIGN_IN_ADDRESS_ATTEMPTS < settings.SIGN_IN_ACCOUNT_ATTEMPTS


def test_limit_ends_at_the_time_shown(client: Client, clerk: User, clock):
    fail(client)
    clock.shift(timedelta(minutes=10))
    # Neither a correct nor a wrong password extends the limit.
    response = sign_in(client, clerk)
    assert "Try again after 25 Nov. 2026, 12:31." in words(response).replace("November", "Nov.")
    assert response["Retry-After"] == "1260"
    fail(client, times=3)
    clock.shift(timedelta(minutes=21))
    assert sign_in(client, clerk).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            ["Too many attempts to sign in", "Try again after", "An administrator of the back office can let you in"],
        ),
        ("ru", ["Слишком много попыток входа", "Повторите попытку после", "Администратор служебного раздела"]),
    ],
)
def test_limit_page_shows_when_to_retry_and_whom_to_contact(
    client: Client, clerk, language: str, sentences: list[str]
):
    response = fail(client, headers={"accept-language": language})
    assert response.status_code == 429
    for sentence in sentences:
        assert sentence in words(response)
    assert 'href="/static/css/admin' in response.text
    assert f'href="/{language}/contact/"' in response.text
    assert f'<html lang="{language}"' in response.text
    assert response.text.count("<h1") == 1
    assert "no-store" in response["Cache-Control"]
    assert "script-src 'nonce-" in response["Content-Security-Policy"]


def test_successful_sign_in_does_not_reset_the_limits(client: Client, clerk: User):
    own = factories.UserFactory()
    fail(client, times=LIMIT - 1)
    assert sign_in(client, own).status_code == 302
    assert fail(Client(), times=1).status_code == 429


def test_administrator_resets_the_limit_of_a_user(client: Client, chief: User, clerk: User, settings):
    settings.SIGN_IN_ADDRESS_ATTEMPTS = 12
    locked = Client(REMOTE_ADDR="10.0.0.1")
    for number in range(12):
        sign_in(locked, f"name{number}", "wrong")
    fail(Client(REMOTE_ADDR="10.0.0.2"))
    device = with_factor(clerk)
    device.throttling_failure_count, device.throttling_failure_timestamp = 20, datetime.now(UTC)
    device.save()
    assert sign_in(locked, clerk).status_code == 429
    assert "Limit of sign-in attempts lifted. clerk" in words(act(client, "reset_lockout", clerk))
    assert LogEntry.objects.get().change_message == "Limit of sign-in attempts lifted."
    assert sign_in(locked, clerk).status_code == 302
    assert locked.post(FACTOR, {"code": code_of(clerk)}).status_code == 302


def test_command_resets_the_limit_and_a_lost_second_factor(client: Client, clerk: User, capsys):
    with_factor(clerk)
    fail(client)
    call_command("unlock_user", "clerk")
    assert sign_in(client, clerk).status_code == 302
    assert not is_in(client)
    call_command("unlock_user", "clerk", "--reset-second-factor")
    assert "clerk" in capsys.readouterr().out
    assert client.get(FACTOR).status_code == 302
    sign_in(client, clerk)
    assert is_in(client)
    with pytest.raises(CommandError, match="There is no account"):
        call_command("unlock_user", "nobody")


def test_forged_header_does_not_evade_a_limit(clerk: User):
    for number in range(LIMIT):
        sign_in(Client(), "clerk", "wrong", headers={"x-forwarded-for": f"1.1.1.{number}"})
    assert sign_in(Client(), clerk, headers={"x-forwarded-for": "9.9.9.9"}).status_code == 429


def test_malformed_username_answers_200(client: Client):
    for name in ("a\x00b", "x" * 10_000, "", " "):
        assert sign_in(client, name).status_code == 200
        assert (
            client.post(LOGIN, {"username": name, "password": "p\x00" * 5000, "next": "\x00//evil"}).status_code == 200
        )
    assert sign_in(client, "clerk", "x" * 4097).status_code == 200
