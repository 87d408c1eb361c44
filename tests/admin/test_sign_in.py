"""Sign-in to the admin: two factors, rate limits and the end of sessions."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa.auth.lockout import client_address
from cspa.models import GroupPolicy, User

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.counting import assert_within_bounds, cost
from ..support.factories import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN, FACTOR, INDEX = page("login"), page("second_factor"), page("index")
LIMIT = 10


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that tests move."""
    with time_machine.travel(datetime(2026, 11, 25, 9, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def clerk() -> User:
    return factories.UserFactory(username="clerk")


@pytest.fixture
def group(clerk: User) -> Group:
    """A group with permissions, to which the clerk belongs."""
    group = Group.objects.get(name="Administrators")
    clerk.groups.add(group)
    return group


@pytest.fixture
def strict(group: Group) -> Group:
    """The same group, which requires two factors."""
    GroupPolicy.objects.create(group=group, demands_two_factors=True)
    return group


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


# Without a second factor


def test_password_is_enough_unless_a_group_requires_two_factors(client: Client, clerk: User, group: Group):
    assert sign_in(client, clerk)["Location"] == INDEX
    assert is_in(client)
    GroupPolicy.objects.create(group=group, demands_two_factors=False)
    assert is_in(client)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Please enter the correct username and password for a staff account."),
        ("ru", "Пожалуйста, введите корректные имя пользователя и пароль учётной записи."),
    ],
)
def test_unknown_username_answers_like_a_wrong_password(client: Client, clerk: User, language: str, sentence: str):
    disabled = factories.UserFactory(is_active=False)
    answers = []
    for name, password in (("clerk", "wrong"), ("nobody", "wrong"), (disabled.username, PASSWORD)):
        response = sign_in(client, name, password, headers={"accept-language": language})
        assert response.status_code == 200
        assert sentence in words(response)
        answers.append(words(response).replace(name, ""))
    assert len(set(answers)) == 1


# Setting up


def test_user_without_a_required_second_factor_is_redirected_to_its_setup(client: Client, clerk: User, strict: Group):
    target = page("cspa_user_changelist")
    response = client.post(LOGIN, {"username": "clerk", "password": PASSWORD, "next": target}, follow=True)
    assert response.redirect_chain[-1] == (f"{FACTOR}?next={target}", 302)
    assert "One of your groups demands two-factor sign-in." in words(response)
    assert target not in response.text.replace(f"?next={target}", "")
    assert "nav-sidebar" not in response.text
    assert response.context["available_apps"] == []
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in response.text
    assert "style=" not in response.text
    assert "no-store" in response["Cache-Control"]
    assert "script-src 'self' 'nonce-" in response["Content-Security-Policy"]


def addresses(patterns: list, prefix: str = "") -> Iterator[str]:
    """The URL of each page below ``patterns``, with a number for each argument."""
    for pattern in patterns:
        path = prefix + re.sub(r"<[^>]+>", "1", str(pattern.pattern).replace("^", "").replace("$", ""))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


@pytest.mark.long
def test_admin_pages_redirect_until_the_second_factor_is_verified(client: Client):
    chief = factories.UserFactory(is_superuser=True)
    factories.PersonFactory(pk=1)
    with_factor(chief)
    sign_in(client, chief)
    office = next(one for one in get_resolver().url_patterns if str(one.pattern) == "admin/")
    walked = set()
    for address in addresses(office.url_patterns, "/admin/"):
        if address in {LOGIN, FACTOR, page("logout"), page("language")} or "(" in address:
            continue
        for answer in (client.get(address), client.post(address, {"post": "yes"})):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, LOGIN), address
        walked.add(address)
    assert {page("autocomplete"), page("delegations_import"), page("news_article_history", 1)} <= walked
    assert {page("password_change"), page("news_article_preview", 1), page("delegations_person_merge", 1)} <= walked
    assert len(walked) > 90
    assert client.get("/admin/cspa/").status_code == 302
    assert User.objects.filter(pk=chief.pk).exists()


