"""The audit log: each change in the admin is one entry, which users can view and undo as a whole."""

import io
from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from cspa import audit
from cspa.models import ChangeSet, RowChange, User
from delegations.models import (
    Delegate,
    DelegationAssignment,
    SeatQuota,
    Source,
)
from news.models import Article, Story, Topic

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.audit_log import change, entry_page
from ..support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db


# What is recorded


def test_each_model_of_delegations_and_news_is_tracked():
    unfollowed = {
        model._meta.label
        for app in ("delegations", "news")
        for model in apps.get_app_config(app).get_models()
        if model not in audit.registered_models()
    }
    # The assignment is recorded with the user; what an import changed, with its change set.
    assert unfollowed == {"delegations.DelegationAssignment", "delegations.FileImport"}


def test_assigned_parliaments_are_recorded_with_the_user():
    user, (belarus, armenia) = factories.UserFactory(), factories.ParliamentFactory.create_batch(2)
    user.parliaments.add(belarus)
    before = {"parliaments": [belarus.pk]}

    def recorded(write: Callable) -> ChangeSet:
        with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
            write()
        (change,) = recorder.entry.changes.filter(content_type__model="user")
        assert change.object_id == user.pk
        assert change.before == before
        assert change.after == {"parliaments": list(user.parliaments.order_by("pk").values_list("pk", flat=True))}
        return recorder.entry

    for write in (
        lambda: user.parliaments.set([armenia]),
        lambda: user.parliaments.clear(),
        lambda: armenia.secretaries.add(user),
        lambda: DelegationAssignment.objects.create(user=user, parliament=armenia),
        lambda: DelegationAssignment.objects.get().delete(),
        lambda: belarus.delete(),
    ):
        audit.undo(recorded(write), None)
        assert audit.snapshots(User, [user.pk])[user.pk]["parliaments"] == before["parliaments"]


@pytest.mark.both_databases("cspa.audit.recorder")
def test_form_with_inlines_is_one_entry_with_author_reason_and_differences(administrator: Client):
    chamber = factories.ChamberFactory(name_en="House", order=1)
    quota = factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2019")
    source = factories.SourceFactory(title_en="Decree 12")
    data = filled_in(administrator, change(chamber)) | {
        "order": "2",
        "quotas-0-seats": "6",
        "quotas-0-ends": "2020-06",
        "quotas-0-sources": [str(source.pk)],
        "change_reason": "Decree 12 arrived",
    }
    assert administrator.post(change(chamber), data).status_code == 302
    entry = ChangeSet.objects.get()
    assert (entry.kind, entry.reason, entry.user) == ("edit", "Decree 12 arrived", User.objects.get())
    made = {(row.content_type.model, row.object_id): (row.before, row.after) for row in entry.changes.all()}
    assert made.pop(("chamber", chamber.pk)) == ({"order": 1}, {"order": 2})
    before, after = made.pop(("seatquota", quota.pk))
    assert before == {"seats": 7, "end": None, "end_precision": "day", "sources": []}
    assert after == {"seats": 6, "end": "2020-06-01", "end_precision": "month", "sources": [source.pk]}
    assert not made
    shown = words(administrator.get(entry_page(entry)))
    assert "First day no longer in office: – → June 2020 Seats: 7 → 6 Sources: – → Decree 12" in shown
    assert "Decree 12 arrived" in shown
    assert "Seats: 7 → 6" in words(administrator.get(page("delegations_seatquota_history", quota.pk)))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [("2019", "2020", "2019 → 2020"), ("2019-01", "2019", "January 2019 → 2019")],
)
def test_changed_date_shows_both_dates_in_their_precision(
    administrator: Client,
    before: str,
    after: str,
    shown: str,
):
    quota = factories.SeatQuotaFactory(starts=before)
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        quota.starts = after
        quota.save()
    assert f"First day in office: {shown}" in words(administrator.get(entry_page(recorder.entry)))


@pytest.mark.parametrize(
    "connect",
    [
        lambda row, source: row.sources.add(source),
        lambda row, source: row.sources.remove(row.sources.get()),
        lambda row, source: row.sources.clear(),
        lambda row, source: source.seatquota_set.add(row),
        lambda row, source: row.sources.get().seatquota_set.remove(row),
    ],
    ids=["add", "remove", "clear", "add from the other end", "remove from the other end"],
)
def test_many_to_many_change_without_a_save_is_recorded_and_undone(
    connect: Callable[[SeatQuota, Source], None],
):
    quota = factories.SeatQuotaFactory(sources=[factories.SourceFactory()])
    source = factories.SourceFactory()
    before = list(quota.sources.values_list("pk", flat=True))
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        connect(quota, source)
    after = sorted(quota.sources.values_list("pk", flat=True))
    made = [(row.content_type.model, row.object_id, row.before, row.after) for row in recorder.entry.changes.all()]
    assert made == [("seatquota", quota.pk, {"sources": before}, {"sources": after})]
    audit.undo(recorder.entry, None)
    assert list(quota.sources.values_list("pk", flat=True)) == before


