"""Search by stems: both databases return the results of a naive search."""

from datetime import UTC, datetime

import pytest
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from cspa.search import stems as stems_module
from cspa.search.stems import MAX_QUERY_LENGTH, MAX_TERMS, Query, stems, words
from news.models import Article

from ....support import factories
from ....support.generated import examples

WORDS = [
    "meeting",
    "Meetings",
    "met",
    "defence",
    "counter-terrorism",
    "terror",
    "naïve",
    "ΣΊΣΥΦΟΣ",
    "2015–2020",
    "o’clock",
]
RUSSIAN = ["заседание", "Заседания", "ЗАСЕДАНИЮ", "учёт", "учета", "ТАСС", "й", "и", "¾", "x²", "мир", "мира"]


def test_words_are_normalised_and_case_folded():
    assert words("Учёт ﬁne STRASSE Straße x²_y, o’clock") == [
        "учет",
        "fine",
        "strasse",
        "strasse",
        "x2",
        "y",
        "o",
        "clock",
    ]


def test_words_are_stemmed_by_language():
    assert stems("meetings of deputies", "en") == stems("meeting of deputy", "en")
    assert stems("пленарные заседания", "ru") == stems("пленарное заседание", "ru")
    assert stems("жиналыстар", "kk") == ["жиналыстар"]


@pytest.mark.parametrize(
    ("text", "required", "excluded"),
    [
        ("meetings", [("meet",)], []),
        ('"joint exercise" -drill', [("joint", "exercis")], [("drill",)]),
        (
            "“joint exercise” «staff talks» -«joint drill»",
            [("joint", "exercis"), ("staff", "talk")],
            [("joint", "drill")],
        ),
        ("counter-terrorism", [("counter", "terror")], []),
        ('-a "b', [("b",)], [("a",)]),
        ("- -- \" ! & | ( <-> :* % _ \\ '", [], []),
        ("NOT a OR b* NEAR(c)", [("not",), ("a",), ("or",), ("b",), ("near", "c")], []),
        ("", [], []),
    ],
)
def test_query_is_parsed_into_required_and_excluded_terms(text: str, required: list, excluded: list):
    query = Query.of(text, "en")
    assert (list(query.required), list(query.excluded)) == (required, excluded)


def test_query_beyond_the_limits_finds_nothing():
    assert Query.of("a" * MAX_QUERY_LENGTH, "en").required
    assert not Query.of("a" * (MAX_QUERY_LENGTH + 1), "en").required
    assert Query.of("a " * MAX_TERMS, "en").required
    assert not Query.of("a " * (MAX_TERMS + 1), "en").required


def test_excerpt_highlights_matches_and_escapes_markup():
    text = "<b>Nothing</b> here. " * 40 + "The meetings & <script>alert(1)</script> of ministers."
    excerpt = Query.of("meeting minister", "en").excerpt(text)
    assert "The <mark>meetings</mark> &amp; &lt;script&gt;" in excerpt
    assert "<mark>ministers</mark>" in excerpt
    assert excerpt.startswith("… ")
    assert len(excerpt) < 400


def test_excerpt_without_a_match_is_the_beginning():
    assert Query.of("absent", "en").excerpt("Short text.") == "Short text."


texts = st.lists(st.sampled_from([*WORDS, *RUSSIAN]), max_size=12).map(" ".join)
terms = st.tuples(
    st.sampled_from(["", "", "-"]), st.lists(st.sampled_from([*WORDS, *RUSSIAN]), min_size=1, max_size=3)
)
queries = st.lists(
    terms.map(lambda term: f'{term[0]}"{" ".join(term[1])}"' if len(term[1]) > 1 else term[0] + term[1][0]), max_size=3
).map(" ".join)


def matches(query: Query, found: list[str]) -> bool:
    """Whether a text with the stems ``found`` matches ``query``; the same rule as the conditions in SQL."""
    return bool(query.required) and all(
        contains(found, term) != excluded
        for excluded, terms in ((False, query.required), (True, query.excluded))
        for term in terms
    )


def contains(found: list[str], term: tuple[str, ...]) -> bool:
    width = len(term)
    return any(tuple(found[place : place + width]) == term for place in range(len(found) - width + 1))


