"""Parliaments and their chambers, with their dated participations, quotas and websites."""

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_countries.fields import CountryField

from cspa.absolute_urls import cached_reverse
from cspa.db.natural_keys import NaturalKeyManager, NaturalKeyModel
from cspa.i18n import LineField, contains, required_in_some_language, translated
from cspa.models import AddressedModel, SluggedModel

from ..names import NameField
from .no_overlap import NoOverlap
from .periods import Period, web_address

if TYPE_CHECKING:
    from .delegation import Confirmation
    from .people import Delegate, Representative

# Path segments that the site itself uses under /delegations/.
RESERVED_SLUGS = {"people", "changes"}


def also_known_as() -> LineField:
    """A column for names that are neither official nor shown in lists, but looked for."""
    return LineField(
        _("also known as"),
        max_length=300,
        blank=True,
        default="",
        help_text=_("Other names that readers search for, in any language, with semicolons between them."),
    )


class ParliamentQuerySet(models.QuerySet["Parliament"]):
    def on(self, day: date) -> Self:
        """Parliaments that take part on ``day``, each annotated with its ``status``.

        A parliament without any participation row is included, with the status None (not recorded).
        """
        participations = Participation.objects.filter(parliament=OuterRef("pk"))
        status = Subquery(participations.on(day).values("status")[:1])
        return self.annotate(status=status).filter(Q(status__isnull=False) | ~Exists(participations))

    def search(self, text: str) -> Self:
        """Parliaments with ``text`` in a name of theirs or of a chamber, in any language."""
        known = Q(also_known_as__icontains=text)
        chambers = Chamber.objects.filter(contains(["name"], text) | known, parliament=OuterRef("pk"))
        return self.filter(contains(["name", "short_name"], text) | known | Exists(chambers))


