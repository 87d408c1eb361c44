"""The pages of the Assembly and of its bodies."""

import json
import re

import pytest
import time_machine
from django.core.management import call_command

from delegations.models import AssemblyPost

from ..support import factories
from ..support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db

NOON = "2020-05-26T12:00:00Z"
ASSEMBLY = "/en/assembly/"


def main(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", response.text.partition("<main")[2].partition("</main>")[0]))


def json_ld(client, address):
    return json.loads(
        client.get(address).text.partition('<script type="application/ld+json">')[2].split("</script>")[0]
    )


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON):
        yield


@pytest.fixture
def chairs():
    """Two chairs of the Assembly, the former one withdrawn, and a commission with its chair."""
    source = factories.SourceFactory()
    for name, starts, ends in (("Anna Lee", "2012", "2016-11-24"), ("Boris Sokol", "2016-11-24", None)):
        factories.AssemblyPostFactory(
            role="chair", person__name_en=name, starts=starts, ends=ends, sources=[source], body=factories.assembly()
        )
    commission = factories.BodyFactory(slug="defence", name_en="Commission on Defence", name_ru="", starts="2008")
    factories.AssemblyPostFactory(body=commission, role="chair", person__name_en="Clara Dove", starts="2015")
    factories.AssemblyPostFactory(
        body=commission, role="member", person__name_en="Dan Elm", starts="2015", office_en="Mayor of Minsk"
    )
    return commission


class TestAssembly:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_seed_shows_the_deputies_as_named_in_an_undated_list(self, client, language):
        call_command("loaddata", "seed", verbosity=0)
        words = main(client, f"/{language}/assembly/")
        names, undated = {
            "en": (["Viktor Rogalev", "Mikhail Krotov"], "Named in an undated list"),
            "ru": (["Рогалев Виктор", "Кротов Михаил"], "в списке без даты"),
        }[language]
        assert all(name in words for name in names)
        assert words.count(undated) == 2
        assert "In office" not in words
        assert "В должности" not in words

    def test_day_decides_who_leads(self, client, chairs):
        now, before = main(client, ASSEMBLY), main(client, f"{ASSEMBLY}?on=2014-01-01")
        assert "Boris Sokol" in now
        assert "In office today" in now
        assert "Anna Lee" not in now
        assert "Anna Lee" in before
        assert "Boris Sokol" not in before
        assert "Commission on Defence" in now
        assert "Chair: Clara Dove" in now
        assert "Clara Dove" not in before

    def test_nothing_stands_on_a_day_before_the_founding(self, client, chairs):
        AssemblyPost.objects.all().delete()
        factories.AssemblyPostFactory(role="chair", person__name_en="Undated Chair")
        assert "Undated Chair" in main(client, f"{ASSEMBLY}?on=2007-01-01")
        words = main(client, f"{ASSEMBLY}?on=2005-01-01")
        assert "There was no Assembly on this day." in words
        assert "Undated Chair" not in words

    def test_members_are_listed_by_status(self, client):
        for status in ("member", "observer"):
            factories.ParticipationFactory(status=status, parliament__name_en=f"Parliament: {status}", starts="2010")
        words = main(client, ASSEMBLY)
        assert re.search("Members of the Assembly Parliament: member Observers Parliament: observer", words)

    def test_json_ld_states_who_is_known_to_hold_office(self, client, chairs):
        factories.AssemblyPostFactory(role="deputy_chair", person__name_en="Undated Deputy", body=factories.assembly())
        stated = json_ld(client, ASSEMBLY)
        assert [row["member"]["name"] for row in stated["member"]] == ["Boris Sokol"]
        assert [row["name"] for row in stated["subOrganization"]] == ["Commission on Defence"]

    def test_page_is_in_the_main_menu(self, client):
        assert f'<a href="{ASSEMBLY}" aria-current="page">The Assembly</a>' in client.get(ASSEMBLY).text

    def test_file_holds_the_posts_of_all_bodies_on_the_day(self, client, chairs):
        rows = json.loads(client.get(f"{ASSEMBLY}?format=json").getvalue())["results"]
        assert [(row["body"], row["role"], row["name_en"]) for row in rows] == [
            ("assembly", "chair", "Boris Sokol"),
            ("defence", "chair", "Clara Dove"),
            ("defence", "member", "Dan Elm"),
        ]
        assert rows[2]["office_en"] == "Mayor of Minsk"
        response = client.get(f"{ASSEMBLY}?format=csv&on=2014-01-01")
        assert response["Content-Disposition"] == 'attachment; filename="assembly-2014-01-01.csv"'
        assert "Anna Lee" in b"".join(response.streaming_content).decode()