def test_setup_shows_ten_recovery_codes_once_and_gives_access(client: Client, clerk: User, strict: Group):
    sign_in(client, clerk)
    assert not is_in(client)
    before = client.session.session_key
    codes = set_up(client)
    assert len(set(codes)) == 10
    assert client.session.session_key != before
    assert is_in(client)
    again = client.get(FACTOR).text
    assert "10 recovery codes are left" in again
    assert not any(code in again for code in codes)
    assert LogEntry.objects.get(object_id=str(clerk.pk)).change_message == "Second factor set up."


def test_wrong_code_fails_the_setup_and_keeps_the_secret(client: Client, clerk: User, strict: Group):
    sign_in(client, clerk)
    secret = re.search(r'<code class="secret">.+?</code>', client.get(FACTOR).text).group()
    for wrong in ("000000", "abcdef", "١٢٣٤٥٦", "", "1" * 10_000, "1\x002345", "12 34"):
        response = client.post(FACTOR, {"code": wrong})
        assert response.status_code == 200
        assert "errorlist" in response.text
        assert secret in response.text
    assert not TOTPDevice.objects.exists()
    assert not is_in(client)


def test_secret_of_an_abandoned_setup_is_not_reused(client: Client, clerk: User, strict: Group):
    sign_in(client, clerk)
    secret = re.search(r'<code class="secret">(.+?)</code>', client.get(FACTOR).text).group(1)
    other = Client()
    sign_in(other, clerk)
    assert secret not in other.get(FACTOR).text


def test_optional_second_factor_is_required_once_set_up(client: Client, clerk: User):
    sign_in(client, clerk)
    assert f'href="{FACTOR}"' in client.get(INDEX).text
    assert "Nobody demands it of you" in words(client.get(FACTOR))
    set_up(client)
    other = Client()
    sign_in(other, clerk)
    assert not is_in(other)


def test_group_that_starts_to_require_two_factors_blocks_open_sessions(client: Client, clerk: User, group: Group):
    sign_in(client, clerk)
    assert is_in(client)
    GroupPolicy.objects.create(group=group, demands_two_factors=True)
    assert not is_in(client)


# Giving the code


@pytest.mark.parametrize(
    ("language", "label", "title"),
    [("en", "Six digits from your telephone", "Two-factor sign-in"), ("ru", "Шесть цифр", "Двухфакторный вход")],
)
def test_sign_in_asks_for_the_code_and_redirects_to_the_next_page(
    client: Client, clerk: User, group: Group, language: str, label: str, title: str
):
    with_factor(clerk)
    target = page("cspa_user_changelist")
    header = {"accept-language": language}
    form = {"username": "clerk", "password": PASSWORD, "next": target}
    response = client.post(LOGIN, form, follow=True, headers=header)
    assert label in words(response)
    assert f"<h1>{title}</h1>" in response.text
    assert 'autocomplete="one-time-code"' in response.text
    assert 'for="id_code"' in response.text
    response = client.post(f"{FACTOR}?next={target}", {"code": f" {code_of(clerk)[:3]} {code_of(clerk)[3:]}"})
    assert (response.status_code, response["Location"]) == (302, target)
    assert client.get(target).status_code == 200


def test_redirect_to_another_site_is_ignored(client: Client, clerk: User):
    with_factor(clerk)
    sign_in(client, clerk)
    response = client.post(f"{FACTOR}?next=https://evil.example/", {"code": code_of(clerk)})
    assert response["Location"] == INDEX


def test_code_is_refused_a_second_time_and_after_it_expired(client: Client, clerk: User, clock):
    with_factor(clerk)
    sign_in(client, clerk)
    old = code_of(clerk)
    clock.shift(90)
    assert client.post(FACTOR, {"code": old}).status_code == 200
    clock.shift(2)
    used = code_of(clerk)
    assert client.post(FACTOR, {"code": used}).status_code == 302
    other = Client()
    sign_in(other, clerk)
    response = other.post(FACTOR, {"code": used})
    assert "This code is wrong or was used before." in words(response)
    assert not is_in(other)
    clock.shift(30)
    assert other.post(FACTOR, {"code": code_of(clerk)}).status_code == 302


