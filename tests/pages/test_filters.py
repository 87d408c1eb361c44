"""Filters of lists and their exports, which contain exactly the rows of all pages."""

import re
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspa.exports import tabular
from delegations.filters import PATHS, DelegateFilter, DelegationFilter, PersonFilter
from delegations.models import Delegate, Parliament, Person
from news.models import Story

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to
from ..support.files import _text, ask, take_all
from ..support.generated import examples
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

PEOPLE = "/en/delegations/people/"
DELEGATES = "/en/delegations/people/delegates/"
DIRECTORY = "/en/delegations/"
NEWS = "/en/news/"
DAYS = ["", "2019-05-26", "2021-01-01", "2000-01-01", "2050-01-01"]


def pages(client, address, **parameters):
    """All pages as documents, by number, or by position if the list has no numbers."""
    number, place = 1, None
    while number or place:
        response = ask(client, address, **({"before": place} if place else {"page": number}), **parameters)
        assert response.status_code == 200
        yield parsed(response)
        if (page := response.context.get("page_obj")) is None:
            number, place = None, response.context["page"].older.removeprefix("before=")
        else:
            number = page.has_next() and number + 1


def of_class(document, tag, name):
    return [element for element in document.iter(tag) if name in (element.get("class") or "").split()]


def words(element):
    return " ".join("".join(element.itertext()).split())


def on_screen(client, address, **parameters):
    """The text of each row of the pages, and the public id of the person if the row links one."""
    for document in pages(client, address, **parameters):
        for row in (item for rows in of_class(document, "ul", "rows") for item in rows.findall("li")):
            link = next(iter(of_class(row, "a", "person-name")), None)
            public_id = re.search(r"/people/(\d+)-", link.get("href"))[1] if link is not None else ""
            yield public_id, words(row)


@pytest.fixture
def world():
    """150 mandates, services and posts of 110 people in three delegations, with mixed recorded facts."""
    source, letter = factories.SourceFactory(title_en="=Decree"), factories.SourceFactory(date=date(2019, 5, 1))
    parliaments = [factories.ParliamentFactory(slug=slug) for slug in ("alpha", "beta", "gamma")]
    chambers = [
        factories.ChamberFactory(parliament=parliaments[number % 2], slug=f"house-{number}") for number in range(3)
    ]
    factories.SeatQuotaFactory(chamber=chambers[0], sources=[source, letter])
    factories.SeatQuotaFactory(chamber=chambers[1], starts="2020")
    periods = [{}, {"starts": "2019-05"}, {"starts": "2018-03-01", "ends": "2020-06-01"}, {"starts": "2020"}]
    periods += [{"starts": "2019-05-26", "ended": True}, {"ends": "2020"}]
    genders = ["", "female", "male", "other"]
    for number in range(110):
        person = factories.PersonFactory(
            family_name_en="=cmd|'/C calc'!A0" if number == 7 else f"Kogut{number}",
            gender=genders[number % 4],
            withdrawn=number % 11 == 5,
            withdrawal_reason_en="At the person's own request.",
        )
        sources = [[], [source], [source, letter]][number % 3]
        factories.DelegateFactory(
            person=person,
            chamber=chambers[number % 3],
            role=Delegate.Role.values[number % 4],
            sources=sources,
            constituency_en="+7 | district",
            **periods[number % 6],
        )
        if number % 5 == 0:
            factories.DelegateFactory(person=person, chamber=chambers[(number + 1) % 3], **periods[number % 4])
        if number % 7 == 0:
            factories.AssemblyPostFactory(
                person=person, role=("member", "deputy_chair")[number % 2], sources=sources, **periods[number % 3]
            )
    for number, parliament in enumerate(parliaments):
        factories.RepresentativeFactory(parliament=parliament, sources=[source] * (number % 2))


