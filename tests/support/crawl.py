"""Crawlers of the site, which follow its links as an anonymous visitor."""

import re
from collections import deque
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import html5lib
from django.test import Client

HOST = "http://testserver"


def parse(content):
    """The parsed document. Raise the first HTML syntax error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content, transport_encoding="utf-8")


def in_the_sitemap(client):
    """All URLs in the sections of the sitemap."""
    sections = re.findall("<loc>(.*?)</loc>", client.get("/sitemap.xml").content.decode())
    assert len(sections) == 7
    pages = [client.get(section.removeprefix(HOST)).content.decode() for section in sections]
    return [location for page in pages for location in re.findall("<loc>(.*?)</loc>", page)]


def walk(client):
    """The responses of all pages reachable from the home pages and the sitemap, by path.

    An HTML response has its parsed ``document``.
    """
    locations = in_the_sitemap(client)
    queue, pages = deque(["/en/", "/ru/", *(urlsplit(location).path for location in locations)]), {}
    while queue:
        path = queue.popleft()
        if path in pages or not path.startswith(("/en/", "/ru/")):
            continue
        pages[path] = response = client.get(path)
        if response["Content-Type"].startswith("text/html"):
            response.document = parse(response.content)
            for link in response.document.iter("a"):
                target = urlsplit(urljoin(HOST + path, link.get("href", "")))
                if target.netloc == "testserver":
                    queue.append(target.path)
    return pages


# A word of unpublished articles only.
SECRET = "Xylophone"


# A word of published and unpublished articles.
SHARED = "plenary"


def addresses_in(address: str, response) -> set[str]:
    """The URLs of this site in a response, with their query strings."""
    text = response.text
    kind = response["Content-Type"].split(";")[0]
    if kind == "text/html":
        found = re.findall(r'(?:href|src)="([^"]+)"', text)
    elif kind.endswith("json"):
        found = re.findall(r'"(http://testserver[^"\\]+)', text)
    else:
        found = re.findall(r">\s*(http[^<\s]+)\s*<", text) + re.findall(r'href="([^"]+)"', text)
    links = {urldefrag(urljoin(HOST + address, unescape(link))).url for link in found}
    return {
        urlsplit(link)._replace(scheme="", netloc="").geturl()
        for link in links
        if link.startswith(f"{HOST}/") and not re.search(r"/static/|/media/|/admin/|format=xlsx|\.(xlsx|zip)$", link)
    }


def seen(client: Client) -> dict[str, tuple[int, str]]:
    """Status and text of every URL that an anonymous visitor can reach."""
    doors = ["/", "/en/", "/ru/", "/sitemap.xml", "/sitemap-news.xml", "/api/v1/", "/api/v1/articles/?limit=2"]
    for language in ("en", "ru"):
        search = f"/{language}/search/"
        doors += [f"{search}?q={word}&language={code}" for word in (SHARED, "заседание") for code in ("en", "ru")]
        doors += [f"{search}feed.{ending}?q={SHARED}" for ending in ("atom", "rss", "json")]
        doors += [f"/{language}/news/2010/", f"/{language}/news/2020/06/", f"/{language}/news/2020/06/01/"]
        doors += [f"/api/v1/{name}/?language={language}" for name in ("articles", "topics")]
        doors += [f"/api/v1/search/?language={language}&q={word}" for word in (SHARED, "meating", SECRET[:-1])]
    queue, answers = deque(doors), {}
    while queue:
        address = queue.popleft()
        if address in answers:
            continue
        response = client.get(address)
        if getattr(response, "streaming", False):
            text = b"".join(response.streaming_content).decode()
            answers[address] = (response.status_code, text)
            continue
        answers[address] = (response.status_code, response.text)
        queue.extend(sorted(addresses_in(address, response) - answers.keys()))
    return answers