def test_unchanged_form_makes_no_entry(administrator: Client):
    quota = factories.SeatQuotaFactory()
    assert administrator.post(change(quota), filled_in(administrator, change(quota))).status_code == 302
    assert not ChangeSet.objects.exists()


def test_invalid_form_makes_no_entry(administrator: Client):
    quota = factories.SeatQuotaFactory()
    data = filled_in(administrator, change(quota)) | {"seats": "0"}
    assert administrator.post(change(quota), data).status_code == 200
    with pytest.raises(ValueError, match="half-way"), audit.record_changes(ChangeSet.Kind.EDIT):  # noqa: PT012
        Source.objects.create(title_en="Half")
        raise ValueError("half-way")
    assert not ChangeSet.objects.exists()
    assert not Source.objects.exists()


def test_row_created_and_deleted_in_one_entry_is_no_change():
    with audit.record_changes(ChangeSet.Kind.EDIT):
        Source.objects.create(title_en="Half").delete()
    assert not ChangeSet.objects.exists()


def test_deleted_topic_is_restored_with_its_articles():
    topic, other = factories.TopicFactory.create_batch(2)
    article = factories.ArticleFactory(topics=[topic, other])
    factories.ArticleFactory(topics=[other])
    with audit.record_changes(ChangeSet.Kind.DELETION):
        Topic.objects.filter(pk=topic.pk).delete()
    assert list(article.topics.all()) == [other]
    audit.undo(ChangeSet.objects.get(), None)
    assert set(article.topics.all()) == {topic, other}
    assert list(Topic.objects.get(pk=topic.pk).articles.all()) == [article]


def test_deleted_mandate_is_restored_with_its_proposals():
    mandate = factories.DelegateFactory()
    proposal = factories.ProposalFactory(mandate=mandate)
    with audit.record_changes(ChangeSet.Kind.DELETION):
        Delegate.objects.filter(pk=mandate.pk).delete()
    proposal.refresh_from_db()
    assert proposal.mandate is None
    audit.undo(ChangeSet.objects.get(), None)
    proposal.refresh_from_db()
    assert proposal.mandate == mandate


def test_password_of_a_user_is_never_recorded(administrator: Client):
    account = factories.UserFactory(username="anna")
    data = filled_in(administrator, change(account)) | {"first_name": "Anna"}
    assert administrator.post(change(account), data).status_code == 302
    account.refresh_from_db()
    account.set_password("another")
    with audit.record_changes(ChangeSet.Kind.EDIT):
        account.save()
    assert [row.before for row in RowChange.objects.all()] == [{"first_name": ""}]


def promote(mandates: list[Delegate]) -> ChangeSet:
    """Make each of ``mandates`` that of a head, in one entry."""
    keys = [mandate.pk for mandate in mandates]
    with audit.record_changes(ChangeSet.Kind.LIST) as recorder:
        audit.snapshot_before(Delegate, keys)
        Delegate._base_manager.filter(pk__in=keys).update(role="head")
    return recorder.entry


