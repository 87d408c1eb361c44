"""Names of people: the parts of a name, and the names that a person bore before or is also written by."""

from datetime import date

from django.db import models
from django.db.models import Prefetch, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from translated_fields import to_attribute

from cspa.i18n import (
    Localised,
    language_codes,
    required_in_some_language,
    translated,
    translated_columns,
)

from .. import names
from ..dates import today
from .no_overlap import NoOverlap
from .periods import Period

PARTS = ("name", "family_name", "given_name", "patronymic")


class NameParts(models.Model):
    """Abstract base of what bears a name: the whole name and its parts in each language, and the words of a search."""

    name = translated(
        _("name"),
        max_length=150,
        field=names.NameField,
        help_text=_("As the language writes it: “Viktor Kogut”, «Виктор Когут»."),
    )
    family_name = translated(
        _("family name"),
        max_length=150,
        field=names.NameField,
        help_text=_("As in “Kogut”; empty where not known for certain."),
    )
    given_name = translated(_("given name"), max_length=150, field=names.NameField, help_text=_("As in “Viktor”."))
    patronymic = translated(
        _("patronymic"),
        max_length=150,
        field=names.NameField,
        help_text=_("As in “Nikolaevich”; empty where not published."),
    )
    name_words = models.TextField(editable=False, default="")

    class Meta:
        abstract = True

    def in_language(self, code: str, part: str) -> str:
        """Return ``part`` in the language ``code``, without a fallback."""
        text: str = getattr(self, to_attribute(part, code))
        return text

    def words(self) -> str:
        """Return the folded words of the name in all languages, which a search compares."""
        return names.words_of(self.in_language(code, part) for code in language_codes() for part in PARTS)

    @property
    def in_lists(self) -> Localised:
        """The name as lists write it. In Russian the family name comes first."""
        code = get_language()
        family, given = self.in_language(code, "family_name"), self.in_language(code, "given_name")
        if code == "ru" and family and given:
            return Localised(" ".join(filter(None, [family, given, self.in_language(code, "patronymic")])), code)
        return self.name


class PersonName(NameParts, Period):
    """Another name of a person: borne in a period, which is over, or without dates a spelling or a name of old.

    ``Person.name`` is the present name. A row without dates counts on no day: the person is only found by it.
    """

    person = models.ForeignKey("Person", models.CASCADE, related_name="other_names", verbose_name=_("person"))
    note = translated(
        _("note"),
        max_length=200,
        help_text=_("What name it is: “name at birth”, “spelling in the passport”."),
    )

    line = ("person",)

    class Meta(Period.Meta):
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        constraints = [
            *Period.Meta.constraints,
            required_in_some_language("personname", "name", _("Give the name in at least one language.")),
            models.CheckConstraint(
                name="personname_is_over",
                condition=Q(end__isnull=False) | Q(ended=True),
                violation_error_message=_("Say until when: the present name stands in the record of the person."),
            ),
            NoOverlap(
                name="personname_no_overlap",
                fields=["person"],
                violation_error_message=_("This person has another name in the same period."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        return super().derived_from() | {"end"} | {column for part in PARTS for column in translated_columns(part)}

    @classmethod
    def derived(cls) -> frozenset[str]:
        return super().derived() | {"name_words", "ended"}

    def derive(self) -> None:
        super().derive()
        self.name_words = self.words()
        # The present name stands in the record of the person.
        self.ended = self.end is None

    def clean(self) -> None:
        # Constraints are checked before the columns are computed.
        self.derive()


def names_on(day: date, person: str = "") -> list["Prefetch[str]"]:
    """Return the prefetches that give people their names of ``day``; none for today, when they bear the present ones.

    ``person`` is the lookup from the rows to the person, with "__" at its end.
    """
    if day >= today():
        return []
    return [Prefetch(f"{person}other_names", PersonName.objects.on(day), to_attr="names_of_day")]
