"""The chamber into which the members of a file are imported: one on record, or a new one if the user says so."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_countries import countries
from slugify import slugify
from translated_fields import to_attribute

from cspa.i18n import language_codes, single_line, translated_columns
from cspa.models import RetiredAddress

from ...models import Chamber, FormerSlug, Parliament
from ...models.parliaments import RESERVED_SLUGS
from ..options import ImportOptions
from ..records import Batch, Choice, ImportRefusedError, Kind, OpenQuestionError, Record, language_of


@dataclass(frozen=True)
class Legislature:
    """What a file says of the organization whose members it lists."""

    # Columns of the name; empty in a table.
    names: dict[str, str] = field(default_factory=dict)
    id: str = ""
    # Its item in Wikidata, which tells organizations with the same id apart.
    wikidata: str = ""
    location: int | str = ""

    @property
    def identity(self) -> str:
        """What a chamber keeps to recognise the organization in the next file."""
        return self.wikidata or self.id

    def __str__(self) -> str:
        name = next(iter(self.names.values()), "")
        return f"{name} ({', '.join(dict.fromkeys(filter(None, [self.id, self.wikidata])))})"

    def is_chamber(self, chamber: Chamber) -> bool:
        """Whether ``chamber`` is this organization, by its identity, or by its id and a name."""
        if self.wikidata and chamber.imported_id == self.wikidata:
            return True
        return chamber.imported_id in ("", self.id) and bool(_names(self.names.values()) & names_of(chamber))


def chamber_of_file(batch: Batch, legislature: Legislature, options: ImportOptions) -> str:
    """Return the slug of the chamber of ``legislature``; add its record, and that of a new parliament, to ``batch``.

    The batch is about the parliament afterwards. Raises ImportRefusedError if the options name no chamber, and
    OpenQuestionError if the user must choose one.
    """
    if options.chamber:
        house = _chosen(legislature, options)
        parliament = house.parliament.slug
    else:
        parliament = batch.scope or _parliament_of(options.country)
        house = _of_parliament(parliament, legislature, options)
    if house:
        slug = house.slug
        if legislature.identity and house.imported_id != legislature.identity:
            batch.add(Record(Kind.CHAMBERS, legislature.location, slug, {"imported_id": legislature.identity}))
    else:
        names = legislature.names or _texts("name", options.chamber_name)
        if not names:
            if legislature.id:
                raise ImportRefusedError(_("The legislature has no name."))
            raise ImportRefusedError(_("A table holds no legislature: give the name of the new chamber."))
        if not parliament:
            parliament = _add_parliament(batch, legislature.location, names, options.country)
        slug = _add_chamber(batch, legislature, names, parliament)
    batch.chambers.add(slug)
    batch.scope = parliament
    batch.scheme = f"import:{parliament}"
    return slug


def names_of(chamber: Chamber) -> set[str]:
    """Return how publishers may call ``chamber``, without case."""
    texts = [getattr(chamber, column) for column in translated_columns("name")]
    return _names([*texts, *chamber.also_known_as.split(";")])


def _names(texts: Iterable[str]) -> set[str]:
    return {single_line(text).casefold() for text in texts} - {""}


def _chosen(legislature: Legislature, options: ImportOptions) -> Chamber:
    """Return the chamber that the options name. Another organization's needs that the options name both."""
    if options.new_chamber:
        raise ImportRefusedError(_("Name a chamber or make a new one, not both."))
    house = Chamber.objects.select_related("parliament").filter(slug=options.chamber).first()
    if not house:
        raise ImportRefusedError(_("There is no chamber with the code “%(code)s”.") % {"code": options.chamber})
    is_other = house.imported_id and legislature.id and not legislature.is_chamber(house)
    if is_other and house.imported_id != legislature.identity and legislature.id not in options.organizations:
        same = Choice(
            _("They are one: import into %(chamber)s") % {"chamber": house}, {"organizations": [legislature.id]}
        )
        message = _(
            "The file is of %(organization)s, and members of another organization were imported into %(chamber)s "
            "(%(id)s). If they are one, name both with --chamber and --organization."
        )
        values = {"organization": str(legislature)[:200], "chamber": house, "id": house.imported_id}
        raise OpenQuestionError(message % values, [same])
    return house


