"""Who may do what in the back office: the groups and their rights. docs/roles.md shows them as a table.

``migrate`` makes the groups that are missing. A right that is added here later needs a migration that gives it to the
groups that are there.
"""

from typing import Any

from django.apps import apps as present
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

# Models with the actions on them.
GROUP_PERMISSIONS: dict[str, dict[str, str]] = {
    NEWS_EDITORS: {
        "news.article": "view add change",
        "news.quotation": "view change",
        "news.attachment": "view add change delete",
        "news.correction": "view",
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
        "delegations.person": "view add change delete",  # to merge two records of one person
        "delegations.identifier": "view add change delete",
        "delegations.delegate": "view add change",
        "delegations.representative": "view add change",
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


def sync_groups(using: str = DEFAULT_DB_ALIAS, apps: Apps = present, **kwargs: Any) -> None:
    """Make the groups that are missing, with the rights above; receiver of ``post_migrate``.

    A group that is there stays as the office has it. Nothing is made until all applications are migrated: a group
    would lack the rights of the others for ever.
    """
    models = {model for rights in GROUP_PERMISSIONS.values() for model in rights}
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
        # Django makes those of an application after this one only.
        create_permissions(present.get_app_config(label), verbosity=0, using=using, apps=apps)
    for name, rights in GROUP_PERMISSIONS.items():
        if name not in missing:
            continue
        # Matches nothing; each model adds its rights.
        allowed = Q(pk__in=())
        for model, actions in rights.items():
            app, model = model.split(".")
            codenames = [f"{action}_{model}" for action in actions.split()]
            allowed |= Q(content_type__app_label=app, codename__in=codenames)
        groups.create(name=name).permissions.set(permissions.filter(allowed))
