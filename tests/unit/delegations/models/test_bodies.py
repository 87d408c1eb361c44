"""Bodies of the Assembly and the posts in them."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import override

from delegations.models import AssemblyPost, Body

from ....support import factories

pytestmark = pytest.mark.django_db


def refused(make, *words) -> None:
    """The form and the database both refuse the row that ``make`` returns unsaved."""
    with pytest.raises(ValidationError) as error:
        make().full_clean()
    assert all(word in " ".join(error.value.messages) for word in words), error.value.messages
    with pytest.raises(IntegrityError), transaction.atomic():
        make().save()


@pytest.mark.both_databases("delegations.models.people")
class TestPosts:
    @pytest.mark.parametrize("role", ["chair", "executive_secretary"])
    def test_office_with_one_holder_at_a_time_is_refused_to_another(self, role):
        body, person = factories.BodyFactory(), factories.PersonFactory()
        factories.AssemblyPostFactory(body=body, role=role, starts="2016-11-24")
        post = {"body": body, "role": role, "person": person}
        refused(lambda: AssemblyPost(**post, start="2020-01-01"), "Somebody else holds this office")
        refused(lambda: AssemblyPost(**post, start="2020-01-01", acting=True), "Somebody else holds this office")
        AssemblyPost(**post | {"body": factories.BodyFactory()}, start="2020-01-01").save()
        factories.AssemblyPostFactory(body=body, role=role, person=person, starts="2010", ends="2016-11-24")

    def test_predecessor_whose_end_is_not_known_leaves_the_office_to_a_successor(self):
        body = factories.BodyFactory()
        factories.AssemblyPostFactory(body=body, role="chair", starts="by 2016-11-10", ended=True)
        factories.AssemblyPostFactory(body=body, role="chair", starts="2016-11-24")
        assert AssemblyPost.objects.on(_day("2016-11-10")).count() == 1
        assert AssemblyPost.objects.on(_day("2016-11-30")).count() == 1

    def test_undated_holder_never_stands_beside_a_dated_one(self):
        body = factories.BodyFactory()
        undated = factories.AssemblyPostFactory(body=body, role="chair")
        assert AssemblyPost.objects.on(_day("2017-01-01")).get() == undated
        dated = factories.AssemblyPostFactory(body=body, role="chair", starts="2016-11-24", ends="2020-01-01")
        factories.AssemblyPostFactory(body=body, role="deputy_chair")
        chairs = AssemblyPost.objects.filter(role="chair")
        assert chairs.on(_day("2017-01-01")).get() == dated
        assert chairs.on(_day("2020-01-01")).get() == undated

    def test_person_holds_one_role_of_a_body_once_at_a_time(self):
        body, person = factories.BodyFactory(), factories.PersonFactory()
        factories.AssemblyPostFactory(body=body, person=person, role="member", starts="2016")
        post = {"body": body, "person": person, "start": "2020-01-01"}
        refused(lambda: AssemblyPost(**post, role="member"), "the same post")
        AssemblyPost(**post, role="secretary").save()
        factories.AssemblyPostFactory(body=body, role="member", starts="2020-01-01")


@pytest.mark.both_databases("delegations.models.bodies")
class TestBody:
    def test_assembly_exists_once_at_its_address(self):
        factories.assembly()
        refused(lambda: Body(kind="assembly", slug="assembly", name_en="Another"))
        refused(lambda: Body(kind="assembly", slug="another", name_en="Another"))
        refused(lambda: Body(kind="commission", slug="assembly", name_en="Another"))

    def test_body_is_no_part_of_itself(self):
        whole, part = factories.BodyFactory.create_batch(2)
        part.parent, whole.parent = whole, part
        with pytest.raises(ValidationError, match="no part of itself"):
            whole.clean()
        part.parent = part
        with pytest.raises(IntegrityError):
            part.save()

    def test_body_has_a_name_in_some_language(self):
        refused(lambda: Body(kind="council", slug="council"), "at least one language")

    @pytest.mark.parametrize("telephone", ["ask Anna", "+7 812\n1", "07 <b>"])
    def test_telephone_has_digits(self, telephone):
        body = factories.BodyFactory.build(slug="x", telephone=telephone)
        with pytest.raises(ValidationError, match="Digits"):
            body.full_clean()
        body.telephone = "+7 (812) 326-69-09"
        body.full_clean()


@pytest.mark.parametrize(
    ("kind", "role", "acting", "english", "russian"),
    [
        ("assembly", "chair", False, "Chair of the Assembly", "Председатель Парламентской Ассамблеи"),
        (
            "assembly",
            "chair",
            True,
            "Chair of the Assembly, acting",
            "Председатель Парламентской Ассамблеи (исполняет обязанности)",
        ),
        ("council", "member", False, "member of the Council of the Assembly", "член Совета Парламентской Ассамблеи"),
        ("commission", "deputy_chair", False, "Deputy Chair (Law)", "Заместитель председателя (Право)"),
    ],
)
def test_title_of_a_post_names_its_body(kind, role, acting, english, russian):
    body = Body(kind=kind, name_en="Law", name_ru="Право")
    post = AssemblyPost(body=body, role=role, acting=acting)
    assert post.title == english
    with override("ru"):
        assert post.title == russian


def _day(text):
    return date.fromisoformat(text)


def test_form_of_a_body_asks_for_its_own_period(admin_client):
    body = factories.BodyFactory(starts="2010")
    page = admin_client.get(f"/admin/delegations/body/{body.pk}/change/").text
    assert "First day of the body" in page
    assert "First day without the body" in page
    assert "in office" not in page.partition("<form")[2].partition("</form>")[0]
