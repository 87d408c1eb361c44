"""Signing in to the admin, with and without a second factor."""

import re

from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa.models import User

from .admin_forms import page
from .factories import PASSWORD

LOGIN, FACTOR, INDEX = page("login"), page("second_factor"), page("index")
LIMIT = 10


def sign_in(client: Client, user: User | str, password: str = PASSWORD, **more):
    return client.post(LOGIN, {"username": str(user), "password": password, "next": INDEX}, **more)


def code_of(user: User) -> str:
    """The present one-time code of ``user``."""
    return f"{TOTP(TOTPDevice.objects.get(user=user).bin_key).token():06}"


def set_up(client: Client) -> list[str]:
    """Set up the second factor with the secret of the page. Returns the recovery codes."""
    shown = client.get(FACTOR).text
    secret = re.search(r'<code class="secret">(.+?)</code>', shown).group(1).replace(" ", "")
    assert len(secret) == 32
    key = TOTPDevice(key=client.session["offered_secret"]).bin_key
    response = client.post(FACTOR, {"code": f"{TOTP(key).token():06}"})
    assert response.status_code == 200
    return re.findall(r"<li><code>(\w{8})</code></li>", response.text)


def with_factor(user: User) -> TOTPDevice:
    """Give ``user`` a second factor with one recovery code, ``abcdefgh``."""
    StaticToken.objects.create(device=StaticDevice.objects.create(user=user), token="abcdefgh")
    return TOTPDevice.objects.create(user=user)


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def act(client: Client, action: str, *users: User):
    data = {"action": action, "_selected_action": [user.pk for user in users]}
    return client.post(page("cspa_user_changelist"), data, follow=True)
