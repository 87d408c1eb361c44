"""Statements of saved pages of the Assembly's former site about a parliament."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cspa.db.natural_keys import NaturalKeyManager, UidModel

from ..dates import EARLIEST, LATEST
from .parliaments import Parliament
from .people import Person
from .periods import Source


class Observation(UidModel):
    """The block of a saved page about one parliament, dated by the day on which the page was saved.

    The facts that rest on pages are computed from all observations of a parliament together, so the order in which
    pages are imported makes no difference (``delegations.legacy_pages.facts``).
    """

    parliament = models.ForeignKey(
        Parliament, models.PROTECT, related_name="observations", verbose_name=_("parliament")
    )
    date = models.DateField(_("day"), help_text=_("The day on which the page was seen."))
    source = models.ForeignKey(Source, models.PROTECT, related_name="observations", verbose_name=_("page"))
    person = models.ForeignKey(
        Person,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="observations",
        verbose_name=_("representative named"),
    )
    statement = models.JSONField(
        _("what it states"),
        help_text=_(
            "“seats” by the code of the chamber, “representative”, “posts” and “websites”. "
            "What is null was not stated; what is absent could not be read."
        ),
    )

    objects = NaturalKeyManager["Observation"]()

    class Meta:
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        ordering = ["-date", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["parliament", "date"], name="observation_one_a_day"),
            models.CheckConstraint(name="observation_date_1900_to_2100", condition=Q(date__range=(EARLIEST, LATEST))),
        ]

    def __str__(self) -> str:
        return f"{self.parliament}: {self.date:%Y-%m-%d}"
