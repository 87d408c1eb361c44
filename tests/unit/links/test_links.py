"""The link checker: requests on demand only, a message for each outcome, and no private networks."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from cspa.richtext import links
from links import checker
from links.checker import Answer, ask
from links.collector import gather
from links.management.commands import check_links
from links.models import Address

from ...support import factories
from ...support.admin_forms import page, words
from ...support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = [pytest.mark.django_db, pytest.mark.long]

Outcome = Address.Outcome


class Site(BaseHTTPRequestHandler):
    """A site on which each URL behaves differently."""

    asked: list[tuple[str, str, str]] = []

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path, self.headers["User-Agent"]))
        getattr(self, f"answer_{self.path.strip('/').partition('?')[0].replace('-', '_')}", self.answer_ok)()

    do_GET = do_HEAD  # noqa: N815  the library asks for this name

    def log_message(self, *arguments: object) -> None:
        pass

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def answer_ok(self) -> None:
        self.answer(200)

    def answer_gone(self) -> None:
        self.answer(404)

    def answer_broken(self) -> None:
        self.answer(500)

    def answer_robots(self) -> None:
        self.answer(403)

    def answer_get_only(self) -> None:
        self.answer(405 if self.command == "HEAD" else 200)

    def answer_moved(self) -> None:
        self.answer(301, Location="/new")

    def answer_loop(self) -> None:
        self.answer(302, Location="/loop")

    def answer_nowhere(self) -> None:
        self.answer(302, Location="/gone")

    def answer_to_a_file(self) -> None:
        self.answer(302, Location="file:///etc/passwd")

    def answer_inwards(self) -> None:
        self.answer(302, Location="http://[::1]:1/")

    def answer_slow(self) -> None:
        self.server.wait.wait()

    def answer_drip(self) -> None:
        """Send a character at intervals without end, so that no single step takes long."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.server.wait.wait(0.1):
            self.wfile.write(b"x")

    def answer_giant(self) -> None:
        self.answer(405 if self.command == "HEAD" else 200)
        while self.command == "GET" and not self.server.wait.is_set():
            self.wfile.write(b"x" * 1_000_000)

    def answer_heads(self) -> None:
        self.send_response(200)
        for number in range(200):
            self.send_header(f"X-{number}", "x" * 1000)
        self.end_headers()

    def answer_nonsense(self) -> None:
        self.wfile.write(b"\x00\x01\x02 nonsense\r\n\r\n")

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        # The client has disconnected.
        except OSError:
            self.close_connection = True


@pytest.fixture
def site(monkeypatch):
    """The URL of the site, with timeouts that a slow machine meets."""
    monkeypatch.setattr(checker, "SECONDS", 60)
    monkeypatch.setattr(check_links, "PAUSE", 0)
    monkeypatch.setattr(Site, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.wait = threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.wait.set()
    server.shutdown()
    server.server_close()


def check(*options: str) -> tuple[str, str]:
    """The output and the error of the command."""
    output, error = StringIO(), ""
    try:
        call_command("check_links", *options, stdout=output)
    except CommandError as raised:
        error = f"{raised} ({raised.returncode})"
    return output.getvalue(), error


# Asking


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/ok", Answer(Outcome.ANSWERED, 200)),
        ("", Answer(Outcome.ANSWERED, 200)),
        ("/ok?q=a b&x=щ", Answer(Outcome.ANSWERED, 200)),
        ("/щ", Answer(Outcome.ANSWERED, 200)),
        ("/gone", Answer(Outcome.ERROR, 404)),
        ("/broken", Answer(Outcome.ERROR, 500)),
        ("/robots", Answer(Outcome.ANSWERED, 403)),
        ("/get-only", Answer(Outcome.ANSWERED, 200)),
        ("/moved", Answer(Outcome.ANSWERED, 200)),
        ("/nowhere", Answer(Outcome.ERROR, 404)),
        ("/loop", Answer(Outcome.CIRCLE, 302)),
        ("/to-a-file", Answer(Outcome.NO_ADDRESS)),
        ("/giant", Answer(Outcome.ANSWERED, 200)),
        ("/heads", Answer(Outcome.BROKEN)),
        ("/nonsense", Answer(Outcome.BROKEN)),
        # The character is sent as %00.
        ("/a\x00b", Answer(Outcome.ANSWERED, 200)),
    ],
)
def test_response_is_classified_by_outcome(site, path: str, answer: Answer):
    assert ask(site + path, private=True) == answer


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_response_that_never_ends_is_a_timeout(site, path: str, monkeypatch):
    monkeypatch.setattr(checker, "SECONDS", 0.2)
    assert ask(site + path, private=True) == Answer(Outcome.TIMEOUT)


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("http://nothing.invalid/", Outcome.NO_HOST),
        ("http://127.0.0.1:{free}/", Outcome.REFUSED),
        ("https://127.0.0.1:{plain}/", Outcome.BROKEN),
        ("http://[::1/", Outcome.NO_ADDRESS),
        ("http:///path", Outcome.NO_ADDRESS),
        # The character is sent as %00.
        ("http://a\x00b/", Outcome.NO_HOST),
        (f"http://{'a' * 300}/", Outcome.NO_ADDRESS),
        ("http://127.0.0.1:99999/", Outcome.NO_ADDRESS),
        ("ftp://example.org/", Outcome.NO_ADDRESS),
        ("file:///etc/passwd", Outcome.NO_ADDRESS),
        ("http://\ud800/", Outcome.NO_ADDRESS),
    ],
)
def test_failed_connection_is_classified_by_outcome(site, url: str, outcome: Outcome):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = url.replace("{free}", str(unused.getsockname()[1])).replace("{plain}", site.rpartition(":")[2])
        assert ask(url, private=True).outcome == outcome


