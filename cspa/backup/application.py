"""Version and migrations of the application, which a backup records."""

import tomllib

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from ..db import former_migrations
from .errors import BackupError, abbreviated


def version() -> str:
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


def migrations() -> list[str]:
    """Names of the applied migrations. Raise BackupError unless they are those of the application."""
    if former_migrations.is_former(connection):
        raise BackupError(former_migrations.REFUSAL)
    executor = MigrationExecutor(connection)
    loader = executor.loader
    if executor.migration_plan(loader.graph.leaf_nodes()):
        raise BackupError(_("The database lacks migrations. Run first: manage.py migrate"))
    unknown = [
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise BackupError(
            _("The database belongs to a newer version of the application, with the migrations %(names)s.")
            % {"names": abbreviated(unknown)}
        )
    return sorted(f"{app}.{name}" for app, name in loader.graph.nodes)