def test_code_of_the_setup_is_refused_a_second_time(client: Client, clerk: User):
    sign_in(client, clerk)
    set_up(client)
    other = Client()
    sign_in(other, clerk)
    assert other.post(FACTOR, {"code": code_of(clerk)}).status_code == 200


def test_recovery_code_is_refused_a_second_time(client: Client, clerk: User, clock):
    sign_in(client, clerk)
    code, *others = set_up(client)
    for expected in (302, 200):
        browser = Client()
        sign_in(browser, clerk)
        assert browser.post(FACTOR, {"code": f"{code[:4]}-{code[4:].upper()}"}).status_code == expected
        response = browser.get(INDEX)
        assert response.status_code == (200 if expected == 302 else 302)
        if expected == 302:
            assert "That was a recovery code; it works no more. 9 are left." in words(response)
            assert "Two-factor sign-in is on. 9 recovery codes are left." in words(browser.get(FACTOR))
    assert StaticToken.objects.count() == len(others) == 9


def test_code_of_another_user_is_refused(client: Client, clerk: User):
    with_factor(clerk)
    thief = factories.UserFactory()
    with_factor(thief)
    StaticToken.objects.filter(device__user=thief).update(token="thiefown")
    sign_in(client, clerk)
    assert client.post(FACTOR, {"code": "thiefown"}).status_code == 200
    assert client.post(FACTOR, {"code": code_of(thief)}).status_code == 200
    assert not is_in(client)


def test_user_can_log_out_before_the_second_factor(client: Client, clerk: User):
    with_factor(clerk)
    sign_in(client, clerk)
    assert f'action="{page("logout")}"' in client.get(FACTOR).text
    client.post(page("logout"))
    assert client.get(FACTOR)["Location"] == f"{LOGIN}?next={FACTOR}"


def test_wrong_codes_are_rate_limited(client: Client, clerk: User, clock):
    with_factor(clerk)
    sign_in(client, clerk)
    for _ in range(3):
        client.post(FACTOR, {"code": "000000"})
    assert AccessAttempt.objects.get().failures_since_start == 1
    response = client.post(FACTOR, {"code": code_of(clerk)})
    assert "Try again after 12:00:02." in words(response)
    assert not is_in(client)
    clock.shift(2)
    assert client.post(FACTOR, {"code": code_of(clerk)}).status_code == 302


def test_wrong_codes_and_passwords_share_one_limit(client: Client, clerk: User, clock):
    with_factor(clerk)
    for _ in range(4):
        sign_in(client, clerk, "wrong")
    sign_in(client, clerk)
    for number in range(5):
        assert client.post(FACTOR, {"code": "000000"}).status_code == 200
        clock.shift(2**number)
    # A correct password does not reset the count.
    sign_in(client, clerk)
    assert client.post(FACTOR, {"code": "000000"}).status_code == 429
    clock.shift(60)
    assert client.post(FACTOR, {"code": code_of(clerk)}).status_code == 429
    assert not is_in(client)
    assert "000000" not in AccessAttempt.objects.get().post_data


# Changing and removing one's own


def test_new_recovery_codes_invalidate_the_old_ones(client: Client, clerk: User, clock):
    sign_in(client, clerk)
    old = set_up(client)
    assert client.post(FACTOR, {"code": "000000", "do": "renew"}).status_code == 200
    assert StaticToken.objects.filter(token__in=old).count() == 10
    clock.shift(60)
    response = client.post(FACTOR, {"code": code_of(clerk), "do": "renew"})
    new = re.findall(r"<li><code>(\w{8})</code></li>", response.text)
    assert len(new) == 10
    assert set(StaticToken.objects.values_list("token", flat=True)) == set(new)
    assert not set(new) & set(old)


