"""Former addresses of articles, which redirect to the present ones."""

from datetime import date
from typing import TYPE_CHECKING, Self, cast

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cspa.models import AddressedModel

if TYPE_CHECKING:
    from .articles import Article


def address_text(language: str, day: date, slug: str) -> str:
    """The address of an article as a retired address states it."""
    return f"{language}/{day:%Y-%m-%d}/{slug}"


class FormerAddressQuerySet(models.QuerySet["FormerAddress"]):
    def at(self, article: "Article") -> Self:
        """The former address that equals the present address of ``article``."""
        return self.filter(language=article.language, date=article.date, slug=article.slug)

    def known_to_readers(self) -> Self:
        """The addresses of articles that are or were published. An address of a draft was never public."""
        # The model of a foreign key, which is a name only while models are loaded.
        article = cast("type[Article]", self.model._meta.get_field("article").related_model)
        return self.exclude(article__in=article.objects.unpublished_work())

    def free_for(self, article: "Article") -> Self:
        """The addresses that ``article`` may take. A draft takes none that leads readers to another article."""
        if not article.is_open:
            return self
        return self.filter(Q(article=article) | ~Q(pk__in=self.known_to_readers().values("pk")))


class FormerAddress(AddressedModel):
    """A former address of an article, which redirects permanently."""

    article = models.ForeignKey("news.Article", models.CASCADE, related_name="former_addresses")
    language = models.CharField(max_length=10)
    date = models.DateField()
    slug = models.SlugField(max_length=120)

    address_of = "article"

    objects = FormerAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        constraints = [models.UniqueConstraint(name="formeraddress_once", fields=["language", "date", "slug"])]

    def __str__(self) -> str:
        return address_text(self.language, self.date, self.slug)

    def address_value(self) -> str:
        return "" if self.article.is_open else str(self)
