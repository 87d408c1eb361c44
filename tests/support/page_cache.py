"""A reader in front of the page cache, as a server has it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import RequestFactory

from cspa.cache.page_cache import PageCache

from .waiting import until


class Reader:
    """A reader who asks the site as a server does, through the page cache."""

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
        for name, value in found:  # a header that is sent twice counts as one (RFC 9110, 5.3)
            response[name] = f"{response[name]}, {value}" if name in response else value
        return response

    def settle(self) -> None:
        """Wait until all that the database has to say is heard."""
        until(lambda: self.site.versions.current() and self.site.versions.hears_changes)

    @contextmanager
    def renders(self, pages: int) -> Iterator[None]:
        """Check how many pages Django has to render."""
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