class Parliament(SluggedModel, NaturalKeyModel):
    """A national parliament, or an organisation without a country, that takes part, or took part, in the Assembly."""

    slug = models.SlugField(
        _("address"),
        unique=True,
        help_text=_("Latin letters, as in “belarus”: the page becomes /delegations/belarus/."),
    )
    name = translated(
        _("name"),
        max_length=200,
        field=NameField,
        help_text=_("In full: “National Assembly of the Republic of Belarus”."),
    )
    short_name = translated(
        _("short name"),
        max_length=80,
        field=NameField,
        help_text=_("As in lists: “Belarus”. Empty: the full name."),
    )
    also_known_as = also_known_as()
    country = CountryField(
        _("country"),
        blank=True,
        help_text=_("Empty for a participant without a country, such as an inter-parliamentary organisation."),
    )
    order = models.PositiveSmallIntegerField(
        _("protocol order"), default=100, help_text=_("Lists show the smallest number first.")
    )
    secretaries = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="DelegationAssignment", related_name="parliaments"
    )

    key_columns = ("slug",)

    objects = NaturalKeyManager.from_queryset(ParliamentQuerySet)()

    # Set by ``delegations_on()``; ``status`` by ``ParliamentQuerySet.on()``.
    status: str | None
    all_chambers: "list[Chamber]"
    current_representatives: "list[Representative]"
    current_links: "list[Link]"
    current_confirmations: "list[Confirmation]"

    class Meta:
        verbose_name = _("parliament")
        verbose_name_plural = _("parliaments")
        ordering = ["order", "slug"]
        constraints = [
            required_in_some_language("parliament", "name", _("Give the name in at least one language.")),
            models.UniqueConstraint(
                fields=["country"],
                condition=~Q(country=""),
                name="parliament_one_of_a_country",
                violation_error_message=_("The parliament of this country is on record."),
            ),
            models.CheckConstraint(
                name="parliament_slug_not_reserved",
                condition=~Q(slug__in=sorted(RESERVED_SLUGS)),
                violation_error_message=_("The site needs the addresses “people” and “changes” itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        FormerSlug.objects.filter(slug=self.slug).delete()

    def give_up(self, former: str) -> None:
        super().give_up(former)
        FormerSlug.objects.get_or_create(slug=former, defaults={"parliament": self})

    def is_retired(self, value: str) -> bool:
        return super().is_retired(value) or FormerSlug.objects.filter(slug=value).exclude(parliament=self.pk).exists()

    def get_absolute_url(self) -> str:
        return cached_reverse("delegations:delegation", self.slug)

    @property
    def label(self) -> str:
        """The name for lists and links: the short name, or the full name where there is none."""
        return self.short_name or self.name


class FormerSlug(AddressedModel, NaturalKeyModel):
    """A former slug of a parliament; its address redirects permanently."""

    parliament = models.ForeignKey(Parliament, models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(unique=True)

    key_columns = ("slug",)
    address_of = "parliament"

    objects = NaturalKeyManager["FormerSlug"]()

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")

    def __str__(self) -> str:
        return self.slug


class Participation(Period):
    """The status of a parliament in the Assembly over a period."""

    class Status(models.TextChoices):
        MEMBER = "member", _("member")
        OBSERVER = "observer", _("observer")
        PARTNER = "partner", _("partner")
        SUSPENDED = "suspended", _("suspended")

    parliament = models.ForeignKey(
        Parliament, models.PROTECT, related_name="participations", verbose_name=_("parliament")
    )
    status = models.CharField(_("status"), max_length=9, choices=Status)
    note = translated(
        _("note"),
        max_length=300,
        help_text=_("What the status alone does not say, as in “takes part in no sitting since 2024”."),
    )

    line = of_parliament = ("parliament",)

    class Meta(Period.Meta):
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [
            *Period.Meta.constraints,
            NoOverlap(
                name="participation_no_overlap",
                fields=["parliament"],
                violation_error_message=_("This parliament has another status in the same period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parliament}: {self.get_status_display()}"


class Chamber(SluggedModel, NaturalKeyModel):
    """A house of a parliament."""

    class Kind(models.TextChoices):
        LOWER = "lower", _("lower house")
        UPPER = "upper", _("upper house")
        SINGLE = "single", _("single chamber")

    class Members(models.TextChoices):
        DEPUTIES = "deputies", _("deputies")
        MEMBERS = "members", _("members")
        SENATORS = "senators", _("senators")

    parliament = models.ForeignKey(Parliament, models.PROTECT, related_name="chambers", verbose_name=_("parliament"))
    slug = models.SlugField(
        _("code"),
        max_length=80,
        unique=True,
        help_text=_("Country first, as in “kazakhstan-mazhilis”: files and imports name the chamber by it."),
    )
    name = translated(_("name"), max_length=200, field=NameField, help_text=_("As in “House of Representatives”."))
    also_known_as = also_known_as()
    kind = models.CharField(
        _("kind"), max_length=6, choices=Kind, blank=True, help_text=_("Empty: not recorded, as after an import.")
    )
    members_called = models.CharField(
        _("its members are called"), max_length=8, choices=Members, default=Members.DEPUTIES
    )
    order = models.PositiveSmallIntegerField(
        _("order"), default=1, help_text=_("Place among the chambers of this parliament.")
    )

    imported_id = models.CharField(
        _("id in imported files"),
        max_length=200,
        blank=True,
        help_text=_("The organization's id in the Popolo files that are imported into this chamber."),
    )

    key_columns = ("slug",)

    objects = NaturalKeyManager["Chamber"]()

    # Set by ``delegations_on()``.
    current_quotas: "list[SeatQuota]"
    current_delegates: "list[Delegate]"
    current_links: "list[Link]"

    class Meta:
        verbose_name = _("chamber")
        verbose_name_plural = _("chambers")
        ordering = ["parliament__order", "parliament__slug", "order", "slug"]
        constraints = [required_in_some_language("chamber", "name", _("Give the name in at least one language."))]

    def __str__(self) -> str:
        return f"{self.name} ({self.parliament.label})"

    def members(self, number: int) -> str:
        """Return ``number`` with the noun for members of this chamber: "7 deputies"."""
        forms: dict[str, str] = {
            self.Members.DEPUTIES: ngettext("%(number)d deputy", "%(number)d deputies", number),
            self.Members.MEMBERS: ngettext("%(number)d member", "%(number)d members", number),
            self.Members.SENATORS: ngettext("%(number)d senator", "%(number)d senators", number),
        }
        return forms[self.members_called] % {"number": number}


class SeatQuota(Period):
    """The number of seats that a chamber has in the delegation over a period."""

    chamber = models.ForeignKey(Chamber, models.PROTECT, related_name="quotas", verbose_name=_("chamber"))
    seats = models.PositiveSmallIntegerField(_("seats"), validators=[MinValueValidator(1)])

    line = ("chamber",)
    of_parliament = ("chamber__parliament",)

    class Meta(Period.Meta):
        verbose_name = _("seat quota")
        verbose_name_plural = _("seat quotas")
        constraints = [
            *Period.Meta.constraints,
            NoOverlap(
                name="seatquota_no_overlap",
                fields=["chamber"],
                violation_error_message=_(
                    "This chamber has another quota in the same period. End the earlier one first."
                ),
            ),
            models.CheckConstraint(
                name="seatquota_seats_1_to_999",
                condition=Q(seats__range=(1, 999)),
                violation_error_message=_("A quota has between 1 and 999 seats."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chamber}: {self.seats}"


class Link(Period):
    """A website of a parliament or of one chamber over a period."""

    parliament = models.ForeignKey(
        Parliament, models.PROTECT, null=True, blank=True, related_name="links", verbose_name=_("parliament")
    )
    chamber = models.ForeignKey(
        Chamber, models.PROTECT, null=True, blank=True, related_name="links", verbose_name=_("chamber")
    )
    url = models.URLField(_("address"), max_length=1000, validators=[web_address])
    language = models.CharField(
        _("language of the site"),
        max_length=10,
        blank=True,
        choices=[
            ("en", _("English")),
            ("ru", _("Russian")),
            ("hy", _("Armenian")),
            ("be", _("Belarusian")),
            ("kk", _("Kazakh")),
            ("ky", _("Kyrgyz")),
            ("tg", _("Tajik")),
        ],
        help_text=_("Empty: not recorded, or several languages."),
    )

    line = ("parliament", "chamber", "language")
    of_parliament = ("parliament", "chamber__parliament")

    class Meta(Period.Meta):
        verbose_name = _("website")
        verbose_name_plural = _("websites")
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                name="link_of_parliament_or_chamber",
                condition=Q(parliament__isnull=False, chamber__isnull=True)
                | Q(parliament__isnull=True, chamber__isnull=False),
                violation_error_message=_("A website belongs to a parliament or to a chamber, not to both."),
            ),
        ]

    def __str__(self) -> str:
        return self.url
