"""App configurations: log records, audit of accounts, SQLite functions, triggers of the cache, admin site."""

import logging

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class CspaConfig(AppConfig):
    name = "cspa"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from django.contrib.auth.models import Group

        from . import audit
        from .auth import sessions  # noqa: F401  listens to sign-ins
        from .auth.groups import sync_groups
        from .cache import versions
        from .db import former_migrations
        from .db.sqlite_functions import register_functions
        from .models import GroupPolicy, User
        from .security.log_records import LinklessRecord
        from .security.private_files import make_database_private

        logging.setLogRecordFactory(LinklessRecord)
        audit.register(User, exclude_fields=["password", "last_login"])
        audit.register(Group, GroupPolicy)
        connection_created.connect(register_functions)
        connection_created.connect(make_database_private)
        connection_created.connect(versions.connect_write_tracking)
        pre_migrate.connect(former_migrations.reject_former_database, sender=self)
        post_migrate.connect(versions.install_triggers, sender=self)
        post_migrate.connect(sync_groups, sender=self)


class AdminConfig(DjangoAdminConfig):
    default_site = "cspa.backoffice.site.AssemblyAdminSite"
