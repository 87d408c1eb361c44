"""Groups of the back office and their permissions; docs/roles.md shows them as a table.

``migrate`` creates missing groups only. A permission that is added here later needs a migration that grants it to
existing groups.
"""

from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models import Q
from django.utils.translation import gettext_noop

NEWS_EDITORS = gettext_noop("News editors")
TRANSLATORS = gettext_noop("Translators")
PUBLISHERS = gettext_noop("Publishers")
SECRETARIES = gettext_noop("Delegation secretaries")
ADMINISTRATORS = gettext_noop("Administrators")

# Actions on each model, by group.
GROUP_PERMISSIONS: dict[str, dict[str, str]] = {
    NEWS_EDITORS: {
        "news.article": "view add change",
        "news.quotation": "view change",
        "news.attachment": "view add change delete",
        "news.correction": "view",
        "news.legacyaddress": "view",
        "news.picture": "view add change",
        "news.topic": "view",
        "delegations.parliament": "view",
        "delegations.person": "view",
        "delegations.source": "view add",
    },
    TRANSLATORS: {
        "news.article": "view translate",
    },
    PUBLISHERS: {
        "news.article": "view add change publish",
        "news.quotation": "view change",
        "news.attachment": "view add change delete",
        "news.correction": "view add change",
        "news.legacyaddress": "view add change delete",
        "news.picture": "view add change",
        "news.topic": "view add change",
        "delegations.parliament": "view",
        "delegations.person": "view",
        "delegations.source": "view add change",
        "links.address": "view",
    },
    SECRETARIES: {
        "delegations.parliament": "view add change",
        "delegations.chamber": "view add change",
        "delegations.seatquota": "view add change",
        "delegations.participation": "view add change",
        "delegations.confirmation": "view add change",
        "delegations.confirmationrequest": "view add change",
        "delegations.proposal": "view change",
        "delegations.link": "view add change",
        # Merging two records of a person deletes one of them.
        "delegations.person": "view add change delete",
        "delegations.identifier": "view add change delete",
        "delegations.personname": "view add change delete",
        "delegations.delegate": "view add change",
        "delegations.representative": "view add change",
        "delegations.body": "view add change",
        "delegations.assemblypost": "view add change",
        "delegations.observation": "view",
        "delegations.source": "view add change",
        "links.address": "view",
    },
    ADMINISTRATORS: {
        "cspa.user": "view add change",
        "auth.group": "view add change",
        "admin.logentry": "view",
        "cspa.changeset": "view",
    },
}


def sync_groups(using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: Any) -> None:
    """Create missing groups with their permissions; receiver of ``post_migrate``.

    Existing groups stay unchanged, since administrators may have edited them. For the same reason no group is created
    before all apps are migrated: a later run would not add the missing permissions.
    """
    models = {model for actions_by_model in GROUP_PERMISSIONS.values() for model in actions_by_model}
    try:
        Group, Permission, *_ = map(apps.get_model, ["auth.Group", "auth.Permission", *models])  # noqa: N806
    except LookupError:
        return
    if not router.allow_migrate_model(using, Group):
        return
    groups, permissions = Group.objects.using(using), Permission.objects.using(using)
    missing = GROUP_PERMISSIONS.keys() - set(groups.values_list("name", flat=True))
    if not missing:
        return
    for label in sorted({model.partition(".")[0] for model in models}):
        # This receiver runs before Django creates the permissions of the apps that follow.
        create_permissions(installed_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    for name, actions_by_model in GROUP_PERMISSIONS.items():
        if name not in missing:
            continue
        # Start with a condition that matches nothing; each model adds its permissions.
        allowed = Q(pk__in=())
        for model, actions in actions_by_model.items():
            app, model = model.split(".")
            codenames = [f"{action}_{model}" for action in actions.split()]
            allowed |= Q(content_type__app_label=app, codename__in=codenames)
        groups.create(name=name).permissions.set(permissions.filter(allowed))
