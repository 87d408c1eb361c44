"""The API: results for any day, pagination, errors and headers."""

from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from delegations.filters import DelegateFilter, DelegationFilter, PersonFilter
from delegations.models import FormerPublicId

from ....support import factories
from ....support.api import API, DAY_LISTS, LISTS, ask, fill, house, refused
from ....support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


class TestAnyDay:
    def test_delegation_has_the_documented_fields(self, client, seed):
        answer = ask(client, "delegations/?on=2020-05-26")
        assert set(answer) == {"count", "next", "previous", "results"}
        assert answer["count"] == len(answer["results"]) == 5
        belarus = answer["results"][0]
        assert {
            *("slug", "country", "name", "on", "seats", "named", "unnamed"),
            *("chambers", "over", "dated", "representatives"),
        } <= set(belarus)
        assert (belarus["slug"], belarus["country"], belarus["on"]) == ("belarus", "BY", "2020-05-26")
        assert (belarus["seats"], belarus["named"], belarus["unnamed"]) == (11, 0, 11)
        assert set(belarus["chambers"][0]) >= {"slug", "name", "kind", "seats", "named", "unnamed", "website"}
        kazakhstan = next(row for row in answer["results"] if row["slug"] == "kazakhstan")
        representative = kazakhstan["representatives"][0]
        assert representative["name"] == "Viktor Rogalev"
        assert representative["posts"] == ["deputy Executive Secretary of the Assembly"]
        assert sum(row["seats"] for row in answer["results"]) == 68

    def test_mandate_has_the_documented_fields_on_its_days_only(self, client):
        mandate = house(public_id=12, name_en="Viktor Kogut", family_name_en="Kogut")
        (row,) = ask(client, "delegates/?on=2020-05-26")["results"]
        assert (row["id"], row["role"], row["delegation"]) == (str(mandate.uid), "head", "belarus")
        assert (row["chamber"], row["start"], row["end"], row["ended"]) == ("belarus-house", "2019-05", "2021", False)
        assert (row["person"]["id"], row["person"]["name"]) == (12, "Viktor Kogut")
        assert set(row["person"]) == {"id", "name", "family_name", "given_name", "patronymic"}
        assert row["source"][0]["title"] == "Decree No. 12"
        for day, number in (("2019-04-30", 0), ("2019-05-01", 1), ("2021-12-31", 1), ("2022-01-01", 0)):
            assert ask(client, f"delegates/?on={day}")["count"] == number, day
            assert ask(client, f"people/?on={day}")["count"] == number, day
            assert ask(client, f"delegations/belarus/?on={day}")["named"] == number, day

    @pytest.mark.parametrize("name", DAY_LISTS)
    def test_day_before_the_founding_answers_404(self, client, name):
        assert ask(client, f"{name}/?on=2006-11-16")["results"] == []
        problem = refused(client, f"{name}/?on=2006-11-15", 404)
        assert problem["parameter"] == "on"
        assert "16 November 2006" in problem["detail"]

    @pytest.mark.parametrize("name", ["articles/", "quotations/", "topics/", "topics/defence/", "search/"])
    def test_day_is_refused_where_it_means_nothing(self, client, name):
        factories.TopicFactory(slug="defence")
        ask(client, name)
        assert refused(client, f"{name}?on=2020-05-26")["parameter"] == "on"

    def test_person_lists_all_functions_and_marks_those_held_on_the_day(self, client):
        mandate = house(public_id=12)
        factories.AssemblyPostFactory(person=mandate.person, starts="2024")
        factories.RepresentativeFactory(person=mandate.person)
        answer = ask(client, "people/12/?on=2020-05-26")
        assert [row["held"] for row in answer["mandates"]] == [True]
        assert [(row["held"], row["certainty"]) for row in answer["services"]] == [(False, "undated")]
        assert [row["held"] for row in answer["posts"]] == [False]
        assert ask(client, f"delegates/{mandate.uid}/?on=2026-01-01")["held"] is False

    def test_parliament_that_does_not_participate_is_missing_on_that_day(self, client):
        parliament = factories.ParliamentFactory(slug="armenia")
        factories.ParticipationFactory(parliament=parliament, starts="2008-01-01", ends="2024-01-01", status="member")
        assert ask(client, "parliaments/?on=2023-12-31")["results"][0]["status"] == "member"
        assert ask(client, "delegations/?on=2024-01-01")["results"] == []
        assert "takes no part" in refused(client, "delegations/armenia/?on=2024-01-01", 404)["detail"]

    def test_change_has_a_permanent_address(self, client):
        house()
        (left, joined) = ask(client, "changes/")["results"]
        assert (left["kind"], joined["kind"], joined["date"]) == ("left", "joined", "2019-05")
        assert ask(client, f"changes/{joined['id']}/") == joined
        assert ask(client, "changes/?on=2020-01-01")["results"] == [joined]
        assert ask(client, "changes/?kind=joined&delegation=belarus&since=2019-05-01")["count"] == 1
        refused(client, f"changes/{left['id']}/?on=2020-01-01", 404)


