"""The IP address of the client behind the reverse proxies of this site."""

from collections.abc import Mapping
from ipaddress import ip_address
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
