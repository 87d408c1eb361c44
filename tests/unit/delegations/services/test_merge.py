"""Two records of one person are merged without loss, and the former address redirects to the kept record."""

import json
from datetime import date, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cspa import audit
from cspa.models import ChangeSet
from delegations.dates import today
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
from delegations.services.merge import MergeError, MergeReport, describe_row, merge, preview
from news.models import Article

from ....support import factories
from ....support.admin_forms import filled_in, page, words
from ....support.counting import Costs, assert_same_cost, cost, up_to
from ....support.generated import examples

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Person:
    return factories.PersonFactory(name_en="Viktor Kogut", family_name_en="Kogut")


@pytest.fixture
def other() -> Person:
    return factories.PersonFactory(name_en="Viktar Kogut", family_name_en="Kogut")


@pytest.fixture
def chamber():
    return factories.ChamberFactory(name_en="House", parliament__short_name_en="Belarus")


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(factories.UserFactory(is_superuser=True, username="administrator"))
    client.raise_request_exception = False
    return client


def everything() -> str:
    """All rows of delegations and news, for comparison before and after."""
    out = StringIO()
    call_command("dumpdata", "delegations", "news", natural_primary=True, natural_foreign=True, stdout=out)
    return out.getvalue()


def refusal(kept: Person, other: Person) -> list[str]:
    """The reason why a merge is refused. Nothing may change, and the preview must show the same reason."""
    before, conflicts = everything(), preview(kept, other).conflicts
    with pytest.raises(MergeError) as refused, transaction.atomic():
        merge(kept, other)
    assert everything() == before
    assert refused.value.reasons == conflicts
    return conflicts


