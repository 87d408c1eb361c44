"""External links with the records that contain them and the result of the last check."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

# Maximum length in characters, the same as that of websites and sources.
LONGEST = 1000


class AddressQuerySet(models.QuerySet["Address"]):
    def failing(self) -> Self:
        """The addresses whose last check failed."""
        return self.exclude(fails_since=None)


class Address(models.Model):
    """An external link of the directory or the news. Only ``check_links`` writes it."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("answered")
        ERROR = "error", _("answered with an error")
        NO_HOST = "no_host", _("there is no such host")
        REFUSED = "refused", _("the host cannot be reached")
        TIMEOUT = "timeout", _("no answer in time")
        CERTIFICATE = "certificate", _("its certificate is not valid")
        CIRCLE = "circle", _("redirects without end")
        BROKEN = "broken", _("the answer cannot be read")
        NO_ADDRESS = "no_address", _("not an address that can be asked")
        PRIVATE = "private", _("in a private network: not asked")

    url = models.CharField(_("address"), max_length=LONGEST, unique=True)
    outcome = models.CharField(_("result"), max_length=11, choices=Outcome, blank=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    fails_since = models.DateTimeField(_("does not answer since"), null=True, blank=True, db_index=True)
    # No reverse accessor: the records know nothing of this app, and a checked source does not count as used.
    websites = models.ManyToManyField("delegations.Link", related_name="+", verbose_name=_("websites"))
    sources = models.ManyToManyField("delegations.Source", related_name="+", verbose_name=_("sources"))
    articles = models.ManyToManyField("news.Article", related_name="+", verbose_name=_("articles"))

    objects = models.Manager.from_queryset(AddressQuerySet)()

    class Meta:
        verbose_name = _("address of another site")
        verbose_name_plural = _("addresses of other sites")
        ordering = ["url"]

    def __str__(self) -> str:
        return self.url

    @property
    def result(self) -> str:
        if not self.outcome:
            return str(_("not asked yet"))
        words = str(self.get_outcome_display())
        return f"{words} ({self.status})" if self.status else words

    def record(self, outcome: "Address.Outcome", status: int | None, now: datetime) -> None:
        """Save the result of a check. ``fails_since`` keeps the time of the first of consecutive failures."""
        self.outcome, self.status, self.asked_at = outcome, status, now
        self.fails_since = None if outcome == self.Outcome.ANSWERED else self.fails_since or now
        self.save()
