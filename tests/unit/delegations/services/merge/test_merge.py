"""Two records of a person become one."""

import json
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from delegations.exports import popolo
from delegations.models import (
    AssemblyPost,
    Confirmation,
    Delegate,
    FormerPublicId,
    FormerSlug,
    Identifier,
    Person,
    Representative,
)
from delegations.services.merge import MergeError, describe_row, merge, preview
from news.models import Article

from .....support import factories
from .....support.generated import examples
from .....support.merge import column, everything, refusal

pytestmark = pytest.mark.django_db


# What moves


def test_relations_of_the_other_record_are_moved(kept: Person, other: Person):
    mandate = factories.DelegateFactory(person=other, starts="2019")
    service = factories.RepresentativeFactory(person=other)
    post = factories.AssemblyPostFactory(person=other)
    article = factories.ArticleFactory(people=[other])
    draft = factories.ArticleFactory(people=[other], state=Article.State.DRAFT)
    Identifier.objects.create(person=other, scheme="wikidata", identifier="Q1")
    FormerPublicId.objects.create(person=other, public_id=900)
    old = other.public_id

    merge(kept, other)

    assert list(kept.mandates.all()) == [mandate]
    assert list(kept.services.all()) == [service]
    assert list(kept.posts.all()) == [post]
    assert set(kept.articles.all()) == {article, draft}
    assert [str(row) for row in kept.identifiers.all()] == ["wikidata: Q1"]
    assert {row.public_id for row in kept.former_ids.all()} == {900, old}
    assert not Person.objects.filter(public_id=old).exists()


def test_all_relations_to_a_person_have_names():
    """A relation without a name would not be walked. Those of through tables belong to a walked relation."""
    hidden = [
        relation
        for relation in Person._meta.get_fields(include_hidden=True)
        if relation.auto_created and relation.is_relation and relation.hidden
    ]
    connecting = {relation.through for relation in Person._meta.related_objects if relation.many_to_many}
    assert {relation.related_model for relation in hidden} == connecting != set()
    assert not Person._meta.many_to_many


def test_article_with_both_persons_has_the_kept_one_once(kept: Person, other: Person):
    article = factories.ArticleFactory(people=[kept, other])
    merge(kept, other)
    assert list(article.people.all()) == [kept]


def test_separate_mandates_of_both_for_one_chamber_are_kept(kept: Person, other: Person, chamber):
    factories.DelegateFactory(person=kept, chamber=chamber, starts="2015-01-01", ends="2019-05-26")
    factories.DelegateFactory(person=other, chamber=chamber, starts="2019-05-26", role="head")
    assert preview(kept, other).conflicts == []
    merge(kept, other)
    assert [row.role for row in kept.mandates.in_order()] == ["head", "delegate"]


# What becomes one


def test_identical_mandates_are_merged_with_the_sources_of_both(kept: Person, other: Person, chamber):
    first, second, third = factories.SourceFactory.create_batch(3)
    period = {"chamber": chamber, "starts": "2015-03", "ends": "2019", "role": "head"}
    mine = factories.DelegateFactory(person=kept, **period, political_group_en="Labour", sources=[first, second])
    theirs = factories.DelegateFactory(
        person=other,
        **period,
        political_group_en="Union",
        constituency_ru="Минск",
        sources=[second, third],
    )
    report = preview(kept, other)
    assert report.conflicts == report.moved_rows == []
    details = report.merged_rows[0][1]
    assert details == [
        "Political group (English): “Labour” stays, the other record had “Union”",
        "Constituency (Русский): “Минск” instead of “–”",
    ]
    report = merge(kept, other)
    assert f"united: delegate {theirs.pk} (" in report.details()
    mandate = Delegate.objects.get()
    assert (mandate, mandate.uid) == (mine, mine.uid)
    assert set(mandate.sources.all()) == {first, second, third}
    assert (mandate.political_group_en, mandate.constituency_ru) == ("Labour", "Минск")