def test_removing_a_second_factor_requires_a_code_and_redirects_to_the_setup(
    client: Client, clerk: User, strict: Group, clock
):
    sign_in(client, clerk)
    set_up(client)
    assert client.post(FACTOR, {"code": "000000", "do": "remove"}).status_code == 200
    assert is_in(client)
    clock.shift(60)
    assert client.post(FACTOR, {"code": code_of(clerk), "do": "delete everything"}).status_code == 400
    clock.shift(60)
    assert client.post(FACTOR, {"code": code_of(clerk), "do": "remove"})["Location"] == FACTOR
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()
    assert not is_in(client)
    assert "One of your groups demands" in words(client.get(FACTOR))


# What an administrator may do


@pytest.fixture
def chief(client: Client) -> User:
    """A client signed in as an administrator."""
    chief = factories.UserFactory(username="chief")
    chief.groups.add(Group.objects.get(name="Administrators"))
    client.force_login(chief)
    return chief


def act(client: Client, action: str, *users: User):
    data = {"action": action, "_selected_action": [user.pk for user in users]}
    return client.post(page("cspa_user_changelist"), data, follow=True)


def test_administrator_resets_a_second_factor_and_it_is_logged(client: Client, chief: User, clerk: User):
    with_factor(clerk)
    other = Client()
    other.force_login(clerk)
    response = act(client, "reset_second_factor", clerk)
    assert "Second factor reset. clerk" in words(response)
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()
    # The session of whoever found the telephone has ended.
    assert other.get(FACTOR).status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr, entry.change_message) == (chief, "clerk", "Second factor reset.")
    assert sign_in(other, clerk).status_code == 302
    assert is_in(other)


@pytest.mark.parametrize("action", ["reset_second_factor", "reset_lockout", "end_sessions"])
def test_administrator_cannot_reset_a_superuser_or_themselves(client: Client, chief: User, action: str):
    superuser = factories.UserFactory(is_superuser=True)
    with_factor(superuser)
    other = Client()
    other.force_login(superuser)
    response = act(client, action, superuser, chief)
    assert "2 accounts were left as they are" in words(response)
    assert TOTPDevice.objects.filter(user=superuser).exists()
    assert other.get(FACTOR).status_code == 200
    assert is_in(client)
    assert not LogEntry.objects.exists()


def test_secret_is_on_no_admin_page(client: Client, clerk: User):
    chief = factories.UserFactory(is_superuser=True)
    client.force_login(chief)
    device = with_factor(clerk)
    assert {TOTPDevice, StaticDevice, AccessAttempt}.isdisjoint(admin.site._registry)
    for address in (INDEX, page("cspa_user_changelist"), page("cspa_user_change", clerk.pk)):
        text = client.get(address).text
        assert device.key not in text
        assert "abcdefgh" not in text


def test_changelists_show_users_with_and_groups_requiring_two_factors(client: Client, chief: User, clerk: User):
    with_factor(clerk)
    rows = client.get(page("cspa_user_changelist")).context["cl"].result_list
    assert {user.username: user.has_second_factor for user in rows} == {"chief": False, "clerk": True}
    GroupPolicy.objects.create(group=Group.objects.get(name="Publishers"), demands_two_factors=True)
    text = client.get(page("auth_group_changelist")).text
    assert text.count('<td class="field-two_factors">yes</td>') == 1


def test_two_factors_are_required_on_the_page_of_a_group(client: Client, chief: User):
    group = Group.objects.get(name="Publishers")
    address = page("auth_group_change", group.pk)
    data = filled_in(client, address)
    assert "demands_two_factors" not in data
    rights = group.permissions.count()
    assert client.post(address, data | {"demands_two_factors": "on"}).status_code == 302
    assert GroupPolicy.objects.get(group=group).demands_two_factors
    assert "Demands two factors" in LogEntry.objects.get().get_change_message()
    data = filled_in(client, address)
    assert data.pop("demands_two_factors") == "on"
    assert client.post(address, data).status_code == 302
    assert not GroupPolicy.objects.get(group=group).demands_two_factors
    assert group.permissions.count() == rights
    assert client.post(page("auth_group_add"), {"name": "New", "demands_two_factors": "on"}).status_code == 302
    assert GroupPolicy.objects.get(group__name="New").demands_two_factors


