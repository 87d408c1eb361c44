"""Pictures of articles, with alternative texts, credits and renditions."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from translated_fields import to_attribute

from cspa.db.natural_keys import NaturalKeyManager, UidModel
from cspa.i18n import any_language, translated
from cspa.media.images import RENDITIONS, PhotoField, card_name, make_renditions, rendition_name, widths
from cspa.richtext import PICTURES, pictures

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from .articles import Article, ArticleQuerySet


def _focus(label: "StrOrPromise", help_text: "StrOrPromise") -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        label, default=50, validators=[MaxValueValidator(100)], help_text=help_text
    )


class PictureQuerySet(models.QuerySet["Picture"]):
    def within(self, articles: "Iterable[Article]") -> "dict[str, Picture]":
        """The pictures in the bodies of ``articles``, by their address in the text, in one query."""
        addresses = {address for article in articles for address, _alt in pictures(article.body)}
        if not addresses:
            return {}
        names = [address.removeprefix(settings.MEDIA_URL) for address in addresses]
        return {picture.address: picture for picture in self.filter(file__in=names)}

    def uncredited(self) -> Self:
        return self.exclude(any_language("credit"))


class Picture(UidModel):
    """A photograph or drawing, re-encoded as a JPEG and stored with smaller renditions."""

    # The file comes before width and height, because storing it sets both.
    file = PhotoField(
        _("picture"),
        upload_to=PICTURES,
        unique=True,
        width_field="width",
        height_field="height",
        help_text=_("JPEG, PNG or WebP, at most 10 MB."),
    )
    width = models.PositiveIntegerField(_("width"), editable=False, default=0)
    height = models.PositiveIntegerField(_("height"), editable=False, default=0)
    alt = translated(
        _("alternative text"),
        max_length=300,
        help_text=_("What is to be seen, for those who do not see it: “Delegates vote by raising their cards”."),
    )
    decorative = models.BooleanField(
        _("decorative"),
        default=False,
        help_text=_("It says nothing that the text does not say: it needs no alternative text."),
    )
    credit = translated(_("credit"), max_length=200, help_text=_("Who made it: “Photo: CSTO PA”."))
    focus_x = _focus(
        _("what matters: from the left, in per cent"), _("Lists cut the picture to one shape; this stays in it.")
    )
    focus_y = _focus(_("what matters: from the top, in per cent"), _("0 is the upper edge, 100 the lower one."))

    objects = NaturalKeyManager.from_queryset(PictureQuerySet)()

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="picture_focus_in_per_cent",
                condition=Q(focus_x__lte=100, focus_y__lte=100),
                violation_error_message=_("A share lies between 0 and 100."),
            )
        ]

    def __str__(self) -> str:
        return str(self.alt) or self.file_name.removeprefix(PICTURES)

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        make_renditions(self.file, (self.focus_x, self.focus_y))

    def clean(self) -> None:
        """Refuse to remove an alternative text that a published article relies on."""
        if self.pk and not self.decorative:
            without = {code for code, _name in settings.LANGUAGES if not self.alt_in(code)}
            shown = [article for article in self.articles() if article.is_for_readers and article.language in without]
            if missing := sorted({article.language for article in shown if self.is_alone_in(article)}):
                names = ", ".join(name for code, name in settings.LANGUAGES if code in missing)
                raise ValidationError(
                    _("Published news show this picture: give the alternative text (%(languages)s).")
                    % {"languages": names},
                    code="no_alternative_text",
                )

    def alt_in(self, language: str) -> str:
        """The alternative text in ``language``, or an empty text."""
        text: str = getattr(self, to_attribute("alt", language))
        return text

    @property
    def file_name(self) -> str:
        # The field is required, so the name is never None.
        return cast("str", self.file.name)

    @property
    def address(self) -> str:
        """The address in the body of an article: ``/media/pictures/….jpg``."""
        return settings.MEDIA_URL + self.file_name

    def articles(self) -> "ArticleQuerySet":
        """The articles that show the picture, as lead picture or in the body."""
        return self.leads.model.objects.filter(Q(picture=self) | Q(body__contains=self.address))

    @cached_property
    def is_published(self) -> bool:
        """Whether a published or scheduled article shows the picture."""
        return self.articles().for_readers().exists()

    def is_alone_in(self, article: "Article") -> bool:
        """Whether ``article`` shows the picture without an alternative text of its own and needs that of this row."""
        return article.picture_id == self.pk or (self.address, "") in pictures(article.body)

    @property
    def versions(self) -> list[tuple[str, str]]:
        """Media type and ``srcset`` of each format, the preferred format first."""
        url = self.file.storage.url
        return [
            (
                f"image/{ending}",
                ", ".join(
                    f"{url(rendition_name(self.file_name, width, ending))} {width}w" for width in widths(self.width)
                ),
            )
            for ending in RENDITIONS
        ]

    @property
    def cards(self) -> list[tuple[str, str]]:
        """Media type and URL of the rendition for lists, cropped around the focus, in each format."""
        focus = (self.focus_x, self.focus_y)
        return [
            (f"image/{ending}", self.file.storage.url(card_name(self.file_name, focus, ending)))
            for ending in RENDITIONS
        ]
