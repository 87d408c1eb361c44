"""Dated corrections of articles."""

from datetime import UTC, datetime, time, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .articles import EARLIEST, LATEST, Article


class Correction(models.Model):
    """A dated note on a mistake that was corrected in an article."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="corrections", verbose_name=_("article"))
    date = models.DateField(_("date"), default=timezone.localdate)
    text = models.TextField(
        _("what was corrected"),
        max_length=1000,
        help_text=_("As in “An earlier version gave 27 May as the date”."),
    )

    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-date", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="correction_date_1900_to_2100",
                condition=Q(date__range=(EARLIEST.date(), LATEST.date())),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.date}: {self.text}"

    @property
    def made_at(self) -> datetime:
        """When the correction appeared: when it was recorded, but no later than the end of its date."""
        end = timezone.make_aware(datetime.combine(self.date + timedelta(days=1), time()))
        return min(self.recorded_at, end).astimezone(UTC)