@pytest.mark.both_databases("cspa.search.stems")
class TestFound(TestCase):
    @examples(30)
    @given(
        articles=st.lists(st.tuples(st.sampled_from(["en", "ru"]), texts, texts, texts), max_size=4),
        text=st.one_of(queries, st.text(max_size=20)),
        language=st.sampled_from(["en", "ru"]),
    )
    def test_database_search_equals_query_matches(self, articles: list, text: str, language: str):
        for number, (code, title, summary, body) in enumerate(articles):
            factories.ArticleFactory(
                language=code, title=title, summary=summary, body=f"<p>{body}</p>", slug=f"item-{number}"
            )
        query = Query.of(text, language)
        expected = {
            article.pk
            for article in Article.objects.filter(language=language)
            if matches(query, article.stems.split(" "))
        }
        found = Article.objects.published().search(text, language)
        assert set(found.values_list("pk", flat=True)) == expected
        assert found.count() == len(expected)


@pytest.mark.both_databases("cspa.search.stems")
@pytest.mark.django_db
@pytest.mark.parametrize("frequent", [False, True])
def test_newest_matches_are_found_for_frequent_and_rare_words(monkeypatch, frequent: bool):
    for number in range(30):
        title = f"Joint {'' if number % 3 else 'staff '}exercise {number % 2}"
        day = datetime(2020, 1, 1 + number % 15, tzinfo=UTC)
        factories.ArticleFactory(
            title=title, slug=f"a-{number}", published_at=day, language=("en", "ru")[number % 5 == 4]
        )
    if frequent and connection.vendor == "postgresql":
        # The rows of a test have no statistics. With this share all stems are frequent.
        monkeypatch.setattr(stems_module, "FREQUENT_SHARE", -1)
    for looked in (3, 1_000):
        monkeypatch.setattr(stems_module, "SCAN_LIMIT", looked)
        for text in ("joint", '"joint exercise"', "joint -staff", "joint staff 1", "staff -joint", "nothing"):
            for language in ("en", "ru"):
                query, rows = Query.of(text, language), Article.objects.published()
                expected = rows.search(text, language).newest_first().values_list("pk", "published_at", "title")
                for number in (1, 7, 100):
                    assert rows.newest_found(query, number, "title") == list(expected[:number])


@pytest.mark.both_databases("cspa.search.stems")
@pytest.mark.django_db
class TestIndex:
    def found(self, text: str) -> list[str]:
        return sorted(Article.objects.search(text, "en").values_list("slug", flat=True))

    def test_index_follows_every_way_of_writing(self):
        article = factories.ArticleFactory(title="Exercises", slug="one")
        assert self.found("exercise") == ["one"]
        article.title = "Drills"
        article.save()
        assert (self.found("exercise"), self.found("drill")) == ([], ["one"])
        deferred = Article.objects.without_body().get()
        deferred.title = "Manoeuvres"
        deferred.save()
        assert (self.found("drill"), self.found("manoeuvre")) == ([], ["one"])
        Article.objects.filter(pk=article.pk).update(state="draft")
        assert self.found("manoeuvre") == ["one"]
        story = factories.ArticleFactory(slug="two").story
        Article.objects.filter(slug="two").delete()
        Article.objects.bulk_create([factories.ArticleFactory.build(title="Manoeuvre", slug="three", story=story)])
        assert self.found("manoeuvre") == ["one", "three"]
        Article.objects.all().delete()
        assert self.found("manoeuvre") == []

    def test_phrase_is_not_found_across_parts(self):
        factories.ArticleFactory(title="Joint", summary="exercise", body="<p>in</p><p>Minsk</p>", slug="one")
        assert self.found('"joint exercise"') == []
        assert self.found("joint exercise minsk") == ["one"]

    def test_markup_is_not_searched(self):
        factories.ArticleFactory(body='<p>A <a href="https://example.org/secret">link</a> &amp; more</p>', slug="one")
        assert self.found("link") == ["one"]
        assert self.found("secret") == self.found("amp") == self.found("href") == []

    def test_search_works_in_a_subquery(self):
        factories.ArticleFactory(title="Exercises", slug="one")
        inner = Article.objects.search("exercise", "en").filter(pk=models.OuterRef("pk"))
        assert Article.objects.filter(models.Exists(inner)).count() == 1


@pytest.mark.both_databases("cspa.search.stems")
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite rebuilds tables")
def test_index_survives_a_rebuild_of_the_table():
    article = factories.ArticleFactory(title="Exercises")
    old = Article._meta.get_field("title")
    new = models.CharField(max_length=251)
    new.set_attributes_from_name("title")
    new.model = Article
    try:
        with connection.schema_editor() as editor:
            editor.alter_field(Article, old, new, strict=True)
        assert Article.objects.search("exercise", "en").count() == 1
        article.title = "Drills"
        article.save()
        assert Article.objects.search("exercise", "en").count() == 0
        assert Article.objects.search("drill", "en").count() == 1
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(Article, new, old, strict=True)
