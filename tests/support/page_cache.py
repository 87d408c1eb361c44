"""Client of the site through the page cache."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import RequestFactory

from cspa.cache.page_cache import PageCache

from .waiting import until


class Reader:
    """A client that calls the WSGI application through the page cache, as a server does."""

    def __init__(self) -> None:
        self.site = PageCache(get_wsgi_application())

    def get(self, path: str, method: str = "GET", **headers: str) -> HttpResponse:
        request = RequestFactory().generic(method, path, headers=headers)
        said: list = []
        body = self.site(request.environ, lambda status, headers, *_error: said.extend([status, headers]))
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        status, found = said
        response = HttpResponse(content, status=int(status.split()[0]))
        del response["Content-Type"]
        # Join repeated headers (RFC 9110, 5.3).
        for name, value in found:
            response[name] = f"{response[name]}, {value}" if name in response else value
        return response

    def settle(self) -> None:
        """Wait until the process has received all notifications of the database."""
        until(lambda: self.site.versions.current() and self.site.versions.hears_changes)

    @contextmanager
    def renders(self, pages: int) -> Iterator[None]:
        """Assert the number of pages that Django renders within the block."""
        before = self.site.render_count
        yield
        assert self.site.render_count - before == pages


@contextmanager
def new_process() -> Iterator[Reader]:
    reader = Reader()
    try:
        yield reader
    finally:
        reader.site.versions.close()


LIST = "/en/news/"
