"""Sessions of the admin: when they end, and what ends them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client

from cspa.models import User

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.factories import PASSWORD
from ..support.sign_in import INDEX, LOGIN, act, is_in, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_session_ends_after_an_idle_hour_with_a_message(client: Client, clerk: User, group: Group, clock):
    target = page("cspa_user_changelist")
    sign_in(client, clerk)
    for _ in range(3):
        clock.shift(timedelta(minutes=59))
        assert client.get(target).status_code == 200
    clock.shift(timedelta(minutes=60))
    response = client.get(target, follow=True)
    assert response.redirect_chain == [(f"{LOGIN}?next={target}", 302)]
    assert "You were signed out, because nothing was done for 60 minutes." in words(response)
    assert not Session.objects.exists()
    assert "signed out" not in words(client.get(LOGIN))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "because a session lasts 12 hours at most"), ("ru", "сеанс длится не более 12 часов")],
)
def test_session_ends_after_twelve_hours_of_activity(client: Client, clerk: User, clock, language: str, sentence: str):
    sign_in(client, clerk)
    for _ in range(23):
        clock.shift(timedelta(minutes=30))
        assert is_in(client)
    clock.shift(timedelta(minutes=30))
    response = client.get(INDEX, follow=True, headers={"accept-language": language})
    assert sentence in words(response)


def test_form_posted_after_the_session_ended_shows_a_message(client: Client, clerk: User, group: Group, clock):
    sign_in(client, clerk)
    address = page("cspa_user_change", clerk.pk)
    data = filled_in(client, address) | {"first_name": "Late"}
    clock.shift(timedelta(minutes=61))
    response = client.post(address, data, follow=True)
    assert response.redirect_chain == [(f"{LOGIN}?next={address}", 302)]
    assert "What you sent was not saved" in words(response)
    assert "nothing was done for 60 minutes" in words(response)
    assert User.objects.get(pk=clerk.pk).first_name == ""
    form = {"username": "clerk", "password": PASSWORD, "next": address}
    assert client.post(f"{LOGIN}?next={address}", form)["Location"] == address


def test_session_is_saved_at_most_once_a_minute(client: Client, clerk: User, clock):
    sign_in(client, clerk)
    client.get(INDEX)
    seen = client.session["seen"]
    clock.shift(59)
    assert is_in(client)
    assert client.session["seen"] == seen
    clock.shift(1)
    assert is_in(client)
    assert client.session["seen"] == seen + 60


def test_session_opened_while_the_clock_was_ahead_ends(client: Client, clerk: User, clock):
    clock.shift(timedelta(days=365))
    sign_in(client, clerk)
    assert is_in(client)
    clock.shift(timedelta(days=-365))
    assert not is_in(client)
    sign_in(client, clerk)
    # The clock of another machine is behind by a few seconds.
    clock.shift(timedelta(seconds=-5))
    assert is_in(client)


def test_session_without_a_start_time_ends(client: Client, clerk: User):
    client.force_login(clerk)
    session = client.session
    del session["began"], session["seen"]
    session.save()
    assert not is_in(client)


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_disabling_a_user_ends_its_sessions_permanently(client: Client, chief: User, clerk: User, change: dict):
    other, bystander = Client(), Client()
    sign_in(other, clerk)
    sign_in(bystander, factories.UserFactory())
    assert is_in(other)
    address = page("cspa_user_change", clerk.pk)
    data = filled_in(client, address)
    less = {name: value for name, value in data.items() if name not in change}
    assert client.post(address, less).status_code == 302
    assert User.objects.filter(pk=clerk.pk, **change).exists()
    assert not is_in(other)
    data["_seen"] = filled_in(client, address)["_seen"]
    assert client.post(address, data).status_code == 302
    assert User.objects.filter(pk=clerk.pk, is_active=True, is_staff=True).exists()
    assert not is_in(other)
    assert is_in(bystander)


def test_changed_password_ends_the_other_sessions(client: Client, clerk: User):
    other = Client()
    for browser in (client, other):
        sign_in(browser, clerk)
    new = "a much better password 7"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post(page("password_change"), form).status_code == 302
    assert is_in(client)
    assert not is_in(other)


def test_administrator_ends_all_sessions_of_a_user(client: Client, chief: User, clerk: User):
    other = Client()
    sign_in(other, clerk)
    assert "All sessions ended. clerk" in words(act(client, "end_sessions", clerk))
    assert not is_in(other)
    assert is_in(client)


def test_public_pages_neither_create_nor_read_a_session(client: Client, django_assert_num_queries):
    client.get("/en/about/")
    for cookies in ({}, {"other": "1"}):
        client.cookies.load(cookies)
        with django_assert_num_queries(0):
            response = client.get("/en/about/")
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")
