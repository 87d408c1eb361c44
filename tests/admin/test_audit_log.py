"""The audit log: each change in the admin is one entry, which users can view and undo as a whole."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cspa import audit
from cspa.models import ChangeSet, RowChange, User
from delegations.importer import import_file
from delegations.models import (
    Chamber,
    Confirmation,
    Delegate,
    DelegationAssignment,
    FormerSlug,
    Parliament,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.models import Article, FormerAddress, Quotation, Story, Topic

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.counting import Costs, assert_same_cost, cost, up_to
from ..support.generated import examples

pytestmark = pytest.mark.django_db


def everything() -> dict:
    """All tracked rows."""
    return {
        model: audit.snapshots(model, model._base_manager.order_by("pk").values_list("pk", flat=True))
        for model in audit.registered_models()
    }


def entry_page(entry: ChangeSet) -> str:
    return page("cspa_changeset_change", entry.pk)


def change(row) -> str:
    return page(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)


def undo(client: Client, entry: ChangeSet) -> str:
    return words(client.post(entry_page(entry), {"change_reason": "A slip"}, follow=True))


# What is recorded


def test_each_model_of_delegations_and_news_is_tracked():
    unfollowed = {
        model._meta.label
        for app in ("delegations", "news")
        for model in apps.get_app_config(app).get_models()
        if model not in audit.registered_models()
    }
    # The assignment is recorded with the user.
    assert unfollowed == {"delegations.DelegationAssignment"}


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


# Undoing


def a_directory() -> Chamber:
    chamber = factories.ChamberFactory(slug="house")
    factories.SeatQuotaFactory(
        chamber=chamber, seats=7, starts="2015", ends="2019", sources=[factories.SourceFactory()]
    )
    factories.SeatQuotaFactory(chamber=chamber, seats=6, starts="2019")
    for _ in range(3):
        factories.DelegateFactory(chamber=chamber, starts="2019", sources=[factories.SourceFactory()])
    factories.RepresentativeFactory(parliament=chamber.parliament, starts="2019")
    factories.LinkFactory(chamber=chamber)
    article = factories.ArticleFactory(
        title="First", picture=factories.PictureFactory(), topics=[factories.TopicFactory()]
    )
    factories.CorrectionFactory(article=article)
    return chamber


def test_deleted_row_of_any_model_is_restored_completely(administrator: Client):
    a_directory()
    before = everything()
    gone = 0
    for model in (Delegate, SeatQuota, Representative, Confirmation, Article):
        for row in model.objects.all():
            address = page(f"{row._meta.app_label}_{row._meta.model_name}_delete", row.pk)
            # The form has no reason.
            assert administrator.post(address, {"post": "yes"}).status_code == 302
            assert model.objects.filter(pk=row.pk).exists()
            assert administrator.post(address, {"post": "yes", "change_reason": "Never true"}).status_code == 302
            assert not model.objects.filter(pk=row.pk).exists()
            entry = ChangeSet.objects.latest("pk")
            assert (entry.kind, entry.reason) == ("deletion", "Never true")
            assert "undone as a whole" in undo(administrator, entry)
            assert everything() == before
            gone += 1
    assert gone == 7


@pytest.mark.long
def test_undone_import_is_redone(sample_data: Path, administrator: Client):
    a_directory()
    before = everything()
    data = (sample_data / "popolo" / "burundi.json").read_bytes()
    report = import_file(data, "popolo", country="BI", skip_invalid=True)
    assert report.saved
    after = everything()
    entry = ChangeSet.objects.get()
    assert entry.kind == "import"
    assert entry.changes.count() > 300
    shown = words(administrator.get(entry_page(entry)))
    assert f"person: {report.counts['added']['people']}" in shown
    assert "undone as a whole" in undo(administrator, entry)
    assert everything() == before
    undoing = ChangeSet.objects.latest("pk")
    assert (undoing.kind, undoing.undoes, undoing.reason) == ("undo", entry, "A slip")
    assert "undone as a whole" in undo(administrator, undoing)
    assert everything() == after


def test_import_that_changed_and_ended_mandates_is_undone(administrator: Client):
    chamber = a_directory()
    before = everything()
    who = Delegate.objects.order_by("pk").first().person
    rows = [
        "person_id,name_en,chamber,role,start",
        f"{who.public_id},{who.name_en},house,head,2019",
        ",New One,house,delegate,2020",
    ]
    report = import_file("\n".join(rows).encode(), "csv", end_missing=date(2024, 1, 1))
    assert report.saved, report.conflicts
    assert everything() != before
    assert Delegate.objects.filter(chamber=chamber, end__isnull=False).count() == 2
    assert "undone as a whole" in undo(administrator, ChangeSet.objects.get())
    assert everything() == before


def test_rows_with_swapped_dates_are_undone(administrator: Client):
    chamber = factories.ChamberFactory()
    dated = {"chamber": chamber, "sources": [factories.SourceFactory()]}
    first = factories.SeatQuotaFactory(seats=7, starts="2015", ends="2019-05", **dated)
    second = factories.SeatQuotaFactory(seats=6, starts="2019-05", **dated)
    before = everything()
    data = filled_in(administrator, change(chamber)) | {
        # The later quota comes first.
        "quotas-0-starts": "2015",
        "quotas-0-ends": "2019-05",
        "quotas-1-starts": "2019-05",
        "quotas-1-ends": "",
        "change_reason": "The wrong way round",
    }
    assert administrator.post(change(chamber), data).status_code == 302
    assert list(SeatQuota.objects.in_order()) == [first, second]
    audit.undo(ChangeSet.objects.get(), None)
    assert everything() == before


def test_undo_is_refused_if_a_row_has_changed_since(administrator: Client):
    quota = factories.SeatQuotaFactory(seats=7)
    other = factories.SeatQuotaFactory(seats=3)
    with audit.record_changes(ChangeSet.Kind.LIST) as recorder:
        for row, seats in ((quota, 8), (other, 4)):
            row.seats = seats
            row.save()
    quota.seats = 9
    quota.save()
    response = undo(administrator, recorder.entry)
    assert "Nothing was undone." in response
    assert ": changed since" in response
    assert list(SeatQuota.objects.order_by("pk").values_list("seats", flat=True)) == [9, 4]


def test_undo_is_refused_if_other_rows_depend_on_a_created_row(administrator: Client):
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        person = factories.PersonFactory(name_en="New One")
    mandate = factories.DelegateFactory(person=person)
    response = undo(administrator, recorder.entry)
    assert f"Something else rests on it: {mandate}" in response
    assert Person.objects.filter(pk=person.pk).exists()


def test_undo_is_refused_if_a_created_row_was_edited(administrator: Client):
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        source = Source.objects.create(title_en="New")
    data = filled_in(administrator, change(source)) | {"title_en": "Newer"}
    assert administrator.post(change(source), data).status_code == 302
    assert ": changed since" in undo(administrator, recorder.entry)
    assert Source.objects.get().title_en == "Newer"


@pytest.mark.both_databases("cspa.audit.recorder")
def test_undo_is_refused_if_rows_would_overlap(administrator: Client):
    quota = factories.SeatQuotaFactory(starts="2015", sources=[factories.SourceFactory()])
    data = filled_in(administrator, change(quota)) | {"ends": "2019-01-01"}
    administrator.post(change(quota), data)
    factories.SeatQuotaFactory(chamber=quota.chamber, starts="2019-01-01")
    response = undo(administrator, ChangeSet.objects.get())
    assert "It would contradict what is recorded today" in response
    quota.refresh_from_db()
    assert quota.end == date(2019, 1, 1)


@pytest.mark.parametrize("day", ["2014-01-01", "2016-01-01"])
def test_moved_boundary_of_two_periods_is_undone(day: str):
    chamber = factories.ChamberFactory()
    first = factories.SeatQuotaFactory(chamber=chamber, starts="2010", ends="2015-01-01")
    second = factories.SeatQuotaFactory(chamber=chamber, starts="2015-01-01")
    before = everything()
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        SeatQuota.clear_periods([first.pk, second.pk])
        first.ends = second.starts = day
        first.save()
        second.save()
    audit.undo(recorder.entry, None)
    assert everything() == before


def test_period_ended_for_a_successor_is_reopened_by_undo():
    quota = factories.SeatQuotaFactory(starts="2010")
    before = everything()
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        quota.ends = "2015-01-01"
        quota.save()
        factories.SeatQuotaFactory(chamber=quota.chamber, starts="2015-01-01")
    audit.undo(recorder.entry, None)
    assert everything() == before


@pytest.mark.parametrize("deleted", [False, True])
def test_row_changed_twice_in_one_entry_is_undone_to_its_first_state(deleted: bool):
    quota = factories.SeatQuotaFactory(seats=7)
    before = everything()
    with audit.record_changes(ChangeSet.Kind.IMPORT) as recorder:
        for seats in (8, 9, 10):
            quota.seats = seats
            quota.save()
            audit.flush()
        if deleted:
            quota.delete()
    assert recorder.entry.changes.count() == 3 + deleted
    audit.undo(recorder.entry, None)
    assert everything() == before


def test_row_created_and_deleted_in_parts_of_an_entry_leaves_nothing_to_undo():
    with audit.record_changes(ChangeSet.Kind.IMPORT) as recorder:
        source = factories.SourceFactory()
        audit.flush()
        source.delete()
    assert recorder.entry.changes.count() == 2
    audit.undo(recorder.entry, None)
    assert ChangeSet.objects.get() == recorder.entry


def test_second_undo_of_a_deletion_is_refused():
    quota = factories.SeatQuotaFactory()
    with audit.record_changes(ChangeSet.Kind.DELETION) as recorder:
        quota.delete()
    audit.undo(recorder.entry, None)
    with pytest.raises(audit.UndoError, match="there again"):
        audit.undo(recorder.entry, None)


def test_second_undo_has_nothing_to_undo(administrator: Client):
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        Source.objects.create(title_en="New")
    assert "undone as a whole" in undo(administrator, recorder.entry)
    assert "nothing left to undo" in undo(administrator, recorder.entry)


def test_changed_slug_is_undone_with_its_redirect(administrator: Client):
    parliament = factories.ParliamentFactory(slug="old")
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        parliament.slug = "new"
        parliament.save()
    assert FormerSlug.objects.get().slug == "old"
    assert "undone as a whole" in undo(administrator, recorder.entry)
    assert Parliament.objects.get().slug == "old"
    # The redirect stays, since visitors may have bookmarked the address.
    assert FormerSlug.objects.get().slug == "new"
    assert "undone as a whole" in undo(administrator, ChangeSet.objects.latest("pk"))
    assert Parliament.objects.get().slug == "new"


def test_changed_body_is_undone_with_its_quotations(administrator: Client):
    quoted = "<blockquote><p>{}</p><p>— Somebody Else</p></blockquote>"
    article = factories.ArticleFactory(body=quoted.format("First words."), title="First", slug="first")
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        article.body, article.slug, article.title = quoted.format("Other words."), "other", "Other"
        article.save()
    assert FormerAddress.objects.get().slug == "first"
    assert "undone as a whole" in undo(administrator, recorder.entry)
    article.refresh_from_db()
    assert (article.title, article.slug) == ("First", "first")
    assert Quotation.objects.get().words == "First words."
    assert Article.objects.search("first", "en").get() == article


@pytest.mark.parametrize("delete", [False, True])
def test_quotation_removed_with_its_text_is_restored_with_it(delete: bool):
    quoted = "<blockquote><p>First words.</p><p>— Somebody Else</p></blockquote>"
    article = factories.ArticleFactory(body=quoted)
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        if delete:
            article.delete()
        else:
            article.body = "<p>Nothing is quoted.</p>"
            article.save()
    assert not Quotation.objects.exists()
    assert "quotation" not in recorder.entry.changes.values_list("content_type__model", flat=True)
    audit.undo(recorder.entry, None)
    assert Quotation.objects.get().words == "First words."


EDITS = st.lists(
    st.tuples(st.sampled_from(["add", "change", "end", "delete", "connect"]), st.integers(0, 9), st.integers(1, 9)),
    min_size=1,
    max_size=8,
)


@pytest.mark.long
@examples(5)
@given(entries=st.lists(EDITS, min_size=1, max_size=4))
def test_entries_undone_in_reverse_order_restore_the_first_state(entries):
    with transaction.atomic():
        chamber = a_directory()
        seen = [everything()]
        made = []
        for edits in entries:
            with audit.record_changes(ChangeSet.Kind.LIST) as recorder:
                for edit in edits:
                    _do(chamber, *edit)
            made.append(recorder.entry)
            seen.append(everything())
        for entry in reversed(made):
            assert everything() == seen.pop()
            if entry.pk:
                audit.undo(entry, None)
        assert everything() == seen.pop()
        transaction.set_rollback(True)


def _do(chamber: Chamber, what: str, which: int, value: int) -> None:
    rows = list(Delegate.objects.order_by("pk"))
    row = rows[which % len(rows)] if rows else None
    if what == "add":
        factories.DelegateFactory(chamber=chamber, starts=f"20{10 + value}", sources=[factories.SourceFactory()])
    elif row and what == "change":
        row.role = ["head", "delegate", "substitute"][value % 3]
        row.save()
    elif row and what == "end":
        row.ends = f"203{value}"
        row.save()
    elif row and what == "connect":
        row.sources.set(Source.objects.order_by("pk")[:value])
    elif row and what == "delete":
        row.delete()


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
