"""News feeds: three formats, four scopes, two languages."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import extruct
import feedparser
import jsonschema
import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from lxml import etree

from delegations.models import FormerPublicId, Person
from news.models import Article

from ..support import factories

pytestmark = pytest.mark.django_db

HOST = "http://testserver"
ENDINGS = {"atom": "atom10", "rss": "rss20", "json": "json11"}


@pytest.fixture
def scopes():
    """The URL of each list. Two articles in each language belong to all lists, one to none."""
    topic = factories.TopicFactory(slug="defence")
    parliament = factories.ParliamentFactory(slug="home")
    person = factories.PersonFactory(public_id=7, name_en="Ann Lee")
    for language in ("en", "ru"):
        for day in (1, 2):
            factories.ArticleFactory(
                language=language,
                title=f"Title & <{language}> {day}",
                body=f"<p>Whole text of {language} {day}</p>",
                published_at=datetime(2020, 5, day, tzinfo=UTC),
                topics=[topic],
                parliaments=[parliament],
                people=[person],
            )
        factories.ArticleFactory(language=language, published_at=datetime(2020, 4, 1, tzinfo=UTC))
    return ["news/topics/defence/", "news/delegations/home/", "news/people/7-ann-lee/"]


def entries(client, address):
    """(id, title, address, text) of each entry of a valid feed in any format."""
    response = client.get(address)
    assert response.status_code == 200, address
    if not address.endswith("json"):
        feed = feedparser.parse(response.content, response_headers={"content-type": response["Content-Type"]})
        assert not feed.bozo, (address, feed.get("bozo_exception"))
        assert feed.version == ENDINGS[address.rpartition(".")[2]]
        assert feed.feed.language == address[1:3]
        assert {link.href for link in feed.feed.links if link.rel == "self"} == {HOST + address}
        return [
            (entry.id, entry.title, entry.link, entry.content[0].value if "content" in entry else entry.summary)
            for entry in feed.entries
        ]
    assert response["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(response.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["language"], feed["feed_url"]) == (address[1:3], HOST + address)
    return [(item["id"], item["title"], item["url"], item["content_html"]) for item in feed["items"]]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_feeds_of_a_list_have_its_articles_in_all_formats(client, scopes, language):
    for scope, number in [("news/", 3), *((scope, 2) for scope in scopes)]:
        page = client.get(f"/{language}/{scope}")
        listed = [HOST + article.get_absolute_url() for article in page.context["page"].rows]
        assert len(listed) == number, scope
        feeds = [entries(client, f"/{language}/{scope}feed.{ending}") for ending in ENDINGS]
        assert feeds[0] == feeds[1] == feeds[2]
        assert [address for _id, _title, address, _text in feeds[0]] == listed
        assert feeds[0][0][3].strip() == f"<p>Whole text of {language} 2</p>"
        assert {entry[0] for entry in feeds[0]} <= {
            f"urn:uuid:{uid}" for uid in Article.objects.values_list("uid", flat=True)
        }
        for ending in ENDINGS:
            assert f'href="/{language}/{scope}feed.{ending}"' in page.content.decode()


@pytest.mark.parametrize("ending", ENDINGS)
def test_unpublished_article_is_in_no_feed(client, scopes, ending):
    published = Article.objects.filter(language="en").order_by("-published_at").first()
    for state in Article.State.values:
        article = factories.ArticleFactory(title=f"secret {state}", state=state, topics=published.topics.all())
        article.parliaments.set(published.parliaments.all())
        article.people.set(published.people.all())
        if state == Article.State.PUBLISHED:
            article.published_at = timezone.now() + timedelta(hours=1)
            article.save()
    for scope in ["news/", *scopes]:
        address = f"/en/{scope}feed.{ending}"
        assert "secret" not in client.get(address).content.decode()
        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            assert "secret published" in client.get(address).content.decode()


@pytest.mark.parametrize("ending", ENDINGS)
def test_unchanged_feed_answers_304(client, scopes, ending):
    address = f"/en/news/feed.{ending}"
    first = client.get(address)
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    assert "Last-Modified" not in first
    Article.objects.filter(language="en").order_by("-published_at").first().delete()
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200


ATOM = "{http://www.w3.org/2005/Atom}"
# https://www.jsonfeed.org/version/1.1/
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": {"type": "string", "pattern": "^http"},
        "feed_url": {"type": "string", "pattern": "^http"},
        "next_url": {"type": "string", "pattern": "^http"},
        "language": {"type": "string"},
        "description": {"type": "string"},
        "authors": {
            "type": "array",
            "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        },
        "items": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["id", "content_html"],
                "properties": {
                    "id": {"type": "string", "pattern": "^urn:uuid:"},
                    "url": {"type": "string", "pattern": "^http"},
                    "image": {"type": "string", "pattern": "^http"},
                    "date_published": {"type": "string", "format": "date-time"},
                    "date_modified": {"type": "string", "format": "date-time"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


def check_atom(feed: etree._Element) -> None:
    """Assert the requirements of RFC 4287 for a feed (4.1.1) and its entries (4.1.2)."""
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for element in [feed, *entries]:
        for name in ("id", "title", "updated"):
            (found,) = element.findall(f"{ATOM}{name}")
            assert found.text.strip()
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated")).tzinfo
        assert re.match("(urn:uuid:|http)", element.findtext(f"{ATOM}id"))
        alternates = [link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert len(alternates) == 1
        assert all(link.get("href").startswith("http") for link in element.findall(f"{ATOM}link"))
        assert len(element.findall(f"{ATOM}summary")) <= 1
        assert len(element.findall(f"{ATOM}content")) <= 1
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids))


def check_rss(feed: etree._Element) -> None:
    """Assert the requirements of the RSS 2.0 specification for a channel and its items."""
    assert (feed.tag, feed.get("version")) == ("rss", "2.0")
    (channel,) = feed
    for name in ("title", "link", "description"):
        assert channel.findtext(name)
    assert parsedate_to_datetime(channel.findtext("lastBuildDate"))
    items = channel.findall("item")
    for item in items:
        assert item.findtext("title") or item.findtext("description")
        assert item.findtext("link").startswith("http")
        assert item.find("guid").get("isPermaLink") == "false"
        assert parsedate_to_datetime(item.findtext("pubDate"))
    guids = [item.findtext("guid") for item in items]
    assert len(guids) == len(set(guids))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_feeds_conform_to_their_specifications(client, scopes, language):
    factories.CorrectionFactory(article=Article.objects.filter(language=language).first())
    factories.DelegateFactory(starts="2019-05-01")
    checked = 0
    for scope in ["news/", *scopes, "search/"]:
        query = "?q=title" if scope == "search/" else ""
        for ending in ENDINGS:
            response = client.get(f"/{language}/{scope}feed.{ending}{query}")
            if ending == "json":
                jsonschema.validate(response.json(), JSON_FEED, format_checker=jsonschema.FormatChecker())
                assert response.json()["items"]
                assert response.json()["authors"]
            else:
                feed = etree.fromstring(response.content)
                {"atom": check_atom, "rss": check_rss}[ending](feed)
                assert feed.findall(f"{ATOM}entry") or feed.findall("channel/item")
            checked += 1
    register = etree.fromstring(client.get(f"/{language}/delegations/changes/feed.atom").content)
    check_atom(register)
    assert register.findall(f"{ATOM}entry")
    assert checked == 15


def test_characters_forbidden_in_xml_are_removed_from_feeds_and_sitemap(client):
    article = factories.ArticleFactory(
        title="From a\x0bword processor", summary="A\x01b", published_at=timezone.now() - timedelta(hours=1)
    )
    article.topics.add(factories.TopicFactory(name_en="To\x0cpic"))
    for address in ("/en/news/feed.atom", "/en/news/feed.rss", "/sitemap-news.xml"):
        assert "From aword processor" in "".join(etree.fromstring(client.get(address).content).itertext()), address


def test_updated_changes_with_a_correction_and_not_with_an_edit(client):
    with time_machine.travel("2020-05-26T09:00:00Z", tick=False) as clock:
        article = factories.ArticleFactory(published_at=timezone.now(), body="<p>One two.</p>")

        def updated() -> str:
            text = client.get(article.get_absolute_url()).text
            data = json.loads(text.partition('<script type="application/ld+json">')[2].partition("</script>")[0])
            dates = {
                feedparser.parse(client.get("/en/news/feed.atom").content).entries[0].updated,
                client.get("/en/news/feed.json").json()["items"][0]["date_modified"],
                data["dateModified"],
            }
            (date,) = dates
            return date

        assert updated() == "2020-05-26T09:00:00+00:00"
        clock.shift(timedelta(hours=1))
        article.body = "<p>One, two.</p>"
        article.save()
        assert updated() == "2020-05-26T09:00:00+00:00"
        clock.shift(timedelta(hours=1))
        factories.CorrectionFactory(article=article, date=timezone.localdate())
        assert updated() == "2020-05-26T11:00:00+00:00"
        # One that is recorded later than its day, as by an import, was seen on its day.
        clock.shift(timedelta(days=9))
        factories.CorrectionFactory(article=article, date=timezone.localdate() - timedelta(days=3))
        assert updated() == "2020-06-01T21:00:00+00:00"


@pytest.mark.parametrize("ending", ENDINGS)
def test_empty_feed_keeps_its_etag(client, ending):
    with time_machine.travel("2020-05-26T12:00:00Z"):
        before = client.get(f"/en/news/feed.{ending}")["ETag"]
    with time_machine.travel("2020-05-26T12:00:09Z"):
        assert client.get(f"/en/news/feed.{ending}")["ETag"] == before


def test_former_address_redirects_and_that_of_a_withdrawn_person_answers_404(client, scopes):
    person = factories.PersonFactory(public_id=9, name_en="Bob Ray")
    FormerPublicId.objects.create(person=person, public_id=8)
    parliament = factories.ParliamentFactory(slug="before")
    parliament.slug = "after"
    parliament.save()
    for former, present in {
        "news/people/9-other/": "news/people/9-bob-ray/",
        "news/people/8-robert/feed.rss": "news/people/9-bob-ray/feed.rss",
        "news/delegations/before/": "news/delegations/after/",
        "news/delegations/before/feed.json": "news/delegations/after/feed.json",
    }.items():
        response = client.get(f"/ru/{former}")
        assert (response.status_code, response["Location"]) == (301, f"/ru/{present}")
        assert client.get(response["Location"]).status_code == 200
    person.withdrawn, person.withdrawal_reason_en = True, "Asked"
    person.save()
    for address in ("news/people/9-bob-ray/", "news/people/9-bob-ray/feed.atom", "news/delegations/none/feed.atom"):
        assert client.get(f"/en/{address}").status_code == 404


def test_json_ld_of_an_article_equals_its_page(client):
    article = factories.ArticleFactory(
        title="</script><b>",
        parliaments=[factories.ParliamentFactory(slug="home")],
        sources=[factories.SourceFactory()],
    )
    factories.CorrectionFactory(article=article, text="It was 26 May.")
    hidden = factories.PersonFactory(name_en="Hidden", withdrawn=True, withdrawal_reason_en="Asked")
    article.people.set([factories.PersonFactory(name_en="Shown"), hidden])
    page = client.get(article.get_absolute_url()).content.decode()
    data = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])
    assert (data["@type"], data["headline"], data["inLanguage"]) == ("NewsArticle", "</script><b>", "en")
    assert data["url"] == HOST + article.get_absolute_url()
    assert data["dateModified"] == article.updated_at.isoformat() > data["datePublished"]
    assert [part["url"] for part in data["about"]] == [f"{HOST}/en/delegations/home/"]
    assert [part["name"] for part in data["mentions"]] == ["Shown"]
    assert data["correction"][0]["text"] == "It was 26 May."
    assert f'<meta property="og:url" content="{data["url"]}">' in page


def test_json_ld_of_pages_is_read_by_an_independent_parser(client):
    call_command("loaddata", "seed", verbosity=0)
    article = Article.objects.get()
    article.people.add(Person.objects.get(name_en="Viktor Kogut"))
    factories.CorrectionFactory(article=article)
    found = {}
    for address in (article.get_absolute_url(), "/en/delegations/belarus/", "/en/delegations/people/1-viktor-kogut/"):
        data = extruct.extract(client.get(address).text, base_url=HOST, syntaxes=["json-ld"], errors="strict")
        (found[address],) = data["json-ld"]
    news, delegation, person = found.values()
    assert (news["@type"], news["headline"], news["inLanguage"]) == ("NewsArticle", article.title, "en")
    assert news["correction"][0]["@type"] == "CorrectionComment"
    assert news["mentions"][0]["name"] == "Viktor Kogut"
    assert delegation["@context"] == person["@context"] == "https://schema.org"
