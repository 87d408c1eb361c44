"""A site with a row of each model, and its rows, uploads and pages."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.apps import apps
from django.conf import settings as configured
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.translation import override
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from cspa import audit
from cspa.auth.groups import NEWS_EDITORS
from cspa.backup.tables import EXCLUDED_MODELS
from cspa.models import ChangeSet, GroupPolicy
from delegations.models import FormerPublicId, Identifier, Link
from links.models import Address

from ..support import factories
from ..support.crawl import seen

ROOT = Path(configured.BASE_DIR)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def everything() -> None:
    """At least one row of each model, including edge cases."""
    call_command("loaddata", "seed", verbosity=0)
    sources = factories.SourceFactory.create_batch(2, date=date(2019, 5, 26))
    photo = ContentFile(factories.photo(), "photo.jpg")
    person = factories.PersonFactory(name_ru="Ёлкин «Ё» Қазақ", photo=photo, photo_alt_en="At a lectern")
    FormerPublicId.objects.create(person=person, public_id=777)
    Identifier.objects.create(person=person, scheme="wikidata", identifier="Q1")
    factories.PersonFactory(withdrawn=True, withdrawal_reason_en="On request.")
    quota = factories.SeatQuotaFactory(starts="2019-05", ends="2020", sources=sources)
    chamber, parliament = quota.chamber, quota.chamber.parliament
    factories.SeatQuotaFactory(chamber=chamber, starts="2020-11-01", seats=9)
    parliament.slug = "renamed"
    parliament.save()
    factories.ParticipationFactory(parliament=parliament, starts="2006", sources=sources)
    factories.DelegateFactory(person=person, chamber=chamber, starts="by 2019-03-01", sources=sources)
    factories.PersonNameFactory(person=person, sources=sources)
    factories.DelegateFactory(chamber=chamber, ended=True)
    factories.RepresentativeFactory(person=person, parliament=parliament, sources=sources)
    council = factories.BodyFactory(kind="council", slug="council", name_ru="Совет", starts="by 2010-05-01")
    law = factories.BodyFactory(parent=council, telephone="+7 812", also_known_as="Ё; «Право»", ends="2019-05")
    factories.AssemblyPostFactory(person=person, sources=sources)
    factories.AssemblyPostFactory(body=law, role="chair", acting=True, parliament=parliament, office_ru="Ё")
    factories.LinkFactory(chamber=chamber, sources=sources)
    factories.ConfirmationFactory(parliament=parliament)
    factories.ObservationFactory(parliament=parliament, statement={"seats": {"z": 1, "a": 0.5}, "posts": ["Ё\u2028"]})
    factories.FileImportFactory(report={"numbers": [["Ё", "–"]]})
    picture = factories.PictureFactory()
    article = factories.ArticleFactory(
        title="A plenary meeting",
        body="<p>Text</p><blockquote><p>Words</p><p>— Viktor Kogut, Chair</p></blockquote>",
        picture=picture,
        topics=[factories.TopicFactory()],
        parliaments=[parliament],
        people=[person],
        sources=sources,
        published_at=NOW - timedelta(days=1, microseconds=654321),
    )
    article.slug = "another-address"
    article.save()
    factories.ArticleFactory(story=article.story, language="ru", title="Пленарное заседание", slug="meeting")
    factories.ArticleFactory(title="Xylophone", slug="hidden", state="draft")
    factories.CorrectionFactory(article=article)
    factories.AttachmentFactory(article=article)
    factories.LegacyAddressFactory(article=article, target="")
    user = factories.UserFactory(is_superuser=True, last_login=NOW)
    user.groups.add(Group.objects.get(name=NEWS_EDITORS))
    user.user_permissions.add(Permission.objects.get(codename="delete_person"))
    user.parliaments.add(parliament)
    LogEntry.objects.log_actions(user.pk, [article], CHANGE, change_message="[]")
    GroupPolicy.objects.create(group=Group.objects.get(name=NEWS_EDITORS), demands_two_factors=True)
    TOTPDevice.objects.create(user=user, name="telephone")
    StaticDevice.objects.create(user=user, name="paper").token_set.create(token="abcd2345")
    AccessAttempt.objects.create(username="nobody", ip_address="192.0.2.1", failures_since_start=1)
    for model in (AccessFailureLog, AccessLog):
        model.objects.create(username="nobody", ip_address="192.0.2.1")
    AccessAttemptExpiration.objects.create(access_attempt=AccessAttempt.objects.get(), expires_at=NOW)
    address = Address.objects.create(url="https://example.org/", asked_at=NOW)
    address.websites.add(*Link.objects.all()[:1])
    address.sources.add(*sources)
    address.articles.add(article)
    factories.ProposalFactory(request__parliament=parliament)
    with audit.record_changes(ChangeSet.Kind.EDIT, user, "A slip"):
        article.title = "A plenary session"
        article.save()
        # The key of the deleted row is never reused.
        factories.TopicFactory().delete()


def wipe() -> None:
    """Reset the database to the result of `migrate`, and delete the uploads."""
    call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(configured.MEDIA_ROOT, ignore_errors=True)


def of_the_search(table: str) -> bool:
    """Whether the table belongs to the search index of SQLite."""
    indexes = [index.name for model in apps.get_models() for index in model._meta.indexes]
    assert "article_stems" in indexes
    return connection.vendor == "sqlite" and table.startswith(
        tuple(name for name in indexes if name.endswith("stems"))
    )


def database() -> dict[str, list[tuple]]:
    """All rows of all tables, with all columns."""
    excluded = {apps.get_model(label)._meta.db_table for label in EXCLUDED_MODELS}
    names = set(connection.introspection.table_names()) - {"django_migrations"} - excluded
    # ANALYZE creates this table in other tests.
    names.discard("sqlite_stat1")
    found = {}
    with connection.cursor() as cursor:
        for name in sorted(name for name in names if not of_the_search(name)):
            cursor.execute(f'SELECT * FROM "{name}"')
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found


def uploads() -> dict[str, bytes]:
    root = Path(configured.MEDIA_ROOT)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def pages() -> dict[str, tuple[int, str]]:
    """All pages that a visitor can reach, at a fixed time."""
    # A request leaves its language active.
    with time_machine.travel(NOW, tick=False), override("en"):
        return seen(Client())


def refused(folder: Path, words: str) -> None:
    """Assert that `restore` refuses ``folder`` with ``words`` and changes nothing."""
    before = database(), uploads()
    with pytest.raises(CommandError, match=words):
        call_command("restore", folder)
    assert (database(), uploads()) == before
