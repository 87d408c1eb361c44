"""Public pages: their content and their cost."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from delegations.models import Delegate, SeatQuota
from news.models import Article, Story

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to
from ..support.markup import parsed

pytestmark = pytest.mark.django_db


@pytest.fixture
def seed():
    call_command("loaddata", "seed", verbosity=0)


def text(response):
    """The text of a page, without markup."""
    document = parsed(response)
    for element in list(document.iter("script")):
        element.text = ""
    return " ".join(" ".join(document.itertext()).split())


class TestSeedPages:
    """The pages of the facts in the seed."""

    def test_directory_of_the_seed_counts_68_seats_and_no_delegates(self, client, seed):
        response = client.get("/en/delegations/")
        assert response.context["totals"].seats == 68
        assert response.context["totals"].named == 0
        words = text(response)
        assert "68" in words
        for words_of_a_chamber in ("7 deputies", "8 members", "12 members", "10 deputies"):
            assert words_of_a_chamber in words

    def test_directory_in_russian_has_no_english_names(self, client, seed):
        words = text(client.get("/ru/delegations/"))
        assert "Национальное собрание Республики Беларусь" in words
        assert "National Assembly" not in words
        assert "7 депутатов" in words
        assert "4 депутата" in words

    def test_facts_missing_in_the_source_are_shown_as_not_published(self, client, seed):
        words = text(client.get("/en/delegations/tajikistan/"))
        # Both the representative and the names are not published.
        assert words.count("not published") >= 2
        assert "not published" in text(client.get("/en/delegations/kazakhstan/")), "websites"

    def test_representative_is_shown_with_the_other_post(self, client, seed):
        words = text(client.get("/en/delegations/kazakhstan/"))
        assert "Viktor Rogalev" in words
        assert "Deputy Executive Secretary of the Assembly" in words

    def test_website_names_its_language(self, client, seed):
        response = client.get("/en/delegations/belarus/")
        assert 'hreflang="ru"' in response.content.decode()
        assert "Russian" in text(response)

    @pytest.mark.both_databases("cspa.db.sqlite_functions")
    def test_filters_by_country_kind_and_text_combine(self, client, seed):
        def found(query):
            delegations = client.get(f"/en/delegations/?{query}").context["totals"].delegations
            return [delegation.parliament.slug for delegation in delegations]

        assert found("country=BY") == ["belarus"]
        assert found("kind=single") == ["kyrgyzstan"]
        assert found("q=ДУМА") == ["russia"]
        assert found("q=mazhilis") == ["kazakhstan"]
        assert found("q=assembly&kind=upper") == ["belarus", "russia", "tajikistan"]
        assert found("q=assembly&kind=upper&country=TJ") == ["tajikistan"]
        assert found("q=nothing+like+it") == []

    @pytest.mark.parametrize("query", ["country=XX", "kind=middle", "q=%00", "q=" + "a" * 101])
    def test_invalid_filter_shows_its_error_and_no_rows(self, client, seed, query):
        response = client.get(f"/en/delegations/?{query}")
        assert response.status_code == 200
        assert response.context["filter"].form.errors
        assert response.context["totals"].groups == []

    def test_article_in_english_only_is_counted_in_the_russian_list(self, client, seed):
        response = client.get("/ru/news/")
        assert response.context["page"].rows == []
        assert response.context["elsewhere"] == 1
        assert len(client.get(response.context["elsewhere_url"]).context["page"].rows) == 1

    def test_article_missing_in_russian_answers_404_and_offers_english(self, client, seed):
        address = Article.objects.get().get_absolute_url()
        assert address.startswith("/en/news/2020/05/26/russia-suggested-exploring")
        response = client.get(address.replace("/en/", "/ru/"))
        assert response.status_code == 404
        assert f'href="{address}"' in response.content.decode()

    def test_quotations_are_rendered_as_blockquotes_with_captions(self, client, seed):
        page = client.get(Article.objects.get().get_absolute_url()).content.decode()
        assert page.count('<figure class="quotation"><blockquote>') >= 7
        assert "<figcaption>Sergei Lavrov, Minister of Foreign Affairs of the Russian Federation</figcaption>" in page


class TestAddresses:
    def test_former_address_of_a_delegation_redirects_permanently(self, client):
        parliament = factories.ParliamentFactory(slug="byelorussia")
        for slug in ("belarus-2", "belarus"):
            parliament.slug = slug
            parliament.save()
        for former in ("byelorussia", "belarus-2"):
            response = client.get(f"/ru/delegations/{former}/")
            assert (response.status_code, response["Location"]) == (301, "/ru/delegations/belarus/")

    def test_former_address_of_an_article_redirects_permanently(self, client):
        article = factories.ArticleFactory(slug="first")
        article.slug = "second"
        article.save()
        article.published_at = datetime(2020, 5, 27, 9, tzinfo=UTC)
        article.save()
        for former in ("/en/news/2020/05/26/first/", "/en/news/2020/05/26/second/"):
            response = client.get(former)
            assert (response.status_code, response["Location"]) == (301, "/en/news/2020/05/27/second/")

    def test_former_address_that_is_reused_shows_its_new_owner(self, client):
        article = factories.ArticleFactory(slug="first")
        article.slug = "second"
        article.save()
        factories.ArticleFactory(slug="first", title="The new owner")
        assert b"The new owner" in client.get("/en/news/2020/05/26/first/").content

    def test_former_address_reused_by_a_withdrawn_article_answers_410(self, client):
        article = factories.ArticleFactory(slug="first")
        article.slug = "second"
        article.save()
        assert client.get("/en/news/2020/05/26/first/").status_code == 301
        factories.ArticleFactory(slug="first", state="withdrawn", withdrawal_reason="The meeting was cancelled.")
        response = client.get("/en/news/2020/05/26/first/")
        assert response.status_code == 410
        assert "The meeting was cancelled." in text(response)

    def test_article_back_at_its_first_address_has_the_second_as_its_only_former_address(self, client):
        article = factories.ArticleFactory(slug="first")
        for slug in ("second", "first"):
            article.slug = slug
            article.save()
        assert client.get("/en/news/2020/05/26/first/").status_code == 200
        assert client.get("/en/news/2020/05/26/second/")["Location"] == "/en/news/2020/05/26/first/"
        assert [former.slug for former in article.former_addresses.all()] == ["second"]

    def test_address_of_a_person_changes_with_the_name(self, client):
        factories.PersonFactory(public_id=12, name_en="Viktor Kogut")
        response = client.get("/ru/delegations/people/12-wrong/")
        assert (response.status_code, response["Location"]) == (301, "/ru/delegations/people/12-viktor-kogut/")
        assert client.get("/ru/delegations/people/12-viktor-kogut/").status_code == 200

    @pytest.mark.parametrize("slug", ["people", "changes"])
    def test_slug_that_is_an_address_of_the_site_is_refused(self, slug):
        from django.db import IntegrityError, transaction

        with pytest.raises(IntegrityError), transaction.atomic():
            factories.ParliamentFactory(slug=slug)

    @pytest.mark.parametrize(
        ("asked", "given"), [("ru,en;q=0.5", "/ru/"), ("fr", "/en/"), ("", "/en/"), ("," * 9999, "/en/")]
    )
    def test_root_redirects_to_the_accepted_language(self, client, asked, given):
        response = client.get("/", headers={"accept-language": asked})
        assert (response.status_code, response["Location"]) == (302, given)
        assert "Accept-Language" in response["Vary"]


class TestPublication:
    HIDDEN = ("draft", "review", "withdrawn")

    @pytest.fixture
    def hidden(self):
        """An article in each unpublished state, and one scheduled for tomorrow."""
        topic, parliament = factories.TopicFactory(), factories.ParliamentFactory()
        person = factories.PersonFactory()
        places = {"topics": [topic], "parliaments": [parliament], "people": [person], "title": "Secret words"}
        articles = [factories.ArticleFactory(state=state, **places) for state in self.HIDDEN]
        articles.append(factories.ArticleFactory(published_at=timezone.now() + timedelta(days=1), **places))
        return articles

    def addresses(self, hidden):
        article = hidden[0]
        yield from ("/en/", "/en/news/", "/ru/news/", "/en/news/2020/", "/en/news/2020/05/", "/en/news/2020/05/26/")
        yield from ("/en/news/feed.atom", "/sitemap-articles.xml")
        topic = article.topics.get()
        yield from (topic.get_absolute_url(), f"{topic.get_absolute_url()}feed.atom")
        yield article.parliaments.get().get_absolute_url()
        yield article.people.get().get_absolute_url()

    def test_unpublished_article_is_on_no_page(self, client, hidden):
        shown = [client.get(address) for address in self.addresses(hidden)]
        assert len(shown) == 12
        for response in shown:
            assert response.status_code == 200, response.request["PATH_INFO"]
            assert b"Secret words" not in response.content, response.request["PATH_INFO"]
            assert hidden[0].slug.encode() not in response.content
        assert [client.get(article.get_absolute_url()).status_code for article in hidden] == [404, 404, 410, 404]

    def test_published_article_is_on_all_pages(self, client, hidden):
        for article in hidden:
            article.state, article.published_at = "published", datetime(2020, 5, 26, 9, tzinfo=UTC)
            article.save()
        for address in self.addresses(hidden):
            if address != "/ru/news/":
                content = client.get(address).content
                assert b"Secret words" in content or hidden[0].slug.encode() in content, address

    def test_article_links_its_published_neighbours_in_the_topic(self, client, hidden):
        topic = hidden[0].topics.get()
        noon = datetime(2020, 5, 26, 12, tzinfo=UTC)
        rows = [
            factories.ArticleFactory(title=f"Row {number}", published_at=noon + timedelta(days=day), topics=[topic])
            # Three articles have the same time, so the order of creation decides.
            for number, day in enumerate([-9, 0, 0, 0, 9])
        ]
        factories.ArticleFactory(title="Elsewhere", published_at=noon + timedelta(days=1))
        factories.ArticleFactory(title="По-русски", language="ru", published_at=noon, topics=[topic])
        for article in hidden[:-1]:
            article.published_at = noon + timedelta(days=1)
            article.save()
        for number, article in enumerate(rows):
            context = client.get(article.get_absolute_url()).context
            around = [None, *rows, None][number : number + 3]
            assert (context["earlier"], context["later"]) == (around[0], around[2]), number
        page = client.get(rows[2].get_absolute_url()).content.decode()
        assert f'href="{rows[1].get_absolute_url()}" rel="prev"' in page
        assert f'href="{rows[3].get_absolute_url()}" rel="next"' in page

    def test_article_shows_its_reading_time(self, client):
        for words, minutes in ((1, "1 minute to read"), (900, "4 minutes to read")):
            article = factories.ArticleFactory(body=f"<p>{'word ' * words}</p>")
            assert minutes in text(client.get(article.get_absolute_url()))

    def test_scheduled_article_appears_at_its_time(self, client):
        article = factories.ArticleFactory(published_at=datetime(2030, 1, 1, 9, tzinfo=UTC))
        with time_machine.travel(datetime(2030, 1, 1, 8, 59, tzinfo=UTC), tick=False):
            assert client.get(article.get_absolute_url()).status_code == 404
        with time_machine.travel(datetime(2030, 1, 1, 9, tzinfo=UTC), tick=False):
            assert client.get(article.get_absolute_url()).status_code == 200

    def test_article_withdrawn_before_its_time_answers_404_and_hides_the_reason(self, client):
        reason = {"state": "withdrawn", "withdrawal_reason": "The visit is secret."}
        seen = factories.ArticleFactory(**reason)
        never_seen = factories.ArticleFactory(published_at=datetime(2099, 1, 1, tzinfo=UTC), **reason)
        for article, status in ((seen, 410), (never_seen, 404)):
            response = client.get(article.get_absolute_url())
            assert response.status_code == status
            assert ("The visit is secret." in text(response)) == (status == 410)

    def test_related_articles_that_share_people_precede_those_that_share_topics_or_parliaments(self):
        shared = {
            "people": [factories.PersonFactory()],
            "topics": [factories.TopicFactory()],
            "parliaments": [factories.ParliamentFactory()],
        }
        article = factories.ArticleFactory(**shared)
        expected = [
            # The best match is the oldest article.
            factories.ArticleFactory(**{name: shared[name] for name in names})
            for names in (("people", "topics"), ("people", "parliaments"), ("people",), ("topics",), ("parliaments",))
        ]
        published = Article.objects.published()
        assert published.related(article, number=6) == expected
        assert published.related(article) == expected[:3]

    def test_related_articles_are_other_published_articles_of_the_language(self, hidden):
        topic = hidden[0].topics.get()
        article, other = factories.ArticleFactory.create_batch(2, topics=[topic])
        factories.ArticleFactory(language="ru", topics=[topic])
        factories.ArticleFactory(topics=[factories.TopicFactory()])
        assert Article.objects.published().related(article) == [other]

    def test_translation_is_linked_and_has_hreflang(self, client):
        english = factories.ArticleFactory(slug="in-english")
        russian = factories.ArticleFactory(slug="po-russki", language="ru", story=english.story)
        page = client.get(english.get_absolute_url()).content.decode()
        assert f'hreflang="ru" href="http://testserver{russian.get_absolute_url()}"' in page
        # The English address asked for in Russian leads to the translation.
        response = client.get(english.get_absolute_url().replace("/en/", "/ru/"))
        assert (response.status_code, response["Location"]) == (301, russian.get_absolute_url())

    def test_article_without_translation_has_no_hreflang(self, client):
        page = client.get(factories.ArticleFactory().get_absolute_url()).content.decode()
        assert 'rel="alternate" hreflang' not in page

    def test_correction_is_shown_with_its_date(self, client):
        note = factories.CorrectionFactory(text="The date was wrong.")
        assert "The date was wrong." in text(client.get(note.article.get_absolute_url()))


def test_quota_changed_in_the_admin_shows_on_the_next_request(client, seed):
    editor = factories.UserFactory(is_superuser=True)
    quota = SeatQuota.objects.get(chamber__slug="kyrgyzstan-supreme-council")
    assert "7 deputies" in text(client.get("/en/delegations/kyrgyzstan/"))
    address = f"/admin/delegations/seatquota/{quota.pk}/change/"
    client.force_login(editor)
    form = client.get(address).context["adminform"].form
    data = {form.add_prefix(name): form[name].value() or "" for name in form.fields} | {
        form.state_token_name: form.state_token
    }
    response = client.post(address, {**data, "sources": [source.pk for source in quota.sources.all()], "seats": 6})
    assert response.status_code == 302, response.context["errors"]
    client.logout()
    assert "6 deputies" in text(client.get("/en/delegations/kyrgyzstan/"))


# What each page costs, whatever the number of rows.


def fill(rows):
    """Create ``rows`` rows of everything that a list shows, with relations."""
    topic, sources = factories.TopicFactory(slug="the-topic"), [factories.SourceFactory()]
    person = factories.PersonFactory(public_id=1, name_en="Viktor Kogut")
    home = factories.ParliamentFactory(slug="home")
    others = factories.create_many(factories.PersonFactory, [{}] * rows)
    colleagues = factories.create_many(factories.PersonFactory, [{}] * rows)
    names = [{"person": each, "sources": sources} for each in (*others, *colleagues)]
    factories.create_many(
        factories.PersonNameFactory, names + [{"person": person, "sources": sources, "ends": None}] * rows
    )
    stories = Story.objects.bulk_create(Story() for _number in range(2 * rows))
    parliaments = [home, *factories.create_many(factories.ParliamentFactory, [{}] * (rows - 1))]
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    of_chambers = [{"chamber": row, "sources": sources} for row in chambers]
    of_parliaments = [{"parliament": row, "sources": sources} for row in parliaments]
    factories.create_many(factories.SeatQuotaFactory, of_chambers)
    factories.create_many(factories.LinkFactory, of_chambers + of_parliaments)
    factories.create_many(factories.DelegateFactory, [row | {"person": person} for row in of_chambers])
    at_home = {"chamber": chambers[0], "sources": sources}
    factories.create_many(factories.DelegateFactory, [at_home | {"person": each} for each in colleagues])
    representatives = [row | {"person": each} for row, each in zip(of_parliaments, others, strict=True)]
    former = [row | {"person": person, "ended": True} for row in of_parliaments]
    factories.create_many(factories.RepresentativeFactory, representatives + former)
    assembly = factories.assembly()
    bodies = factories.create_many(factories.BodyFactory, [{"sources": sources, "parent": assembly}] * rows)
    held = [*((each, assembly) for each in others), *((person, body) for body in bodies)]
    posts = [{"person": each, "body": body, "sources": sources, "parliament": home} for each, body in held]
    factories.create_many(factories.AssemblyPostFactory, posts)
    english = {"topics": [topic], "parliaments": [home], "people": [person], "sources": sources}
    russian = {"language": "ru", "title": "По-русски", "topics": [topic]}
    articles = [values | {"story": story} for values, story in zip([english, russian] * rows, stories, strict=True)]
    factories.create_many(factories.ArticleFactory, articles)


def test_archive_lists_the_years_and_counts_the_months_of_the_requested_year(client):
    for time in ("2018-03-05", "2020-05-26", "2020-05-27", "2020-01-01"):
        factories.ArticleFactory(published_at=datetime.fromisoformat(f"{time}T12:00+00:00"))
    factories.ArticleFactory(language="ru", published_at=datetime(2009, 1, 1, tzinfo=UTC))
    page = client.get("/en/news/")
    assert page.context["years"] == [2020, 2019, 2018]
    assert 'href="/en/news/2020/05/"' not in page.text
    for address in ("/en/news/2020/", "/en/news/2020/05/26/"):
        page = client.get(address)
        assert page.context["months"] == [(date(2020, 5, 1), 2), (date(2020, 1, 1), 1)]
        assert 'href="/en/news/2020/05/"' in page.text


@pytest.mark.parametrize(
    ("period", "before"), [("2021/", "2020/"), ("2021/01/", "2020/12/"), ("2021/01/01/", "2020/12/31/")]
)
def test_article_at_the_first_moment_of_a_period_is_listed_in_that_period_only(client, period, before):
    # The time is in the Assembly's time zone.
    midnight = datetime.fromisoformat("2021-01-01T00:00+03:00")
    article = factories.ArticleFactory(published_at=midnight)
    assert client.get(f"/en/news/{period}").context["page"].rows == [article]
    assert client.get(f"/en/news/{before}").context["page"].rows == []


def test_article_with_unpublished_translation_is_counted_as_only_in_the_other_language(client):
    scheduled = {"published_at": datetime(2099, 1, 1, tzinfo=UTC)}
    hidden = [{"state": "draft"}, {"state": "review"}, {"state": "withdrawn"}, scheduled]
    for translation in [*hidden, {}]:
        russian = factories.ArticleFactory(language="ru")
        factories.ArticleFactory(story=russian.story, **translation)
    assert "4 articles exist only in the other language." in client.get("/en/news/").text


def test_articles_only_in_the_other_language_are_counted_up_to_a_hundred(client):
    stories = Story.objects.bulk_create(Story() for _number in range(101))
    rows = [factories.ArticleFactory.build(language="ru", story=story) for story in stories]
    Article.objects.bulk_create(rows[:100])
    assert "100 articles exist only in the other language." in client.get("/en/news/").text
    Article.objects.bulk_create(rows[100:])
    assert "More than 100 articles exist only in the other language." in client.get("/en/").text


ADDRESSES = {
    "home": "/en/",
    "directory": "/en/delegations/",
    "delegation": "/en/delegations/home/",
    "mandates of a delegation": "/en/delegations/home/mandates/",
    "person": "/en/delegations/people/1-viktor-kogut/",
    "news": "/en/news/",
    "news of a month": "/en/news/2020/05/",
    "news of a topic": "/en/news/topics/the-topic/",
    "news of a delegation": "/en/news/delegations/home/",
    "news of a person": "/en/news/people/1-viktor-kogut/",
    "Atom feed": "/en/news/feed.atom",
    "RSS feed": "/en/news/feed.rss",
    "JSON feed": "/en/news/feed.json",
    "feed of a topic": "/en/news/topics/the-topic/feed.atom",
    "feed of a person": "/en/news/people/1-viktor-kogut/feed.rss",
    "about": "/en/about/",
    "missing page": "/en/nothing/",
}


@up_to(300)
def test_each_page_costs_the_same_with_any_number_of_rows(client, sizes):
    def measure(rows):
        fill(rows)
        assert Delegate.objects.count() == 2 * rows
        return {kind: cost(lambda address=address: client.get(address)) for kind, address in ADDRESSES.items()}

    assert_same_cost(measure, sizes)


@up_to(300)
def test_article_costs_the_same_with_any_number_of_relations(client, sizes):
    def measure(rows):
        topics = factories.TopicFactory.create_batch(rows)
        stories = Story.objects.bulk_create(Story() for _number in range(2 * rows))
        # For each connection two articles that share it.
        related = [{"topics": [topic], "story": story} for topic, story in zip(topics * 2, stories, strict=True)]
        factories.create_many(factories.ArticleFactory, related)
        article = factories.ArticleFactory(
            topics=topics,
            parliaments=factories.ParliamentFactory.create_batch(rows),
            people=factories.PersonFactory.create_batch(rows),
            sources=factories.SourceFactory.create_batch(rows),
        )
        factories.CorrectionFactory.create_batch(rows, article=article)
        return {"article": cost(lambda: client.get(article.get_absolute_url()))}

    assert_same_cost(measure, sizes)
