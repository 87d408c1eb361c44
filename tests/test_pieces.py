"""Pieces of pages: kept while what they rest on stays as it is, shared, bounded, and for readers alone."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from cachetools import LRUCache
from django.core.management import call_command
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, override

from cspa import pieces
from cspa.i18n import Localised
from cspa.models import User
from cspa.pieces import Reading, kept, once, piece, reading
from cspa.versions import Versions
from delegations.models import Person
from news.models import Article, Correction, Topic

from .support import factories
from .support.counting import cost
from .support.crawl import walk
from .support.generated import FACTOR
from .test_caching import LIST, Reader, reader  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(monkeypatch) -> LRUCache:
    """Where the pieces of a test are kept."""
    empty = LRUCache(8 * 1024 * 1024, getsizeof=lambda piece: piece.size)
    monkeypatch.setattr(pieces, "_pieces", empty)
    return empty


@pytest.fixture
def versions() -> Iterator[Versions]:
    known = Versions()
    yield known
    known.close()


@pytest.fixture
def article() -> Article:
    person = factories.PersonFactory(name_en="Viktor Kogut")
    topic = factories.TopicFactory(name_en="Security")
    time = datetime(2020, 5, 26, tzinfo=UTC)
    return factories.ArticleFactory(title="The Council met", people=[person], topics=[topic], published_at=time)


def queries_of(reader: Reader, address: str) -> int:  # noqa: F811
    """How many queries the page costs whose mark is known."""
    reader.site.versions.current()
    with CaptureQueriesContext(connection) as queries:
        assert reader.get(address).status_code == 200
    return len(queries)


# How long


def test_a_page_that_is_made_anew_reads_only_what_changed(reader: Reader, article: Article):  # noqa: F811
    address = article.get_absolute_url()
    cold = queries_of(reader, address)
    reader.site.kept.clear()
    assert queries_of(reader, address) == 0
    Correction.objects.create(article=article, date=date(2020, 6, 1), text="The name of the speaker was wrong.")
    assert 0 < queries_of(reader, address) < cold
    assert "The name of the speaker was wrong." in reader.get(address).content.decode()
    person = article.people.get()
    person.name_en = "Victor Kogut"
    person.save()
    assert 0 < queries_of(reader, address) < cold
    assert "Victor Kogut" in reader.get(address).content.decode()


def test_a_piece_that_rests_on_nothing_that_changed_is_not_made_again(versions: Versions):
    made = []

    def names() -> list[str]:
        made.append("names")
        return [str(topic.name) for topic in Topic.objects.all()]

    def ask() -> list[str]:
        with reading(versions.current()):
            return piece(("names",), names)

    Topic.objects.create(slug="one", name_en="One")
    assert [ask(), ask()] == [["One"], ["One"]]
    factories.PersonFactory()
    assert ask() == ["One"]
    assert len(made) == 1
    Topic.objects.create(slug="two", name_en="Two")
    assert ask() == ["One", "Two"]
    assert len(made) == 2


def test_a_piece_rests_on_what_the_view_read_before_too(versions: Versions):
    def ask() -> int:
        with reading(versions.current()):
            number = Topic.objects.count()
            return piece(("number",), lambda: number)

    assert ask() == 0
    Topic.objects.create(slug="one", name_en="One")
    assert ask() == 1


def test_a_piece_rests_on_what_the_view_took_from_other_pieces_too(reader: Reader):  # noqa: F811
    person = factories.DelegateFactory(person__name_en="Viktor Kogut").person
    address = person.get_absolute_url()
    assert reader.get(address).content.count(b"Viktor Kogut") > 3
    person.name_en = "Victor Kogut"
    person.save()
    text = reader.get(person.get_absolute_url()).content
    assert b'"name": "Victor Kogut"' in text
    assert b"Viktor Kogut" not in text


def test_a_page_rests_on_the_tables_of_the_pieces_it_takes(versions: Versions):
    for _time in range(2):
        with reading(versions.current()) as tables:
            piece(("topics",), lambda: list(Topic.objects.all()))
            piece(("people", 1), lambda: piece(("people",), lambda: Person.objects.count()))
        assert tables == {"news_topic", "delegations_person"}


class View:
    """As a view of a page."""

    @once
    def number(self) -> int:
        """How many topics there are."""
        return Topic.objects.count()


def test_each_piece_that_uses_what_was_read_once_rests_on_it(versions: Versions):
    def ask() -> list[int]:
        view = View()
        with reading(versions.current()):
            return [piece((name,), lambda: view.number) for name in ("first", "second")]

    with CaptureQueriesContext(connection) as queries:
        assert ask() == [0, 0]
    topics = [query["sql"] for query in queries if "news_topic" in query["sql"]]
    assert topics
    assert len(topics) == len(set(topics))
    Topic.objects.create(slug="one", name_en="One")
    assert ask() == [1, 1]
    assert View.number.__doc__ == "How many topics there are."


def test_without_a_page_for_all_readers_what_is_read_once_is_still_read_once():
    view = View()
    assert cost(lambda: (view.number, view.number)) == cost(lambda: View().number) > 0
    assert view.number == 0


def test_what_is_kept_changes_with_the_day(versions: Versions):
    with time_machine.travel(datetime(2020, 5, 26, 12, tzinfo=UTC), tick=False) as clock:
        days = []
        for _day in range(2):
            with reading(versions.current()):
                days.append(piece(("day",), lambda: datetime.now(tz=UTC).day))
            clock.shift(86_400)
    assert days == [26, 27]


@pytest.mark.thorough
@pytest.mark.long
def test_pages_of_pieces_are_those_that_are_read_anew(reader: Reader, client: Client, store: LRUCache):  # noqa: F811
    call_command("demo_data", articles=20 * FACTOR, people=10 * FACTOR, verbosity=0)
    days = ("", "?on=2015-05-05", "?on=2024-02-29", f"?on={date.today().isoformat()}", "?on=1990-01-01")
    pages = [*walk(client)]
    asked = [f"{path}{day}" for path in pages if path[3:].startswith("/delegations/") for day in days]
    asked += [path for path in pages if not path[3:].startswith("/delegations/")]
    for code in ("en", "ru"):  # parameters in the order in which a kept page has them
        asked += [
            f"/{code}/delegations/?{query}" for query in ("country=BY", "country=XX", "kind=lower&named=yes", "q=a")
        ]
        asked += [
            f"/{code}/delegations/?{query}"
            for query in ("country=BY&on=2015-05-05", "on=2015-05-05&source=no", "country=")
        ]
        asked += [f"/{code}/search/?q={words}" for words in ("session", "a", "сессия", "nothing+like+it", "", "Ivan")]
        asked += [
            f"/{code}/search/?{query}" for query in ("page=2&q=session", "q=session&year=2020", "q=session&year=x")
        ]
    asked = random.Random(1).sample(asked, 60 if FACTOR == 1 else 500)
    reader.site.kept = LRUCache(0)  # each page is made each time
    different = []
    for address in asked:
        if (page := reader.get(address)).content != client.get(address).content:
            different.append((address, page.status_code))
    assert different == []
    assert len(store) > 60


# Whatever a reader sees of them is something else afterwards.
COLUMNS = {
    "delegations_person": "name_en family_name_en given_name_en",
    "delegations_parliament": "name_en short_name_en",
    "delegations_chamber": "name_en",
    "delegations_delegate": "political_group_en constituency_en",
    "delegations_assemblypost": "commission_en",
    "delegations_link": "url",
    "delegations_source": "title_en url",
    "delegations_confirmation": "confirmed_by_en",
    "news_topic": "name_en",
    "news_article": "title summary dateline body",
    "news_quotation": "words function speaker",
    "news_correction": "text",
    "news_attachment": "title",
    "news_picture": "alt_en credit_en",
}


@pytest.mark.long
def test_every_column_that_readers_see_shows_at_once(reader: Reader, client: Client):  # noqa: F811
    chamber = factories.ChamberFactory()
    source, person = factories.SourceFactory(url="https://example.org/"), factories.PersonFactory()
    factories.SeatQuotaFactory(chamber=chamber, sources=[source])
    factories.DelegateFactory(
        chamber=chamber, person=person, political_group_en="Group", constituency_en="East", sources=[source]
    )
    factories.RepresentativeFactory(parliament=chamber.parliament, person=person, sources=[source])
    factories.AssemblyPostFactory(person=person, post="commission_chair", commission_en="Commission", sources=[source])
    factories.LinkFactory(chamber=chamber, sources=[source])
    factories.ConfirmationFactory(parliament=chamber.parliament, confirmed_by_en="Speaker", source=source)
    topic, picture = factories.TopicFactory(), factories.PictureFactory(alt_en="A hall", credit_en="Press service")
    quoted = f"<blockquote><p>We agree.</p><p>— {person.name_en}, Speaker</p></blockquote>"
    for day in (1, 2, 3):
        article = factories.ArticleFactory(
            published_at=datetime(2020, 5, day, tzinfo=UTC),
            dateline="Minsk",
            body=f"<p>About.</p>{quoted}",
            picture=picture,
            topics=[topic],
            people=[person],
            parliaments=[chamber.parliament],
            sources=[source],
        )
        factories.CorrectionFactory(article=article)
        factories.AttachmentFactory(article=article)
    addresses = [
        *("/en/", LIST, f"{LIST}2020/05/", article.get_absolute_url(), topic.get_absolute_url()),
        *("/en/delegations/", "/en/delegations/?on=2019-05-05", "/en/delegations/?named=yes", "/en/search/?q=about"),
        *(f"{chamber.parliament.get_absolute_url()}{on}" for on in ("", "?on=2019-05-05")),
        *("/ru/delegations/", chamber.parliament.get_absolute_url().replace("/en/", "/ru/")),
    ]
    reader.site.kept = LRUCache(0)
    before = {address: reader.get(address).content for address in [*addresses, person.get_absolute_url()]}
    changes = 0
    for table, columns in COLUMNS.items():
        for column in columns.split():
            with connection.cursor() as cursor:
                cursor.execute(f'UPDATE "{table}" SET "{column}" = "{column}" || \'x\'')
                assert cursor.rowcount > 0
            named = Person.objects.get().get_absolute_url()
            after = {address: reader.get(address).content for address in [*addresses, named]}
            wrong = [address for address, content in after.items() if content != client.get(address).content]
            assert wrong == [], (table, column)
            assert after != before, (table, column)
            before, changes = after, changes + 1
    assert changes == 25


# What is kept, and for whom


def test_nobody_can_change_what_others_get(versions: Versions):
    @kept
    def topics(prefix: str) -> list[Topic]:
        return list(Topic.objects.filter(slug__startswith=prefix))

    Topic.objects.create(slug="one", name_en="One")
    with reading(versions.current()):
        topics("o")[0].name_en = "Changed"
        topics("o").clear()
        assert [topic.name_en for topic in topics("o")] == ["One"]
        assert topics("x") == []


def test_a_text_keeps_its_language_and_whether_it_is_safe(versions: Versions):
    with reading(versions.current()):
        for _time in range(2):
            name, text, plain = piece(("texts",), lambda: (Localised("Имя", "ru"), mark_safe("<b>"), "<b>"))
            assert (name, name.lang) == ("Имя", "ru")
            assert isinstance(text, SafeString)
            assert not isinstance(plain, SafeString)


def test_languages_are_kept_apart(versions: Versions):
    with reading(versions.current()):
        words = []
        for code in ("en", "ru", "en"):
            with override(code):
                words.append(piece(("word",), lambda: gettext("News")))
    assert words == ["News", "Новости", "News"]


def test_staff_and_previews_are_answered_without_pieces(reader: Reader, article: Article, store, client: Client):  # noqa: F811
    client.force_login(factories.UserFactory(is_superuser=True))
    for address in (LIST, article.get_absolute_url(), "/en/delegations/", "/en/search/?q=council"):
        assert client.get(address).status_code == 200
    assert len(store) == 0
    reader.get(LIST)
    assert len(store) > 0


def test_items_of_a_list_are_shared_by_all_lists(reader: Reader, article: Article):  # noqa: F811
    reader.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert "The Council met" in reader.get("/en/news/2020/05/").content.decode()
    assert not [query for query in queries if "summary" in query["sql"]]
    factories.ArticleFactory(title="Another", published_at=datetime(2020, 5, 27, tzinfo=UTC))
    reader.settle()
    text = reader.get("/en/news/2020/05/").content.decode()
    assert text.index("Another") < text.index("The Council met")


def test_the_store_is_bounded(versions: Versions, store: LRUCache):
    with reading(versions.current()):
        assert piece(("large",), lambda: "x" * 9_000_000) == "x" * 9_000_000
        assert len(store) == 0
        for number in range(300):
            piece(("small", number), lambda: "x" * 100_000)
    assert 0 < store.currsize <= 8 * 1024 * 1024
    assert len(store) < 100


def test_what_reads_a_table_without_a_version_is_not_kept(versions: Versions, store: LRUCache):
    with reading(versions.current()) as tables:
        assert piece(("users",), lambda: User.objects.count()) == 0
    assert len(store) == 0
    assert User._meta.db_table in tables


def test_the_tag_names_what_a_part_depends_on(versions: Versions):
    template = engines["django"].from_string("{% kept number %}{{ number }} of {{ text }}{% endkept %}")

    def render(**context: object) -> str:
        with reading(versions.current()):
            return template.render(context)

    assert render(number=1, text="a") == "1 of a"
    assert render(number=1, text="b") == "1 of a"
    assert render(number=2, text="b") == "2 of b"
    assert template.render({"number": 1, "text": "c"}) == "1 of c"


def test_a_mistake_in_a_piece_leaves_nothing_behind(versions: Versions, store: LRUCache):
    def broken() -> str:
        raise RuntimeError("broken")

    with reading(versions.current()):
        with pytest.raises(RuntimeError):
            piece(("broken",), broken)
        assert isinstance(pieces._reading.get(), Reading)
        assert piece(("broken",), lambda: "mended") == "mended"
    assert pieces._reading.get() is None