def test_identical_posts_are_merged_and_different_commissions_kept(kept: Person, other: Person):
    commissions = {slug: factories.BodyFactory(slug=slug) for slug in ("law", "defence")}
    for person, commission in ((kept, "law"), (other, "law"), (other, "defence")):
        factories.AssemblyPostFactory(person=person, role="member", body=commissions[commission])
    merge(kept, other)
    assert sorted(post.body.slug for post in kept.posts.all()) == ["defence", "law"]


# What is refused


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"starts": "2015"}, {"starts": "2019"}),
        ({"starts": "2015", "ends": "2019-05-26"}, {"starts": "2019-05-25"}),
        ({}, {"role": "head"}),
    ],
)
def test_overlapping_mandates_for_one_chamber_are_refused_with_their_names(kept, other, chamber, mine, theirs):
    rows = [
        factories.DelegateFactory(person=kept, chamber=chamber, **mine),
        factories.DelegateFactory(person=other, chamber=chamber, **theirs),
    ]
    factories.DelegateFactory(person=other, starts="2015")
    [conflict] = refusal(kept, other)
    assert conflict.startswith("These two overlap: “Viktor Kogut, House (Belarus), ")
    assert all(f"“{describe_row(row)}”" in conflict for row in rows)


def test_record_is_not_merged_with_itself(kept: Person):
    assert refusal(kept, Person.objects.get(pk=kept.pk)) == ["A record cannot be merged with itself."]


def test_merge_is_refused_if_the_preview_is_outdated(kept: Person, other: Person):
    shown = preview(kept, other).digest
    factories.DelegateFactory(person=other)
    with pytest.raises(MergeError, match="The records were changed meanwhile"):
        merge(kept, other, shown=shown)
    assert Person.objects.count() == 2
    merge(kept, other, shown=preview(kept, other).digest)
    assert Person.objects.count() == 1


# What the merged record says


def test_empty_fields_are_filled_and_differing_ones_kept(kept: Person, other: Person):
    kept.name_ru = kept.given_name_en = kept.gender = ""
    kept.save()
    other.name_ru, other.patronymic_ru, other.gender = "Виктор Когут", "Николаевич", "male"
    other.save()
    report = preview(kept, other)
    name = column(report, "Name (English)")
    assert (name.target, name.source, name.result, name.taken, name.lost) == (
        "Viktor Kogut",
        "Viktar Kogut",
        "Viktor Kogut",
        False,
        True,
    )
    assert column(report, "Patronymic (Русский)").taken
    assert column(report, "Gender").result == "male"
    assert not column(report, "Family name (English)").lost
    merge(kept, other)
    kept.refresh_from_db()
    assert (kept.name_en, kept.name_ru, kept.given_name_en) == ("Viktor Kogut", "Виктор Когут", "Viktor")
    assert (kept.patronymic_ru, kept.gender) == ("Николаевич", "male")
    assert Person.objects.search("Когут Виктор Николаевич").get() == kept


def test_photo_is_moved_with_its_credit_and_alternative_text(kept: Person, other: Person):
    kept.photo_credit_en, kept.photo_alt_ru = "Left over", "Осталось"
    kept.save()
    Person.objects.filter(pk=other.pk).update(photo="people/b.jpg", photo_credit_en="BelTA", photo_alt_en="At a desk")
    other.refresh_from_db()
    merge(kept, other)
    kept.refresh_from_db()
    assert (kept.photo, kept.photo_credit_en, kept.photo_alt_en) == ("people/b.jpg", "BelTA", "At a desk")
    assert kept.photo_alt_ru == ""


def test_own_photo_is_kept_with_its_own_alternative_text(kept: Person, other: Person):
    Person.objects.filter(pk=kept.pk).update(photo="people/a.jpg", photo_credit_en="CSTO PA")
    Person.objects.filter(pk=other.pk).update(photo="people/b.jpg", photo_credit_en="BelTA", photo_alt_en="At a desk")
    for person in (kept, other):
        person.refresh_from_db()
    assert column(preview(kept, other), "Photo").lost
    merge(kept, other)
    kept.refresh_from_db()
    assert (kept.photo, kept.photo_credit_en, kept.photo_alt_en) == ("people/a.jpg", "CSTO PA", "")


