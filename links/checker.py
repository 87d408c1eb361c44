"""Asks an address whether it answers: never in a private network, never for long, never for more than the head."""

import http.client
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Timer
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from .models import Address

Outcome = Address.Outcome

SECONDS = 10  # for each step, and twice as long for one request as a whole
REDIRECTS = 5
# Somebody answers there, who wants a browser, a password or more time between questions.
ACCEPTED_STATUSES = {401, 403, 407, 429, 451}


class PrivateHostError(OSError):
    """The host lies in this machine or in a private network."""


@dataclass(frozen=True)
class Answer:
    """What came of asking; the status where there was one."""

    outcome: Outcome
    status: int | None = None


def user_agent() -> str:
    """Who asks: the site, so that its keepers can be reached."""
    return f"link-check/1 ({settings.SITE_URL or 'CSTO Parliamentary Assembly'})"


def is_public(ip: str) -> bool:
    """Whether an IP address belongs to the open internet, also one that wraps another."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast


def ask(url: str, *, private: bool = False) -> Answer:
    """Ask ``url`` once: HEAD, and GET where that is refused; redirects are followed.

    Hosts in private networks are asked only where ``private`` says so, whatever a name or a redirect leads to.
    """
    try:
        for _redirect in range(REDIRECTS + 1):
            status, location = _request("HEAD", url, private)
            if status >= 400:
                status, location = _request("GET", url, private)
            if not (300 <= status < 400 and location):
                fine = status < 400 or status in ACCEPTED_STATUSES
                return Answer(Outcome.ANSWERED if fine else Outcome.ERROR, status)
            url = urljoin(url, location)
        return Answer(Outcome.CIRCLE, status)
    except PrivateHostError:
        return Answer(Outcome.PRIVATE)
    except socket.gaierror:
        return Answer(Outcome.NO_HOST)
    except ssl.SSLCertVerificationError:
        return Answer(Outcome.CERTIFICATE)
    except TimeoutError:
        return Answer(Outcome.TIMEOUT)
    except (http.client.InvalidURL, ValueError):  # a host of too many letters is a UnicodeError, which is a ValueError
        return Answer(Outcome.NO_ADDRESS)
    except (http.client.HTTPException, ssl.SSLError):
        return Answer(Outcome.BROKEN)
    except OSError:
        return Answer(Outcome.REFUSED)


def _request(method: str, url: str, private: bool) -> tuple[int, str]:
    """The status and the new place of one request, whose body is not read."""
    parts = urlsplit(iri_to_uri(url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    late = Event()
    opened: list[socket.socket] = [_connected(host, port, private)]
    # One byte every few seconds would keep each step in time, for ever.
    timer = Timer(2 * SECONDS, _cut, [opened, late])
    timer.start()
    connection = http.client.HTTPConnection(host, port)
    try:
        if parts.scheme == "https":
            connection.default_port = 443  # the header Host names any other
            context = ssl.create_default_context()
            secured = context.wrap_socket(opened[0], server_hostname=host, do_handshake_on_connect=False)
            opened.append(secured)
            secured.do_handshake()
        connection.sock = opened[-1]
        headers = {"User-Agent": user_agent(), "Accept": "*/*", "Connection": "close"}
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        if late.is_set():  # a head that was cut off may still be read
            raise TimeoutError
        return response.status, response.headers.get("Location", "")
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        connection.close()
        opened[-1].close()


def _connected(host: str, port: int, private: bool) -> socket.socket:
    """A connection to one of the IP addresses of ``host``: the very one that was found to be public."""
    refusal: OSError = socket.gaierror("no address")
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = str(address[0])
        if not private and not is_public(ip):
            refusal = PrivateHostError(ip)
            continue
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(SECONDS)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            refusal = error
        else:
            return sock
    raise refusal


def _cut(opened: list[socket.socket], late: Event) -> None:
    """End what waits for an answer in another thread."""
    late.set()
    with suppress(OSError):
        opened[-1].shutdown(socket.SHUT_RDWR)
