"""Users, policies of their groups, the audit log, and the versions of cached tables."""

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Staff user of the back office; a custom model from the first migration on, so that it can gain fields."""

    translates_into = models.CharField(
        _("translates into"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of a translator: the language of the texts that this account writes."),
    )

    # Users with a second factor, and users in a group that demands one.
    NEEDS_SECOND_FACTOR = models.Q(totpdevice__confirmed=True) | models.Q(groups__rule__demands_two_factors=True)

    @cached_property
    def needs_second_factor(self) -> bool:
        return User.objects.filter(self.NEEDS_SECOND_FACTOR, pk=self.pk).exists()


class GroupPolicy(models.Model):
    """Sign-in policy of a group; a group without a row demands nothing."""

    group = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="rule", verbose_name=_("group"))
    demands_two_factors = models.BooleanField(
        _("demands two factors"),
        default=False,
        help_text=_("Whoever is in the group signs in with a code from a telephone besides the password."),
    )

    class Meta:
        verbose_name = _("rule of a group")
        verbose_name_plural = _("rules of groups")

    def __str__(self) -> str:
        return str(self.group)


class ChangeSet(models.Model):
    """One operation of a user, with all rows that it has changed. ``cspa.audit`` writes and undoes change sets."""

    class Kind(models.TextChoices):
        EDIT = "edit", _("form saved")
        LIST = "list", _("several rows of a list")
        DELETION = "deletion", _("deletion")
        IMPORT = "import", _("import")
        MERGE = "merge", _("two records of a person merged")
        ANSWER = "answer", _("answer of a parliament")
        DECISION = "decision", _("decision on a proposed correction")
        RESTORE = "restore", _("former state restored")
        UNDO = "undo", _("entry undone")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    made_at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="entries", verbose_name=_("who"), db_index=True
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    details = models.TextField(_("details"), blank=True)
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by", verbose_name=_("undoes"))

    class Meta:
        verbose_name = _("entry of the journal")
        verbose_name_plural = _("entries of the journal")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {timezone.localtime(self.made_at):%Y-%m-%d %H:%M}"


class RowChangeQuerySet(models.QuerySet["RowChange"]):
    def of(self, row: models.Model) -> Self:
        return self.filter(content_type=ContentType.objects.get_for_model(row), object_id=row.pk)


class RowChange(models.Model):
    """Change of one row in a change set.

    ``before`` and ``after`` hold the changed columns, and the keys of related rows of many-to-many fields. ``before``
    of a deleted row holds all columns; a new row needs neither.
    """

    class Action(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")

    entry = models.ForeignKey(ChangeSet, models.CASCADE, related_name="changes")
    content_type = models.ForeignKey(ContentType, models.PROTECT)
    object_id = models.BigIntegerField()
    action = models.CharField(max_length=7, choices=Action)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = RowChangeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="change_of_row")]

    def __str__(self) -> str:
        return f"{self.content_type.model} {self.object_id}: {self.action}"

    def undone(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """State before the change, given the ``state`` after it; None if the change created the row."""
        if self.action == self.Action.ADDED:
            return None
        return {**(state or {}), **(self.before or {})}


class TableVersion(models.Model):
    """Version of a table with public data: the time of its last change, set by triggers (``cspa.cache``)."""

    name = models.CharField(primary_key=True, max_length=63)
    # Microseconds since 1970, or the last number plus one if the clock has not advanced.
    number = models.BigIntegerField()

    class Meta:
        db_table = "cspa_version"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.number}"