CHOICES = {
    "on": DAYS,
    "delegation": ["", "alpha", "beta", "gamma"],
    "chamber": ["", "house-0", "house-1"],
    "gender": ["", "female", "none"],
    "source": ["", "yes", "no"],
    "q": ["", "Kogut", "V. Kogut7", "Когут12", "nobody", "calc"],
}
GROUP_PERMISSIONS = ["", "head", "substitute", "representative", "chair", "deputy_executive_secretary"]


def drawn(**choices):
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in choices.items()})


@pytest.mark.thorough
@pytest.mark.long
class TestFilesEqualThePage:
    def test_people(self, client, world):
        @examples(5)
        @given(drawn(**CHOICES, role=GROUP_PERMISSIONS))
        def check(parameters):
            shown = [public_id for public_id, _words in on_screen(client, PEOPLE, **parameters)]
            rows = take_all(client, PEOPLE, **parameters)
            assert [row["id"] for row in rows] == shown
            assert all("source_title" in row for row in rows)
            names = [line for _id, line in on_screen(client, PEOPLE, **parameters)]
            assert all(row["name_en"] in line for row, line in zip(rows, names, strict=True))

        check()
        assert len(take_all(client, PEOPLE)) > 50, "more than one page"

    def test_mandates(self, client, world):
        @examples(5)
        @given(drawn(**CHOICES, role=GROUP_PERMISSIONS[:3]))
        def check(parameters):
            shown = list(on_screen(client, DELEGATES, **parameters))
            rows = take_all(client, DELEGATES, **parameters)
            assert len(rows) == len(shown)
            for row, (public_id, line) in zip(rows, shown, strict=True):
                assert (row["person_id"] if row["name_en"] else "") == public_id
                assert row["name_en"] in line
                assert ("name withdrawn" in line) == (row["name_en"] == "")
                chamber = Delegate.objects.get(uid=row["id"]).chamber
                assert str(chamber.name) in line
                assert (row["source_title"] == "") == ("source: not recorded" in line)

        check()
        assert len(take_all(client, DELEGATES)) > 50, "more than one page"

    def test_delegations(self, client, world):
        choices = {
            "on": DAYS,
            "kind": ["", "single", "upper"],
            "named": ["", "yes", "no"],
            "source": ["", "yes", "no"],
        }

        @examples(5)
        @given(drawn(**choices, q=["", "country", "House"]))
        def check(parameters):
            response = ask(client, DIRECTORY, **parameters)
            document = parsed(response)
            shown = []
            for item in of_class(document, "article", "delegation-item"):
                slug = item.find(".//h3/a").get("href").split("?")[0].split("/")[-2]
                body = item.find(".//tbody")
                named = [row for row in body if row.find("th") is not None] or [None]
                shown += [(slug, words(row.find("th")) if row is not None else "") for row in named]
            rows = take_all(client, DIRECTORY, **parameters)
            assert [(row["delegation"], row["chamber_name_en"]) for row in rows] == shown
            figures = [
                (part.seats, part.names, part.unnamed, part.substitutes, part.over)
                for delegation in response.context["totals"].delegations
                for part in delegation.chambers
            ]
            columns = ("seats", "named", "unnamed", "substitutes", "over")
            in_file = [tuple(row[name] for name in columns) for row in rows if row["chamber"]]
            assert in_file == [tuple(map(_text, part)) for part in figures]

        check()

    @pytest.mark.parametrize("address", [NEWS, "/ru/news/", "/en/news/2020/", "/en/news/topics/the-topic/"])
    def test_news(self, client, address):
        topic = factories.TopicFactory(slug="the-topic")
        person, gone = (
            factories.PersonFactory(),
            factories.PersonFactory(withdrawn=True, withdrawal_reason_en="Asked."),
        )
        for number in range(45):
            factories.ArticleFactory(
                topics=[topic] if number % 2 else [],
                people=[person, gone],
                parliaments=[factories.ParliamentFactory()],
                sources=factories.SourceFactory.create_batch(2),
                state="draft" if number % 9 == 8 else "published",
            )
        factories.ArticleFactory(language="ru", title="=По-русски", topics=[topic])
        shown = []
        for document in pages(client, address):
            for listed in of_class(document, "ul", "article-list") or of_class(document, "ol", "article-list"):
                shown += [f"http://testserver{link.get('href')}" for link in listed.iterfind(".//h2//a")]
        rows = take_all(client, address)
        assert len(rows) > 0
        assert [row["address"] for row in rows] == shown
        assert {"id", "date", "language", "title", "topics", "parliaments", "people", "source_title"} <= set(rows[0])
        for row in rows:
            assert "body" not in row
            assert gone.name_en not in row["people"]
            assert row["people"] == (person.name if row["language"] == "en" else "")