# Limits of attempts


def fail(client: Client, user: str = "clerk", times: int = LIMIT, **more):
    for _ in range(times):
        response = sign_in(client, user, "wrong", **more)
    return response


@pytest.mark.parametrize("name", ["clerk", "nobody"])
def test_username_is_rate_limited_across_addresses_even_if_unknown(clerk: User, name: str, clock):
    for number in range(LIMIT):
        response = sign_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), name, "wrong")
        assert response.status_code == (429 if number == LIMIT - 1 else 200)
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), name).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), factories.UserFactory()).status_code == 302


def test_address_is_rate_limited_across_usernames(client: Client, clerk: User):
    for number in range(LIMIT):
        sign_in(client, f"name{number}", "wrong")
    assert sign_in(client, clerk).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), clerk).status_code == 302


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
    assert "script-src 'self' 'nonce-" in response["Content-Security-Policy"]


def test_successful_sign_in_does_not_reset_the_limit_of_the_address(client: Client, clerk: User):
    own = factories.UserFactory()
    fail(client, times=LIMIT - 1)
    assert sign_in(client, own).status_code == 302
    assert fail(Client(), times=1).status_code == 429


def test_administrator_resets_the_limit_of_a_user(client: Client, chief: User, clerk: User):
    locked = Client(REMOTE_ADDR="10.0.0.1")
    for number in range(LIMIT):
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


@pytest.mark.parametrize(
    ("behind", "header", "address"),
    [
        (False, None, "10.9.9.9"),
        (False, "1.2.3.4", "10.9.9.9"),
        (True, "1.2.3.4", "1.2.3.4"),
        # The header of the client comes first.
        (True, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "evil'; --", "10.9.9.9"),
        (True, None, "10.9.9.9"),
    ],
)
def test_client_address_is_the_one_seen_by_the_proxy(settings, behind: bool, header: str | None, address: str):
    settings.BEHIND_PROXY = behind
    headers = {"x-forwarded-for": header} if header else {}
    assert client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.9.9.9")) == address


def test_forged_header_does_not_evade_a_limit(clerk: User):
    for number in range(LIMIT):
        sign_in(Client(), f"name{number}", "wrong", headers={"x-forwarded-for": f"1.1.1.{number}"})
    assert sign_in(Client(), clerk, headers={"x-forwarded-for": "9.9.9.9"}).status_code == 429


def test_malformed_username_answers_200(client: Client):
    for name in ("a\x00b", "x" * 10_000, "", " "):
        assert sign_in(client, name).status_code == 200
        assert (
            client.post(LOGIN, {"username": name, "password": "p\x00" * 5000, "next": "\x00//evil"}).status_code == 200
        )
    assert sign_in(client, "clerk", "x" * 4097).status_code == 200


# Sessions


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
    assert "sessionid" not in client.get(INDEX).cookies
    assert client.session["seen"] == seen
    clock.shift(1)
    assert "sessionid" in client.get(INDEX).cookies
    assert client.session["seen"] == seen + 60


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


# What it costs


def test_page_queries_session_and_user_and_with_a_second_factor_its_device(client: Client, clerk: User):
    def ask() -> None:
        assert client.get(page("jsi18n")).status_code == 200

    client.force_login(clerk)
    client.get(page("jsi18n"))
    costs = {"smallest page of the office": cost(ask)}
    with_factor(clerk)
    client.post(FACTOR, {"code": code_of(clerk)})
    assert_within_bounds(costs | {"smallest page of the office with a second factor": cost(ask)})