def column(report: MergeReport, label: str):
    return next(column for column in report.columns if column.label == label)


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
    for person, commission in ((kept, "Law"), (other, "Law"), (other, "Defence")):
        factories.AssemblyPostFactory(person=person, post="commission_chair", commission_en=commission)
    merge(kept, other)
    assert sorted(post.commission_en for post in kept.posts.all()) == ["Defence", "Law"]


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
        set(AssemblyPost.objects.filter(person__in=people).values_list("post", *period)),
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
            for post, starts, ends in data.draw(successions(["chair", "council_member"])):
                factories.AssemblyPostFactory(
                    person=person, post=post, starts=starts, ends=ends, sources=data.draw(some)
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


# The page of the admin


def merge_page(kept: Person, other: Person | None = None) -> str:
    address = page("delegations_person_merge", kept.pk)
    return f"{address}?other={other.public_id}" if other else address


def confirmed(client: Client, kept: Person, other: Person) -> dict:
    """The data that the browser sends for "Merge"."""
    report = client.get(merge_page(kept, other)).context["report"]
    return {"other": other.public_id, "shown": report.digest}


def test_form_of_a_person_links_the_page_with_similar_people(administrator: Client, kept, other, chamber):
    factories.DelegateFactory(person=other, chamber=chamber)
    factories.PersonFactory(family_name_en="Alishev", family_name_ru="Алишев")
    form = administrator.get(page("delegations_person_change", kept.pk)).text
    assert f'href="{merge_page(kept)}"' in form
    text = words(administrator.get(merge_page(kept)))
    assert f"Viktar Kogut ({other.public_id}) House (Belarus)" in text
    assert "Alishev" not in text


def test_page_shows_both_records_and_merges_after_confirmation(
    administrator: Client, kept: Person, other: Person, chamber
):
    factories.DelegateFactory(person=other, chamber=chamber, starts="2019-05")
    text = words(administrator.get(merge_page(kept, other)))
    assert f"Viktar Kogut ({other.public_id}) becomes part of Viktor Kogut ({kept.public_id})" in text
    assert "Name (English) Viktor Kogut Viktar Kogut Viktor Kogut (the records differ: this one's stays)" in text
    assert "Moves to this record: Delegate Viktar Kogut, House (Belarus), delegate, May 2019 – still so" in text
    assert Person.objects.count() == 2
    response = administrator.post(merge_page(kept), confirmed(administrator, kept, other), follow=True)
    assert response.redirect_chain == [(page("delegations_person_change", kept.pk), 302)]
    assert f"The record {other.public_id} was merged into this one" in words(response)
    assert [row.public_id for row in FormerPublicId.objects.filter(person=kept)] == [other.public_id]
    entry = LogEntry.objects.get(object_id=str(kept.pk))
    assert "“Viktor Kogut” stays, the other record had “Viktar Kogut”" in entry.change_message
    in_journal = ChangeSet.objects.get()
    assert in_journal.kind == ChangeSet.Kind.MERGE
    assert "moved: delegate" in words(administrator.get(page("cspa_changeset_change", in_journal.pk)))


def test_merge_is_undone_in_one_step(administrator: Client, kept: Person, other: Person, chamber):
    factories.DelegateFactory(person=other, chamber=chamber, starts="2019-05", sources=[factories.SourceFactory()])
    twin = {"chamber": factories.ChamberFactory(), "starts": "2012", "ends": "2016"}
    for person in (kept, other):
        factories.DelegateFactory(person=person, sources=[factories.SourceFactory()], **twin)
    article = factories.ArticleFactory(people=[other, kept])
    alone = factories.ArticleFactory(people=[other])
    models = [Person, Delegate, FormerPublicId, Article]
    before = {model: audit.snapshots(model, model.objects.values_list("pk", flat=True)) for model in models}
    administrator.post(merge_page(kept), confirmed(administrator, kept, other))
    assert [list(row.people.all()) for row in (article, alone)] == [[kept], [kept]]
    response = administrator.post(page("cspa_changeset_change", ChangeSet.objects.get().pk), follow=True)
    assert "The entry was undone as a whole." in words(response)
    assert {model: audit.snapshots(model, model.objects.values_list("pk", flat=True)) for model in models} == before


def test_conflict_is_shown_and_forged_confirmation_is_refused(administrator, kept, other, chamber):
    for person in (kept, other):
        factories.DelegateFactory(person=person, chamber=chamber, starts="2015" if person == kept else "2016")
    response = administrator.get(merge_page(kept, other))
    assert "These records cannot be merged as they are." in words(response)
    assert 'value="Merge"' not in response.text
    response = administrator.post(merge_page(kept), confirmed(administrator, kept, other), follow=True)
    assert response.status_code == 200
    # The text is in the message and on the page.
    assert words(response).count("These two overlap") == 2
    assert Person.objects.count() == 2
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("shown", [{}, {"shown": "nonsense"}, {"shown": "\x00"}])
def test_confirmation_of_another_merge_is_refused(administrator, kept, other, shown):
    response = administrator.post(merge_page(kept), {"other": other.public_id, **shown}, follow=True)
    assert "The records were changed meanwhile. Look at them again." in words(response)
    assert Person.objects.count() == 2


@pytest.mark.parametrize("text", ["", "abc", "0", "-1", "1.5", "9" * 20, "9" * 5000, "٣", "a\x00b", "%00"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_malformed_public_id_shows_a_message(administrator: Client, kept: Person, method: str, text: str):
    response = getattr(administrator, method)(merge_page(kept), {"other": text})
    assert response.status_code == 200
    assert 'class="errorlist"' in response.text
    assert response.context["report"] is None


@pytest.mark.parametrize("key", ["0", "abc", "9" * 30])
def test_unknown_person_answers_404(administrator: Client, key: str):
    assert administrator.get(page("delegations_person_merge", key)).status_code == 404


@pytest.mark.parametrize("right", ["change_person", "delete_person"])
def test_merge_requires_permissions_to_change_and_to_delete(client: Client, kept: Person, other: Person, right: str):
    clerk = factories.UserFactory()
    clerk.user_permissions.set(Permission.objects.filter(codename__in=[right, "view_person"]))
    client.force_login(clerk)
    assert client.get(merge_page(kept, other)).status_code == 404
    assert client.post(merge_page(kept), {"other": other.public_id}).status_code == 404
    assert "/merge/" not in client.get(page("delegations_person_change", kept.pk)).text
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["change_person", "delete_person"]))
    assert client.get(merge_page(kept, other)).status_code == 200


@up_to(300)
def test_preview_costs_the_same_with_any_number_of_relations(kept: Person, other: Person, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        for _number in range(rows):
            factories.DelegateFactory(person=other)
            factories.AssemblyPostFactory(person=other)
        factories.ArticleFactory.create_batch(rows, people=[other])

        def ask() -> None:
            assert len(preview(kept, other).details().split("; ")) > 3 * rows

        return {"preview of a merge": cost(ask)}

    assert_same_cost(measure, sizes)


@up_to(300)
def test_list_of_similar_people_costs_the_same_with_any_number_of_people(
    administrator: Client, kept: Person, sizes: tuple[int, ...]
):
    def measure(rows: int) -> Costs:
        for _number in range(rows):
            factories.DelegateFactory(person=factories.PersonFactory(name_en="Viktor Kogut"))

        def ask() -> None:
            assert len(administrator.get(merge_page(kept)).context["candidates"]) == min(rows, 10)

        return {"people alike": cost(ask)}

    assert_same_cost(measure, sizes)


# The rest of a person's, a parliament's and a chamber's page


def test_name_is_withdrawn_with_a_reason(administrator: Client, kept: Person):
    address = page("delegations_person_change", kept.pk)
    data = filled_in(administrator, address) | {"withdrawn": "on"}
    assert "Give the reason of the withdrawal" in words(administrator.post(address, data))
    data["withdrawal_reason_en"] = "At the person's own request."
    assert administrator.post(address, data).status_code == 302
    assert administrator.get(f"/en/delegations/people/{kept.public_id}-x/").status_code == 410
    names = administrator.get(page("delegations_person_changelist"), {"withdrawn__exact": "1"})
    assert kept.name in names.content.decode()
    assert "name withdrawn" not in names.content.decode()


def test_form_of_a_person_shows_former_ids_and_saves_identifiers(administrator: Client, kept: Person, other: Person):
    taken = Identifier.objects.create(person=other, scheme="wikidata", identifier="Q1")
    FormerPublicId.objects.create(person=kept, public_id=900)
    address = page("delegations_person_change", kept.pk)
    assert "Former public ids: 900" in words(administrator.get(address))
    data = filled_in(administrator, address) | {
        "identifiers-TOTAL_FORMS": 1,
        "identifiers-0-scheme": taken.scheme,
        "identifiers-0-identifier": taken.identifier,
    }
    assert "Another person has this identifier." in words(administrator.post(address, data))
    data["identifiers-0-identifier"] = "Q2"
    assert administrator.post(address, data).status_code == 302
    assert [str(row) for row in kept.identifiers.all()] == ["wikidata: Q2"]


def test_confirmation_is_recorded_on_the_page_of_the_parliament(administrator: Client):
    parliament = factories.ParliamentFactory(slug="belarus", country="BY")
    FormerSlug.objects.create(parliament=parliament, slug="byelorussia")
    source = factories.SourceFactory()
    address = page("delegations_parliament_change", parliament.pk)
    assert "Former addresses: byelorussia" in words(administrator.get(address))
    data = filled_in(administrator, address) | {
        "confirmations-TOTAL_FORMS": 1,
        "confirmations-0-date": "2019-06-01",
        "confirmations-0-source": source.pk,
    }
    assert "Say who confirmed it, in at least one language." in words(administrator.post(address, data))
    data["confirmations-0-confirmed_by_ru"] = "Секретариат Палаты"
    assert administrator.post(address, data).status_code == 302
    confirmation = Confirmation.objects.get()
    assert (confirmation.parliament, confirmation.date, confirmation.source) == (
        parliament,
        date(2019, 6, 1),
        source,
    )


def test_list_of_confirmations_shows_which_are_valid(administrator: Client):
    parliament = factories.ParliamentFactory()
    old = factories.ConfirmationFactory(parliament=parliament, date=today() - timedelta(days=400))
    new = factories.ConfirmationFactory(parliament=parliament, date=today())
    rows = administrator.get(page("delegations_confirmation_changelist")).context["cl"].result_list
    assert [(row, row.covers) for row in rows] == [(new, True), (old, False)]


def test_imported_id_of_a_chamber_is_saved_and_recognised_by_the_importer(administrator: Client, chamber):
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"imported_id": "house-of-representatives"}
    assert administrator.post(address, data).status_code == 302
    chamber.refresh_from_db()
    assert chamber.imported_id == "house-of-representatives"
