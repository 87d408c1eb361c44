"""Ports for servers that do not report the port on which they listen."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port on which a server can listen, and which the kernel assigns to no other process.

    granian sets SO_REUSEPORT: a second granian on the same port starts without an error, and each of the two gets
    half of the connections. The port must therefore stay reserved as long as the server runs. A bound socket that
    does not listen reserves the port and gets no connection.
    """
    with socket.socket() as reservation:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            reservation.setsockopt(socket.SOL_SOCKET, option, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]