@pytest.mark.parametrize(
    ("mine", "theirs", "reason"),
    [
        ("", "At own request.", "At own request."),
        ("By law.", "", "By law."),
        ("By law.", "At own request.", "By law."),
    ],
)
def test_withdrawn_person_stays_withdrawn_with_the_reason(client, kept, other, mine, theirs, reason):
    for person, why in ((kept, mine), (other, theirs)):
        person.withdrawn, person.withdrawal_reason_en = bool(why), why
        person.save()
    old = other.public_id
    merge(kept, other)
    kept.refresh_from_db()
    assert (kept.withdrawn, kept.withdrawal_reason_en) == (True, reason)
    response = client.get(f"/en/delegations/people/{old}-x/")
    assert response.status_code == 410
    assert reason in response.text
    assert "Kogut" not in response.text


# Afterwards


def test_former_addresses_redirect_after_a_second_merge(client: Client, kept: Person, other: Person):
    last = factories.PersonFactory(name_en="V. Kogut")
    former = [other.public_id, kept.public_id]
    merge(kept, other)
    merge(last, kept)
    for public_id in former:
        response = client.get(f"/en/delegations/people/{public_id}-x/")
        assert (response.status_code, response["Location"]) == (301, last.get_absolute_url())
    person = next(row for row in popolo.document()["persons"] if row["id"] == str(last.public_id))
    assert person["former_ids"] == [str(public_id) for public_id in sorted(former)]


def test_public_id_of_a_merged_record_is_not_reused(kept: Person, other: Person):
    merge(kept, other)
    assert factories.PersonFactory().public_id > other.public_id


@pytest.mark.django_db(transaction=True)
def test_dumped_fixture_loads_into_an_empty_database(tmp_path, kept: Person, other: Person):
    Identifier.objects.create(person=other, scheme="wikidata", identifier="Q1")
    factories.DelegateFactory(person=other, sources=[factories.SourceFactory()])
    factories.ArticleFactory(people=[other])
    FormerSlug.objects.create(parliament=factories.ConfirmationFactory().parliament, slug="before")
    merge(kept, other)
    before = everything()
    for model in (Identifier, FormerPublicId, Confirmation, FormerSlug):
        assert f'"{model._meta.label_lower}"' in before
    path = tmp_path / "dump.json"
    path.write_text(before)
    call_command("flush", interactive=False, verbosity=0)
    assert not Person.objects.exists()
    call_command("loaddata", path, verbosity=0)
    assert everything() == before
    call_command("loaddata", path, verbosity=0)
    assert everything() == before
    assert not any(row.get("pk") for row in json.loads(before) if row["model"] == "delegations.confirmation")


FIRST = date(2010, 1, 1)
GROUP_PERMISSIONS = ["head", "delegate", "substitute"]


@st.composite
def successions(draw, values):
    """Periods that do not overlap: [(value, starts, ends)]."""
    bounds = sorted(draw(st.sets(st.integers(min_value=0, max_value=8), max_size=4)))
    days = [FIRST + timedelta(days=bound) for bound in bounds]
    if draw(st.booleans()):
        days.append(None)
    return [(draw(st.sampled_from(values)), *pair) for pair in pairwise(days)]


def facts(people: list[Person]) -> list[set]:
    """All facts on record of ``people``, regardless of the record they belong to."""
    period = ("start", "end", "ended", "sources")
    return [
        set(Delegate.objects.filter(person__in=people).values_list("chamber", "role", *period)),
        set(Representative.objects.filter(person__in=people).values_list("parliament", *period)),
        set(AssemblyPost.objects.filter(person__in=people).values_list("body", "role", *period)),
        set(Article.objects.filter(people__in=people).values_list("pk", "uid")),
        set(Identifier.objects.filter(person__in=people).values_list("scheme", "identifier")),
    ]