class TestFilters:
    @pytest.mark.parametrize(
        ("name", "filterset"),
        [("delegations", DelegationFilter), ("people", PersonFilter), ("delegates", DelegateFilter)],
    )
    def test_list_has_the_parameters_of_its_page(self, client, name, filterset):
        parameters = ask(client, "openapi.json")["paths"][f"{API}{name}/"]["get"]["parameters"]
        shared = {"on", "language", "limit", "cursor"}
        assert {parameter["name"] for parameter in parameters} == {*filterset.base_filters} | shared

    @pytest.mark.parametrize("text", ["Kogut", "Когут", "kogut viktor", "Viktar Kogut"])
    def test_people_and_mandates_are_found_by_spelling_variants_of_a_name(self, client, text):
        house(public_id=12, name_en="Viktor Kogut", family_name_en="Kogut", name_ru="Виктор Когут")
        other = {"family_name_en": "Petrova", "given_name_ru": "Анна", "family_name_ru": "Петрова"}
        factories.DelegateFactory(person=factories.PersonFactory(given_name_en="Anna", **other))
        for name in ("people", "delegates"):
            (row,) = ask(client, f"{name}/?on=2020-05-26&q={quote(text)}")["results"]
            assert row.get("person", row)["id"] == 12

    def test_filters_combine(self, client):
        mandate = house()
        factories.DelegateFactory(chamber=mandate.chamber)
        day = "on=2020-05-26&delegation=belarus&chamber=belarus-house"
        assert ask(client, f"delegates/?{day}")["count"] == 2
        assert ask(client, f"delegates/?{day}&role=head&source=yes")["count"] == 1
        assert ask(client, f"delegates/?{day}&role=head&source=no")["count"] == 0
        assert ask(client, "chambers/?kind=lower")["count"] == 1
        assert ask(client, "chambers/?kind=upper")["count"] == 0

    def test_representatives_and_posts_are_filtered(self, client, seed):
        assert ask(client, "representatives/?delegation=kazakhstan")["count"] == 1
        assert ask(client, "representatives/?q=kogut")["count"] == 1
        assert ask(client, "posts/?q=rogalev")["results"][0]["role"] == "deputy_executive_secretary"

    @pytest.mark.parametrize(
        ("path", "parameter"),
        [
            ("delegates/?colour=red", "colour"),
            ("delegates/?on=2020-13-01", "on"),
            ("delegates/?on=2020-05", "on"),
            ("delegates/?on=2020-05-26&on=2020-05-27", "on"),
            ("delegates/?role=king", "role"),
            ("people/?gender=none-such", "gender"),
            ("people/?q=%00", "q"),
            ("people/?language=xx", "language"),
            ("changes/?kind=vanished", "kind"),
            ("changes/?since=2019", "since"),
            ("articles/?since=2019", "since"),
            ("articles/?until=soon", "until"),
            ("quotations/?person=0", "person"),
            ("articles/?limit=0", "limit"),
            ("articles/?limit=201", "limit"),
        ],
    )
    def test_invalid_parameter_is_refused_with_its_name(self, client, path, parameter):
        assert refused(client, path)["parameter"] == parameter

    @pytest.mark.parametrize(
        ("path", "parameter"),
        [
            ("delegates/?chamber=none", "chamber"),
            ("delegations/?country=XX", "country"),
            ("posts/?body=none", "body"),
            ("changes/?delegation=none", "delegation"),
            ("articles/?topic=none", "topic"),
            ("articles/?delegation=none", "delegation"),
            ("articles/?person=12", "person"),
            ("quotations/?delegation=none", "delegation"),
            ("topics/?cursor=abc", "cursor"),
        ],
    )
    def test_parameter_that_names_nothing_on_record_answers_404_with_its_name(self, client, path, parameter):
        assert refused(client, path, 404)["parameter"] == parameter