def test_self_signed_certificate_is_an_outcome_of_its_own(monkeypatch):
    class Untrusted:
        def wrap_socket(self, sock, **more):
            raise checker.ssl.SSLCertVerificationError("self-signed")

    monkeypatch.setattr(checker.ssl, "create_default_context", Untrusted)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ask(f"https://127.0.0.1:{server.getsockname()[1]}/", private=True) == Answer(Outcome.CERTIFICATE)


def test_private_host_is_not_requested_by_link_or_redirect(site, monkeypatch):
    port = site.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
        assert ask(f"http://{host}:{port}/ok") == Answer(Outcome.PRIVATE), host
    assert Site.asked == []
    # A redirect, and a name that leads inwards: the very address that was looked at is connected to, or none.
    monkeypatch.setattr(checker, "is_public", lambda ip: ip == "127.0.0.1")
    assert ask(f"{site}/inwards") == Answer(Outcome.PRIVATE)
    assert [path for _method, path, _agent in Site.asked] == ["/inwards"]


def test_address_is_requested_once_and_by_get_only_if_head_fails(site, settings):
    settings.SITE_URL = "https://assembly.example"
    ask(f"{site}/ok", private=True)
    ask(f"{site}/get-only", private=True)
    assert [(method, path) for method, path, _agent in Site.asked] == [
        ("HEAD", "/ok"),
        ("HEAD", "/get-only"),
        ("GET", "/get-only"),
    ]
    assert {agent for _method, _path, agent in Site.asked} == {"link-check/1 (https://assembly.example)"}


# Gathering


def test_links_of_a_body_are_found():
    body = (
        '<p><a href="https://example.org/?a=1&amp;b=2">One</a>, <a hreflang="ru" href="/two">two</a>, <a>three</a></p>'
    )
    assert links(body) == ["https://example.org/?a=1&b=2", "/two"]


def test_addresses_in_force_or_published_are_gathered_only():
    website = factories.LinkFactory(url="https://example.org/site")
    factories.LinkFactory(url="https://example.org/former", starts="2019", ends="2020")
    source = factories.SourceFactory(url="https://example.org/site")
    factories.SourceFactory(url="")
    body = '<p><a href="https://example.org/text">Text</a> <a href="/en/">Home</a> <a href="mailto:a@b.org">A</a></p>'
    article = factories.ArticleFactory(body=body)
    factories.ArticleFactory(body=body.replace("/text", "/draft"), state="draft")
    factories.ArticleFactory(body=body.replace("/text", "/" + "x" * 1000))
    gather()
    found = {address.url: address for address in Address.objects.all()}
    assert set(found) == {"https://example.org/site", "https://example.org/text"}
    both = found["https://example.org/site"]
    assert (list(both.websites.all()), list(both.sources.all()), list(both.articles.all())) == (
        [website],
        [source],
        [],
    )
    assert list(found["https://example.org/text"].articles.all()) == [article]


def test_address_that_is_no_longer_linked_is_deleted_and_others_keep_their_result():
    kept, gone = factories.SourceFactory(), factories.SourceFactory()
    gather()
    Address.objects.update(outcome="answered", status=200)
    gone.delete()
    factories.ArticleFactory(body=f'<p><a href="{kept.url}">A</a></p>')
    gather()
    address = Address.objects.get()
    assert (address.url, address.outcome, address.articles.count()) == (kept.url, "answered", 1)


