"""Who keeps which delegations."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .parliaments import Parliament


class DelegationAssignment(models.Model):
    """A parliament whose delegation an account keeps; an account that has none keeps all delegations (docs/roles.md).

    It shows as a field of the account, so it has no rights of its own.
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