class TestPages:
    def walk(self, client, path, link="next"):
        """The results of all pages from ``path`` on."""
        pages = []
        while path:
            response = client.get(path)
            assert response.status_code == 200, response.content
            pages.append(response.json())
            path = pages[-1][link]
        return pages

    @pytest.mark.parametrize("name", LISTS)
    def test_next_and_previous_links_reach_the_whole_list(self, client, name):
        fill(7)
        everything = ask(client, f"{name}/")["results"]
        assert len(everything) >= 7
        pages = self.walk(client, f"{API}{name}/?limit=3")
        assert [row for page in pages for row in page["results"]] == everything
        assert {page["count"] for page in pages} == {len(everything)}
        assert pages[0]["previous"] is None
        back = self.walk(client, pages[-1]["previous"], "previous")
        assert [row for page in reversed(back) for row in page["results"]] == everything[: -len(pages[-1]["results"])]

    @pytest.mark.parametrize("name", ["people", "changes", "articles"])
    def test_new_rows_do_not_shift_later_pages(self, client, name):
        fill(5)
        everything = ask(client, f"{name}/")["results"]
        first = ask(client, f"{name}/?limit=2")
        fill(2, start="2009-01-01")
        factories.ArticleFactory(published_at=datetime(2021, 1, 1, tzinfo=UTC))
        following = client.get(first["next"]).json()["results"]
        assert following == everything[2:4]

    def test_links_are_absolute_and_keep_day_filter_and_language(self, client):
        fill(3)
        link = ask(client, "delegates/?limit=1&role=delegate&language=ru")["next"]
        assert link.startswith("http://testserver/api/v1/delegates/?limit=1&role=delegate&language=ru&on=")

    def test_cursor_of_another_list_or_filter_answers_404(self, client):
        fill(3)
        link = ask(client, "people/?limit=1")["next"]
        assert client.get(link).status_code == 200
        for other in (
            link.replace("/people/", "/delegates/"),
            f"{link}&gender=male",
            f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}",
            f"{link}A",
        ):
            assert refused(client, other.partition(API)[2], 404)["parameter"] == "cursor"