class TestBody:
    ADDRESS = "/en/assembly/defence/"

    def test_body_shows_its_people_and_their_other_offices(self, client, chairs):
        words = main(client, self.ADDRESS)
        assert re.search("Clara Dove.* Chair .*Dan Elm.* Member · Mayor of Minsk", words)

    def test_former_chairs_are_listed_and_former_members_are_not(self, client, chairs):
        for role, name in (("chair", "Former Chair"), ("member", "Former Member")):
            post = {"role": role, "person__name_en": name, "starts": "2009", "ends": "2012"}
            factories.AssemblyPostFactory(body=chairs, **post)
        words = main(client, self.ADDRESS)
        assert "Former Chair" in words.partition("Other holders of its offices")[2]
        assert "Former Member" not in words
        assert "Former Member" in main(client, f"{self.ADDRESS}?on=2010-01-01")

    def test_withdrawn_person_is_not_named(self, client, chairs):
        person = chairs.posts.get(role="chair").person
        person.withdrawn, person.withdrawal_reason_en = True, "On request."
        person.save()
        for address in (self.ADDRESS, ASSEMBLY, f"{self.ADDRESS}?format=json"):
            assert "Clara" not in client.get(address).getvalue().decode(), address
        assert "name withdrawn" in main(client, self.ADDRESS)

    def test_body_that_has_ended_says_so(self, client, chairs):
        chairs.ends = "2018"
        chairs.save()
        assert "This body is not on record for this day." in main(client, self.ADDRESS)
        assert "not on record for this day" not in main(client, f"{self.ADDRESS}?on=2017-01-01")
        assert "Commission on Defence" not in main(client, ASSEMBLY)

    def test_former_address_redirects(self, client, chairs):
        chairs.slug = "security"
        chairs.save()
        response = client.get(f"{self.ADDRESS}?on=2017-01-01")
        assert (response.status_code, response["Location"]) == (301, "/en/assembly/security/?on=2017-01-01")
        response = client.get("/api/v1/bodies/defence/")
        assert (response.status_code, response["Location"]) == (301, "/api/v1/bodies/security/")

    def test_assembly_has_one_address(self, client, chairs):
        response = client.get("/en/assembly/assembly/")
        assert (response.status_code, response["Location"]) == (301, ASSEMBLY)

    def test_unknown_body_is_not_found(self, client):
        assert client.get(self.ADDRESS).status_code == 404

    def test_name_in_another_language_is_marked(self, client, chairs):
        assert '<h1><span lang="en">Commission on Defence</span></h1>' in client.get("/ru/assembly/defence/").text

    def test_office_is_reached_by_telephone_and_mail(self, client, chairs):
        chairs.telephone, chairs.email, chairs.address_en = "+7 812 326-69-09", "office@example.org", "Shpalernaya 47"
        chairs.save()
        words = main(client, self.ADDRESS)
        assert "Shpalernaya 47 Telephone: +7 812 326-69-09 E-mail: office@example.org" in words


def test_api_answers_for_bodies_and_posts(client, chairs):
    body = client.get("/api/v1/bodies/defence/?on=2017-01-01").json()
    assert (body["kind"], body["parent"], body["page"]) == (
        "commission",
        None,
        "http://testserver/en/assembly/defence/",
    )
    assert [(row["role"], row["person"]["name"]) for row in body["posts"]] == [
        ("chair", "Clara Dove"),
        ("member", "Dan Elm"),
    ]
    assert client.get("/api/v1/bodies/?on=2017-01-01").json()["count"] == 2
    assert client.get("/api/v1/bodies/?on=2017-01-01&kind=commission").json()["count"] == 1
    found = client.get("/api/v1/posts/?on=2017-01-01&body=defence&role=chair").json()["results"]
    assert [row["title"] for row in found] == ["Chair (Commission on Defence)"]


@up_to(300)
def test_pages_of_bodies_cost_the_same_with_any_number_of_rows(client, sizes):
    def measure(rows):
        assembly = factories.assembly()
        bodies = factories.create_many(factories.BodyFactory, [{"parent": assembly}] * rows)
        people = factories.create_many(factories.PersonFactory, [{}] * (3 * rows))
        parliament = factories.ParliamentFactory()
        posts = [{"body": assembly, "person": person, "parliament": parliament} for person in people[:rows]]
        posts += [{"body": bodies[0], "person": person, "role": "member"} for person in people[rows : 2 * rows]]
        chairs = zip(bodies, people[2 * rows :], strict=True)
        posts += [{"body": body, "person": person, "role": "chair"} for body, person in chairs]
        factories.create_many(factories.AssemblyPostFactory, posts)
        return {
            "page of the Assembly": cost(lambda: client.get(ASSEMBLY)),
            "page of a body": cost(lambda: client.get(bodies[0].get_absolute_url())),
            "file of posts": cost(lambda: client.get(f"{ASSEMBLY}?format=json").getvalue()),
            "API bodies": cost(lambda: client.get("/api/v1/bodies/")),
            "API one body": cost(lambda: client.get(f"/api/v1/bodies/{bodies[0].slug}/")),
        }

    assert_same_cost(measure, sizes)
