"""The facts of the seed: exactly those of the Assembly's page, and loaded twice without effect."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, connection
from django.db.models import Sum

from delegations.models import (
    AssemblyPost,
    Body,
    Chamber,
    Delegate,
    Link,
    Parliament,
    Participation,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.models import Article, Topic

pytestmark = pytest.mark.django_db

COUNTS = {
    Parliament: 5,
    Chamber: 9,
    SeatQuota: 9,
    Person: 4,
    Representative: 4,
    Body: 1,
    AssemblyPost: 2,
    Link: 3,
    Participation: 0,
    Delegate: 0,
    Article: 1,
}
SEATS = {
    "belarus-house-of-representatives": 7,
    "belarus-council-of-the-republic": 4,
    "kazakhstan-mazhilis": 8,
    "kazakhstan-senate": 8,
    "kyrgyzstan-supreme-council": 7,
    "russia-state-duma": 10,
    "russia-federation-council": 12,
    "tajikistan-national-assembly": 6,
    "tajikistan-assembly-of-representatives": 6,
}


def dump(*apps):
    out = StringIO()
    call_command("dumpdata", *apps, natural_primary=True, natural_foreign=True, indent=2, stdout=out)
    return json.loads(out.getvalue())


def counts():
    return {model: model.objects.count() for model in COUNTS}


def test_seed_loaded_twice_has_the_facts_once():
    call_command("loaddata", "seed", verbosity=0)
    once = dump("delegations", "news")
    call_command("loaddata", "seed", verbosity=0)
    assert counts() == COUNTS
    assert dict(SeatQuota.objects.values_list("chamber__slug", "seats")) == SEATS
    assert SeatQuota.objects.aggregate(total=Sum("seats")) == {"total": 68}
    assert dump("delegations", "news") == once


def test_seed_has_the_representatives_posts_and_websites():
    call_command("loaddata", "seed", verbosity=0)
    assert dict(Representative.objects.values_list("parliament__slug", "person__name_en")) == {
        "belarus": "Viktor Kogut",
        "kazakhstan": "Viktor Rogalev",
        "kyrgyzstan": "Shabdanbek Alishev",
        "russia": "Mikhail Krotov",
    }
    assert set(AssemblyPost.objects.values_list("person__name_en", "role")) == {
        ("Viktor Rogalev", "deputy_executive_secretary"),
        ("Mikhail Krotov", "deputy_executive_secretary"),
    }
    assert set(Link.objects.values_list("chamber__slug", "url", "language")) == {
        ("belarus-house-of-representatives", "http://house.gov.by/en/", "en"),
        ("belarus-council-of-the-republic", "http://www.sovrep.gov.by/ru/", "ru"),
        ("kyrgyzstan-supreme-council", "http://www.kenesh.kg/", ""),
    }


def test_seed_has_no_invented_dates_and_a_source_for_each_fact():
    call_command("loaddata", "seed", verbosity=0)
    rows = [row for model in (SeatQuota, Representative, AssemblyPost, Link) for row in model.objects.all()]
    assert len(rows) == 18
    assert {(row.start, row.end, row.ended) for row in rows} == {(None, None, False)}
    assert all(row.sources.exists() for row in rows)


def test_seed_has_all_names_in_both_languages():
    call_command("loaddata", "seed", verbosity=0)
    named = [row for model in (Parliament, Chamber, Body, Person, Topic) for row in model.objects.all()]
    assert len(named) >= 18 + 2
    assert all(row.name_en and row.name_ru and row.name_en != row.name_ru for row in named)
    assert all(source.title_en and source.title_ru for source in Source.objects.all())


def test_dumped_seed_loads_identically_into_an_empty_database(tmp_path):
    call_command("loaddata", "seed", verbosity=0)
    before = dump("delegations", "news")
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(before))
    call_command("flush", interactive=False, verbosity=0)
    assert not any(counts().values())
    call_command("loaddata", path, verbosity=0)
    assert dump("delegations", "news") == before


@pytest.mark.django_db(transaction=True)
def test_fixture_with_an_invalid_row_changes_nothing(tmp_path):
    call_command("loaddata", "seed", verbosity=0)
    rows = dump("delegations")
    call_command("flush", interactive=False, verbosity=0)
    quota = next(row for row in rows if row["model"] == "delegations.seatquota")
    quota["fields"]["start"] = "9999-01-01"
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(rows))
    with pytest.raises((IntegrityError, DeserializationError)):
        call_command("loaddata", path, verbosity=0)
    assert not Parliament.objects.exists()
    assert not connection.needs_rollback


def test_seed_has_the_article_of_russia_with_quotations_and_sources():
    call_command("loaddata", "seed", verbosity=0)
    article = Article.objects.get()
    assert (article.language, str(article.date), article.state) == ("en", "2020-05-26", "published")
    assert list(article.parliaments.values_list("slug", flat=True)) == ["russia"]
    assert article.topics.count() >= 3
    assert article.body.count("— Sergei Lavrov, Minister of Foreign Affairs of the Russian Federation") >= 5
    assert article.body.count("— Stanislav Zas, CSTO Secretary General") >= 2
    assert any("TASS" in source.title_en for source in article.sources.all())
