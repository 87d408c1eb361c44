"""The optional fixture ``assembly``: who leads the Assembly, as compiled from public pages."""

import pytest
import time_machine
from django.core.management import call_command

from delegations.models import AssemblyPost, Body, Person
from delegations.quality.checks import doubts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded():
    call_command("loaddata", "seed", "assembly", verbosity=0)


def test_fixture_extends_the_seed_and_can_be_loaded_twice():
    call_command("loaddata", "assembly", verbosity=0)
    assert (Person.objects.count(), Body.objects.count(), AssemblyPost.objects.count()) == (8, 6, 6)
    assert {doubt.kind for doubt in doubts()} == set()
    assert all(row.sources.exists() for model in (Body, AssemblyPost) for row in model.objects.all())


@time_machine.travel("2026-12-01T12:00:00Z")
@pytest.mark.parametrize(
    ("day", "chair", "said"),
    [
        ("2016-11-10", "Sergey Naryshkin", "In office on 10 November 2016"),
        ("2016-11-24", "Vyacheslav Volodin", "In office on 24 November 2016"),
        ("2024-12-09", "Vyacheslav Volodin", "In office on 9 December 2024"),
        ("2026-12-01", "Vyacheslav Volodin", "last recorded on 9 December 2024"),
    ],
)
def test_chair_is_stated_up_to_the_latest_day_of_a_source(client, day, chair, said):
    page = client.get(f"/en/assembly/?on={day}").text
    leaders = page.partition('id="leadership"')[2].partition("</section>")[0]
    first = leaders.partition("</li>")[0]
    assert chair in first
    assert said in first
    assert ("In office" in first) == ("In office" in said)


def test_chair_of_a_commission_is_found(client):
    found = client.get("/en/search/", {"q": "chair political affairs"}).context["holders"].rows
    assert [person.name_en for person in found] == ["Hakob Arshakyan"]
    found = client.get("/ru/search/", {"q": "председатель"}).context["holders"].rows
    assert {person.name_en for person in found} == {"Vyacheslav Volodin", "Hakob Arshakyan"}


def test_seed_alone_has_none_of_it():
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", "seed", verbosity=0)
    assert not Person.objects.filter(public_id__gte=900_000).exists()
    assert Body.objects.get().slug == "assembly"
