"""Headers that browsers and auditors ask for, on public pages and in the back office."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from ..support import factories
from ..support.admin_forms import page
from ..support.observatory import judge, policy_of, score

pytestmark = pytest.mark.django_db


@pytest.fixture
def https(settings) -> Client:
    """A client over https of a site with the settings of production."""
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    return Client()


@pytest.mark.parametrize("path", ["/en/", "/ru/delegations/", "/en/news/", "/en/search/?q=x", "/en/nothing/"])
def test_public_page_scores_130_at_the_observatory(https: Client, path: str):
    assert score(https.get(path, secure=True)) >= 130


def test_back_office_scores_130_at_the_observatory(https: Client):
    response = https.get(page("login"), secure=True)
    assert response.cookies
    assert score(response) >= 130


def test_all_cookies_of_the_back_office_are_secure_http_only_and_same_site(https: Client):
    user = factories.UserFactory()
    https.get(page("login"), secure=True)
    https.post(page("login"), {"username": user.username, "password": factories.PASSWORD}, secure=True)
    https.post(page("language"), {"language": "ru", "next": page("index")}, secure=True)
    names = {"csrftoken", "sessionid", "django_language", f"known-device-{user.pk}"}
    assert set(https.cookies) == names
    for name, cookie in https.cookies.items():
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] in ("Lax", "Strict"), name


@pytest.mark.audit
@pytest.mark.parametrize(("path", "points"), [("/en/", 130), ("/ru/delegations/", 130), ("/admin/login/", 135)])
def test_observatory_and_csp_evaluator_agree(https: Client, path: str, points: int):
    response = https.get(path, secure=True)
    judgement = judge(response)
    assert judgement["score"] == score(response) == points, judgement["results"]
    assert judgement["hints"] == []


@pytest.mark.parametrize("path", ["/en/", "/en/nothing/", "/admin/login/"])
def test_page_may_request_its_own_origin(client: Client, path: str):
    # Lighthouse requests robots.txt from within the page.
    assert policy_of(client.get(path))["connect-src"] == ["'self'"]


@pytest.mark.parametrize("path", ["/en/", "/admin/login/"])
def test_csp_evaluator_has_nothing_to_say(client: Client, path: str):
    policy = policy_of(client.get(path))
    assert policy["default-src"] == policy["base-uri"] == ["'none'"]
    assert "object-src" not in policy
    # “'self' can be problematic if you host JSONP, AngularJS or user uploaded files.”
    assert all(source.startswith("'nonce-") and len(source) > 24 for source in policy.get("script-src", []))


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/en/", "same-origin"),
        ("/admin/login/", "same-origin"),
        ("/en/delegations/?format=csv", "cross-origin"),
        ("/api/v1/people/", "cross-origin"),
        ("/api/v1/nothing/", "cross-origin"),
        ("/media/embedded.jpg", "cross-origin"),
    ],
)
def test_other_origins_may_embed_data_and_pictures_only(client: Client, settings, tmp_path, path: str, policy: str):
    settings.MEDIA_ROOT = tmp_path
    default_storage.save("embedded.jpg", ContentFile(b"picture"))
    response = client.get(path)
    assert response["Cross-Origin-Resource-Policy"] == policy
