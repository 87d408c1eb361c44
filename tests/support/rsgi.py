"""Requests to the RSGI application without a server: a scope, a protocol and their event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any


class Headers:
    """The headers of a request, in order and with repetitions, as granian gives them."""

    def __init__(self, pairs: Iterable[tuple[str, str]]):
        self.pairs = list(pairs)

    def items(self) -> list[tuple[str, str]]:
        return self.pairs

    def get(self, name: str) -> str | None:
        return next((value for found, value in self.pairs if found == name), None)


@dataclass
class Scope:
    path: str = "/"
    method: str = "GET"
    query_string: str = ""
    headers: Headers = field(default_factory=lambda: Headers([]))
    scheme: str = "http"
    http_version: str = "1.1"
    server: str = "127.0.0.1:8000"
    client: str = "192.0.2.7:55555"


class Protocol:
    """The body of a request in chunks, and the response that was sent. A body that is ``endless`` never ends."""

    def __init__(self, chunks: Iterable[bytes] = (), endless: bool = False):
        self.chunks, self.endless = chunks, endless
        self.response: tuple[int, dict[str, str], bytes] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.endless:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.response = (status, dict(headers), body)

    def response_file(self, status: int, headers: list[tuple[str, str]], path: str) -> None:
        with open(path, "rb") as file:
            self.response = (status, dict(headers), file.read())


async def respond(server: Any, scope: Scope, protocol: Protocol | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the response of ``server``, within a running event loop."""
    protocol = protocol or Protocol()
    await server.__rsgi__(scope, protocol)
    assert protocol.response is not None
    return protocol.response
