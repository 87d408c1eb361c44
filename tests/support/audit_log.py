"""Pages and rows of the audit log."""

from django.test import Client

from cspa import audit
from cspa.models import ChangeSet

from .admin_forms import page, words


def everything() -> dict:
    """All tracked rows."""
    return {
        model: audit.snapshots(model, model._base_manager.order_by("pk").values_list("pk", flat=True))
        for model in audit.registered_models()
    }


def entry_page(entry: ChangeSet) -> str:
    return page("cspa_changeset_change", entry.pk)


def change(row) -> str:
    return page(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)


def undo(client: Client, entry: ChangeSet) -> str:
    return words(client.post(entry_page(entry), {"change_reason": "A slip"}, follow=True))