@pytest.mark.both_databases("cspa.audit.recorder")
@up_to(300)
def test_recording_costs_the_same_with_any_number_of_rows(sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        mandates = factories.DelegateFactory.create_batch(rows, chamber=factories.ChamberFactory())
        costs = {"recording in the journal": cost(lambda: promote(mandates))}
        assert RowChange.objects.count() == rows
        return costs

    assert_same_cost(measure, sizes)


# Who sees and undoes it


@pytest.fixture
def colleagues() -> dict[str, Client]:
    from cspa.auth.groups import NEWS_EDITORS, PUBLISHERS, SECRETARIES

    clients = {}
    for name, group in (("editor", NEWS_EDITORS), ("publisher", PUBLISHERS), ("secretary", SECRETARIES)):
        account = factories.UserFactory(username=name, is_staff=True)
        account.groups.add(Group.objects.get(name=group))
        clients[name] = Client()
        clients[name].force_login(account)
    return clients


def test_entries_are_listed_for_users_with_permission_only(colleagues: dict[str, Client]):
    with audit.record_changes(ChangeSet.Kind.EDIT) as directory:
        quota = factories.SeatQuotaFactory()
    with audit.record_changes(ChangeSet.Kind.EDIT) as news:
        article = factories.ArticleFactory(state="draft")
    with audit.record_changes(ChangeSet.Kind.EDIT) as accounts:
        factories.UserFactory(username="new")
    may_see = {
        name: [client.get(entry_page(each.entry)).status_code for each in (directory, news, accounts)]
        for name, client in colleagues.items()
    }
    assert may_see == {"editor": [404, 200, 404], "publisher": [404, 200, 404], "secretary": [200, 404, 404]}
    assert colleagues["editor"].post(entry_page(news.entry)).status_code == 404
    assert Article.objects.filter(pk=article.pk).exists()
    assert colleagues["publisher"].post(entry_page(news.entry)).status_code == 302
    assert not Article.objects.filter(pk=article.pk).exists()
    assert not Story.objects.filter(pk=article.story_id).exists()
    assert colleagues["secretary"].post(entry_page(directory.entry)).status_code == 302
    assert not SeatQuota.objects.filter(pk=quota.pk).exists()


def test_editor_undoes_own_changes_of_unpublished_articles_only(colleagues: dict[str, Client]):
    article = factories.ArticleFactory(state="draft", title="First")
    client = colleagues["editor"]
    for title in ("Second", "Third"):
        data = filled_in(client, change(article)) | {"title": title}
        assert client.post(change(article), data).status_code == 302
    entry = ChangeSet.objects.latest("pk")
    assert client.post(entry_page(entry)).status_code == 302
    article.refresh_from_db()
    assert article.title == "Second"
    article.state = "published"
    article.save()
    assert client.post(entry_page(ChangeSet.objects.earliest("pk"))).status_code == 404
    article.refresh_from_db()
    assert article.title == "Second"


def test_secretary_with_an_assigned_parliament_sees_its_entries_only(colleagues: dict[str, Client]):
    mine, other = (factories.SeatQuotaFactory(sources=[factories.SourceFactory()]) for _ in range(2))
    User.objects.get(username="secretary").parliaments.add(mine.chamber.parliament)
    client = colleagues["secretary"]
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        other.seats += 1
        other.save()
    data = filled_in(client, change(mine)) | {"seats": str(mine.seats + 1)}
    assert client.post(change(mine), data).status_code == 302
    own = ChangeSet.objects.latest("pk")
    assert own != recorder.entry
    assert client.get(entry_page(recorder.entry)).status_code == 404
    assert client.get(entry_page(own)).status_code == 200
    assert client.post(entry_page(own)).status_code == 302
    mine.refresh_from_db()
    assert mine.seats == data["seats"] or mine.seats == int(data["seats"]) - 1


def test_audit_log_is_hidden_from_users_without_permission(client: Client):
    client.force_login(factories.UserFactory(is_staff=True))
    assert client.get(page("cspa_changeset_changelist")).status_code == 404
    reader = factories.UserFactory(username="reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_topic"))
    client.force_login(reader)
    with audit.record_changes(ChangeSet.Kind.EDIT):
        factories.TopicFactory()
    with audit.record_changes(ChangeSet.Kind.EDIT):
        factories.SourceFactory()
    response = client.get(page("cspa_changeset_changelist"))
    assert response.status_code == 200
    assert response.context["cl"].result_count == 1
    assert client.get(f"{page('cspa_changeset_changelist')}?kind__exact=nonsense").status_code in (200, 302, 400)


@up_to(300)
def test_audit_log_costs_the_same_with_any_number_of_rows(
    administrator: Client,
    sizes: tuple[int, ...],
):
    def measure(rows: int) -> Costs:
        # A page of an entry shows 100 changes: more than 25 mandates would leave no room for the other models.
        with audit.record_changes(ChangeSet.Kind.IMPORT) as recorder:
            factories.DelegateFactory.create_batch(min(rows, 25))
        mandates = factories.DelegateFactory.create_batch(rows, chamber=factories.ChamberFactory())
        for _ in range(rows):
            with audit.record_changes(ChangeSet.Kind.EDIT, factories.UserFactory()):
                factories.SourceFactory()
        addresses = {
            "journal": page("cspa_changeset_changelist"),
            "journal entry": entry_page(recorder.entry),
            "journal entry of one model": entry_page(promote(mandates)),
        }
        return {kind: cost(lambda address=address: administrator.get(address)) for kind, address in addresses.items()}

    assert_same_cost(measure, sizes)


def test_loaddata_makes_no_entry():
    call_command("loaddata", "seed", verbosity=0, stdout=io.StringIO())
    assert not ChangeSet.objects.exists()


def test_former_address_of_the_audit_log_redirects(administrator: Client):
    response = administrator.get("/admin/cspa/entry/7/change/?page=2")
    assert (response.status_code, response["Location"]) == (301, "/admin/cspa/changeset/7/change/?page=2")