class TestFilters:
    @pytest.mark.long
    def test_people_and_mandates_equal_those_of_a_naive_loop(self, client, world):
        days = [date(2019, 5, 26), date(2021, 1, 1)]
        held = {
            day: [
                row
                for model in PATHS
                for row in model.objects.on(day).select_related("person").prefetch_related("sources")
            ]
            for day in days
        }
        asked = {name: values for name, values in CHOICES.items() if name not in ("on", "q")}

        def said(row):
            chamber = row.chamber if isinstance(row, Delegate) else None
            parliament = chamber.parliament if chamber else getattr(row, "parliament", None)
            return {
                "delegation": parliament.slug if parliament else None,
                "chamber": chamber.slug if chamber else None,
                "role": getattr(row, "role", None) or getattr(row, "post", "representative"),
                "source": "yes" if row.sources.all() else "no",
                "gender": row.person.gender or "none",
            }

        known = {day: [(row, said(row)) for row in rows if not row.person.withdrawn] for day, rows in held.items()}

        @examples(25)
        @given(st.sampled_from(days), drawn(**asked, role=GROUP_PERMISSIONS))
        def check(day, parameters):
            expected = [
                row
                for row, facts in known[day]
                if all(value in ("", facts[name]) for name, value in parameters.items())
            ]
            found = PersonFilter({**parameters, "q": ""}, Person.objects.public(), on=day).found
            assert sorted(person.pk for person in found) == sorted({row.person_id for row in expected})
            if parameters["role"] not in GROUP_PERMISSIONS[3:]:
                mandates = DelegateFilter(parameters, Delegate.objects.on(day), on=day).found
                assert {row.pk for row in mandates.exclude(person__withdrawn=True)} == {
                    row.pk for row in expected if isinstance(row, Delegate)
                }

        check()

    def test_person_is_found_if_one_function_matches_all_filters(self, client):
        person, other = factories.PersonFactory.create_batch(2)
        sourced = factories.DelegateFactory(person=person, sources=[factories.SourceFactory()])
        factories.DelegateFactory(person=person, role="head")
        factories.DelegateFactory(person=other, chamber=sourced.chamber, role="head")
        found = ask(client, PEOPLE, chamber=sourced.chamber.slug, role="head").context["page_obj"]
        assert list(found) == [other]
        assert list(ask(client, PEOPLE, source="yes", role="head").context["page_obj"]) == []

    def test_delegations_are_filtered_by_names_and_by_sources(self, client):
        source = factories.SourceFactory()
        named, sourced, half, without = (
            factories.ParliamentFactory(slug=slug) for slug in ("named", "sourced", "half", "without")
        )
        factories.DelegateFactory(chamber__parliament=named, starts="2019", ends="2020-01-01")
        factories.SeatQuotaFactory(chamber__parliament=sourced, sources=[source])
        factories.SeatQuotaFactory(chamber__parliament=half, sources=[source])
        factories.SeatQuotaFactory(chamber__parliament=half, starts="2019")
        assert without.chambers.count() == 0

        def found(day, **data):
            return [row.slug for row in DelegationFilter(data, Parliament.objects.all(), on=day).found.order_by("pk")]

        assert found(date(2019, 6, 1), named="yes") == ["named"]
        assert found(date(2020, 1, 1), named="yes") == []
        assert found(date(2019, 6, 1), named="no") == ["sourced", "half", "without"]
        assert found(date(2019, 6, 1), source="yes") == ["sourced"]
        assert found(date(2018, 6, 1), source="yes") == ["sourced", "half"]
        assert found(date(2019, 6, 1), source="no") == ["half"]
        assert found(date(2019, 6, 1), source="no", named="yes") == []

    def test_withdrawn_person_is_not_found_by_name_or_gender_and_is_listed_last(self, client):
        gone = factories.PersonFactory(
            family_name_en="Aaron", gender="male", withdrawn=True, withdrawal_reason_en="Asked."
        )
        factories.DelegateFactory(person=gone)
        stays = factories.DelegateFactory(person__family_name_en="Zorin", person__gender="male")
        assert list(ask(client, DELEGATES, q="Aaron").context["page_obj"]) == []
        for query in ({"q": "Viktor"}, {"gender": "male"}):
            assert list(ask(client, DELEGATES, **query).context["page_obj"]) == [stays]
        rows = take_all(client, DELEGATES)
        assert [row["name_en"] for row in rows] == [stays.person.name_en, ""]
        assert b"Aaron" not in client.get(DELEGATES).content
        assert list(client.get(PEOPLE).context["page_obj"]) == [stays.person]

    def test_people_are_found_in_every_kind_of_function(self, client):
        delegate = factories.DelegateFactory().person
        representative = factories.RepresentativeFactory().person
        post = factories.AssemblyPostFactory(person__given_name_ru="Анна").person
        factories.PersonFactory(name_en="Nobody in office")
        assert {*client.get(PEOPLE).context["page_obj"]} == {delegate, representative, post}
        assert [*ask(client, PEOPLE, q="Анна").context["page_obj"]] == [post]
        assert [*ask(client, PEOPLE, role="representative").context["page_obj"]] == [representative]

    def test_links_keep_the_filters_and_the_day(self, client, world):
        page = ask(client, PEOPLE, on="2019-05-26", gender="female").content.decode()
        for file_format in tabular.FORMATS:
            assert f'href="?on=2019-05-26&amp;gender=female&amp;format={file_format}"' in page
        assert '<option value="female" selected>' in page
        assert re.search(r'href="/en/delegations/people/\d+-[a-z0-9-]+/\?on=2019-05-26"', page)
        assert '<meta name="robots" content="noindex, nofollow">' in page

    def test_files_are_named_after_the_list_and_the_day(self, client):
        for address, name in {PEOPLE: "people", DELEGATES: "delegates", DIRECTORY: "delegations"}.items():
            response = ask(client, address, format="csv", on="2019-05-26")
            assert response["Content-Disposition"] == f'attachment; filename="{name}-2019-05-26.csv"'


