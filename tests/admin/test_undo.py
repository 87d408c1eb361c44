"""Undo in the audit log: it restores the former state of all rows of an entry, or of none."""

from datetime import date
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportOptions, import_file
from delegations.models import (
    Chamber,
    Confirmation,
    Delegate,
    FormerSlug,
    Parliament,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.models import Article, FormerAddress, Quotation

from ..support import factories
from ..support.admin_forms import filled_in, page, words
from ..support.audit_log import change, entry_page, everything, undo
from ..support.generated import examples

pytestmark = pytest.mark.django_db


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
    report = import_file(data, "popolo", ImportOptions(country="BI", skip_invalid=True))
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
    report = import_file("\n".join(rows).encode(), "csv", ImportOptions(end_missing=date(2024, 1, 1)))
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
