"""Requests to a parliament to confirm its roster, each and the corrections that its answer proposes."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cspa.i18n import any_language, translated

from ..names import NameField
from .parliaments import Chamber, Parliament
from .people import Delegate, Representative
from .periods import Source


class ConfirmationRequestQuerySet(models.QuerySet["ConfirmationRequest"]):
    def in_state(self, state: str, moment: datetime) -> Self:
        """Requests that are in ``state`` at ``moment``. ``ConfirmationRequest.state()`` is the same rule in Python."""
        unanswered = Q(answered_at=None, withdrawn_at=None)
        states: dict[str, Q] = {
            self.model.State.OPEN: unanswered & Q(expires_at__gt=moment),
            self.model.State.ANSWERED: Q(answered_at__isnull=False),
            self.model.State.WITHDRAWN: Q(withdrawn_at__isnull=False),
            self.model.State.EXPIRED: unanswered & Q(expires_at__lte=moment),
        }
        return self.filter(states[state])


class ConfirmationRequest(models.Model):
    """A request to confirm the roster of a delegation, sent as a link that can be answered once.

    The row stores neither the address of the addressee nor the key of the link, only a hash of the key.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        EXPIRED = "expired", _("expired")
        WITHDRAWN = "withdrawn", _("link withdrawn")

    parliament = models.ForeignKey(
        Parliament, models.PROTECT, related_name="confirmation_requests", verbose_name=_("parliament")
    )
    addressee = models.CharField(
        _("addressee"),
        max_length=200,
        help_text=_("Name and office of the person whom you ask: “Viktor Kogut, plenipotentiary representative”."),
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="confirmation_requests", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("valid until"))
    withdrawn_at = models.DateTimeField(_("link withdrawn"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = translated(_("answered by"), max_length=200)
    language = models.CharField(
        _("language of the answer"), max_length=10, choices=settings.LANGUAGES, blank=True, default=""
    )
    source = models.ForeignKey(
        Source,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="confirmation_requests",
        verbose_name=_("document"),
    )

    objects = ConfirmationRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for a confirmation")
        verbose_name_plural = _("requests for confirmations")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="confirmationrequest_answered_or_withdrawn",
                condition=Q(answered_at=None) | Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="confirmationrequest_answered_by_somebody",
                condition=Q(answered_at=None) | any_language("answered_by"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parliament}: {self.addressee}"

    def state(self, moment: datetime) -> "ConfirmationRequest.State":
        """Return the state at ``moment``; ``in_state()`` is the same rule in SQL."""
        if self.answered_at:
            return self.State.ANSWERED
        if self.withdrawn_at:
            return self.State.WITHDRAWN
        return self.State.OPEN if self.expires_at > moment else self.State.EXPIRED


class Proposal(models.Model):
    """A correction that a parliament proposes; the secretariat accepts, changes or refuses it."""

    class Kind(models.TextChoices):
        ENDED = "ended", _("no longer in office")
        ROLE = "role", _("another role")
        NAME = "name", _("the name is written otherwise")
        MISSING = "missing", _("somebody is missing")
        OTHER = "other", _("something else")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        CHANGED = "changed", _("accepted with changes")
        REFUSED = "refused", _("refused")

    request = models.ForeignKey(
        ConfirmationRequest, models.PROTECT, related_name="proposals", verbose_name=_("request for a confirmation")
    )
    kind = models.CharField(_("kind of correction"), max_length=7, choices=Kind)
    mandate = models.ForeignKey(
        Delegate, models.SET_NULL, null=True, blank=True, related_name="proposals", verbose_name=_("mandate")
    )
    service = models.ForeignKey(
        Representative,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("plenipotentiary representative"),
    )
    recorded = models.JSONField(_("recorded at that time"), default=dict, blank=True)
    name = NameField(_("name"), max_length=150, blank=True, default="")
    chamber = models.ForeignKey(
        Chamber, models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("chamber")
    )
    role = models.CharField(_("role"), max_length=11, choices=Delegate.Role, blank=True, default="")
    day = models.CharField(_("from which day"), max_length=10, blank=True, default="")
    text = models.TextField(_("text"), max_length=2000, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decided_proposals",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("proposed correction")
        verbose_name_plural = _("proposed corrections")
        ordering = ["-request__answered_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="proposal_decided_by_somebody",
                condition=Q(state="waiting", decided_at=None, decided_by=None)
                | ~Q(state="waiting") & Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="proposal_reason_of_changes_and_refusals",
                condition=~Q(state__in=["changed", "refused"], reason=""),
            ),
        ]

    def __str__(self) -> str:
        about = self.recorded.get("name") or self.name
        return f"{self.get_kind_display()}: {about}" if about else str(self.get_kind_display())

    @property
    def row(self) -> Delegate | Representative | None:
        """The dated row that the proposal concerns; None for a missing person or a deleted row."""
        return self.mandate or self.service