# What a list costs, whatever the number of rows. A file reads on in chunks of 2,000.


def fill(rows):
    sources, chamber = [factories.SourceFactory()], factories.ChamberFactory()
    people = factories.create_many(factories.PersonFactory, [{}] * rows)
    stories = Story.objects.bulk_create(Story() for _number in range(rows))
    parliaments = factories.create_many(factories.ParliamentFactory, [{}] * (2 * rows))
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments[rows:]])
    in_office = [{"person": person, "sources": sources} for person in people]
    factories.create_many(factories.DelegateFactory, [row | {"chamber": chamber} for row in in_office])
    factories.create_many(
        factories.RepresentativeFactory,
        [row | {"parliament": parliament} for row, parliament in zip(in_office, parliaments[:rows], strict=True)],
    )
    assembly = factories.assembly()
    factories.create_many(factories.AssemblyPostFactory, [row | {"body": assembly} for row in in_office])
    factories.create_many(
        factories.ArticleFactory,
        [
            {"people": [person], "parliaments": [chamber.parliament], "sources": sources, "story": story}
            for person, story in zip(people, stories, strict=True)
        ],
    )
    factories.create_many(factories.SeatQuotaFactory, [{"chamber": row, "sources": sources} for row in chambers])


# Of each list: the kind of its page, the kind of its files, and its address.
KINDS = [
    ("people", "file of people", PEOPLE),
    ("people found", "file of people found", f"{PEOPLE}?q=Viktor&gender=none&source=yes"),
    ("mandates", "file of mandates", DELEGATES),
    ("mandates found", "file of mandates found", f"{DELEGATES}?q=Viktor"),
    ("directory", "file of the directory", DIRECTORY),
    ("news", "file of news", NEWS),
]