@up_to(300)
def test_gather_costs_the_same_with_any_number_of_addresses(sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for number in range(rows):
            factories.SourceFactory()
            factories.ArticleFactory(body=f'<p><a href="https://example.org/{number}">A</a></p>')
        factories.LinkFactory()
        Address.objects.create(url="https://example.org/gone")
        return {"gathering addresses": cost(gather)}

    assert_same_cost(measure, sizes)


def test_source_with_a_checked_address_can_be_deleted():
    source = factories.SourceFactory()
    gather()
    assert source.facts() == 0
    source.delete()
    # The address stays until the next check.
    assert Address.objects.count() == 1


# The command


def test_command_stores_results_and_the_time_of_the_first_failure(site):
    factories.LinkFactory(url=f"{site}/ok")
    source = factories.SourceFactory(url=f"{site}/gone")
    with time_machine.travel("2026-11-01T09:00:00Z", tick=False):
        output, error = check("--allow-private")
    assert output.splitlines() == [f"answered with an error (404): {site}/gone", "2 addresses asked."]
    assert error == "Without an answer: 1. (1)"
    with time_machine.travel("2026-11-08T09:00:00Z", tick=False):
        check("--allow-private")
    fine, silent = Address.objects.order_by("-url")
    assert (fine.outcome, fine.status, fine.fails_since) == ("answered", 200, None)
    assert (silent.fails_since.day, silent.asked_at.day) == (1, 8)
    source.url = f"{site}/moved"
    source.save()
    assert check("--allow-private") == ("2 addresses asked.\n", "")
    assert not Address.objects.failing().exists()


def test_command_checks_failed_addresses_only_on_request(site):
    for path in ("ok", "gone"):
        factories.SourceFactory(url=f"{site}/{path}")
    check("--allow-private")
    Site.asked.clear()
    check("--allow-private", "--silent")
    assert {path for _method, path, _agent in Site.asked} == {"/gone"}


def test_command_does_not_request_a_private_address(site):
    factories.SourceFactory(url=f"{site}/ok")
    assert "in a private network: not asked" in check()[0]
    assert Site.asked == []


def test_pages_make_no_requests_to_other_sites(site, client: Client):
    parliament = factories.LinkFactory(url=f"{site}/ok").parliament
    article = factories.ArticleFactory(body=f'<p><a href="{site}/ok">A</a></p>')
    gather()
    client.force_login(factories.UserFactory(is_superuser=True))
    for address in (
        page("index"),
        page("links_address_changelist"),
        parliament.get_absolute_url(),
        article.get_absolute_url(),
    ):
        assert client.get(address).status_code == 200
    assert Site.asked == []


# The list


def test_changelist_shows_outcomes_and_links_the_pages_with_the_address(client: Client):
    client.force_login(factories.UserFactory(is_superuser=True))
    website, source = factories.LinkFactory(), factories.SourceFactory(title_en="A decree")
    articles = [factories.ArticleFactory(title=f"Article {number}") for number in range(7)]
    address = Address.objects.create(url="https://example.org/", outcome="timeout")
    address.websites.add(website)
    address.sources.add(source)
    address.articles.set(articles)
    response = client.get(page("links_address_changelist"))
    shown = words(response)
    for text in ("no answer in time", "A decree", "Article 6", "Article 2", "…"):
        assert text in shown
    assert "Article 1" not in shown
    for name, row in (("delegations_link", website), ("delegations_source", source), ("news_article", articles[6])):
        assert f'href="{page(f"{name}_change", row.pk)}"' in response.text


@up_to(300)
def test_changelist_costs_the_same_with_any_number_of_addresses(client: Client, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for number in range(rows):
            address = Address.objects.create(url=f"https://example.org/{number}")
            address.websites.add(factories.LinkFactory(chamber=factories.ChamberFactory() if number % 2 else None))
            address.sources.add(factories.SourceFactory())
            address.articles.add(factories.ArticleFactory())

        def ask() -> None:
            assert client.get(page("links_address_changelist")).status_code == 200

        return {"changelist of links_address": cost(ask)}

    client.force_login(factories.UserFactory(is_superuser=True))
    assert_same_cost(measure, sizes)


def test_address_cannot_be_added_or_changed_in_the_admin(client: Client):
    client.force_login(factories.UserFactory(is_superuser=True))
    address = Address.objects.create(url="https://example.org/")
    address.websites.add(factories.LinkFactory())
    assert client.get(page("links_address_add")).status_code == 404
    assert client.post(page("links_address_change", address.pk), {"url": "https://evil.example/"}).status_code == 404
    assert client.post(page("links_address_delete", address.pk), {"post": "yes"}).status_code == 404
    assert Address.objects.get().url == "https://example.org/"
