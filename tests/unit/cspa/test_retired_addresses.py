"""Retired addresses: what stood in the address of a row leads to no other row, and undo is never refused for it."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from cspa import audit
from cspa.models import ChangeSet, RetiredAddress
from delegations.importer import ImportOptions, import_file
from delegations.models import Chamber, FormerPublicId, Parliament, Person
from delegations.services.merge import merge
from news.models import Article

from ...support import factories
from ...support.admin_forms import filled_in, page, words
from ...support.imports import export, popolo, take
from ...support.jsonl import NEWS, a_line, exported, imported, to_file

pytestmark = pytest.mark.django_db

REFUSED = "Another record had this address, and old links to it must not lead here. Choose another one."


def deleted(row) -> ChangeSet:
    with audit.record_changes(ChangeSet.Kind.DELETION) as recorder:
        row.delete()
    return recorder.entry


# Public ids of people


@pytest.mark.both_databases("cspa.models")
def test_public_id_of_a_deleted_person_is_not_given_again():
    factories.PersonFactory()
    for _ in range(2):
        Person.objects.latest("pk").delete()
        factories.PersonFactory()
    assert Person.objects.get().public_id == 3
    Person.objects.all().delete()
    Person.objects.bulk_create([factories.PersonFactory.build(), factories.PersonFactory.build()])
    assert sorted(Person.objects.values_list("public_id", flat=True)) == [4, 5]


def test_public_id_of_a_deletion_that_was_rolled_back_counts_no_more():
    with transaction.atomic():
        factories.PersonFactory(public_id=900).delete()
        transaction.set_rollback(True)
    assert factories.PersonFactory().public_id == 1


def test_undone_deletion_returns_the_public_id_to_its_person():
    person = factories.PersonFactory()
    key = person.pk
    entry = deleted(person)
    other = factories.PersonFactory()
    audit.undo(entry, None)
    assert Person.objects.get(public_id=1).pk == key
    assert Person.objects.get(public_id=2) == other


def test_undone_addition_gives_its_public_id_up_for_good():
    with audit.record_changes(ChangeSet.Kind.EDIT) as recorder:
        person = factories.PersonFactory()
    undoing = audit.undo(recorder.entry, None)
    assert factories.PersonFactory().public_id == 2
    audit.undo(undoing, None)
    assert Person.objects.get(pk=person.pk).public_id == 1


def test_merge_and_its_undo_keep_the_public_ids():
    kept, other = factories.PersonFactory(), factories.PersonFactory()
    with audit.record_changes(ChangeSet.Kind.MERGE) as recorder:
        merge(kept, other)
    entry = deleted(kept)
    assert factories.PersonFactory().public_id == 3
    audit.undo(entry, None)
    assert Person.objects.known_as(2).get().public_id == 1
    audit.undo(recorder.entry, None)
    assert Person.objects.get(public_id=2).name_en == other.name_en
    assert not FormerPublicId.objects.exists()
    assert factories.PersonFactory().public_id == 4


def test_import_gives_no_public_id_of_a_deleted_person():
    first, second = factories.PersonFactory(name_en="Ann Lee"), factories.PersonFactory(name_en="Bob Ray")
    file = json.loads(export())
    file["persons"][0]["former_ids"] = [str(second.public_id)]
    entry, _second = deleted(first), deleted(second)
    report = import_file(json.dumps(file).encode(), "popolo", ImportOptions(skip_invalid=True))
    assert not Person.objects.exists()
    assert [str(problem) for problem in report.skipped if problem.kind == "people"] == [
        f"/persons/{place}: A record that was deleted or renamed had this address, and old links must not lead to "
        f"another: {number}. If it is the same record, undo its deletion."
        for place, number in enumerate((1, 2))
    ]
    audit.undo(entry, None)
    report = import_file(json.dumps(file).encode(), "popolo", ImportOptions(skip_invalid=True))
    assert "The former id 2 is another person's." in str([note.message for note in report.warnings])
    assert not FormerPublicId.objects.exists()


# Slugs


@pytest.mark.parametrize("factory", [factories.ParliamentFactory, factories.ChamberFactory, factories.TopicFactory])
def test_slug_of_a_deleted_or_renamed_row_is_refused_and_undo_restores_it(factory):
    row, renamed = factory(slug="gone"), factory(slug="former")
    entry = deleted(row)
    renamed.slug = "present"
    renamed.save()
    for slug in ("gone", "former"):
        other = factory()
        other.slug = slug
        with pytest.raises(ValidationError) as refused:
            other.full_clean()
        assert refused.value.message_dict == {"slug": [REFUSED]}
    audit.undo(entry, None)
    type(row).objects.get(slug="gone").full_clean()
    # The row itself may have its former slug again.
    renamed.slug = "former"
    renamed.full_clean()


def test_form_refuses_the_slug_of_a_deleted_topic(administrator: Client):
    factories.TopicFactory(slug="gone").delete()
    address = page("news_topic_add")
    data = filled_in(administrator, address) | {"slug": "gone", "name_en": "Security"}
    assert REFUSED in words(administrator.post(address, data))
    russian = administrator.post(address, data, headers={"accept-language": "ru"})
    assert "Этот адрес уже был у другой записи" in words(russian)


def test_former_address_of_a_topic_redirects_and_that_of_a_deleted_one_answers_404(client: Client):
    topic = factories.TopicFactory(slug="former")
    topic.slug = "present"
    topic.save()
    response = client.get("/en/news/topics/former/")
    assert (response.status_code, response["Location"]) == (301, "/en/news/topics/present/")
    topic.delete()
    assert client.get("/en/news/topics/former/").status_code == 404
    assert client.get("/en/news/topics/never/").status_code == 404


def test_parliament_takes_no_former_slug_of_another():
    first = factories.ParliamentFactory()
    first.former_slugs.create(slug="former")
    other = factories.ParliamentFactory()
    other.slug = "former"
    with pytest.raises(ValidationError, match=REFUSED):
        other.full_clean()


def test_import_takes_no_slug_of_a_deleted_parliament_or_chamber():
    chamber = factories.ChamberFactory()
    file = export().encode()
    slug = chamber.parliament.slug
    chamber.delete()
    report = import_file(file, "popolo", ImportOptions(skip_invalid=True))
    assert not Chamber.objects.exists()
    assert any(f"must not lead to another: {chamber.slug}." in str(problem) for problem in report.skipped)
    Parliament.objects.all().delete()
    report = import_file(file, "popolo", ImportOptions(skip_invalid=True))
    assert not Parliament.objects.exists()
    assert any(f"must not lead to another: {slug}." in str(problem) for problem in report.skipped)


def test_import_of_a_new_country_avoids_retired_slugs():
    chamber = factories.ChamberFactory(slug="burundi-2-assemblee-nationale", parliament__slug="burundi")
    for row in (chamber, chamber.parliament):
        row.delete()
    assert take(popolo()).saved
    assert Parliament.objects.get().slug == "burundi-2"
    assert Chamber.objects.get().slug == "burundi-2-assemblee-nationale-2"


# Articles


def test_address_of_a_deleted_article_is_refused_and_that_of_a_draft_is_free():
    article, draft = factories.ArticleFactory(slug="gone"), factories.ArticleFactory(slug="draft", state="draft")
    article.slug = "second"
    article.save()
    entry = deleted(article)
    draft.delete()
    for slug in ("gone", "second"):
        other = factories.ArticleFactory.build(slug=slug, published_at=article.published_at)
        with pytest.raises(ValidationError, match="had this address before"):
            other.validate_unique()
    factories.ArticleFactory.build(slug="draft", published_at=draft.published_at).validate_unique()
    audit.undo(entry, None)
    Article.objects.get(slug="second").validate_unique()


def test_addresses_of_an_article_that_becomes_a_draft_again_stay_its_own():
    article = factories.ArticleFactory(slug="first")
    article.slug = "second"
    article.save()
    article.state = "draft"
    article.save()
    for slug in ("first", "second"):
        other = factories.ArticleFactory.build(slug=slug, published_at=article.published_at)
        with pytest.raises(ValidationError, match="had this address before"):
            other.validate_unique()
    article.validate_unique()


def test_import_returns_the_address_of_a_deleted_article_to_that_article_only(tmp_path):
    factories.ArticleFactory(slug="first", topics=[factories.TopicFactory(slug="security")])
    text = exported()
    values = json.loads(text)
    for model in NEWS[:-1]:
        model.objects.all().delete()
    topicless = {**values, "topics": []}
    other = a_line(slug="first", published=values["published"])
    refused = imported(to_file(tmp_path, other))
    assert "Another article had this address, and readers still follow it" in json.dumps(refused)
    assert "Another topic had this address: security" in json.dumps(imported(to_file(tmp_path, values)))
    assert not Article.objects.exists()
    assert imported(to_file(tmp_path, topicless))["error"] is None
    assert str(Article.objects.get().uid) == values["id"]


# Backups


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
@pytest.mark.both_databases("cspa.models")
def test_restored_backup_gives_no_retired_public_id_again(tmp_path):
    """Long: it makes and restores a backup of all tables."""
    factories.PersonFactory(public_id=41).delete()
    call_command("backup", tmp_path / "backup", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    assert not RetiredAddress.objects.exists()
    call_command("restore", tmp_path / "backup", verbosity=0)
    assert factories.PersonFactory().public_id == 42
