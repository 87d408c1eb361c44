"""Who may do what in the back office: the groups and their rights. docs/roles.md shows them as a table.

A migration makes the groups; another role or right comes with a migration that calls ``sync_groups`` again.
"""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
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
        "cspa.entry": "view",
    },
}


def sync_groups(apps: Apps) -> None:
    """Make the groups, and give each the rights above; further ones that an office gave to a group stay.

    ``apps`` are the models of a migration, or the present ones.
    """
    permissions = apps.get_model("auth", "Permission").objects
    labels = {model.partition(".")[0] for rights in GROUP_PERMISSIONS.values() for model in rights}
    for label in sorted(labels.intersection(apps.app_configs)):  # a migration may be older than a later application
        # Django makes the rights of new models after all migrations only.
        config: Any = apps.get_app_config(label)
        config.models_module = getattr(config, "models_module", True)  # those of a migration have none
        create_permissions(config, apps=apps, verbosity=0)
    for name, rights in GROUP_PERMISSIONS.items():
        group, _new = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        # Matches nothing; each model adds its rights.
        allowed = Q(pk__in=())
        for model, actions in rights.items():
            app, model = model.split(".")
            codenames = [f"{action}_{model}" for action in actions.split()]
            allowed |= Q(content_type__app_label=app, codename__in=codenames)
        group.permissions.add(*permissions.filter(allowed))


def remove_groups(apps: Apps) -> None:
    """Undo ``sync_groups``."""
    apps.get_model("auth", "Group").objects.filter(name__in=GROUP_PERMISSIONS).delete()
