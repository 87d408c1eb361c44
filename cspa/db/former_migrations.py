"""Support for databases and backups from before the migrations were squashed into one for each app.

No release had the former migrations. Delete this module when no such database and no such backup is left.
"""

from typing import Any

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext_lazy as _

MIGRATIONS = frozenset(
    {
        "cspa.0002_fields_of_work",
        "cspa.0003_roles",
        "cspa.0004_journal",
        "cspa.0005_right_to_the_journal",
        "cspa.0006_rules_of_groups",
        "cspa.0007_rights_on_confirmations",
        "cspa.0008_numbers_of_versions",
        "delegations.0002_confirmations_withdrawals_and_name_search",
        "delegations.0003_observations_of_pages",
        "delegations.0004_requests_for_confirmations",
        "links.0001_addresses",
        "links.0002_rights_on_addresses",
        "news.0002_search_by_stems",
        "news.0003_reason_of_withdrawals",
        "news.0004_preview_links",
        "news.0005_quotations",
        "news.0006_history_of_articles",
        "news.0007_time_of_texts",
        "news.0008_pictures_attachments_datelines",
        "news.0009_time_of_corrections",
        "news.0010_rights_on_articles",
        "news.0011_history_into_the_journal",
        "news.0012_language_in_the_search_index",
    }
)

# Squashed migrations whose names are new; the other apps have had a migration 0001_initial before.
ADDED = {"links.0001_initial"}

# Former table names by present name.
TABLES = {
    "cspa_changeset": "cspa_entry",
    "cspa_grouppolicy": "cspa_grouprule",
    "cspa_rowchange": "cspa_change",
    "delegations_delegationassignment": "cspa_user_parliaments",
}

# Tables that no former backup has. They stay empty.
LATER_TABLES = {"cspa_retiredaddress"}

# Present model names by app and former name.
MODELS = {
    ("cspa", "change"): "rowchange",
    ("cspa", "entry"): "changeset",
    ("cspa", "grouprule"): "grouppolicy",
}

REFUSAL = _(
    "The database was made with former migrations, which cannot be continued. Back it up with the former code "
    "(manage.py backup DIR), make a new database, then run with this code: manage.py migrate, manage.py restore DIR."
)


def is_former(database: BaseDatabaseWrapper) -> bool:
    applied = MigrationRecorder(database).applied_migrations()
    return not MIGRATIONS.isdisjoint(f"{app}.{name}" for app, name in applied)


def reject_former_database(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Stop ``migrate`` on a database with former migrations; receiver of ``pre_migrate``."""
    if is_former(connections[using]):
        raise CommandError(REFUSAL)


def has_all(migrations: object) -> bool:
    """Whether ``migrations`` of a backup include all former ones, so that its tables have the present columns."""
    return isinstance(migrations, list) and MIGRATIONS.issubset(name for name in migrations if isinstance(name, str))


def replaced(migrations: list[str]) -> list[str]:
    """``migrations`` with the former ones replaced by the squashed ones."""
    return sorted({*migrations} - MIGRATIONS | ADDED)


def rename_models() -> None:
    """Rename the content types and permissions of a restored former backup to the present model names."""
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType

    for (app, former), present in MODELS.items():
        ContentType.objects.filter(app_label=app, model=former).update(model=present)
        for permission in Permission.objects.filter(content_type__app_label=app, content_type__model=present):
            permission.codename = permission.codename.replace(f"_{former}", f"_{present}")
            permission.save(update_fields=["codename"])
