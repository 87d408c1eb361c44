"""Robots that obey robots.txt, "noindex" and "nofollow" read the site and none of its endless days and filters."""

import re
from collections import deque
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client
from lxml.html import HtmlElement

from cspa.pagination import POSITIONS

from ..support import factories
from ..support.crawl import HOST, in_the_sitemap
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


class RobotsTxt:
    """The rules of robots.txt (RFC 9309, 2.2.2): the longest pattern that matches applies."""

    def __init__(self, client: Client):
        lines = re.findall("^(Allow|Disallow): (.*)$", client.get("/robots.txt").text, re.M)
        self.rules = [
            (len(pattern), rule == "Allow", re.compile(re.escape(pattern).replace(r"\*", ".*")))
            for rule, pattern in lines
        ]

    def allow(self, address: str) -> bool:
        matching = [rule[:2] for rule in self.rules if rule[2].match(address)]
        return max(matching, default=(0, True))[1]


def directives(page: HtmlElement) -> set[str]:
    return set(", ".join(page.xpath("//meta[@name='robots']/@content")).split(", ")) - {""}


def followed(address: str, page: HtmlElement) -> set[str]:
    """The addresses of this site that a robot reads next."""
    if "nofollow" in directives(page):
        return set()
    links = [
        *page.xpath("//a[@href][not(contains(@rel, 'nofollow'))]/@href"),
        *page.xpath("//link[@rel='alternate']/@href"),
    ]
    parts = [urlsplit(urljoin(HOST + address, link)) for link in links]
    return {part._replace(scheme="", netloc="", fragment="").geturl() for part in parts if part.netloc == "testserver"}


@pytest.fixture
def robots_txt(client: Client) -> RobotsTxt:
    return RobotsTxt(client)


@pytest.fixture
def site(db) -> None:
    """Lists of several pages, with all kinds of functions, and news."""
    chamber = factories.ChamberFactory()
    factories.SeatQuotaFactory(chamber=chamber, starts="2007-01-01")
    for number in range(16):
        factories.DelegateFactory(chamber=chamber, starts=f"20{number + 10}-01-01", person__name_en=f"Anna {number}")
    factories.RepresentativeFactory(parliament=chamber.parliament)
    for _number in range(21):
        factories.ArticleFactory(parliaments=[chamber.parliament])


@pytest.mark.long
def test_robot_reads_no_day_filter_search_or_export(client: Client, site, robots_txt: RobotsTxt):
    queue = deque(
        ["/", "/en/", "/ru/", "/api/v1/docs", *(place.removeprefix(HOST) for place in in_the_sitemap(client))]
    )
    seen: set[str] = set()
    while queue:
        address = queue.popleft()
        if address in seen or address.startswith("/admin/"):
            continue
        seen.add(address)
        response = client.get(address)
        if "Location" in response:
            queue.append(response["Location"])
        elif response["Content-Type"].startswith("text/html"):
            # Links are marked even where robots.txt refuses their addresses: not all robots know patterns.
            queue.extend(followed(address, parsed(response)) - seen)
            assert not directives(parsed(response)), address
    with_query = {address for address in seen if "?" in address}
    names = {name for address in with_query for name in parse_qs(urlsplit(address).query)}
    # Pages of lists, and the documentation of the API in a language.
    assert {"page", "before"} <= names <= {*POSITIONS, "language"}
    assert all(robots_txt.allow(address) for address in with_query)
    assert "/en/delegations/people/delegates/?page=2" in seen


@pytest.mark.long
def test_pages_of_the_sitemap_are_for_robots(client: Client, site, robots_txt: RobotsTxt):
    locations = [location.removeprefix(HOST) for location in in_the_sitemap(client)]
    assert len(locations) > 50
    for address in ["/sitemap.xml", "/sitemap-articles.xml?p=2", "/en/?utm_source=letter", *locations]:
        assert robots_txt.allow(address), address
    for address in locations[::10]:
        assert not directives(parsed(client.get(address))), address


ENDLESS = [
    "/en/delegations/?on=2019-05-26",
    "/en/delegations/?country=BY",
    "/en/delegations/people/?q=anna",
    "/ru/delegations/people/?gender=female&page=1",
    "/en/delegations/people/?page=1&on=2019-05-26",
    "/en/delegations/people/delegates/?role=head",
    "/en/delegations/changes/?since=2019-01-01",
    f"/en/delegations/changes/?entry={UUID}",
    "/en/search/?q=council",
    "/ru/search/?topic=none&q=council",
]


@pytest.mark.parametrize("address", ENDLESS)
def test_day_filter_or_search_is_not_for_robots(client: Client, robots_txt: RobotsTxt, address: str):
    assert not robots_txt.allow(address)
    response = client.get(address)
    assert response.status_code == 200
    assert directives(parsed(response)) == {"noindex", "nofollow"}


@pytest.mark.parametrize(
    "address",
    [
        "/en/delegations/?format=csv",
        "/en/delegations/?on=2019-05-26&format=xlsx",
        "/en/delegations/changes/feed.atom?kind=joined",
        "/en/search/feed.atom?q=council",
        "/data/popolo.json?on=2019-05-26",
        "/api/v1/delegates/?limit=10&offset=20",
        "/admin/",
        "/en/confirm/x/",
    ],
)
def test_robots_txt_refuses_endless_files_and_private_pages(robots_txt: RobotsTxt, address: str):
    assert not robots_txt.allow(address)


@pytest.mark.parametrize("address", ["/en/delegations/?on=&country=&q=", "/en/delegations/people/?page=1"])
def test_empty_filter_and_page_of_a_list_are_for_robots(client: Client, address: str):
    assert not directives(parsed(client.get(address)))
