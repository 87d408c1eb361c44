"""The search: results, their order, and no unpublished articles among them."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from cspa.pages import search
from delegations.models import AssemblyPost
from news.models import Article

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db

EN, RU, API = "/en/search/", "/ru/search/", "/api/v1/search/"


@pytest.fixture
def assembly():
    """A small site with two languages, people and delegations."""
    parliament = factories.ParliamentFactory(
        slug="home",
        name_en="National Assembly of Homeland",
        name_ru="Национальное собрание Родины",
        short_name_en="Home",
    )
    topic = factories.TopicFactory(slug="defence", name_en="Defence", name_ru="Оборона")
    factories.PersonFactory(name_en="Viktor Kogut", name_ru="Виктор Когут")
    story = factories.ArticleFactory(
        title="Plenary meetings in Minsk",
        summary="The deputies met.",
        body="<p>Joint exercise of the staffs & more.</p>",
        topics=[topic],
        slug="minsk",
    ).story
    factories.ArticleFactory(
        story=story,
        language="ru",
        title="Пленарные заседания в Минске",
        summary="Учёт",
        body="<p>Текст</p>",
        slug="minsk",
    )
    factories.ArticleFactory(
        title="The staff", summary="Meeting", body="<p>x</p>", parliaments=[parliament], slug="staff"
    )


def titles(response) -> list[str]:
    return [hit.article.title for hit in response.context["hits"]]


@pytest.mark.parametrize(
    ("address", "text", "expected"),
    [
        (EN, "meeting", ["Plenary meetings in Minsk", "The staff"]),
        (EN, '"joint exercises"', ["Plenary meetings in Minsk"]),
        (EN, '"exercise joint"', []),
        (EN, "meeting -minsk", ["The staff"]),
        (RU, "ПЛЕНАРНОЕ заседание", ["Пленарные заседания в Минске"]),
        (RU, "учета", ["Пленарные заседания в Минске"]),
        (RU, "meeting", []),
    ],
)
def test_search_finds_stems_in_the_language_of_the_page(client, assembly, address: str, text: str, expected: list):
    assert titles(client.get(address, {"q": text})) == expected


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"topic": "defence"}, ["Plenary meetings in Minsk"]),
        ({"delegation": "home"}, ["The staff"]),
        ({"year": "2020"}, ["Plenary meetings in Minsk", "The staff"]),
        ({"year": "2019"}, []),
        ({"language": "en"}, ["Plenary meetings in Minsk", "The staff"]),
    ],
)
def test_filters_give_equal_results_on_page_feed_and_api(client, assembly, narrowed: dict, expected: list):
    asked = {"q": "meeting", **narrowed}
    assert titles(client.get(EN, asked)) == expected
    feed = client.get(f"{EN}feed.json", asked).json()
    assert sorted(item["title"] for item in feed["items"]) == expected
    api = client.get(API, asked).json()
    assert [row["title"] for row in api["articles"]["results"]] == expected
    assert api["articles"]["count"] == len(expected)


def test_search_in_another_language_uses_its_stems_and_marks_the_results(client, assembly):
    response = client.get(EN, {"q": "заседание", "language": "ru"})
    assert titles(response) == ["Пленарные заседания в Минске"]
    assert '<ul class="article-list" lang="ru">' in response.text


def test_results_in_another_language_are_offered(client, assembly):
    response = client.get(RU, {"q": "minsk meetings"})
    assert "1 article in English" in response.text
    assert 'href="/en/search/?q=minsk+meetings" hreflang="en"' in response.text


def test_people_and_delegations_are_found_in_any_alphabet_with_counts(client, assembly):
    response = client.get(EN, {"q": "Когут"})
    assert "1 person" in response.text
    assert "Viktor Kogut" in response.text
    response = client.get(EN, {"q": "homeland"})
    assert "1 delegation" in response.text
    assert client.get(EN, {"q": "Viktor -Kogut"}).context["people"].rows == []
    answer = client.get(API, {"q": "kogut", "language": "ru"}).json()
    assert answer["people"]["count"] == 1
    assert answer["people"]["results"][0]["name"] == "Виктор Когут"


def test_matching_words_are_highlighted_in_title_and_excerpt(client, assembly):
    text = client.get(EN, {"q": "meetings exercises"}).text
    assert "Plenary <mark>meetings</mark> in Minsk" in text
    assert "Joint <mark>exercise</mark> of the staffs &amp; more." in text


def test_results_rank_title_before_summary_before_body_and_newest_first(client):
    now = timezone.now()
    for days, title, summary, body in (
        (400, "Peace", "a", "b"),
        (10, "c", "Peace", "d"),
        (1, "e", "f", "Peace"),
        (2, "g", "h", "Peace"),
    ):
        factories.ArticleFactory(
            title=title, summary=summary, body=f"<p>{body}</p>", published_at=now - timedelta(days), slug=f"s-{days}"
        )
    assert titles(client.get(EN, {"q": "peace"})) == ["Peace", "c", "e", "g"]


def test_suggestion_for_a_misspelt_query_has_results(client, assembly):
    for asked, suggestion in (("plenery meetingz", "plenary meeting"), ("Kogutt Viktorr", None), ("qqqq", None)):
        response = client.get(EN, {"q": asked})
        assert (f">{suggestion}</a>?" in response.text) == bool(suggestion), asked
    assert client.get(API, {"q": "plenery"}).json()["suggestion"] == "plenary"
    assert client.get(API, {"q": "plenary"}).json()["suggestion"] is None


HIDDEN = {
    "draft": {"state": "draft"},
    "review": {"state": "review"},
    "withdrawn": {"state": "withdrawn"},
    "scheduled": {"published_at": timezone.now() + timedelta(days=1)},
}


@pytest.mark.parametrize("name", HIDDEN)
def test_unpublished_article_is_not_found_counted_or_suggested(client, name: str):
    shown = factories.ArticleFactory(title="Quokka", slug="shown")
    article = factories.ArticleFactory(title="Quokkas Wombat", slug="hidden")
    for address in (EN, RU):
        assert client.get(address, {"q": "wombat", "language": "en"}).context["results"].ranked == [article.pk]
    Article.objects.filter(pk=article.pk).update(**HIDDEN[name]) if name != "scheduled" else _schedule(article)
    for text in ("wombat", "wombta", "quokka"):
        page = client.get(EN, {"q": text})
        other = client.get(RU, {"q": text})
        feed = client.get(f"{EN}feed.atom", {"q": text})
        api = client.get(API, {"q": text})
        for answer in (page, other, feed, api):
            main = answer.text.replace(text, "")
            assert "Wombat" not in main
            assert "wombat" not in main
        assert page.context["results"].ranked == ([shown.pk] if text == "quokka" else [])


def _schedule(article: Article) -> None:
    article.published_at = HIDDEN["scheduled"]["published_at"]
    article.save()


def test_withdrawn_person_is_not_found(client):
    person = factories.PersonFactory(name_en="Viktor Kogut")
    assert client.get(EN, {"q": "Kogut"}).context["people"].rows == [person]
    person.withdrawn, person.withdrawal_reason_en = True, "asked"
    person.save()
    response = client.get(EN, {"q": "Kogutt"})
    assert response.context["people"].rows == []
    assert "kogut<" not in response.text.lower()


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", '"', "(((", "a & b | !c <-> d:*", "-", "--", "' OR 1=1 --", "NEAR(a b)", "*", "١٢", "🎉"]
)
def test_query_of_special_characters_answers_200(client, assembly, text: str):
    for address in (EN, API, f"{EN}feed.atom"):
        assert client.get(address, {"q": text}).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "a" * 201},
        {"q": "a\0b"},
        {"q": "a", "topic": "none"},
        {"q": "a", "year": "x"},
        {"q": "a", "year": "9" * 30},
    ],
)
def test_invalid_search_shows_its_errors(client, assembly, asked: dict):
    page = client.get(EN, asked)
    assert page.status_code == 200
    assert 'class="error"' in page.text
    assert client.get(f"{EN}feed.atom", asked).status_code == 400
    assert client.get(API, asked).status_code == (404 if "topic" in asked else 400)


@pytest.mark.parametrize("number", ["0", "x", "2", "-1", "٣"])
def test_result_page_that_does_not_exist_answers_404(client, assembly, number: str):
    assert client.get(EN, {"q": "meeting", "page": number}).status_code == 404
    assert client.get(API, {"q": "meeting", "page": number}).status_code == 404


def test_result_pages_list_each_result_once_and_state_the_limit(client, monkeypatch):
    for number in range(25):
        factories.ArticleFactory(title=f"Peace {number}", slug=f"p-{number}")
    found = [title for page in (1, 2, 3) for title in titles(client.get(EN, {"q": "peace", "page": page}))]
    assert len(found) == len(set(found)) == 25
    monkeypatch.setattr(search, "RANK_LIMIT", 20)
    response = client.get(EN, {"q": "peace"})
    assert "More than 20 articles" in response.text
    assert response.context["page_obj"].paginator.num_pages == 2


def test_result_page_is_noindex_and_the_empty_form_is_not(client, assembly):
    assert '<meta name="robots" content="noindex, nofollow">' in client.get(EN, {"q": "meeting"}).text
    form = client.get(EN)
    assert "noindex" not in form.text
    assert form.context["hits"] == []


@up_to(300)
def test_search_costs_the_same_with_any_number_of_results(client, sizes):
    def measure(rows):
        for number in range(rows):
            topic = factories.TopicFactory()
            factories.ArticleFactory(title=f"Peace {number}", slug=f"p-{number}", topics=[topic])
            factories.ArticleFactory(title=f"Peace {number}", slug=f"p-{number}", language="ru")
            factories.PersonFactory(name_en=f"Peace Person{number}")
            factories.ParliamentFactory(name_en=f"Peace Parliament {number}")

        def ask(address):
            assert client.get(address, {"q": "peace"}).status_code == 200

        addresses = {"search": EN, "API search": API, "feed of a search": f"{EN}feed.atom"}
        return {kind: cost(partial(ask, address)) for kind, address in addresses.items()}

    assert_same_cost(measure, sizes)


@pytest.fixture
def offices():
    """A chair, a commission with chair and member, and a head of a delegation."""
    home = factories.ParliamentFactory(name_en="Assembly of Homeland", name_ru="Собрание Родины", short_name_en="Home")
    chamber = factories.ChamberFactory(parliament=home, name_en="State Council", also_known_as="Госсовет; Upper Hall")
    defence = factories.BodyFactory(
        slug="defence",
        name_en="Standing Commission on Defence and Security",
        name_ru="Постоянная комиссия по вопросам обороны и безопасности",
        also_known_as="DefCom",
    )
    named = {
        name: factories.PersonFactory(name_en=name, name_ru=name)
        for name in ("Anna Lee", "Boris Elm", "Clara Dove", "Dan Fox", "Eve Gray", "Former Chair")
    }
    factories.AssemblyPostFactory(role="chair", person=named["Former Chair"], starts="2010", ends="2016")
    factories.AssemblyPostFactory(role="chair", person=named["Anna Lee"], starts="2016", parliament=home)
    factories.AssemblyPostFactory(role="executive_secretary", person=named["Boris Elm"], starts="2016")
    factories.AssemblyPostFactory(role="chair", person=named["Clara Dove"], body=defence, starts="2016")
    factories.AssemblyPostFactory(role="member", person=named["Dan Fox"], body=defence, starts="2016")
    factories.DelegateFactory(role="head", person=named["Eve Gray"], chamber=chamber, starts="2016")
    return chamber


@pytest.mark.parametrize("address", [EN, RU])
@pytest.mark.parametrize(
    ("text", "holders", "bodies"),
    [
        ("Chair", ["Anna Lee", "Clara Dove"], []),
        ("председатель", ["Anna Lee", "Clara Dove"], []),
        ("chair of the assembly", ["Anna Lee"], []),
        ("Executive Secretary", ["Boris Elm"], []),
        ("ответственный секретарь", ["Boris Elm"], []),
        ("defence commission", [], ["defence"]),
        ("комиссия обороны", [], ["defence"]),
        ("defcom", [], ["defence"]),
        ("chair defence", ["Clara Dove"], []),
        ("head of delegation homeland", ["Eve Gray"], []),
        ("commission member", ["Dan Fox"], []),
        ("of the", [], []),
        ("chair -defence", [], []),
        ("king", [], []),
    ],
)
def test_offices_and_bodies_are_found_in_both_languages(client, offices, address, text, holders, bodies):
    found = client.get(address, {"q": text}).context
    assert sorted(person.name for person in found["holders"].rows) == holders
    assert [body.slug for body in found["bodies"].rows] == bodies


def test_hit_shows_portrait_function_and_country(client, offices):
    chair = AssemblyPost.objects.get(role="chair", body__kind="assembly", ended=False, end=None).person
    chair.photo.save("photo.jpg", ContentFile(factories.photo()))
    text = client.get(EN, {"q": "anna lee"}).text
    assert re.search(r"Chair of the Assembly ·\s+Home · 2016 – to date", text)
    assert f'<img src="{chair.photo.url}" alt="" loading="lazy">' in text
    assert "Head of the delegation · State Council · Home" in client.get(EN, {"q": "eve gray"}).text


def test_other_names_find_a_parliament(client, offices):
    for text in ("Госсовет", "upper hall"):
        assert [row.short_name_en for row in client.get(EN, {"q": text}).context["delegations"].rows] == ["Home"]
    answer = client.get(API, {"q": "chair"}).json()
    assert sorted(row["name"] for row in answer["holders"]["results"]) == ["Anna Lee", "Clara Dove"]
    (body,) = client.get(API, {"q": "defcom"}).json()["bodies"]["results"]
    assert (body["id"], body["page"]) == ("defence", "http://testserver/en/assembly/defence/")


def test_withdrawn_holder_of_an_office_is_not_found(client, offices):
    person = AssemblyPost.objects.get(body__slug="defence", role="chair").person
    person.withdrawn, person.withdrawal_reason_en = True, "On request."
    person.save()
    assert "Clara Dove" not in client.get(EN, {"q": "chair"}).text
    assert client.get(EN, {"q": "chair"}).context["holders"].count == 1


@pytest.mark.parametrize("address", [EN, RU])
def test_seed_finds_the_deputies_of_the_executive_secretary(client, address):
    call_command("loaddata", "seed", verbosity=0)
    for text in ("Executive Secretary", "ответственный секретарь"):
        found = client.get(address, {"q": text}).context["holders"].rows
        assert {person.name_en for person in found} == {"Viktor Rogalev", "Mikhail Krotov"}
    assert client.get(address, {"q": "Госдума"}).context["delegations"].rows[0].slug == "russia"
