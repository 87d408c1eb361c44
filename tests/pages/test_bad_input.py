"""Malformed input: each request is answered within a second, never with status 500."""

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db

TEXTS = ["%00", "a%00b", "%ff%fe", "a" * 100_000, "a+" * 20_000, "+++", "%25", "_", "%5C", "%22(%5B", "%26!:*%3C-%3E"]
NUMBERS = ["0", "-1", "abc", "1.5", "1_000", "٣", "NaN", "9" * 20, "9" * 5000, "%2B1", "+1", "01", "1%00", ""]
DATES = ["9999/12/31", "2026/13", "2026/02/30", "0000", "10000", "1899", "2101", "2026/1", "٢٠٢٠"]
PATHS = [
    "/%00",
    "/%ff/",
    "//evil.example",
    "/../",
    "/%2e%2e/",
    "/" + "a" * 5000,
    "/media/" + "a" * 300,
    "/media/%00",
    "/media/../cspa/settings.py",
    "/media/%2e%2e/db.sqlite3",
    "/EN/",
    "/en",
    "/en//news/",
    "/en/delegations/people/0-x/",
    "/en/delegations/people/99999999999999999999-x/",
    "/en/delegations/people/999999999-x/",
    "/xx/news/",
]


@pytest.fixture
def ask(client):
    call_command("loaddata", "seed", verbosity=0)
    client.raise_request_exception = False
    return client


def statuses(ask, addresses):
    return {address[:60]: ask.get(address).status_code for address in addresses}


@pytest.mark.long
def test_filter_with_malformed_text_answers_200(ask):
    found = statuses(
        ask, [f"/en/delegations/?{name}={text}" for text in TEXTS for name in ("q", "q[]", "country", "kind")]
    )
    assert len(found) >= 40
    assert set(found.values()) == {200}
    assert ask.get("/en/delegations/?q=a&q=b").status_code == 200


def test_invalid_page_number_answers_404(ask):
    address = "/ru/delegations/people/"
    found = {number[:20]: ask.get(f"{address}?page={number}").status_code for number in NUMBERS}
    assert found == dict.fromkeys((number[:20] for number in NUMBERS), 404)
    assert ask.get(f"{address}?page=1").status_code == 200


@pytest.mark.parametrize("name", ["before", "after"])
def test_invalid_position_in_the_news_answers_404(ask, name):
    places = [
        *NUMBERS,
        "1590483600000000",
        "1-0",
        "1-01",
        "x-1",
        "-99999999999999999-1",
        "1-1&after=1-1",
        "1-1&before=1-1",
    ]
    found = {place[:20]: ask.get(f"/ru/news/?{name}={place}").status_code for place in places}
    assert found == dict.fromkeys((place[:20] for place in places), 404)
    assert ask.get(f"/ru/news/?{name}=1590483600000000-12").status_code == 200
    assert ask.get(f"/ru/news/?{name}=-1590483600000000-12").status_code == 200


def test_invalid_date_in_an_address_answers_404(ask):
    found = statuses(
        ask, [f"/en/news/{date}/" for date in DATES] + ["/en/news/2026/02/30/a-slug/", "/en/news/9999/12/31/a/"]
    )
    assert found == dict.fromkeys(found, 404)


def test_malformed_path_never_answers_500(ask):
    found = statuses(ask, PATHS)
    assert set(found.values()) <= {301, 302, 400, 404}, found
    assert len(found) >= len(PATHS) - 1


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PROPFIND", "DELETE", "POST"])
def test_unsafe_method_is_refused(ask, method):
    for path in ("/en/", "/en/delegations/", "/en/news/", "/en/about/"):
        assert ask.generic(method, path).status_code in (403, 405), path


@pytest.mark.parametrize(
    "headers",
    [
        {"accept-language": "," * 10_000},
        {"accept-language": "x" * 10_000},
        {"if-none-match": "nonsense"},
        {"if-none-match": '"' * 1000},
        {"if-modified-since": "yesterday"},
        {"range": "bytes=9-1"},
        {"cookie": "sessionid=%00; csrftoken=" + "a" * 5000},
    ],
)
def test_malformed_header_is_ignored(ask, headers):
    for path in ("/", "/en/", "/en/delegations/", "/admin/login/"):
        assert ask.get(path, headers=headers).status_code in (200, 302), path


@pytest.mark.parametrize("host", ["evil.example", "user@testserver", "[::1", "a" * 300])
def test_host_that_is_not_allowed_answers_400(ask, host):
    assert ask.get("/en/", headers={"host": host}).status_code == 400
