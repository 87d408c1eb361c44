"""Restore and undo set no field that the form of the row does not let the user set."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client, RequestFactory

from cspa import audit
from cspa.auth.groups import ADMINISTRATORS, GROUP_PERMISSIONS, NEWS_EDITORS, PUBLISHERS, SECRETARIES, TRANSLATORS
from cspa.models import ChangeSet, RowChange, User
from delegations.admin.base import may_import
from delegations.importer.records import KINDS
from delegations.models import Chamber, Observation
from news.models import Article, Attachment, Picture

from ..support import factories
from ..support.admin_forms import page, words
from ..support.audit_log import change, undo

pytestmark = pytest.mark.django_db

FIELD = "you may not set “{}” to its former value."


def member(client: Client, group: str, **more) -> User:
    """A user in ``group``, as whom the client is signed in."""
    user = factories.UserFactory(username="me", **more)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return user


def edited(row, user: User | None = None, **values) -> ChangeSet:
    """A change set of ``user`` that gives ``row`` these values."""
    with audit.record_changes(ChangeSet.Kind.EDIT, user) as recorder:
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return recorder.entry


def restore_first_state(client: Client, row) -> str:
    address = page(f"{row._meta.app_label}_{row._meta.model_name}_history", row.pk)
    newest = RowChange.objects.of(row).latest("pk").pk
    return words(client.post(address, {"restore": "0", "newest": newest}, follow=True))


# Accounts


def test_administrator_restores_no_superuser(client: Client):
    member(client, ADMINISTRATORS)
    retired = factories.UserFactory(username="retired", is_superuser=True)
    edited(retired, is_superuser=False, first_name="Retired")
    assert FIELD.format("Superuser status") in restore_first_state(client, retired)
    retired.refresh_from_db()
    assert (retired.is_superuser, retired.first_name) == (False, "Retired")


def test_former_superuser_undoes_no_loss_of_the_status(client: Client):
    me = member(client, ADMINISTRATORS, is_superuser=True)
    entry = edited(me, me, is_superuser=False)
    assert FIELD.format("Superuser status") in undo(client, entry)
    me.refresh_from_db()
    assert not me.is_superuser


def test_former_superuser_undoes_no_deletion_of_a_superuser(client: Client):
    me = member(client, ADMINISTRATORS)
    chief = factories.UserFactory(username="chief", is_superuser=True)
    with audit.record_changes(ChangeSet.Kind.DELETION, me) as recorder:
        chief.delete()
    assert FIELD.format("Superuser status") in undo(client, recorder.entry)
    assert not User.objects.filter(username="chief").exists()


def test_administrator_restores_what_the_form_sets(client: Client):
    member(client, ADMINISTRATORS)
    account = factories.UserFactory(username="anna", first_name="Anna", is_active=True)
    edited(account, first_name="Annna", is_active=False)
    assert "Restored: the state of" in restore_first_state(client, account)
    account.refresh_from_db()
    assert (account.first_name, account.is_active) == ("Anna", True)


# Parliaments that are not assigned


def test_assigned_secretary_moves_nothing_back_into_a_foreign_parliament(client: Client):
    me = member(client, SECRETARIES)
    foreign, own = factories.ParliamentFactory.create_batch(2)
    me.parliaments.add(own)
    chamber = factories.ChamberFactory(parliament=foreign)
    entry = edited(chamber, me, parliament=own)
    for refused in (undo(client, entry), restore_first_state(client, chamber)):
        assert FIELD.format("Parliament") in refused
    assert Chamber.objects.get().parliament == own


def test_assigned_secretary_restores_no_row_into_a_foreign_parliament(client: Client):
    me = member(client, SECRETARIES)
    quota = factories.SeatQuotaFactory()
    me.parliaments.add(factories.ParliamentFactory())
    with audit.record_changes(ChangeSet.Kind.DELETION, me) as recorder:
        quota.delete()
    assert FIELD.format("Chamber") in undo(client, recorder.entry)
    me.parliaments.add(quota.chamber.parliament)
    assert "undone as a whole" in undo(client, recorder.entry)


def test_assigned_secretary_restores_dates_of_the_own_parliament(client: Client):
    me = member(client, SECRETARIES)
    quota = factories.SeatQuotaFactory(starts="2019-05", seats=7)
    me.parliaments.add(quota.chamber.parliament)
    edited(quota, starts="2020", ends="2021", seats=8)
    assert "Restored: the state of" in restore_first_state(client, quota)
    quota.refresh_from_db()
    assert (str(quota.starts), quota.ends, quota.seats) == ("2019-05", None, 7)


# What readers see


def test_news_editor_changes_no_attachment_of_a_published_article(client: Client):
    me = member(client, NEWS_EDITORS)
    article = factories.ArticleFactory(state="draft")
    with audit.record_changes(ChangeSet.Kind.EDIT, me) as recorder:
        attachment = factories.AttachmentFactory(article=article)
    Article.objects.update(state="published")
    edited_entry = edited(attachment, me, title="Changed")
    for entry in (edited_entry, recorder.entry):
        undo(client, entry)
    assert Attachment.objects.get().title == "Changed"
    Article.objects.update(state="draft")
    assert "undone as a whole" in undo(client, edited_entry)
    assert "undone as a whole" in undo(client, recorder.entry)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("lead", [True, False], ids=["lead picture", "picture in the text"])
def test_news_editor_changes_no_picture_of_a_published_article(client: Client, lead: bool):
    me = member(client, NEWS_EDITORS)
    with audit.record_changes(ChangeSet.Kind.EDIT, me) as upload:
        picture = factories.PictureFactory(alt_en="First", credit_en="First")
    entry = edited(picture, me, alt_en="Second", credit_en="Second")
    shown = (
        {"picture": picture}
        if lead
        else {"body": f'<figure><img src="{picture.address}" alt="A"></figure><p>Text.</p>'}
    )
    article = factories.ArticleFactory(state="published", **shown)
    assert client.post(change(picture), {"alt_en": "Forged"}).status_code == 404
    assert 'name="_save"' not in client.get(change(picture)).text
    for address in (page("cspa_changeset_change", entry.pk), page("cspa_changeset_change", upload.entry.pk)):
        assert client.post(address).status_code == 404
    assert client.post(page("news_picture_history", picture.pk), {"restore": "0"}).status_code == 404
    picture.refresh_from_db()
    assert (picture.alt_en, picture.credit_en) == ("Second", "Second")
    article.state = "draft"
    article.save()
    assert "undone as a whole" in undo(client, entry)
    assert Picture.objects.get().alt_en == "First"


def test_publisher_changes_the_picture_of_a_published_article(client: Client):
    me = member(client, PUBLISHERS)
    picture = factories.PictureFactory(alt_en="First")
    entry = edited(picture, me, alt_en="Second")
    factories.ArticleFactory(state="published", picture=picture)
    assert 'name="_save"' in client.get(change(picture)).text
    assert "undone as a whole" in undo(client, entry)
    assert Picture.objects.get().alt_en == "First"


def test_sole_author_publishes_nothing_by_undo(client: Client, settings):
    me = member(client, PUBLISHERS)
    article = factories.ArticleFactory(state="published")
    entry = edited(article, me, state="withdrawn", withdrawal_reason="Cancelled.")
    assert FIELD.format("State") in undo(client, entry)
    assert Article.objects.get().state == "withdrawn"
    settings.ALLOW_SELF_PUBLISHING = True
    assert "undone as a whole" in undo(client, entry)
    assert Article.objects.get().state == "published"


# Translations


def test_translator_restores_texts_only(client: Client):
    member(client, TRANSLATORS, translates_into="ru")
    original = factories.ArticleFactory(state="published")
    article = factories.ArticleFactory(story=original.story, language="ru", state="draft", title="Первое")
    edited(article, title="Второе")
    assert "Restored: the state of" in restore_first_state(client, article)
    article.refresh_from_db()
    edited(article, slug="changed")
    assert FIELD.format("Address") in restore_first_state(client, article)
    article.refresh_from_db()
    assert (article.title, article.slug) == ("Первое", "changed")


def test_translator_opens_previews_of_translations_into_the_own_language_only(client: Client):
    member(client, TRANSLATORS, translates_into="ru")
    original = factories.ArticleFactory(state="draft")
    translation = factories.ArticleFactory(story=original.story, language="ru", state="draft")
    answers = {}
    for article in (original, translation):
        address = page("news_article_preview", article.pk)
        answers[article.language] = [client.get(address).status_code, client.post(address, {"do": "open"}).status_code]
    assert answers == {"en": [404, 404], "ru": [200, 302]}
    assert set(Article.objects.exclude(preview_key="").values_list("language", flat=True)) == {"ru"}


# Imports


def test_import_needs_the_right_to_each_record_that_it_writes():
    user = factories.UserFactory()
    request = RequestFactory().get("/")
    actions = {model.lower(): given.split() for model, given in GROUP_PERMISSIONS[SECRETARIES].items()}
    rights = {f"{action}_{model.rpartition('.')[2]}" for model, given in actions.items() for action in given}

    def allowed(codenames: set[str]) -> bool:
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        request.user = User.objects.get(pk=user.pk)
        return may_import(request)

    assert allowed(rights)
    needed = [
        f"{action}_{model._meta.model_name}"
        for model in KINDS.values()
        if model is not Observation
        for action in ("add", "change")
    ] + ["add_identifier"]
    assert [right for right in needed if allowed(rights - {right})] == []
    assert len(needed) == 27
