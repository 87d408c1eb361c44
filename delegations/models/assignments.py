"""Assignment of user accounts to delegations."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .parliaments import Parliament


class DelegationAssignment(models.Model):
    """A parliament assigned to a user account, which then edits only its assigned delegations (docs/roles.md).

    An account without assignments edits all delegations. The account's form edits the rows, so the model has no
    permissions of its own.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("account"))
    parliament = models.ForeignKey(Parliament, models.CASCADE, related_name="+", verbose_name=_("parliament"))

    class Meta:
        verbose_name = _("assigned parliament")
        verbose_name_plural = _("assigned parliaments")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "parliament"], name="delegationassignment_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.parliament}"
