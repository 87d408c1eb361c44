"""Permissions in the admin: each cell of the tables in docs/roles.md is tested over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa import audit
from cspa.auth.groups import GROUP_PERMISSIONS, sync_groups
from cspa.models import ChangeSet, RowChange
from delegations.models import FileImport, SeatQuota
from news.models import Article

from ..support import factories
from ..support.actions import (
    acts,
    adds_mandate,
    adds_quota_inline,
    asks,
    bulk_deletes,
    chooses_speaker,
    convenes,
    corrects,
    decides,
    demands_two_factors,
    edits,
    ends,
    entry_about,
    fails_to_sign_in,
    files_under_topic,
    has_one_factor,
    has_papers,
    helps,
    leaves,
    lists,
    makes_itself_superuser,
    makes_preview_link,
    makes_superuser_by_restore,
    merges,
    of,
    offers,
    opens,
    publishes_alone,
    quick_entry,
    records,
    restores,
    sees,
    translates,
    undoes,
    uploads,
    withdraws_link,
)
from ..support.admin_forms import filled_in, page
from ..support.roles import ROLES, account, documented

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> SimpleNamespace:
    """Sample rows: articles in each state, two delegations and two users."""
    colleague = factories.UserFactory(username="colleague")

    def article(state: str, **more) -> Article:
        article = factories.ArticleFactory(state="draft", withdrawal_reason="", **more)
        article.state, article.summary = state, "Changed."
        article.withdrawal_reason = "Cancelled." if state == "withdrawn" else ""
        with audit.record_changes(ChangeSet.Kind.EDIT, colleague):
            article.save()
        return article

    def delegation(slug: str) -> SimpleNamespace:
        parliament = factories.ParliamentFactory(slug=slug)
        quota = factories.SeatQuotaFactory(
            chamber=factories.ChamberFactory(parliament=parliament, slug=f"{slug}-house"),
            sources=[factories.SourceFactory()],
        )
        person = factories.PersonFactory(name_en=f"Sitting {slug}")
        link = factories.LinkFactory(chamber=quota.chamber)
        return SimpleNamespace(
            parliament=parliament,
            chamber=quota.chamber,
            seatquota=quota,
            person=person,
            delegate=factories.DelegateFactory(person=person, chamber=quota.chamber, starts="2019"),
            representative=factories.RepresentativeFactory(person=person, parliament=parliament, starts="2019"),
            personname=factories.PersonNameFactory(person=person),
            assemblypost=factories.AssemblyPostFactory(person=person),
            participation=factories.ParticipationFactory(parliament=parliament),
            confirmation=factories.ConfirmationFactory(parliament=parliament),
            link=link,
            address=factories.AddressFactory(websites=[link]),
            confirmationrequest=factories.ConfirmationRequestFactory(parliament=parliament),
            proposal=factories.ProposalFactory(request__parliament=parliament),
            decided=factories.ProposalFactory(
                request__parliament=parliament,
                state="refused",
                reason="Wrong.",
                decided_by=colleague,
                decided_at=timezone.now(),
            ),
            observation=factories.ObservationFactory(parliament=parliament),
        )

    world = SimpleNamespace(
        draft=article("draft", title="A draft"),
        review=article("review", title="In review"),
        published=article("published", title="Published", picture=factories.PictureFactory()),
        withdrawn=article("withdrawn", title="Withdrawn"),
        own=delegation("own"),
        other=delegation("other"),
        alone=factories.PersonFactory(name_en="Sitting nowhere"),
        picture=factories.PictureFactory(),
        topic=factories.TopicFactory(),
        legacy=factories.LegacyAddressFactory(),
        source=factories.SourceFactory(),
        body=factories.BodyFactory(sources=[factories.SourceFactory()]),
        chief=factories.UserFactory(username="chief", is_superuser=True),
        colleague=colleague,
        file_import=factories.FileImportFactory(user=colleague, state="checked", digest="shown"),
    )
    world.address = factories.AddressFactory()
    world.address.websites.clear()
    world.address.articles.add(world.published)
    world.russian = article("draft", title="Черновик", language="ru", story=world.published.story)
    quoted = "<blockquote><p>Words.</p><p>— Somebody Else</p></blockquote>"
    world.quoting = article("draft", title="Quoting", body=quoted)
    return world


# The groups


def test_migrate_creates_missing_groups_and_keeps_existing_ones():
    rights = {group.name: {*group.permissions.all()} for group in Group.objects.all()}
    assert rights.keys() == GROUP_PERMISSIONS.keys()
    Group.objects.get(name="Publishers").delete()
    translators = Group.objects.get(name="Translators")
    translators.permissions.set(Permission.objects.filter(codename="view_topic"))
    call_command("migrate", verbosity=0)
    assert {*Group.objects.get(name="Publishers").permissions.all()} == rights["Publishers"]
    assert [right.codename for right in translators.permissions.all()] == ["view_topic"]


def test_groups_are_not_created_before_all_apps_are_migrated():
    Group.objects.all().delete()
    sync_groups(apps=MigrationLoader(connection).project_state(("news", "0001_initial")).apps)
    assert not Group.objects.exists()


PUBLISHED_NOW = {"state": "published", "published_at_0": "2020-01-01", "published_at_1": "12:00:00"}
WITHDRAWN = {"state": "withdrawn", "withdrawal_reason": "Cancelled."}
DIRECTORY = {
    "parliament": "parliament",
    "chamber": "chamber",
    "seatquota": "seat quota",
    "person": "person",
    "personname": "former name",
    "delegate": "delegate",
    "representative": "representative",
    "assemblypost": "post in the Assembly",
    "participation": "participation",
    "confirmation": "confirmation",
    "link": "website",
}
WHOSE = {"own": "an assigned delegation", "other": "another delegation"}

# Each line of docs/roles.md, with how it is tried.
DOORS: dict[str, Callable] = {
    "the list of articles": opens(page("news_article_changelist")),
    "the calendar of news": opens(page("news_article_calendar")),
    "write an article": opens(page("news_article_add")),
    "change a draft": edits(lambda world: world.draft, title="Changed"),
    "change an article in review": edits(lambda world: world.review, title="Changed"),
    "send a draft to review": edits(lambda world: world.draft, state="review"),
    "change a published article": edits(lambda world: world.published, title="Changed"),
    "change a withdrawn article": edits(lambda world: world.withdrawn, title="Changed"),
    "publish what a colleague wrote": edits(lambda world: world.review, **PUBLISHED_NOW),
    "publish what one wrote alone": publishes_alone,
    "withdraw an article": edits(lambda world: world.published, **WITHDRAWN),
    "correct a published article": corrects,
    "choose the speaker of a quotation": chooses_speaker,
    "write a translation": translates,
    "change the texts of a translation": edits(lambda world: world.russian, title="Другое", dateline="Минск"),
    "file a translation under a topic": files_under_topic,
    "delete an article": acts(
        lambda world: page("news_article_delete", world.draft.pk),
        {"post": "yes", "change_reason": "Never true"},
        lambda world: not Article.objects.filter(pk=world.draft.pk).exists(),
    ),
    "delete articles from the list": bulk_deletes("news_article", lambda world: world.draft),
    "see the history of an article": lambda client, world: (
        client.get(page("news_article_history", world.published.pk)).status_code == 200
    ),
    "compare two states": lambda client, world: (
        client.get(
            page("news_article_history", world.draft.pk),
            {"old": "0", "new": str(RowChange.objects.of(world.draft).latest("pk").pk)},
        ).status_code
        == 200
    ),
    "restore a state of a draft": restores(lambda world: world.draft),
    "restore a state of a published article": restores(lambda world: world.published),
    "restore a state of a translation": restores(lambda world: world.russian),
    "see what a colleague changed in an article, in the journal": sees(entry_about(lambda world: world.draft)),
    "undo what a colleague changed in a draft": undoes(lambda world: world.draft),
    "undo what a colleague changed in a published article": undoes(lambda world: world.published),
    "make a preview link of a draft": makes_preview_link(lambda world: world.draft),
    "make a preview link of a translation": makes_preview_link(lambda world: world.russian),
    "the list of pictures": opens(page("news_picture_changelist")),
    "upload a picture": uploads,
    "change a picture": edits(lambda world: world.picture, alt_en="Changed"),
    "change a picture of a published article": edits(lambda world: world.published.picture, alt_en="Changed"),
    "choose a picture for a text": opens(page("news_picture_recent")),
    "add a topic": opens(page("news_topic_add")),
    "change a topic": edits(lambda world: world.topic, name_en="Changed"),
    "see the addresses of the former site": opens(page("news_legacyaddress_changelist")),
    "change an address of the former site": edits(lambda world: world.legacy, address="/changed"),
    "choose a topic": offers("news_article", "topics", lambda world: world.topic),
    "choose a person for an article": offers("news_article", "people", lambda world: world.other.person),
    "add a source": opens(page("delegations_source_add")),
    "add a body of the Assembly": opens(page("delegations_body_add")),
    "change a body of the Assembly": edits(lambda world: world.body, name_en="Changed"),
    "choose a body for a post": offers("delegations_assemblypost", "body", lambda world: world.body),
    "change a source": edits(lambda world: world.source, title_en="Changed"),
    **{
        f"change a {words} of {whose}": edits(of(key, name))
        for name, words in DIRECTORY.items()
        for key, whose in WHOSE.items()
    },
    **{
        f"find a {words} of {whose} in the list": lists(f"delegations_{name}", of(key, name))
        for name, words in DIRECTORY.items()
        for key, whose in WHOSE.items()
    },
    "read what a page said of an assigned delegation": lists("delegations_observation", of("own", "observation")),
    "read what a page said of another delegation": lists("delegations_observation", of("other", "observation")),
    **{f"ask {whose} to confirm its list": asks(key) for key, whose in WHOSE.items()},
    **{
        f"find a {words} of {whose} in the list": lists(f"delegations_{name}", of(key, name))
        for name, words in {
            "confirmationrequest": "request for a confirmation",
            "proposal": "proposed correction",
        }.items()
        for key, whose in WHOSE.items()
    },
    **{f"withdraw a link to {whose}": withdraws_link(key) for key, whose in WHOSE.items()},
    **{f"decide on a proposed correction of {whose}": decides(key) for key, whose in WHOSE.items()},
    **{f"record the confirmation of {whose} with its corrections": records(key) for key, whose in WHOSE.items()},
    "change a person without a delegation": edits(lambda world: world.alone, name_en="Changed"),
    "add a parliament": opens(page("delegations_parliament_add")),
    "add a person": opens(page("delegations_person_add")),
    "add a quota on the page of an assigned chamber": adds_quota_inline(of("own", "chamber")),
    "add a quota on the page of another chamber": adds_quota_inline(of("other", "chamber")),
    "add a mandate in an assigned delegation": adds_mandate(of("own", "chamber")),
    "add a mandate in another delegation": adds_mandate(of("other", "chamber")),
    "enter a list of names for an assigned chamber": quick_entry(of("own", "chamber")),
    "enter a list of names for another chamber": quick_entry(of("other", "chamber")),
    "begin a new convocation of an assigned chamber": convenes(of("own", "chamber")),
    "begin a new convocation of another chamber": convenes(of("other", "chamber")),
    "choose an assigned chamber": offers("delegations_delegate", "chamber", of("own", "chamber")),
    "choose another chamber": offers("delegations_delegate", "chamber", of("other", "chamber")),
    "delete a quota": acts(
        lambda world: page("delegations_seatquota_delete", world.own.seatquota.pk),
        {"post": "yes", "change_reason": "Never true"},
        lambda world: not SeatQuota.objects.filter(pk=world.own.seatquota.pk).exists(),
    ),
    "delete quotas from the list": bulk_deletes("delegations_seatquota", of("own", "seatquota")),
    "see the history of an assigned chamber": lambda client, world: (
        client.get(page("delegations_chamber_history", world.own.chamber.pk)).status_code == 200
    ),
    "see the history of another chamber": lambda client, world: (
        client.get(page("delegations_chamber_history", world.other.chamber.pk)).status_code == 200
    ),
    "see what a colleague changed in an assigned delegation, in the journal": sees(
        entry_about(of("own", "seatquota"))
    ),
    "see what a colleague changed in another delegation, in the journal": sees(entry_about(of("other", "seatquota"))),
    "undo what a colleague changed in an assigned delegation": undoes(of("own", "seatquota")),
    "undo what a colleague changed in another delegation": undoes(of("other", "seatquota")),
    "end several mandates of an assigned delegation": ends(of("own", "delegate")),
    "end several mandates of another delegation": ends(of("other", "delegate")),
    "end all functions of a person of an assigned delegation": leaves(of("own", "person")),
    "end all functions of a person of another delegation": leaves(of("other", "person")),
    "merge with a person without a delegation": merges(lambda world: world.alone),
    "merge with a person of another delegation": merges(of("other", "person")),
    "the list of addresses of other sites": opens(page("links_address_changelist")),
    "find an address of an assigned delegation in that list": lists("links_address", of("own", "address")),
    "find an address of another delegation in that list": lists("links_address", of("other", "address")),
    "find an address of a published article in that list": lists("links_address", lambda world: world.address),
    "prepare the papers of a session for an assigned delegation": has_papers("own"),
    "prepare the papers of a session for another delegation": has_papers("other"),
    "the list of doubtful facts": opens(page("delegations_doubts")),
    "import an archive": opens(page("news_archive_import")),
    "import a file": opens(page("delegations_import")),
    "see the imports of colleagues": lists("delegations_fileimport", lambda world: world.file_import),
    "decide on an import of a colleague": acts(
        lambda world: page("delegations_fileimport_change", world.file_import.pk),
        {"digest": "shown"},
        lambda world: FileImport.objects.get().state != FileImport.State.CHECKED,
    ),
    "the list of accounts": opens(page("cspa_user_changelist")),
    "add an account": opens(page("cspa_user_add")),
    "change an account": edits(lambda world: world.colleague, first_name="Changed"),
    "change the account of a superuser": edits(lambda world: world.chief, first_name="Changed"),
    "become a superuser": makes_itself_superuser,
    "make an account a superuser again by its history": makes_superuser_by_restore,
    "change a group": edits(lambda world: Group.objects.get(name="Translators")),
    "demand two factors of a group": demands_two_factors,
    "set up one's own second factor": opens(page("second_factor")),
    "reset the second factor of an account": helps(
        "reset_second_factor",
        lambda user: TOTPDevice.objects.create(user=user),
        has_one_factor,
    ),
    "reset the second factor of a superuser": helps(
        "reset_second_factor",
        lambda user: TOTPDevice.objects.create(user=user),
        has_one_factor,
        who="chief",
    ),
    "lift the limit of sign-in attempts": helps(
        "reset_lockout",
        fails_to_sign_in,
        lambda user: not AccessAttempt.objects.filter(username=user.username).exists(),
    ),
    "end the sessions of an account": helps(
        "end_sessions",
        lambda user: Client().force_login(user),
        lambda user: str(user.pk) not in {row.get_decoded()["_auth_user_id"] for row in Session.objects.all()},
    ),
    "the log of everybody": opens(page("admin_logentry_changelist")),
    "change the log": opens(page("admin_logentry_add")),
    "read the API": opens("/api/v1/articles/"),
}


MATRIX = {(door, column): cell == "yes" for door, column, cell in documented("who may", ("yes", "–"))}


def test_table_in_the_documentation_lists_every_action_and_role():
    assert {door for door, _column in MATRIX} == set(DOORS)
    assert {column for _door, column in MATRIX} == set(ROLES)
    assert len(MATRIX) == len(DOORS) * len(ROLES) == 7 * 156
    assert {group for group, _more in ROLES.values() if group} == set(GROUP_PERMISSIONS)


@pytest.mark.long
@pytest.mark.parametrize("column", ROLES)
def test_each_cell_of_the_table_matches_the_permissions(client: Client, world, column: str):
    me = account(column, username="me")
    if column == "Assigned secretary":
        me.parliaments.add(world.own.parliament)
    client.force_login(me)
    found = {}
    for door, probe in DOORS.items():
        with transaction.atomic():
            found[door] = probe(client, world)
            transaction.set_rollback(True)
        for row in vars(world).values():
            if isinstance(row, Article):
                row.refresh_from_db()
    expected = {door: may for (door, role), may in MATRIX.items() if role == column}
    assert {door: may for door, may in found.items() if may != expected[door]} == {}
    assert len(found) == len(DOORS)


def test_anonymous_user_is_redirected_to_login_from_every_admin_page(client: Client, world):
    walked = 0
    for name in ("news_article", "news_picture", "delegations_chamber", "cspa_user", "admin_logentry"):
        for suffix in ("changelist", "add"):
            response = client.get(page(f"{name}_{suffix}"))
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, page("login"))
            walked += 1
    own = (
        "delegations_import",
        "news_archive_import",
        "delegations_doubts",
        "delegations_session",
        "delegations_delegate_quick_entry",
        "news_picture_recent",
        "news_article_calendar",
        "cspa_changeset_changelist",
    )
    for address in map(page, own):
        assert client.get(address).status_code == 302
        walked += 1
    assert walked == 18


def test_author_publishes_alone_only_if_self_publishing_is_allowed(client: Client, settings):
    me = factories.UserFactory()
    me.groups.add(Group.objects.get(name="Publishers"))
    client.force_login(me)
    assert not publishes_alone(client, SimpleNamespace())
    settings.ALLOW_SELF_PUBLISHING = True
    assert publishes_alone(client, SimpleNamespace())


def test_sole_author_is_refused_and_a_colleague_publishes(client: Client):
    author, colleague = factories.UserFactory.create_batch(2)
    for user in (author, colleague):
        user.groups.add(Group.objects.get(name="Publishers"))
    client.force_login(author)
    data = filled_in(client, page("news_article_add"))
    texts = {"title": "T", "summary": "S", "body": "<p>B</p>", "language": "en"}
    response = client.post(page("news_article_add"), data | texts | {"state": "published"})
    assert "Nobody but you has worked on this text" in response.text
    assert client.post(page("news_article_add"), data | texts | {"state": "review"}).status_code == 302
    address = page("news_article_change", Article.objects.get().pk)
    response = client.post(address, filled_in(client, address) | {"state": "published"})
    assert "Nobody but you has worked on this text" in response.text
    client.force_login(colleague)
    assert client.post(address, filled_in(client, address) | {"state": "published"}).status_code == 302
    assert Article.objects.get().state == "published"
    assert Article.objects.get().published_at <= datetime.now(UTC)
