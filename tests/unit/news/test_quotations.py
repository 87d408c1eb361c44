"""Quotations of an article: text, speaker, function on the day and language are read from its body."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from delegations.models import Person
from delegations.services.merge import merge
from news.models import Article, Quotation

from ...support import factories
from ...support.admin_forms import filled_in
from ...support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


def quote(words: str, caption: str) -> str:
    return f"<blockquote><p>{words}</p><p>— {caption}</p></blockquote>"


def said(article: Article) -> list[tuple]:
    return [(row.words, row.speaker, row.function) for row in article.quotations.all()]


@pytest.fixture
def viktor() -> Person:
    """The Deputy Executive Secretary from 2019 on."""
    person = factories.PersonFactory(name_en="Viktor Kogut", name_ru="Виктор Когут")
    factories.AssemblyPostFactory(person=person, role="deputy_executive_secretary", starts="2019", ends=None)
    return person


def test_quotations_are_read_from_the_body():
    article = factories.ArticleFactory(
        body="<p>A</p>"
        + quote("One &amp; <em>two</em>.", "Ann Lee, Minister, of State")
        + "<blockquote><p>Nobody's</p></blockquote>"
        + quote("Three.", "Bob")
    )
    assert said(article) == [("One & two.", "Ann Lee", "Minister, of State"), ("Three.", "Bob", "")]


@pytest.mark.parametrize(
    ("day", "function"),
    [(date(2020, 5, 26), "deputy Executive Secretary of the Assembly"), (date(2018, 5, 26), "")],
)
def test_speaker_is_linked_with_the_function_of_the_day(viktor, day: date, function: str):
    moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut"), published_at=moment)
    (quotation,) = article.quotations.all()
    assert (quotation.person, quotation.function) == (viktor, function)


def test_function_is_in_the_language_of_the_article(viktor):
    with override("en"):
        article = factories.ArticleFactory(language="ru", body=quote("Раз.", "Виктор Когут"))
    assert article.quotations.get().function.startswith("заместитель Ответственного секретаря")


def test_function_is_read_from_a_post_or_a_mandate():
    service = factories.RepresentativeFactory(person__name_en="Ann Lee", starts="2019")
    mandate = factories.DelegateFactory(person__name_en="Bob Ray", starts="2019")
    article = factories.ArticleFactory(body=quote("One.", "Ann Lee") + quote("Two.", "Bob Ray"))
    first, second = article.quotations.all()
    assert first.function == f"plenipotentiary representative ({service.parliament.name})"
    assert second.function == f"delegate, {mandate.chamber}"


def test_function_in_the_text_takes_precedence(viktor):
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut, guest"))
    assert article.quotations.get().function == "guest"


def test_ambiguous_or_withdrawn_name_is_not_linked(viktor):
    factories.PersonFactory(name_en="Viktor Kogut")
    factories.PersonFactory(name_en="Ann Lee", withdrawn=True, withdrawal_reason_en="asked")
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut") + quote("Two.", "Ann Lee"))
    assert [row.person for row in article.quotations.all()] == [None, None]


def test_chosen_speaker_is_kept_with_the_words():
    person = factories.PersonFactory()
    article = factories.ArticleFactory(body=quote("One.", "A") + quote("Two.", "B") + quote("Three.", "C"))
    Quotation.objects.filter(words="Two.").update(person=person, function="Chair", original_language="ru")
    article.body = quote("Two.", "B") + quote("New.", "N") + quote("One, corrected.", "A")
    article.save()
    rows = [(row.words, row.person, row.function, row.original_language) for row in article.quotations.all()]
    assert rows == [("Two.", person, "Chair", "ru"), ("New.", None, "", ""), ("One, corrected.", None, "", "")]
    article.body = "<p>None left.</p>"
    article.save()
    assert not article.quotations.exists()


def test_bulk_create_and_fixtures_make_quotations(tmp_path):
    story = factories.ArticleFactory().story
    Article.objects.bulk_create(
        [factories.ArticleFactory.build(story=story, language="ru", body=quote("Раз.", "Анна"), slug="a")]
    )
    assert Quotation.objects.get().words == "Раз."
    Quotation.objects.update(function="Chosen")
    fixture = tmp_path / "news.json"
    call_command("dumpdata", "news", natural_primary=True, natural_foreign=True, output=str(fixture))
    Article.objects.all().delete()
    call_command("loaddata", fixture, verbosity=0)
    assert Quotation.objects.get().function == "Chosen"
    call_command("loaddata", fixture, verbosity=0)
    assert Quotation.objects.get().function == "Chosen"


def test_seed_article_has_quotations_of_two_people_in_order():
    call_command("loaddata", "seed", verbosity=0)
    speakers = list(Quotation.objects.values_list("speaker", flat=True))
    assert len(speakers) == 12
    assert set(speakers) == {"Sergei Lavrov", "Stanislav Zas"}
    assert "biological security" in Quotation.objects.all()[1].words


def test_quotations_are_on_page_and_in_feed_json_ld_and_api(client, viktor):
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut"))
    Quotation.objects.update(original_language="ru")
    page = client.get(article.get_absolute_url())
    caption = (
        f'<figcaption><a href="{viktor.get_absolute_url()}">Viktor Kogut</a>, '
        'deputy Executive Secretary of the Assembly <span class="note">(translated from: Русский)</span></figcaption>'
    )
    assert caption in page.text
    (part,) = page.context["json_ld"]["hasPart"]
    assert (part["@type"], part["text"], part["spokenByCharacter"]["name"]) == ("Quotation", "One.", "Viktor Kogut")
    assert "Viktor Kogut&lt;/a&gt;" in client.get("/en/news/feed.atom").text
    (record,) = client.get(f"/api/v1/articles/{article.uid}/").json()["quotations"]
    assert record == {
        "words": "One.",
        "speaker": "Viktor Kogut",
        "person": viktor.public_id,
        "function": "deputy Executive Secretary of the Assembly",
        "language": "ru",
    }


def test_page_of_a_person_lists_quotations_of_published_articles_only(client, viktor):
    page = viktor.get_absolute_url()
    assert "In their words" not in client.get(page).text
    factories.ArticleFactory(body=quote("A public word.", "Viktor Kogut"), title="Public")
    factories.ArticleFactory(body=quote("A secret word.", "Viktor Kogut"), state="draft", slug="draft")
    text = client.get(page).text
    assert "A public word." in text
    assert "A secret word." not in text
    assert "A public word." not in client.get(page.replace("/en/", "/ru/")).text


def test_withdrawn_person_is_not_named_under_a_quotation(client, viktor):
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut"))
    doors = [article.get_absolute_url(), f"/api/v1/articles/{article.uid}/", "/en/news/feed.json"]
    assert all("Kogut" in client.get(door).text for door in doors)
    viktor.withdrawn, viktor.withdrawal_reason_en = True, "asked"
    viktor.save()
    for door in doors:
        assert "Kogut" not in client.get(door).text, door


def test_markup_in_a_caption_is_escaped(client):
    article = factories.ArticleFactory(body=quote("One.", "A &lt;img src=x onerror=alert(1)&gt;, <b>B</b>"))
    text = client.get(article.get_absolute_url()).text
    assert "A &lt;img src=x onerror=alert(1)&gt;" in text
    assert "<img src=x" not in text


def test_quotations_are_kept_after_a_merge_of_people(viktor):
    article = factories.ArticleFactory(body=quote("One.", "Viktor Kogut"))
    kept = factories.PersonFactory(name_en="V. Kogut")
    merge(kept, viktor)
    assert article.quotations.get().person == kept


def test_speaker_and_function_are_chosen_in_the_form_of_the_article(administrator: Client, viktor):
    article = factories.ArticleFactory(body=quote("One.", "The Minister") + quote("Two.", "B"))
    address = reverse("admin:news_article_change", args=[article.pk])
    data = filled_in(administrator, address) | {
        "quotations-0-person": viktor.pk,
        "quotations-1-function": "Chair",
        "body": quote("Zero.", "Z") + quote("One.", "The Minister") + quote("Two.", "B"),
    }
    assert administrator.post(address, data).status_code == 302
    rows = [(row.words, row.person, row.function) for row in article.quotations.all()]
    assert rows == [
        ("Zero.", None, ""),
        ("One.", viktor, "deputy Executive Secretary of the Assembly"),
        ("Two.", None, "Chair"),
    ]


@up_to(300)
def test_saving_and_showing_cost_the_same_with_any_number_of_quotations(client, sizes):
    def measure(rows):
        people = [factories.PersonFactory(name_en=f"Speaker {place}") for place in range(rows)]
        article = factories.ArticleFactory()
        article.body = "".join(
            quote(f"Words {place}.", f"{person.name_en}, guest") for place, person in enumerate(people)
        )
        saving = cost(article.save)
        assert article.quotations.exclude(person=None).count() == rows

        def ask(address):
            assert "Speaker 0" in client.get(address).text

        return {
            "saving an article with quotations": saving,
            "article": cost(lambda: ask(article.get_absolute_url())),
            "Atom feed": cost(lambda: ask("/en/news/feed.atom")),
        }

    assert_same_cost(measure, sizes)