@pytest.mark.long
@examples(8)
@given(data=st.data())
def test_merge_of_arbitrary_histories_keeps_all_facts(data):
    with transaction.atomic():
        people = factories.PersonFactory.create_batch(2)
        chambers = factories.ChamberFactory.create_batch(2)
        sources = factories.SourceFactory.create_batch(2)
        some = st.lists(st.sampled_from(sources), unique=True)
        for person in people:
            for chamber in chambers:
                for role, starts, ends in data.draw(successions(GROUP_PERMISSIONS)):
                    factories.DelegateFactory(
                        person=person, chamber=chamber, role=role, starts=starts, ends=ends, sources=data.draw(some)
                    )
            for post, starts, ends in data.draw(successions(["secretary", "member"])):
                factories.AssemblyPostFactory(
                    person=person, role=post, starts=starts, ends=ends, sources=data.draw(some)
                )
            for number in data.draw(st.sets(st.integers(min_value=0, max_value=2))):
                Identifier.objects.create(person=person, scheme=f"register {person.pk}", identifier=str(number))
        for person, starts, ends in data.draw(successions(people)):
            factories.RepresentativeFactory(
                parliament=chambers[0].parliament, person=person, starts=starts, ends=ends, sources=data.draw(some)
            )
        for named in data.draw(st.lists(st.sets(st.sampled_from(range(2))), max_size=3)):
            factories.ArticleFactory(people=[people[place] for place in named])
        before = facts(people)
        if preview(*people).conflicts:
            refusal(*people)
        else:
            merge(*people)
            after = facts(people[:1])
            for old, new in zip(before, after, strict=True):
                # A row that became one with another has the sources of both.
                assert {row[:-1] for row in old} == {row[:-1] for row in new}
                assert {row for row in old if row[-1] is not None} <= new
        transaction.set_rollback(True)


# Other names


def test_other_names_move(kept: Person, other: Person):
    former = factories.PersonNameFactory(person=other, name_en="Viktor Sokol")
    merge(kept, other)
    assert list(kept.other_names.all()) == [former]


def test_dropped_name_is_kept_where_that_is_asked(kept: Person, other: Person):
    factories.PersonNameFactory(person=other, name_en="Viktor Sokol")
    names = other.name_en, other.name_ru
    merge(kept, other, keep_name=True)
    former, dropped = kept.other_names.order_by("pk")
    assert former.name_en == "Viktor Sokol"
    assert ((dropped.name_en, dropped.name_ru), dropped.start, dropped.ended) == (names, None, True)
    assert list(Person.objects.search("Viktar")) == [kept]


def test_name_that_the_kept_record_has_is_not_kept_twice(kept: Person):
    same = factories.PersonFactory(name_en=kept.name_en, name_ru="")
    factories.PersonNameFactory(person=kept, name_en="Viktar Kogut", name_ru="", ends=None)
    spelled = factories.PersonFactory(name_en="Viktar Kogut", name_ru="")
    for source in (same, spelled):
        merge(kept, source, keep_name=True)
    assert kept.other_names.count() == 1


def test_two_names_of_one_day_are_a_conflict_and_equal_ones_become_one(kept: Person, other: Person):
    period = {"starts": "2001", "ends": "2015"}
    for person in (kept, other):
        factories.PersonNameFactory(person=person, name_en="Viktor Sokol", family_name_en="", name_ru="", **period)
    row = other.other_names.get()
    row.name_en = "Viktor Orlov"
    row.save()
    assert "These two overlap" in refusal(kept, other)[0]
    row.name_en = "Viktor Sokol"
    row.family_name_ru = ""
    row.save()
    kept.other_names.get().delete()
    merge(kept, other)
    assert kept.other_names.get() == row