def _parliament_of(country: str) -> str:
    """Return the slug of the parliament of ``country``; empty for a new one."""
    if country not in dict(countries):
        raise ImportRefusedError(_("“%(code)s” is no country code as BY or KZ.") % {"code": country})
    parliament = Parliament.objects.filter(country=country).first()
    return parliament.slug if parliament else ""


def _of_parliament(parliament: str, legislature: Legislature, options: ImportOptions) -> Chamber | None:
    """Return the chamber of ``parliament`` that the file means; None if a new one is to be made.

    A table names no organization: it is of the only chamber, or of the one with the name of the new chamber.
    """
    houses = list(Chamber.objects.filter(parliament__slug=parliament).select_related("parliament"))
    if not legislature.id:
        if options.new_chamber:
            return next((house for house in houses if _names([options.chamber_name]) & names_of(house)), None)
        if not houses:
            raise ImportRefusedError(
                _("A table holds no legislature: import it into a chamber that is on record, or make a new one.")
            )
        if len(houses) == 1:
            return houses[0]
        message = _("This parliament has several chambers; name one with --chamber: %(codes)s")
    else:
        same = [house for house in houses if legislature.is_chamber(house)]
        if len(same) == 1:
            return same[0]
        if options.new_chamber or not parliament:
            return None
        message = _(
            "The file is of %(organization)s, which is no chamber on record by its name and identifiers. Name the "
            "chamber with --chamber if it is one of these, or make a new one with --new-chamber: %(codes)s"
        )
    codes = ", ".join(sorted(house.slug for house in houses))
    choices = [Choice(str(house), {"chamber": house.slug, "country": ""}) for house in houses]
    if legislature.id:
        choices.append(Choice(_("a new chamber"), {"new_chamber": True}))
    raise OpenQuestionError(message % {"organization": str(legislature)[:200], "codes": codes or "–"}, choices)


def _add_parliament(batch: Batch, location: int | str, names: dict[str, str], country: str) -> str:
    short = {}
    for code in language_codes():
        with override(code):
            short[to_attribute("short_name", code)] = str(countries.name(country))
    with override(settings.LANGUAGE_CODE):
        wanted = slugify(str(countries.name(country)), max_length=40, word_boundary=True) or country.lower()
    slug = _free(wanted, RESERVED_SLUGS.union(_slugs(Parliament), _slugs(FormerSlug)))
    batch.add(Record(Kind.PARLIAMENTS, location, slug, {"slug": slug, "country": country, **names, **short}))
    return slug


def _add_chamber(batch: Batch, legislature: Legislature, names: dict[str, str], parliament: str) -> str:
    wanted = slugify(f"{parliament} {next(iter(names.values()))}", max_length=70, word_boundary=True)
    slug = _free(wanted, _slugs(Chamber) | {record.key for record in batch.records[Kind.CHAMBERS]})
    values = {"slug": slug, "parliament": parliament, **names, "imported_id": legislature.identity}
    batch.add(Record(Kind.CHAMBERS, legislature.location, slug, values))
    return slug


def _texts(column: str, text: str) -> dict[str, str]:
    return {to_attribute(column, language_of(text)): single_line(text)} if text else {}


def _slugs(model: type[Model]) -> set[str]:
    """Return the slugs of ``model`` and those that it gave up."""
    retired = RetiredAddress.objects.of(model).values_list("value", flat=True)
    return {*model.objects.values_list("slug", flat=True), *retired}


def _free(wanted: str, taken: set[str] | frozenset[str]) -> str:
    """Return ``wanted``, with a number if it is taken."""
    number, slug = 1, wanted
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