@up_to(300)
def test_each_list_and_file_costs_the_same_with_any_number_of_rows(client, sizes):
    def measure(rows):
        fill(rows)
        costs = {}
        for page, file, address in KINDS:
            link = f"{address}{'&' if '?' in address else '?'}"
            costs[page] = cost(lambda link=link: client.get(link).getvalue())
            costs[file], *others = (
                cost(lambda link=link, name=name: client.get(f"{link}format={name}").getvalue())
                for name in ("csv", "xlsx", "json")
            )
            assert set(others) == {costs[file]}
            assert client.get(f"{link}format=csv").getvalue().count(b"\n") > rows, address
        return costs

    assert_same_cost(measure, sizes)


# Bad input

TEXTS = ["%00", "a%00b", "%ff%fe", "a" * 100_000, "a+" * 20_000, "+++", "%25", "_", "%5C", "%22(%5B", "%26!:*%3C-%3E"]
LISTS = (PEOPLE, DELEGATES, DIRECTORY, NEWS)


@pytest.mark.long
@pytest.mark.parametrize("file_format", ["", "csv"])
@pytest.mark.parametrize("address", LISTS)
def test_malformed_filter_answers_200_or_400(client, address, file_format):
    client.raise_request_exception = False
    names = ("q", "q[]", "delegation", "chamber", "role", "gender", "source", "named", "country", "kind")
    asked = 0
    for name, text in product(names, TEXTS):
        response = client.get(f"{address}?{name}={text}&format={file_format}")
        assert response.status_code in (200, 400), (name, text[:20])
        assert file_format or response.status_code == 200
        assert "Content-Disposition" not in response or response.status_code == 200
        asked += 1
    assert asked == len(names) * len(TEXTS)
    assert client.get(f"{address}?q=a&q=b").status_code == 200


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("asked", ["pdf", "CSV", "csv&format=json", "%00", "%ff", "a" * 100_000, "csv%20"])
def test_unknown_format_answers_400_with_a_message(client, address, asked):
    response = client.get(f"{address}?format={asked}")
    assert response.status_code == 400
    assert "format" in response.content.decode().lower()
    assert "<h1>" in response.content.decode()


@pytest.mark.parametrize("address", [PEOPLE, DELEGATES])
def test_unknown_choice_shows_an_error_and_gives_no_file(client, address):
    factories.DelegateFactory()
    for name in ("delegation", "chamber", "role", "gender", "source"):
        response = client.get(f"{address}?{name}=no-such")
        assert list(response.context["page_obj"]) == []
        assert "no-such is not one of the available choices" in response.content.decode()
        refused = client.get(f"{address}?{name}=no-such&format=csv")
        assert refused.status_code == 400
        assert "no-such is not one of the available choices" in refused.content.decode()


@pytest.mark.parametrize("number", ["0", "-1", "abc", "1.5", "9" * 20, "9" * 5000, "%2B1", "01", "1%00", "", "2"])
def test_invalid_page_number_answers_404(client, number):
    assert client.get(f"{PEOPLE}?page={number}").status_code == 404
    assert client.get(f"{PEOPLE}?page=1").status_code == 200


@pytest.mark.parametrize(
    "on", ["9999-99-99", "2026-02-30", "0001-01-01", "1962-03", "2019-05-26&on=2019-05-26", "%00"]
)
@pytest.mark.long
@pytest.mark.parametrize("file_format", ["", "csv"])
def test_invalid_day_answers_400(client, on, file_format):
    for address in (PEOPLE, DELEGATES, DIRECTORY):
        assert client.get(f"{address}?on={on}&format={file_format}").status_code == 400
