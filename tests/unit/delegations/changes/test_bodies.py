"""Bodies and posts in the register of changes."""

import pytest
from django.utils.translation import override

from delegations.changes import register

from ....support import factories
from ....support.changes import told

pytestmark = pytest.mark.django_db


def words(**asked):
    return [change.words for change in register(**asked)]


def test_office_with_one_holder_is_handed_over():
    chair = {"role": "chair", "body": factories.assembly()}
    for name, starts, ends in (("Anna Lee", "2012-01-01", "2016-11-24"), ("Boris Elm", "2016-11-24", None)):
        factories.AssemblyPostFactory(person__name_en=name, person__name_ru="", starts=starts, ends=ends, **chair)
    assert words() == [
        "Boris Elm succeeded Anna Lee in office: Chair of the Assembly.",
        "Anna Lee took office: Chair of the Assembly.",
    ]
    with override("ru"):
        assert words()[0] == "Председатель Парламентской Ассамблеи: прежде – Anna Lee, теперь – Boris Elm."


def test_members_of_a_body_come_and_go_each_by_themselves():
    body = factories.BodyFactory(name_en="Law", name_ru="")
    for name, starts, ends in (("Anna Lee", "2012-01-01", "2016-11-24"), ("Boris Elm", "2016-11-24", None)):
        factories.AssemblyPostFactory(
            body=body, role="member", person__name_en=name, person__name_ru="", starts=starts, ends=ends
        )
    assert sorted(words()) == [
        "Anna Lee left office: Member (Law).",
        "Anna Lee took office: Member (Law).",
        "Boris Elm took office: Member (Law).",
    ]


def test_body_is_set_up_and_dissolved():
    factories.BodyFactory(slug="law", name_en="Law", starts="2010", ends="2018-05-01")
    factories.BodyFactory(starts="by 2015-01-01")
    assert told() == [("2018-05-01", "body_changed", "law", None), ("2010", "body_changed", None, "law")]
    assert words() == ["Law was dissolved.", "Law was set up."]


def test_register_of_a_delegation_has_the_posts_that_are_held_for_it():
    home = factories.ParliamentFactory()
    body = factories.BodyFactory(starts="2010")
    factories.AssemblyPostFactory(body=body, role="member", parliament=home, starts="2015")
    factories.AssemblyPostFactory(body=body, role="member", starts="2016")
    assert told(parliaments=[home]) == [("2015", "post_changed", None, body.posts.get(parliament=home).person)]
    (change,) = register(parliaments=[home])
    assert (change.record()["delegation"], change.record()["body"]) == (home.slug, body.slug)
    assert len(register()) == 3


def test_page_links_person_and_body_and_hides_a_withdrawn_name(client):
    body = factories.BodyFactory(slug="law", name_en="Law", starts="2010")
    post = factories.AssemblyPostFactory(body=body, role="chair", person__name_en="Anna Lee", starts="2015")
    page = client.get("/en/delegations/changes/").text
    assert f'<a href="{post.person.get_absolute_url()}">Anna Lee</a> took office: Chair (Law).' in page
    assert '<a href="/en/assembly/law/">Law</a> was set up.' in page
    post.person.withdrawn, post.person.withdrawal_reason_en = True, "On request."
    post.person.save()
    for address in ("/en/delegations/changes/", "/en/delegations/changes/feed.json", "/api/v1/changes/"):
        assert "Anna" not in client.get(address).text, address
    assert client.get("/api/v1/changes/?kind=post_changed").json()["count"] == 1
