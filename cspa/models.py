"""Users, policies of their groups, the audit log, retired addresses, and the versions of cached tables."""

from collections.abc import Collection, Iterable
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.signals import post_delete
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


class RetiredAddressQuerySet(models.QuerySet["RetiredAddress"]):
    def of(self, model: type[models.Model]) -> Self:
        """What stood in the addresses of ``model``."""
        return self.filter(kind=model._meta.label_lower)

    def had(self, values: Iterable[str]) -> dict[str, str]:
        """The owners of those of ``values`` that are retired."""
        return dict(self.filter(value__in=list(values)).values_list("value", "owner"))

    def retire(self, model: type[models.Model], owner: str, *values: str) -> None:
        rows = [RetiredAddress(kind=model._meta.label_lower, owner=owner, value=value) for value in values]
        self.bulk_create(rows, ignore_conflicts=True)


class RetiredAddress(models.Model):
    """An id or slug that stood in the address of a row and was given up. No other row ever gets it.

    Rows are only added, in the transaction that gives the address up, and undo does not remove them.
    """

    # The model, as in "delegations.person".
    kind = models.CharField(max_length=60)
    value = models.CharField(max_length=200)
    # The row that may take the address again: its uid, or its primary key, which no other row ever gets.
    owner = models.CharField(max_length=36)

    objects = RetiredAddressQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="retiredaddress_once", fields=["kind", "value"])]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class AddressedModel(models.Model):
    """Abstract base of rows with an id or slug in an address. Deleting a row retires it.

    ``address_column`` holds the id or slug. ``address_of`` is the foreign key of a former address to its row.
    """

    address_column: str = "slug"
    address_of: str = ""

    class Meta:
        abstract = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        post_delete.connect(_retire_deleted, sender=cls)

    def address_value(self) -> str:
        """What must be retired with the row, empty if it has or had no public address."""
        return str(getattr(self, self.address_column) or "")

    def address_owner(self) -> "AddressedModel":
        owner: AddressedModel = getattr(self, self.address_of) if self.address_of else self
        return owner

    def owner_key(self) -> str:
        return str(getattr(self, "uid", self.pk))

    def retire(self, *values: str) -> None:
        RetiredAddress.objects.retire(type(self), self.owner_key(), *values)

    def is_retired(self, value: str) -> bool:
        """Whether another row had ``value`` in its address."""
        return RetiredAddress.objects.of(type(self)).filter(value=value).exclude(owner=self.owner_key()).exists()


def _retire_deleted(instance: AddressedModel, **kwargs: Any) -> None:
    if value := instance.address_value():
        instance.address_owner().retire(value)


class SluggedModel(AddressedModel):
    """Abstract base of rows whose ``slug`` is their address. A slug that another row had is refused."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        columns = type(self)._base_manager.filter(pk=self.pk).values_list(self.address_column, flat=True)
        former = str(columns.first() or "") if self.pk else ""
        super().save(*args, **kwargs)
        if former and former != self.address_value():
            self.give_up(former)

    @classmethod
    def formerly_at(cls, slug: str) -> Self | None:
        """The row that gave ``slug`` up for another one; None if there is none, or if it was deleted."""
        owner = RetiredAddress.objects.of(cls).had([slug]).get(slug)
        key = "uid" if any(field.name == "uid" for field in cls._meta.fields) else "pk"
        return cls._base_manager.filter(**{key: owner}).first()

    def give_up(self, former: str) -> None:
        """Called after the row got another slug than ``former``."""
        self.retire(former)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        super().validate_unique(exclude)
        slug = self.address_value()
        if self.address_column not in (exclude or ()) and self.is_retired(slug):
            message = _("Another record had this address, and old links to it must not lead here. Choose another one.")
            raise ValidationError({self.address_column: ValidationError(message, code="retired_address")})


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
