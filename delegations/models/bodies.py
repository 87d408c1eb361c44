"""Bodies of the Assembly: itself, its Council, Secretariat, standing commissions and other working bodies."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import cached_reverse
from cspa.db.natural_keys import NaturalKeyManager
from cspa.i18n import required_in_some_language, translated
from cspa.models import SluggedModel

from ..names import NameField
from .parliaments import also_known_as
from .periods import Period, PeriodQuerySet

# The Assembly itself stands at /assembly/, its bodies below.
ASSEMBLY_SLUG = "assembly"


class BodyQuerySet(PeriodQuerySet["Body"]):
    def in_protocol_order(self) -> "BodyQuerySet":
        """The Assembly, its Council, its Secretariat, then commissions and other bodies, each by its own order."""
        return self.order_by(*place_of_body())


def place_of_body(path: str = "") -> tuple[Case, str, str]:
    """The order of bodies; ``path`` leads from a row to its body."""
    kinds = [When(**{f"{path}kind": kind}, then=Value(place)) for place, kind in enumerate(Body.Kind.values)]
    return Case(*kinds, output_field=models.IntegerField()), f"{path}order", f"{path}slug"


class Body(SluggedModel, Period):
    """The Assembly or a body of it, over the period for which it exists."""

    class Kind(models.TextChoices):
        """In the order of the page of the Assembly. Popolo's classification of the organization."""

        ASSEMBLY = "assembly", _("Assembly")
        COUNCIL = "council", _("council")
        SECRETARIAT = "secretariat", _("secretariat")
        COMMISSION = "commission", _("standing commission")
        OTHER = "other", _("other working body")

    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    slug = models.SlugField(
        _("address"),
        unique=True,
        help_text=_("Latin letters, as in “council”: the page becomes /assembly/council/."),
    )
    name = translated(
        _("name"),
        max_length=200,
        field=NameField,
        help_text=_("In full: “Standing Commission on Defence and Security”."),
    )
    also_known_as = also_known_as()
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        verbose_name=_("part of"),
        help_text=_("The body that it belongs to, as a subcommission to its commission. Empty: the Assembly."),
    )
    order = models.PositiveSmallIntegerField(
        _("order"), default=100, help_text=_("Lists show the smallest number first.")
    )
    description = translated(_("description"), max_length=1000, help_text=_("What it does, in one or two sentences."))
    telephone = models.CharField(
        _("telephone"),
        max_length=40,
        blank=True,
        validators=[RegexValidator(r"^\+?[0-9][0-9 ().,/-]*\Z", _("Digits, as in “+7 812 326-69-09”."))],
        help_text=_("Of the office, never of a person."),
    )
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Of the office, never of a person."))
    address = translated(_("postal address"), max_length=300, help_text=_("Of the office, in one line."))

    key_columns = ("slug",)
    line = ("slug",)

    objects = NaturalKeyManager.from_queryset(BodyQuerySet)()  # type: ignore[assignment,misc]  # more methods

    class Meta(Period.Meta):
        verbose_name = _("body of the Assembly")
        verbose_name_plural = _("bodies of the Assembly")
        ordering = ["order", "slug"]
        constraints = [
            *Period.Meta.constraints,
            required_in_some_language("body", "name", _("Give the name in at least one language.")),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind="assembly"),
                name="body_one_assembly",
                violation_error_message=_("The Assembly itself is on record."),
            ),
            models.CheckConstraint(
                name="body_assembly_has_its_slug",
                condition=Q(kind="assembly", slug=ASSEMBLY_SLUG) | ~Q(kind="assembly") & ~Q(slug=ASSEMBLY_SLUG),
                violation_error_message=_("The address “assembly” belongs to the Assembly itself, and to it alone."),
            ),
            models.CheckConstraint(
                name="body_not_part_of_itself",
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                violation_error_message=_("A body is no part of itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.is_part_of_itself:
            raise ValidationError({"parent": _("A body is no part of itself.")})

    @property
    def is_part_of_itself(self) -> bool:
        """Whether the bodies that it belongs to lead back to it, or to each other."""
        seen, above = [self], self.parent
        while above is not None and above not in seen:
            seen.append(above)
            above = above.parent
        return above is not None

    def get_absolute_url(self) -> str:
        if self.kind == self.Kind.ASSEMBLY:
            return cached_reverse("assembly:assembly")
        return cached_reverse("assembly:body", self.slug)


#: Names of the bodies that the code may need before an editor enters them.
DEFAULT_NAMES = {
    Body.Kind.ASSEMBLY: _("CSTO Parliamentary Assembly"),
    Body.Kind.COUNCIL: _("Council of the Parliamentary Assembly"),
}
