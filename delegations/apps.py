"""Configuration of the directory."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DelegationsConfig(AppConfig):
    name = "delegations"
    verbose_name = _("Delegations")

    def ready(self) -> None:
        from cspa import audit
        from cspa.cache import versions
        from cspa.models import User

        from . import models

        # The audit log records an assignment with the account, not with the parliament.
        audit.register(models.Parliament, exclude_fields=["secretaries"])
        audit.register_reverse_m2m(User, "parliaments")
        audit.register(models.ConfirmationRequest, exclude_fields=["key_hash"])
        # Not recorded: a FileImport is itself a record, of the change set of its import.
        special = {models.Parliament, models.DelegationAssignment, models.ConfirmationRequest, models.FileImport}
        audit.register(*(model for model in self.get_models() if model not in special))
        # No page of readers shows imports, and the worker must not make pages stale.
        versions.track_tables(self, exclude=[models.FileImport])
