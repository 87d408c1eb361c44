"""Known devices, in which users sign in while strangers have locked their account."""

from datetime import timedelta

import pytest
from django.test import Client

from cspa.auth import known_devices
from cspa.models import User

from ..support import factories
from ..support.factories import PASSWORD
from ..support.sign_in import FACTOR, INDEX, LIMIT, LOGIN, code_of, is_in, set_up, sign_in, with_factor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def attack(settings):
    """Lock an account for everybody, and the address of the test client with it."""
    settings.SIGN_IN_ACCOUNT_ATTEMPTS = settings.SIGN_IN_ADDRESS_ATTEMPTS = LIMIT

    def attack(user: User) -> None:
        for _number in range(LIMIT):
            sign_in(Client(), user, "wrong")
        assert sign_in(Client(), user).status_code == 429
        assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), user).status_code == 429

    return attack


def device_of(client: Client, user: User) -> Client:
    """The browser of ``client`` after its session has ended, at another address."""
    device = Client(REMOTE_ADDR="10.2.0.1")
    name = f"{known_devices.COOKIE_PREFIX}{user.pk}"
    device.cookies[name] = client.cookies[name].value
    return device


def test_known_device_signs_in_while_the_account_and_the_address_are_locked(client: Client, clerk: User, attack):
    sign_in(client, clerk)
    client.post("/admin/logout/")
    attack(clerk)
    # The very address of the attack, then any other.
    assert sign_in(client, clerk).status_code == 302
    assert is_in(client)
    device = device_of(client, clerk)
    assert sign_in(device, clerk).status_code == 302
    assert is_in(device)


def test_known_device_gives_its_second_factor_while_the_account_is_locked(client: Client, clerk: User, clock, attack):
    with_factor(clerk)
    sign_in(client, clerk)
    client.post(FACTOR, {"code": code_of(clerk)})
    client.post("/admin/logout/")
    attack(clerk)
    clock.shift(60)
    assert sign_in(client, clerk).status_code == 302
    assert client.post(FACTOR, {"code": code_of(clerk)}).status_code == 302
    assert is_in(client)


def test_device_is_known_after_a_complete_sign_in_only(client: Client, clerk: User, strict):
    def is_known() -> bool:
        return f"{known_devices.COOKIE_PREFIX}{clerk.pk}" in client.cookies

    sign_in(client, clerk, "wrong")
    assert not is_known()
    sign_in(client, clerk)
    assert not is_known()
    client.post(FACTOR, {"code": "000000"})
    assert not is_known()
    set_up(client)
    assert is_known()


def test_known_device_has_a_limit_of_its_own(client: Client, clerk: User):
    sign_in(client, clerk)
    device = device_of(client, clerk)
    for number in range(LIMIT):
        assert sign_in(device, clerk, "wrong").status_code == (429 if number == LIMIT - 1 else 200)
    response = sign_in(device, clerk)
    assert response.status_code == 429
    assert "Try again after" in response.text
    # Neither an address that changes nor another browser's name makes it another device.
    roaming = Client(REMOTE_ADDR="10.3.0.1", headers={"user-agent": "another"})
    roaming.cookies = device.cookies
    assert sign_in(roaming, clerk).status_code == 429
    assert sign_in(Client(), clerk).status_code == 302


def test_cookie_is_signed_http_only_and_for_the_back_office(client: Client, clerk: User, settings):
    settings.SESSION_COOKIE_SECURE = True
    client.post(LOGIN, {"username": "clerk", "password": PASSWORD, "next": INDEX}, secure=True)
    cookie = client.cookies[f"{known_devices.COOKIE_PREFIX}{clerk.pk}"]
    assert (cookie["path"], cookie["httponly"], cookie["secure"], cookie["samesite"]) == (INDEX, True, True, "Strict")
    assert cookie["max-age"] == known_devices.LASTS.total_seconds()


@pytest.mark.parametrize("forge", ["another account", "made up", "new password", "expired"])
def test_invalid_cookie_is_that_of_an_unknown_device(client: Client, clerk: User, clock, attack, forge: str):
    sign_in(client, clerk)
    device = device_of(client, clerk)
    (cookie,) = device.cookies.values()
    attacked = clerk
    if forge == "another account":
        attacked = factories.UserFactory()
        device.cookies[f"{known_devices.COOKIE_PREFIX}{attacked.pk}"] = cookie.value
    elif forge == "made up":
        device.cookies[cookie.key] = f"x{cookie.value}"
    elif forge == "new password":
        clerk.set_password(PASSWORD)
        clerk.save()
    else:
        clock.shift(known_devices.LASTS + timedelta(seconds=1))
    attack(attacked)
    assert sign_in(device, attacked).status_code == 429
