"""The page of the admin that merges two records, and related forms."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from cspa import audit
from cspa.models import ChangeSet
from delegations.dates import today
from delegations.models import Confirmation, Delegate, FormerPublicId, FormerSlug, Identifier, Person
from delegations.services.merge import preview
from news.models import Article

from .....support import factories
from .....support.admin_forms import filled_in, page, words
from .....support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


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
            factories.AssemblyPostFactory(person=other, body=factories.BodyFactory())
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


def test_dropped_name_is_offered_as_another_name_and_undone_with_the_merge(
    administrator: Client, kept: Person, other: Person
):
    assert "Keep “Viktar Kogut” as another name" in words(administrator.get(merge_page(kept, other)))
    administrator.post(merge_page(kept), confirmed(administrator, kept, other) | {"keep_name": "on"})
    assert kept.other_names.get().name_en == "Viktar Kogut"
    administrator.post(page("cspa_changeset_change", ChangeSet.objects.get().pk))
    assert not kept.other_names.exists()
    assert Person.objects.count() == 2
