"""The IP address of the client behind the reverse proxies of this site, and what limits count as one client."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings


def client_address(environ: Mapping[str, Any]) -> str | None:
    """IP address of the client of a request with the WSGI environment ``environ``.

    Each of the BEHIND_PROXY proxies appends the address of its own client to X-Forwarded-For. What comes before these
    entries the client has written itself. The address of the connection counts where the header has fewer entries than
    there are proxies, or no address: the request came past a proxy. The server must drop header names with
    underscores, which WSGI cannot tell from those with hyphens.
    """
    direct: str | None = environ.get("REMOTE_ADDR")
    entries = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies: int = settings.BEHIND_PROXY
    if not 0 < proxies <= len(entries):
        return direct
    try:
        return str(ip_address(entries[-proxies].strip()))
    except ValueError:
        return direct


def client_network(environ: Mapping[str, Any]) -> str | None:
    """What limits count as one client: its IPv4 address, or the first address of the /64 of its IPv6 address.

    A client with IPv6 chooses the last 64 bits itself. An IPv4-mapped address counts as the IPv4 address.
    """
    text = client_address(environ)
    try:
        address = ip_address(text or "")
    except ValueError:
        return text
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False).network_address)
