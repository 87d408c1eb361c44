"""Quotations, which follow the bodies of articles."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from translated_fields import to_attribute

from cspa.db.natural_keys import NaturalKeyManager, NaturalKeyModel
from cspa.i18n import language_codes
from cspa.richtext import quotations
from delegations.models import Person

if TYPE_CHECKING:
    from .articles import Article

# Lengths of the columns, in characters.
SPEAKER, FUNCTION = 250, 300
# More quotations than any text has.
OUT_OF_THE_WAY = 100_000


class QuotationManager(NaturalKeyManager["Quotation"]):
    def follow(self, articles: "Iterable[Article]") -> None:
        """Synchronise the quotation rows of ``articles`` with their bodies.

        A row is matched by its words, or else by its place, and keeps its person, function and language. A new row is
        linked to a person if exactly one public person has the name of the speaker.
        """
        rows = defaultdict(list)
        for row in self.filter(article__in=articles).order_by("place"):
            rows[row.article_id].append(row)
        changed: list[Quotation] = []
        new: list[Quotation] = []
        gone: list[Quotation] = []
        for article in articles:
            left = rows[article.pk]
            said = quotations(article.body)
            matched = [_take(left, words=words) for words, _caption in said]
            for place, (words, caption) in enumerate(said):
                speaker, _comma, function = (part.strip() for part in caption.partition(","))
                read = {"place": place, "words": words, "speaker": speaker[:SPEAKER]}
                found = matched[place] or _take(left, place=place)
                if found is None:
                    new.append(self.model(article=article, function=function[:FUNCTION], **read))
                elif any(getattr(found, name) != value for name, value in read.items()):
                    vars(found).update(read)
                    changed.append(found)
            gone += left
        if gone:
            self.filter(pk__in=[row.pk for row in gone]).delete()
        if changed:
            # Places are unique within an article: move the rows to unused places before they exchange them.
            self.filter(pk__in=[row.pk for row in changed]).update(place=models.F("place") + OUT_OF_THE_WAY)
            self.bulk_update(changed, ["place", "words", "speaker"], batch_size=500)
        if new:
            _link(new)
            self.bulk_create(new, batch_size=500)


def _take(rows: "list[Quotation]", **wanted: object) -> "Quotation | None":
    """Remove the first of ``rows`` with these values and return it."""
    for row in rows:
        if all(getattr(row, name) == value for name, value in wanted.items()):
            rows.remove(row)
            return row
    return None


def _link(quotations: "list[Quotation]") -> None:
    """Link each speaker to the only public person with that name in the language of the article."""
    for code in language_codes():
        mine = [row for row in quotations if row.article.language == code]
        if mine:
            column = to_attribute("name", code)
            bearers = defaultdict(list)
            for person in Person.objects.public().filter(**{f"{column}__in": {row.speaker for row in mine}}):
                bearers[getattr(person, column)].append(person)
            for row in mine:
                if len(bearers[row.speaker]) == 1:
                    (row.person,) = bearers[row.speaker]
                    row.look_up()


class Quotation(NaturalKeyModel):
    """A quotation in an article. The body determines its words, its speaker and its place."""

    article = models.ForeignKey("news.Article", models.CASCADE, related_name="quotations", verbose_name=_("article"))
    place = models.PositiveIntegerField(editable=False)
    words = models.TextField(_("words"), editable=False)
    speaker = models.CharField(_("speaker"), max_length=SPEAKER, editable=False)
    person = models.ForeignKey(
        Person,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="quotations",
        verbose_name=_("person of the directory"),
    )
    function = models.CharField(
        _("function on that day"),
        max_length=FUNCTION,
        blank=True,
        help_text=_("Empty: looked up from the functions on record for the day of the article."),
    )
    original_language = models.CharField(
        _("original language"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Empty: that of the article."),
    )

    key_columns = ("article__story__uid", "article__language", "place")

    objects = QuotationManager()

    class Meta:
        verbose_name = _("quotation")
        verbose_name_plural = _("quotations")
        ordering = ["article", "place"]
        constraints = [models.UniqueConstraint(name="quotation_in_its_place", fields=["article", "place"])]

    def __str__(self) -> str:
        return f"{self.speaker}: {Truncator(self.words).words(8)}"

    def look_up(self) -> None:
        """Fill an empty function with the first function that the person held on the day of the article."""
        if self.person and not self.function:
            with override(self.article.language):
                self.function = ", ".join(self.person.functions_on(self.article.date)[:1])[:FUNCTION]


def follow_the_text(sender: "type[Article]", instance: "Article", **kwargs: Any) -> None:
    """Synchronise quotations in post_save, because loaddata sends the signal without calling save()."""
    Quotation.objects.follow([instance])


models.signals.post_save.connect(follow_the_text, sender="news.Article", dispatch_uid="news.quotations")