class TestWithdrawnAndMerged:
    def test_withdrawn_person_is_counted_and_not_named(self, client):
        mandate = house(public_id=12, name_en="Viktor Kogut", name_ru="Виктор Когут")
        person = mandate.person
        factories.RepresentativeFactory(person=person, parliament=mandate.chamber.parliament)
        factories.AssemblyPostFactory(person=person)
        article = factories.ArticleFactory(people=[person])
        assert b"Kogut" in client.get(f"{API}people/?on=2020-05-26").content
        person.withdrawn, person.withdrawal_reason_en = True, "At the person's own request."
        person.save()
        (row,) = ask(client, "delegates/?on=2020-05-26")["results"]
        assert row["person"] == {"id": 12, **dict.fromkeys(("name", "family_name", "given_name", "patronymic"))}
        assert ask(client, "delegations/belarus/?on=2020-05-26")["named"] == 1
        assert ask(client, "people/?on=2020-05-26")["results"] == []
        assert ask(client, "delegates/?on=2020-05-26&q=kogut")["results"] == []
        assert ask(client, f"articles/{article.uid}/")["people"] == []
        for name in LISTS:
            day = "?on=2020-05-26" if name in DAY_LISTS else ""
            content = client.get(f"{API}{name}/{day}").content.decode()
            assert "Kogut" not in content, name
            assert "Когут" not in content, name
        assert refused(client, "people/12/", 410)["detail"] == "At the person's own request."

    def test_former_id_of_a_merged_person_redirects(self, client):
        person = factories.PersonFactory(public_id=12)
        FormerPublicId.objects.create(person=person, public_id=7)
        response = client.get(f"{API}people/7/?language=ru")
        assert (response.status_code, response["Location"]) == (301, f"{API}people/12/?language=ru")
        assert ask(client, "people/12/")["former_ids"] == [7]

    def test_former_slug_of_a_parliament_redirects(self, client):
        parliament = factories.ParliamentFactory(slug="byelorussia")
        parliament.slug = "belarus"
        parliament.save()
        for name in ("delegations", "parliaments"):
            response = client.get(f"{API}{name}/byelorussia/")
            assert (response.status_code, response["Location"]) == (301, f"{API}{name}/belarus/")

    @pytest.mark.parametrize(
        ("name", "factory"), [("chambers", factories.ChamberFactory), ("topics", factories.TopicFactory)]
    )
    def test_former_slug_of_a_chamber_or_topic_redirects_and_that_of_a_deleted_one_answers_404(
        self, client, name, factory
    ):
        row = factory(slug="former")
        row.slug = "present"
        row.save()
        response = client.get(f"{API}{name}/former/?language=ru")
        assert (response.status_code, response["Location"]) == (301, f"{API}{name}/present/?language=ru")
        row.delete()
        for slug in ("former", "present", "never"):
            refused(client, f"{name}/{slug}/", 404)


class TestNews:
    def test_unpublished_article_is_in_no_response(self, client):
        hidden = [factories.ArticleFactory(state=state) for state in ("draft", "review", "withdrawn")]
        hidden.append(factories.ArticleFactory(published_at=timezone.now() + timedelta(days=1)))
        shown = factories.ArticleFactory()
        factories.ArticleFactory(story=shown.story, language="ru", state="draft")
        assert [row["id"] for row in ask(client, "articles/")["results"]] == [str(shown.uid)]
        assert ask(client, f"articles/{shown.uid}/")["translations"] == []
        assert len(hidden) == 4
        for article in hidden:
            withdrawn = article.state == "withdrawn"
            refused(client, f"articles/{article.uid}/", 410 if withdrawn else 404)

    def test_article_withdrawn_before_its_time_answers_404_and_hides_the_reason(self, client):
        article = factories.ArticleFactory(
            state="withdrawn", withdrawal_reason="A secret.", published_at=datetime(2099, 1, 1, tzinfo=UTC)
        )
        assert "A secret." not in str(refused(client, f"articles/{article.uid}/", 404))

    def test_articles_are_those_of_the_language_newest_first(self, client):
        topic = factories.TopicFactory(slug="drugs")
        old = factories.ArticleFactory(published_at=datetime(2019, 1, 1, tzinfo=UTC), topics=[topic])
        new = factories.ArticleFactory()
        russian = factories.ArticleFactory(language="ru", story=new.story, title="По-русски")
        assert [row["id"] for row in ask(client, "articles/")["results"]] == [str(new.uid), str(old.uid)]
        assert [row["title"] for row in ask(client, "articles/?language=ru")["results"]] == ["По-русски"]
        assert [row["id"] for row in ask(client, "articles/?topic=drugs")["results"]] == [str(old.uid)]
        response = client.get(f"{API}articles/{russian.uid}/")
        assert response["Content-Language"] == "ru"
        assert response.json()["translations"][0]["id"] == str(new.uid)
        assert response.json()["page"] == f"http://testserver{russian.get_absolute_url()}"


