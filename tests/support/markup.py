"""HTML responses parsed by lxml, which is lenient; tests/pages/test_site.py checks the syntax strictly."""

from django.http import HttpResponse
from lxml.html import HtmlElement, HTMLParser, document_fromstring


def parsed(response: HttpResponse) -> HtmlElement:
    """The root element of a page."""
    return document_fromstring(response.content, parser=HTMLParser(encoding="utf-8", remove_comments=True))


def text(response: HttpResponse) -> str:
    """The text of a page, with single spaces."""
    return " ".join(" ".join(parsed(response).itertext()).split())
