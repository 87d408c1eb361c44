"""Sign-in to the admin with a password and a second factor."""

import re
from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa.models import GroupPolicy, User

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.counting import assert_within_bounds, cost
from ..support.factories import PASSWORD
from ..support.sign_in import FACTOR, INDEX, LOGIN, act, code_of, is_in, set_up, sign_in, with_factor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


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
    assert "script-src 'nonce-" in response["Content-Security-Policy"]


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