def test_addresses_can_be_reversed_by_name():
    assert reverse("api:index") == API
    assert reverse("api:openapi-json") == f"{API}openapi.json"


def test_documentation_links_the_openapi_document(client):
    assert f'href="{API}openapi.json"' in client.get(f"{API}docs").text


class TestHttp:
    @pytest.mark.parametrize(
        ("query", "header", "language"),
        [
            ("", "", "en"),
            ("", "ru,en;q=0.5", "ru"),
            ("", "fr", "en"),
            ("", "," * 10_000, "en"),
            ("", "x" * 10_000, "en"),
            ("?language=en", "ru", "en"),
            ("?language=ru", "en", "ru"),
        ],
    )
    def test_language_is_negotiated_from_parameter_and_header(self, client, seed, query, header, language):
        client.cookies["django_language"] = "ru" if language == "en" else "en"
        response = client.get(f"{API}parliaments/{query}", headers={"accept-language": header})
        assert response["Content-Language"] == language
        assert "Accept-Language" in response["Vary"]
        name = {
            "en": "National Assembly of the Republic of Belarus",
            "ru": "Национальное собрание Республики Беларусь",
        }
        assert response.json()["results"][0]["name"] == name[language]

    def test_errors_are_in_the_negotiated_language(self, client):
        response = client.get(f"{API}people/?q=%00", headers={"accept-language": "ru"})
        assert response["Content-Language"] == "ru"
        assert not response.json()["detail"].isascii()
        assert client.get(f"{API}nothing/?language=ru")["Content-Language"] == "ru"

    def test_response_has_an_etag_and_cors_headers_and_no_cookie(self, client, seed):
        for path in ("", "openapi.json", *(f"{name}/" for name in LISTS)):
            response = client.get(f"{API}{path}")
            assert response.status_code == 200, path
            assert response["Access-Control-Allow-Origin"] == "*", path
            assert "default-src 'none'" in response["Content-Security-Policy"], path
            assert response["X-Content-Type-Options"] == "nosniff", path
            assert not response.cookies, path
            assert "Cookie" not in response["Vary"], path
            again = client.get(f"{API}{path}", headers={"if-none-match": response["ETag"]})
            assert (again.status_code, again.content, again["Access-Control-Allow-Origin"]) == (304, b"", "*"), path
            head = client.head(f"{API}{path}")
            assert (head.status_code, head.content, head["ETag"]) == (200, b"", response["ETag"]), path
            assert client.head(f"{API}{path}", headers={"if-none-match": head["ETag"]}).status_code == 304, path

    def test_edit_changes_the_etag(self, client, seed):
        before = client.get(f"{API}topics/")["ETag"]
        factories.TopicFactory()
        assert client.get(f"{API}topics/", headers={"if-none-match": before}).status_code == 200

    @pytest.mark.parametrize("path", ["people/", "people/1/", "openapi.json"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
    def test_unsafe_method_answers_405(self, client, path, method):
        response = client.generic(method, f"{API}{path}", data=b"{}", content_type="application/json")
        assert response.status_code == 405
        assert response["Content-Type"] == "application/problem+json"
        assert "GET" in response["Allow"]

    def test_preflight_request_is_allowed(self, client):
        response = client.options(f"{API}people/")
        assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, "*")

    def test_pages_outside_the_api_have_no_cors_headers(self, client, seed):
        for path in ("/en/", "/api/v1/docs", "/en/data/"):
            assert "Access-Control-Allow-Origin" not in client.get(path)

    def test_unknown_address_answers_404_and_a_missing_slash_redirects(self, client):
        for path in ("nothing/", "people/abc/", "people/99999999999999999999/", "people/0/", "delegates/x/", "%00/"):
            refused(client, path, 404)
        assert client.get(f"{API}people")["Location"] == f"{API}people/"

    def test_exception_in_a_view_answers_500_as_a_problem(self, client, monkeypatch):
        monkeypatch.setattr("news.api.paginate_queryset", lambda *arguments: 1 / 0)
        factories.TopicFactory()
        client.raise_request_exception = False
        assert refused(client, "topics/", 500)["title"] == "Internal Server Error"


BAD_TEXTS = [
    "%00",
    "a%00b",
    "%ff%fe",
    "a" * 100_000,
    "a+" * 20_000,
    "+++",
    "%25",
    "_",
    "%5C",
    "%22(%5B",
    "%26!:*%3C-%3E",
]
BAD_NUMBERS = ["0", "-1", "abc", "1.5", "1_000", "٣", "NaN", "9" * 20, "9" * 5000, "%2B1", "+1", "01"]
BAD_DATES = ["9999-99-99", "0000-00-00", "2026-02-30", "10000-01-01", "0001-01-01", "1962-09-00", "1962-03"]


@pytest.mark.long
def test_malformed_parameter_never_answers_500(client, seed):
    client.raise_request_exception = False
    paths = client.get(f"{API}openapi.json").json()["paths"]
    # Each parameter once, at the first list that has it, and what lists take in ways of their own.
    parameters = {
        (parameter["name"], parameter.get("description")): path
        for path, methods in reversed(paths.items())
        for parameter in methods["get"]["parameters"]
        if "{" not in path
    }
    for (name, _description), path in parameters.items():
        for value in [*BAD_TEXTS, *BAD_NUMBERS, *BAD_DATES]:
            response = client.get(f"{path}?{name}={value}")
            where = (path, name, value[:20])
            assert response.status_code in (200, 400, 404), where
            if response.status_code != 200:
                assert response.json()["parameter"] == name, where
        assert client.get(f"{path}?{name}=").status_code == 200
        for repeated in (f"{name}=a&{name}=b", f"{name}[]=a"):
            assert client.get(f"{path}?{repeated}").status_code == 400, (path, repeated)
    assert len(parameters) >= 15


@pytest.mark.parametrize("name", LISTS)
def test_limit_in_another_notation_is_refused(client, name):
    for value in BAD_NUMBERS:
        assert refused(client, f"{name}/?limit={value}")["parameter"] == "limit"


def test_integer_of_json_schema_may_have_a_fraction_of_zero(client):
    article = factories.ArticleFactory(people=[factories.PersonFactory(public_id=12)])
    (found,) = ask(client, "articles/?limit=10.0&person=12.0")["results"]
    assert found["id"] == str(article.uid)


PATHS = {
    "API delegations": "delegations/?limit=200",
    "API parliaments": "parliaments/?limit=200",
    "API chambers": "chambers/?limit=200",
    "API people": "people/?limit=200",
    "API people found": "people/?q=kogut&limit=200",
    "API delegates": "delegates/?limit=200",
    "API delegates found": "delegates/?q=kogut&limit=200",
    "API representatives": "representatives/?limit=200",
    "API posts": "posts/?limit=200",
    "API bodies": "bodies/?limit=200",
    "API changes": "changes/?limit=200",
    "API articles": "articles/?limit=200",
    "API quotations": "quotations/?limit=200",
    "API topics": "topics/?limit=200",
}


@up_to(300)
def test_list_costs_the_same_with_any_number_of_rows(client, sizes):
    def measure(rows):
        fill(rows)

        def read(path):
            assert len(ask(client, path)["results"]) >= min(rows, 200), path

        return {kind: cost(partial(read, path)) for kind, path in PATHS.items()}

    assert_same_cost(measure, sizes)
