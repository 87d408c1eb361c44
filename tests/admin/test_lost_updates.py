"""Concurrent changes: the second user sees both versions, and nothing is overwritten unseen."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from cspa import audit
from cspa.backoffice.forms import ConflictAwareForm
from cspa.models import ChangeSet
from delegations.importer import import_file
from delegations.models import Delegate, Parliament, SeatQuota

from ..support import factories
from ..support.admin_forms import filled_in, page, words

pytestmark = pytest.mark.django_db


def change(row) -> str:
    return page(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)


@pytest.fixture
def anna() -> Client:
    """A client of another user."""
    client = Client()
    client.force_login(factories.UserFactory(is_superuser=True, username="anna"))
    return client


def meanwhile(response) -> list[tuple[str, str, str]]:
    """The differences that the page shows for its form and its inlines."""
    context = response.context
    forms = [
        context["adminform"].form,
        *(form for inline in context["inline_admin_formsets"] for form in inline.formset),
    ]
    return [(entry.label, entry.before, entry.after) for form in forms for entry in form.conflicts]


def test_every_admin_form_compares_with_the_record():
    # The admin registers its pages when the URLconf is loaded.
    reverse("admin:index")
    pages = [*admin.site._registry.values()]
    inlines = [inline for each in pages for inline in each.inlines]
    assert (len(pages), len(inlines)) == (27, 15)
    for each in [*pages, *inlines]:
        assert issubclass(each.form, ConflictAwareForm), each


def test_concurrent_change_in_a_form_is_refused_and_shows_both_versions(administrator: Client, anna: Client):
    quota = factories.SeatQuotaFactory(seats=7, sources=[factories.SourceFactory()])
    mine, theirs = filled_in(administrator, change(quota)), filled_in(anna, change(quota))
    assert anna.post(change(quota), theirs | {"seats": "8", "starts": "2019"}).status_code == 302
    response = administrator.post(change(quota), mine | {"seats": "9"})
    assert response.status_code == 200
    assert f"anna changed “{quota.chamber}: 8” while you worked on it" in words(response)
    assert meanwhile(response) == [("Seats", "8", "9"), ("First day in office", "2019", "–")]
    quota.refresh_from_db()
    assert (quota.seats, str(quota.starts)) == (8, "2019")
    again = mine | {"seats": "9", "_seen": response.context["adminform"].form.state_token}
    assert administrator.post(change(quota), again).status_code == 302
    quota.refresh_from_db()
    assert (quota.seats, quota.starts) == (9, None)
    assert [state["seats"] for _change, state in audit.history_of(quota)] == [9, 8, 7]


def test_form_without_its_initial_state_saves_nothing(administrator: Client):
    quota = factories.SeatQuotaFactory(seats=7)
    for forged in ({}, {"_seen": ""}, {"_seen": "0" * 16}, {"_seen": "\x00"}):
        data = filled_in(administrator, change(quota)) | {"seats": "8"}
        del data["_seen"]
        assert administrator.post(change(quota), data | forged).status_code == 200
    quota.refresh_from_db()
    assert quota.seats == 7


def test_concurrent_change_of_related_rows_is_refused(administrator: Client, anna: Client):
    first, second = factories.SourceFactory(title_en="First"), factories.SourceFactory(title_en="Second")
    quota = factories.SeatQuotaFactory(sources=[first])
    mine, theirs = filled_in(administrator, change(quota)), filled_in(anna, change(quota))
    sources = [str(first.pk), str(second.pk)]
    assert anna.post(change(quota), theirs | {"sources": sources}).status_code == 302
    response = administrator.post(change(quota), mine | {"seats": "9"})
    assert meanwhile(response) == [("Seats", str(quota.seats), "9"), ("Sources", "First, Second", "First")]
    assert quota.sources.count() == 2


def test_concurrent_change_of_an_inline_row_is_refused(administrator: Client, anna: Client):
    quota = factories.SeatQuotaFactory(seats=7, sources=[factories.SourceFactory()])
    mine = filled_in(administrator, change(quota.chamber))
    # The other user has another page open.
    theirs = filled_in(anna, change(quota))
    assert anna.post(change(quota), theirs | {"seats": "8"}).status_code == 302
    response = administrator.post(change(quota.chamber), mine | {"quotas-0-seats": "9"})
    assert response.status_code == 200
    assert meanwhile(response) == [("Seats", "8", "9")]
    assert "anna changed" in words(response)
    quota.refresh_from_db()
    assert quota.seats == 8
    seen = response.context["inline_admin_formsets"][0].formset.forms[0].state_token
    again = mine | {"quotas-0-seats": "9", "quotas-0-_seen": seen}
    assert administrator.post(change(quota.chamber), again).status_code == 302
    quota.refresh_from_db()
    assert quota.seats == 9


def test_inline_rows_without_a_concurrent_change_are_saved(administrator: Client, anna: Client):
    chamber = factories.ChamberFactory()
    first = factories.SeatQuotaFactory(chamber=chamber, starts="2019", seats=7, sources=[factories.SourceFactory()])
    second = factories.SeatQuotaFactory(
        chamber=chamber, starts="2015", ends="2019", sources=[factories.SourceFactory()]
    )
    mine = filled_in(administrator, change(chamber))
    theirs = filled_in(anna, change(second))
    assert anna.post(change(second), theirs | {"seats": "3"}).status_code == 302
    # What the page shows of the other row is old, and is not sent back over it.
    response = administrator.post(change(chamber), mine | {"quotas-0-seats": "8"})
    # Saving would have restored the old number of the other row.
    assert response.status_code == 200
    assert meanwhile(response) == [("Seats", "3", str(second.seats))]
    first.refresh_from_db()
    assert first.seats == 7


def test_concurrently_deleted_row_is_refused_or_created_again(administrator: Client, anna: Client):
    quota = factories.SeatQuotaFactory(seats=7)
    mine = filled_in(administrator, change(quota.chamber))
    quota.delete()
    response = administrator.post(change(quota.chamber), mine | {"quotas-0-seats": "9"})
    assert response.status_code in (200, 302)
    assert not SeatQuota.objects.exists() or response.status_code == 302


def listed(client: Client, address: str) -> dict[str, str]:
    """The data that the browser sends if the changelist is saved unchanged."""
    formset = client.get(address).context["cl"].formset
    data = {f"form-{name}": str(value) for name, value in formset.management_form.initial.items()}
    for form in formset.forms:
        data |= {form.add_prefix(name): str(form.initial[name]) for name in form.fields if name in form.initial}
        data |= {form.add_prefix("id"): str(form.instance.pk), form.state_token_name: form.state_token}
    return data | {"_save": "Save"}


def test_concurrent_change_in_a_changelist_is_refused(administrator: Client, anna: Client):
    for order in (1, 2):
        factories.ParliamentFactory(order=order)
    address = page("delegations_parliament_changelist")
    mine, theirs = listed(administrator, address), listed(anna, address)
    assert anna.post(address, theirs | {"form-0-order": "5"}).status_code == 302
    response = administrator.post(address, mine | {"form-0-order": "7", "form-1-order": "8"})
    assert response.status_code == 200
    assert "anna changed" in words(response)
    assert sorted(Parliament.objects.values_list("order", flat=True)) == [2, 5]
    fresh = listed(administrator, address)
    assert administrator.post(address, fresh | {"form-0-order": "7"}).status_code == 302
    entry = ChangeSet.objects.latest("pk")
    assert (entry.kind, entry.changes.count()) == ("list", 1)


def test_concurrent_change_in_a_bulk_action_is_refused(administrator: Client, anna: Client):
    rows = [factories.DelegateFactory(starts="2019", sources=[factories.SourceFactory()]) for _ in range(2)]
    address = page("delegations_delegate_changelist")
    chosen = {"action": "end", "_selected_action": [str(row.pk) for row in rows]}
    response = administrator.post(address, chosen)
    shown = {f"seen-{row.pk}": row.seen for row in response.context["rows"]}
    shown |= {f"period-{row.pk}": row.period for row in response.context["rows"]}
    data = filled_in(anna, change(rows[0])) | {"ends": "2020"}
    assert anna.post(change(rows[0]), data).status_code == 302
    ending = chosen | shown | {"ends": "2021-02-03", "change_reason": "Resigned"}
    response = administrator.post(address, ending)
    assert "Nothing was saved: rows were changed meanwhile" in words(response)
    before = [getattr(row, "shown_before", "") for row in response.context["rows"]]
    assert before == [f"{rows[0]}, delegate, 2019 – still so", ""]
    assert f"{rows[0]}, delegate, 2019 – 2020" in words(response)
    assert [str(row.ends) for row in Delegate.objects.order_by("pk")] == ["2020", "None"]
    fresh = {f"seen-{row.pk}": row.seen for row in response.context["rows"]}
    assert administrator.post(address, ending | fresh | {"change_reason": ""}).status_code == 200
    assert administrator.post(address, ending | fresh | {"ends": "2018"}).status_code == 200
    assert administrator.post(address, ending | fresh | {"ends": ""}).status_code == 200
    assert [str(row.ends) for row in Delegate.objects.order_by("pk")] == ["2020", "None"]
    assert administrator.post(address, ending | fresh).status_code == 302
    assert [str(row.ends) for row in Delegate.objects.order_by("pk")] == ["2021-02-03", "2021-02-03"]
    entry = ChangeSet.objects.latest("pk")
    assert (entry.kind, entry.reason, entry.changes.count()) == ("list", "Resigned", 2)
    audit.undo(entry, None)
    assert [str(row.ends) for row in Delegate.objects.order_by("pk")] == ["2020", "None"]


def test_concurrent_import_is_refused(administrator: Client):
    mandate = factories.DelegateFactory(starts="2019", sources=[factories.SourceFactory()])
    mine = filled_in(administrator, change(mandate))
    person = mandate.person
    rows = [
        "person_id,name_en,chamber,role,start",
        f"{person.public_id},{person.name_en},{mandate.chamber.slug},head,2019",
    ]
    report = import_file("\n".join(rows).encode(), "csv")
    assert report.counts["changed"]["delegates"] == 1
    response = administrator.post(change(mandate), mine | {"ends": "2020"})
    assert response.status_code == 200
    assert ("Role", "head of the delegation", "delegate") in meanwhile(response)
    assert "somebody else changed" in words(response)
    mandate.refresh_from_db()
    assert (mandate.role, mandate.end) == ("head", None)


# What is doubtful is asked once more


def test_over_quota_and_missing_source_are_saved_after_confirmation(administrator: Client):
    quota = factories.SeatQuotaFactory(seats=1, starts="2015")
    factories.DelegateFactory(chamber=quota.chamber, starts="2016")
    second = factories.DelegateFactory(chamber=quota.chamber, starts="2016", role="substitute")
    data = filled_in(administrator, change(second)) | {"role": "delegate"}
    response = administrator.post(change(second), data)
    text = words(response)
    assert "No source is named" in text
    assert f"Over quota: on 1 January 2016 {quota.chamber} has 2 names; seats: 1." in text
    assert Delegate.objects.get(pk=second.pk).role == "substitute"
    asked = response.context["adminform"].form
    assert f'name="{asked.confirmation_token_name}"' in response.text
    # The confirmation belongs to another question.
    assert administrator.post(change(second), data | {"_asked": "on"}).status_code == 200
    assert administrator.post(change(second), data | {"_asked": asked.confirmation_token}).status_code == 302
    assert Delegate.objects.get(pk=second.pk).role == "delegate"


def test_quota_below_the_number_of_names_asks_for_confirmation(administrator: Client):
    quota = factories.SeatQuotaFactory(seats=2, starts="2015", sources=[factories.SourceFactory()])
    for _ in range(2):
        factories.DelegateFactory(chamber=quota.chamber, starts="2015")
    data = filled_in(administrator, change(quota.chamber)) | {"quotas-0-seats": "1"}
    response = administrator.post(change(quota.chamber), data)
    assert f"Over quota: on 1 January 2015 {quota.chamber} has 2 names; seats: 1." in words(response)
    asked = response.context["inline_admin_formsets"][0].formset.forms[0]
    assert (
        administrator.post(
            change(quota.chamber), data | {asked.confirmation_token_name: asked.confirmation_token}
        ).status_code
        == 302
    )
