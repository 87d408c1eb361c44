"""The directory of delegations."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DelegationsConfig(AppConfig):
    name = "delegations"
    verbose_name = _("Delegations")

    def ready(self) -> None:
        from cspa.audit import journal

        from . import models

        journal.follow(
            models.Parliament,
            models.FormerSlug,
            models.Chamber,
            models.Participation,
            models.SeatQuota,
            models.Link,
            models.Confirmation,
            models.Person,
            models.FormerPublicId,
            models.Identifier,
            models.Delegate,
            models.Representative,
            models.AssemblyPost,
            models.Observation,
            models.Source,
            models.Proposal,
        )
        journal.follow(models.ConfirmationRequest, leave_out=["key_hash"])
