"""Demo data: the same rows for the same seed, and none in a database with other rows."""

import hashlib
import re
from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import override

from cspa import audit
from cspa.demo.generator import demo_models
from cspa.models import ChangeSet
from cspa.richtext import plain_text
from cspa.search.stems import words
from delegations.models import Delegate, Parliament, Person, Source
from news.models import Article, Quotation, Story

from ...support import factories

pytestmark = [pytest.mark.long, pytest.mark.django_db]


def demo_data(articles: int = 60, people: int = 200, seed: int = 1) -> str:
    output = StringIO()
    call_command("demo_data", articles=articles, people=people, seed=seed, stdout=output)
    # PostgreSQL does not truncate a table with pending deferred constraints.
    connection.check_constraints()
    return output.getvalue()


def digest() -> str:
    """The digest of all rows and relations, without primary keys."""
    tables = []
    for model in demo_models():
        keys = {field.attname for field in model._meta.fields if field.primary_key or field.is_relation}
        columns = [field.attname for field in model._meta.fields if field.attname not in keys]
        columns += [
            f"{field.name}__{column}"
            for field in [*model._meta.fields, *model._meta.many_to_many]
            if field.is_relation
            for column in ("uid", "public_id", "slug")
            if any(column == other.name for other in field.related_model._meta.fields)
        ]
        tables.append((model._meta.label, sorted(map(repr, model.objects.order_by().values_list(*columns)))))
    return hashlib.sha256(repr(tables).encode()).hexdigest()


def test_rows_depend_on_the_seed_and_not_on_the_day(time_machine):
    made = {}
    for day, seed in (("2026-11-16", 1), ("2031-02-03", 2), ("2031-02-03", 1)):
        time_machine.move_to(day)
        assert demo_data(seed=seed) == f"Made-up data: 60 articles, 200 people, seed {seed}\n"
        assert made.setdefault(seed, digest()) == digest()
    assert made[1] != made[2]
    # On both databases, with any Python.
    rows = sorted(map(repr, Article.objects.values_list("uid", "slug", "title", "body", "date")))
    assert hashlib.sha256("".join(rows).encode()).hexdigest()[:8] == "7ed67c69"


def test_second_run_adds_nothing():
    demo_data()
    before = digest()
    assert demo_data() == "Made-up data: 60 articles, 200 people, seed 1: there already, nothing changed.\n"
    assert digest() == before


def test_run_with_another_size_replaces_the_rows():
    demo_data(articles=7, people=3)
    assert (Article.objects.count(), Person.objects.count()) == (7, 3)
    demo_data(articles=0, people=0)
    assert (Article.objects.count(), Story.objects.count(), Person.objects.count()) == (0, 0, 0)
    demo_data()
    assert (Article.objects.count(), Person.objects.count()) == (60, 200)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: call_command("loaddata", "seed", verbosity=0), "parliaments, "),
        (factories.ArticleFactory, "stories, articles"),
        (factories.PersonFactory, "people"),
        (factories.SourceFactory, "sources"),
        (factories.TopicFactory, "topics"),
    ],
)
def test_database_with_other_rows_is_refused(make, named):
    make()
    before = digest()
    with pytest.raises(CommandError, match=f"This one holds others: .*{named}"):
        demo_data()
    assert digest() == before


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (factories.ArticleFactory, "stories, articles"),
        (factories.PersonFactory, "people"),
        (factories.SourceFactory, "sources"),
        (factories.TopicFactory, "topics"),
        (lambda: factories.DelegateFactory(person=Person.objects.first()), "parliaments, chambers, delegates"),
        (lambda: factories.CorrectionFactory(article=Article.objects.first()), "corrections"),
        (lambda: factories.UserFactory().parliaments.add(Parliament.objects.first()), "assigned parliaments"),
    ],
)
def test_replacement_is_refused_when_other_rows_were_added(make, named):
    demo_data()
    make()
    before = digest()
    for people in (200, 3):
        with pytest.raises(CommandError, match=f"This one holds others: {named}"):
            demo_data(people=people)
    assert digest() == before


def test_replacement_is_refused_when_rows_were_edited():
    demo_data()
    article = Article.objects.first()
    with audit.record_changes(ChangeSet.Kind.EDIT, factories.UserFactory()):
        article.title = "Better"
        article.save()
    with pytest.raises(CommandError, match="entries of the journal"):
        demo_data(seed=2)
    assert Article.objects.filter(title="Better").exists()


def test_rows_vary_like_real_data():
    demo_data(articles=600)
    articles = Article.objects.all()
    languages = [set(story.articles.values_list("language", flat=True)) for story in Story.objects.all()]
    assert (languages.count({"en", "ru"}), languages.count({"en"}), languages.count({"ru"})) == (200, 100, 100)
    assert set(articles.values_list("state", flat=True)) == {"published", "draft", "review", "withdrawn"}
    assert articles.published().count() > 580
    sizes = [len(article.body) for article in articles]
    assert min(sizes) > 1000
    assert max(sizes) < 5000
    dates = articles.aggregate(first=Min("date"), last=Max("date"))
    assert (f"{dates['first']}", f"{dates['last']:%Y-%m}") == ("2006-11-16", "2026-06")
    for language in ("en", "ru"):
        found = Counter(
            word for article in articles.in_language(language) for word in set(words(plain_text(article.body)))
        )
        assert sum(number > 150 for number in found.values()) > 5
        assert sum(number < 5 for number in found.values()) > 1000
    quotations = Quotation.objects.all()
    assert quotations.count() > 50
    assert quotations.filter(person=None).count() < quotations.count() / 10
    with override("en"):
        assert len(re.findall("member of the Assembly", " ".join(row.function for row in quotations))) > 20
    for subject in ("topics", "parliaments", "people"):
        assert articles.filter(**{f"{subject}__isnull": True}).count() < 400
    assert Delegate.objects.lacking("source").count() == 0
    assert Delegate.objects.count() > 220
    today = Delegate.objects.on(timezone.localdate()).count()
    assert 100 < today < 130
    assert Person.objects.exclude(name_ru="").count() == Person.objects.exclude(name_en="").count() == 200
    assert Source.objects.exclude(title_ru="").count() > 40


def test_most_of_very_many_people_have_no_mandate():
    demo_data(articles=300, people=3000)
    mandates = Counter(Delegate.objects.values_list("chamber", flat=True))
    assert Person.objects.filter(mandates__isnull=True).count() == 3000 - 128 * 8
    assert max(mandates.values()) <= 18 * 10
    assert Quotation.objects.filter(function="expert").exists()
    assert Quotation.objects.filter(function="member of the Assembly").exists()
