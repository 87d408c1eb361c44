"""Check of one external link: requests only public hosts, with a time limit, and never reads a body."""

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

# Timeout of each socket operation. A request as a whole may take twice as long.
SECONDS = 10
REDIRECTS = 5
# The page exists, but the server requires a browser, a password or fewer requests.
ACCEPTED_STATUSES = {401, 403, 407, 429, 451}
# The IPv6 addresses that IANA assigns (RFC 4291). Outside lie IPv4-mapped and IPv4-compatible addresses, NAT64
# (RFC 6052, RFC 8215), local and multicast ones.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class PrivateHostError(OSError):
    """The host resolves to this machine or to a private network."""


@dataclass(frozen=True)
class Answer:
    """The result of a check, with the HTTP status if the server sent one."""

    outcome: Outcome
    status: int | None = None


def is_public(ip: str) -> bool:
    """Whether an IP address is public.

    An IPv6 address that a gateway translates to an IPv4 address is not, whichever address it embeds: the gateway may
    stand in a private network. Most of them lie outside the global unicast addresses, 6to4 and Teredo within.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        is_translated = address.sixtofour is not None or address.teredo is not None
        return address in GLOBAL_UNICAST and address.is_global and not is_translated
    return address.is_global and not address.is_multicast


def ask(url: str, *, private: bool = False) -> Answer:
    """Check ``url`` with a HEAD request, or GET if the server refuses HEAD, and follow redirects.

    Every host, also that of a redirect, must resolve to a public address unless ``private`` is true.
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
    # A host name that is too long raises UnicodeError, a subclass of ValueError.
    except (http.client.InvalidURL, ValueError):
        return Answer(Outcome.NO_ADDRESS)
    except (http.client.HTTPException, ssl.SSLError):
        return Answer(Outcome.BROKEN)
    except OSError:
        return Answer(Outcome.REFUSED)


def _request(method: str, url: str, private: bool) -> tuple[int, str]:
    """The status and the Location header of one request. The body is not read."""
    parts = urlsplit(iri_to_uri(url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    late = Event()
    opened: list[socket.socket] = [_connected(host, port, private)]
    # A server that sends a byte every few seconds never exceeds the timeout of a socket operation.
    timer = Timer(2 * SECONDS, _cut, [opened, late])
    timer.start()
    connection = http.client.HTTPConnection(host, port)
    try:
        if parts.scheme == "https":
            # HTTPConnection omits its default port from the Host header.
            connection.default_port = 443
            context = ssl.create_default_context()
            secured = context.wrap_socket(opened[0], server_hostname=host, do_handshake_on_connect=False)
            opened.append(secured)
            secured.do_handshake()
        connection.sock = opened[-1]
        # The name of this site lets the operators of the server contact it.
        user_agent = f"link-check/1 ({settings.SITE_URL or 'CSTO Parliamentary Assembly'})"
        headers = {"User-Agent": user_agent, "Accept": "*/*", "Connection": "close"}
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        # A response whose headers were cut off may still parse.
        if late.is_set():
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
    """A socket connected to the IP address that was checked, so that a second lookup cannot yield a private one."""
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
    """Shut down the socket of a request that exceeds its time limit. Runs in the thread of the timer."""
    late.set()
    with suppress(OSError):
        opened[-1].shutdown(socket.SHUT_RDWR)
