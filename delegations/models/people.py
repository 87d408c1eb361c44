"""People and their dated functions: mandates, services as representative, and posts in the Assembly."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Self

from django.db import models
from django.db.models import Case, Exists, Max, OuterRef, Q, Value, When
from django.db.models.functions import Cast
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from slugify import slugify
from translated_fields import to_attribute

from cspa.absolute_urls import cached_reverse
from cspa.db.collation import KEY_LENGTH, sort_key
from cspa.db.computed_fields import DerivedModel, DerivedQuerySet
from cspa.db.natural_keys import NaturalKeyManager, NaturalKeyModel
from cspa.i18n import (
    Localised,
    any_language,
    get_translated,
    language_codes,
    translated,
    translated_columns,
)
from cspa.media.images import PhotoField
from cspa.models import AddressedModel, RetiredAddress

from .. import names
from .bodies import Body, place_of_body
from .no_overlap import NoOverlap
from .parliaments import Chamber, Parliament
from .periods import Period, PeriodQuerySet
from .person_names import PARTS, NameParts, PersonName

NAME_PARTS = (*PARTS, "sort_name")


class PersonQuerySet(DerivedQuerySet["Person"]):
    def bulk_create(self, objs: "Iterable[Person]", *args: Any, **kwargs: Any) -> "list[Person]":
        objs = list(objs)
        number = self.model.next_public_id() if objs else 0
        for person in objs:
            if person.public_id is None:
                person.public_id, number = number, number + 1
        return super().bulk_create(objs, *args, **kwargs)

    def in_order(self) -> Self:
        """People in the collation order of the active language."""
        return self.order_by(to_attribute("sort_key"), "public_id")

    def public(self) -> Self:
        """People whose name and page are public: all but the withdrawn."""
        return self.filter(withdrawn=False)

    def in_office(self, day: date, parliament: Parliament | None = None) -> Self:
        """People who on ``day`` sit for or represent ``parliament``; if None, also those with an Assembly post."""
        mandates = Delegate.objects.on(day).filter(person=OuterRef("pk"))
        services = Representative.objects.on(day).filter(person=OuterRef("pk"))
        if parliament:
            mandates = mandates.filter(chamber__parliament=parliament)
            return self.filter(Exists(mandates) | Exists(services.filter(parliament=parliament)))
        posts = AssemblyPost.objects.on(day).filter(person=OuterRef("pk"))
        return self.filter(Exists(mandates) | Exists(services) | Exists(posts))

    def gaps(self) -> dict[str, Q]:
        """The conditions of what a person's record can lack, by key; ``name_en`` is the name in English."""
        return {
            "photo": Q(photo=""),
            "credit": ~Q(photo="") & ~any_language("photo_credit"),
            **{column: Q(**{column: ""}) for column in translated_columns("name")},
        }

    def lacking(self, gap: str) -> Self:
        """People who lack ``gap``: a photo ("photo"), its credit ("credit") or the name in a language ("name_ru")."""
        return self.filter(self.gaps()[gap])

    def known_as(self, public_id: int) -> Self:
        """The person with ``public_id``, as the present id or as that of a merged record."""
        return self.filter(Q(public_id=public_id) | Q(former_ids__public_id=public_id)).distinct()

    def search(self, text: str) -> Self:
        """People with the name ``text`` in any alphabet and order, allowing one typing error a word (``names.Query``).

        All words must belong to one of the names of a person, the present one or another.

        The comparison runs in Python, because SQL cannot compare sounds: one query reads the folded words of the
        candidates.
        """
        query = names.Query(text)
        if not query.words:
            return self.none()
        holding = [Q(name_words__contains=begin) | Q(name_words__contains=end) for begin, end in query.parts()]
        return self.filter(pk__in=query.find(self.name_rows(*holding)))

    def name_rows(self, *conditions: Q) -> Iterator[tuple[int, str, str]]:
        """Yield key, name words and patronymics for each name that meets ``conditions``, with one query.

        The present names are those of these people, the other names those of all people.
        """
        columns = ("name_words", *translated_columns("patronymic"))
        present = self.filter(*conditions).order_by().values_list("pk", *columns)
        others = PersonName.objects.filter(*conditions).values_list("person_id", *columns)
        for key, words, *patronymics in present.union(others, all=True):
            yield key, words, " ".join(patronymics).strip()


@lru_cache(maxsize=10_000)
def _slug(name: str) -> str:
    return slugify(name, max_length=80) or "person"


class Person(NameParts, DerivedModel, AddressedModel, NaturalKeyModel):
    """A person, recorded once, without date of birth or private contact details."""

    class Gender(models.TextChoices):
        FEMALE = "female", _("female")
        MALE = "male", _("male")
        OTHER = "other", _("other")

    public_id = models.PositiveIntegerField(
        _("public id"),
        unique=True,
        editable=False,
        help_text=_("Never changes: it stands in addresses and files."),
    )
    sort_name = translated(
        _("sort name"),
        max_length=150,
        field=names.NameField,
        help_text=_("Only where lists must sort by something else than the family name."),
    )
    gender = models.CharField(_("gender"), max_length=6, choices=Gender, blank=True)
    photo = PhotoField(_("photo"), upload_to="people/", blank=True)
    photo_credit = translated(_("photo credit"), max_length=200)
    photo_alt = translated(
        _("alternative text of the photo"),
        max_length=200,
        help_text=_("What is to be seen, for those who do not see it: “Viktor Kogut at a lectern”."),
    )
    withdrawn = models.BooleanField(
        _("withdrawn"),
        default=False,
        help_text=_(
            "The name and the page vanish from the site and its files; the person still counts in the figures."
        ),
    )
    withdrawal_reason = translated(
        _("reason of the withdrawal"),
        max_length=300,
        help_text=_("Shown at the person's address: “At the person's own request.”"),
    )
    sort_key = translated(max_length=KEY_LENGTH, blank=False, editable=False, db_index=True)

    key_columns = ("public_id",)
    address_column = "public_id"

    objects = NaturalKeyManager.from_queryset(PersonQuerySet)()

    # Set by the prefetches of ``names_on()``. With a default here Django would take the rows for fetched.
    names_of_day: Sequence[PersonName]

    # Set by ``delegations_on()``.
    current_posts: "list[AssemblyPost]"

    # Set by ``exports.csv_rows.with_functions()``.
    held_mandates: "list[Delegate]"
    held_services: "list[Representative]"
    held_posts: "list[AssemblyPost]"

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                name="person_name_in_some_language",
                # An export leaves the names of withdrawn people out, and importing it again must succeed.
                condition=any_language("name") | Q(withdrawn=True),
                violation_error_message=_("Give the name in at least one language."),
            ),
            models.CheckConstraint(
                name="person_withdrawn_for_a_reason",
                condition=Q(withdrawn=False) | any_language("withdrawal_reason"),
                violation_error_message=_("Give the reason of the withdrawal; the person's address shows it."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return cached_reverse("delegations:person", self.public_id, self.slug)

    @classmethod
    def next_public_id(cls) -> int:
        """Return one more than the largest id ever given, including the ids of merged and of deleted records."""
        given = cls.objects.aggregate(largest=Max("public_id"))["largest"] or 0
        merged = FormerPublicId.objects.aggregate(largest=Max("public_id"))["largest"] or 0
        number = Cast("value", models.BigIntegerField())
        retired = RetiredAddress.objects.of(cls).aggregate(largest=Max(number))["largest"] or 0
        return max(given, merged, retired) + 1

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        return frozenset(column for part in NAME_PARTS for column in translated_columns(part))

    @classmethod
    def derived(cls) -> frozenset[str]:
        return frozenset({*translated_columns("sort_key"), "name_words"})

    def derive(self) -> None:
        if self.public_id is None:
            self.public_id = self.next_public_id()
        self.name_words = self.words()
        for code in language_codes():
            family = " ".join(
                filter(None, [self.in_language(code, part) for part in ("family_name", "given_name", "patronymic")])
            )
            text = self.in_language(code, "sort_name") or (family if self.in_language(code, "family_name") else "")
            setattr(self, to_attribute("sort_key", code), sort_key(text or get_translated(self, "name", code)))

    @property
    def slug(self) -> str:
        """The name in Latin letters, the same in every language."""
        return _slug(str(get_translated(self, "name", language_codes()[0])))

    def functions_on(self, day: date) -> list[str]:
        """Return the functions on ``day`` in the active language: posts, then services, then mandates."""
        posts = [post.title for post in self.posts.on(day).in_order().select_related("body")]
        services = [
            gettext("plenipotentiary representative (%(parliament)s)") % {"parliament": service.parliament.name}
            for service in self.services.on(day).select_related("parliament")
        ]
        mandates = [
            gettext("%(role)s, %(chamber)s") % {"role": mandate.get_role_display(), "chamber": mandate.chamber}
            for mandate in self.mandates.on(day).select_related("chamber__parliament")
        ]
        return [*posts, *services, *mandates]

    @property
    def called(self) -> NameParts:
        """What bears the name of the day that was asked for (``names_on()``); without one, the present name."""
        names: Sequence[PersonName] = getattr(self, "names_of_day", ())
        return names[0] if names else self

    @property
    def public_name(self) -> Localised:
        """The name for pages and files; the text "name withdrawn" for a withdrawn person."""
        return self.called.name if not self.withdrawn else Localised(_("name withdrawn"), get_language())

    @property
    def sorted_public_name(self) -> Localised:
        """The name for public lists; the text "name withdrawn" for a withdrawn person."""
        return self.public_name if self.withdrawn else self.staff_name

    @property
    def staff_name(self) -> Localised:
        """The name for lists of the back office, withdrawn or not."""
        return self.called.in_lists or self.public_name


class FormerPublicId(AddressedModel, NaturalKeyModel):
    """The public id of a record that was merged into this person; its address redirects permanently."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="former_ids")
    public_id = models.PositiveIntegerField(_("public id"), unique=True)

    key_columns = ("public_id",)
    address_column, address_of = "public_id", "person"

    objects = NaturalKeyManager["FormerPublicId"]()

    class Meta:
        verbose_name = _("former public id")
        verbose_name_plural = _("former public ids")
        ordering = ["public_id"]

    def __str__(self) -> str:
        return str(self.public_id)


class Identifier(NaturalKeyModel):
    """The identifier of a person in another register, such as Wikidata or an imported file."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="identifiers", verbose_name=_("person"))
    scheme = models.CharField(_("register"), max_length=100, help_text=_("As in “wikidata”."))
    identifier = models.CharField(_("identifier"), max_length=200, help_text=_("As in “Q4227193”."))

    key_columns = ("scheme", "identifier")

    objects = NaturalKeyManager["Identifier"]()

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        ordering = ["scheme", "identifier"]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "identifier"],
                name="identifier_of_one_person",
                violation_error_message=_("Another person has this identifier."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme}: {self.identifier}"


class Delegate(Period):
    """A person's mandate for a chamber over a period."""

    class Role(models.TextChoices):
        HEAD = "head", _("head of the delegation")
        DEPUTY_HEAD = "deputy_head", _("deputy head of the delegation")
        DELEGATE = "delegate", _("delegate")
        SUBSTITUTE = "substitute", _("substitute")

    person = models.ForeignKey(Person, models.PROTECT, related_name="mandates", verbose_name=_("person"))
    chamber = models.ForeignKey(Chamber, models.PROTECT, related_name="delegates", verbose_name=_("chamber"))
    role = models.CharField(
        _("role"),
        max_length=11,
        choices=Role,
        default=Role.DELEGATE,
        help_text=_("A substitute fills no seat."),
    )
    political_group = translated(_("political group"), max_length=200)
    constituency = translated(_("constituency"), max_length=200)

    line = ("person", "chamber")
    of_parliament = ("chamber__parliament",)

    class Meta(Period.Meta):
        verbose_name = _("delegate")
        verbose_name_plural = _("delegates")
        constraints = [
            *Period.Meta.constraints,
            NoOverlap(
                name="delegate_no_overlap",
                fields=["person", "chamber"],
                violation_error_message=_(
                    "This person has another mandate for this chamber in the same period. End the earlier one first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.chamber}"

    @property
    def fills_seat(self) -> bool:
        return self.role != self.Role.SUBSTITUTE


class Representative(Period):
    """A person's service as plenipotentiary representative of a parliament over a period."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="services", verbose_name=_("person"))
    parliament = models.ForeignKey(
        Parliament, models.PROTECT, related_name="representatives", verbose_name=_("parliament")
    )

    line = of_parliament = ("parliament",)

    # Set by ``delegations_on()``.
    current_posts: "list[AssemblyPost]"

    class Meta(Period.Meta):
        verbose_name = _("plenipotentiary representative")
        verbose_name_plural = _("plenipotentiary representatives")
        constraints = [
            *Period.Meta.constraints,
            NoOverlap(
                name="representative_no_overlap",
                fields=["parliament"],
                violation_error_message=_(
                    "This parliament has another representative in the same period. End the earlier service first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.parliament}"


class PostQuerySet(PeriodQuerySet["AssemblyPost"]):
    def in_protocol_order(self) -> Self:
        """Posts by body, then by role, chair first, then in the collation order of the active language."""
        roles = [When(role=role, then=Value(place)) for place, role in enumerate(AssemblyPost.Role.values)]
        place = Case(*roles, output_field=models.IntegerField())
        # A withdrawn name comes last: its place in the order would reveal its initial.
        name = ("person__withdrawn", f"person__{to_attribute('sort_key')}", "pk")
        return self.order_by(*place_of_body("body__"), place, *name)

    def leading(self) -> Self:
        """The posts in the Assembly itself, and the chairs and executive secretaries of its bodies."""
        return self.filter(Q(body__kind=Body.Kind.ASSEMBLY) | Q(role__in=SOLE_ROLES))


# Roles of offices that one person holds at a time.
SOLE_ROLES = ("chair", "executive_secretary")


class AssemblyPost(Period):
    """A person's post in a body of the Assembly over a period."""

    class Role(models.TextChoices):
        """In the order in which pages list the people of a body."""

        CHAIR = "chair", pgettext_lazy("post", "Chair")
        DEPUTY_CHAIR = "deputy_chair", pgettext_lazy("post", "Deputy Chair")
        EXECUTIVE_SECRETARY = "executive_secretary", pgettext_lazy("post", "Executive Secretary")
        DEPUTY_EXECUTIVE_SECRETARY = (
            "deputy_executive_secretary",
            pgettext_lazy("post", "Deputy Executive Secretary"),
        )
        SECRETARY = "secretary", pgettext_lazy("post", "Secretary")
        MEMBER = "member", pgettext_lazy("post", "Member")

    person = models.ForeignKey(Person, models.PROTECT, related_name="posts", verbose_name=_("person"))
    body = models.ForeignKey(Body, models.PROTECT, related_name="posts", verbose_name=_("body"))
    role = models.CharField(_("role"), max_length=26, choices=Role)
    acting = models.BooleanField(_("acting"), default=False, help_text=_("Holds the office for the time being."))
    parliament = models.ForeignKey(
        Parliament,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=_("on behalf of"),
        help_text=_("The parliament for which the person holds the post."),
    )
    office = translated(
        _("other office"),
        max_length=200,
        help_text=_("As the document writes it: “Chairman of the State Duma”."),
    )

    line = ("body", "role")

    objects = NaturalKeyManager.from_queryset(PostQuerySet)()  # type: ignore[assignment,misc]  # more methods

    class Meta(Period.Meta):
        verbose_name = _("post in the Assembly")
        verbose_name_plural = _("posts in the Assembly")
        constraints = [
            *Period.Meta.constraints,
            NoOverlap(
                name="assemblypost_no_overlap",
                fields=["person", "body", "role"],
                violation_error_message=_(
                    "This person has the same post in the same period. End the earlier one first."
                ),
            ),
            NoOverlap(
                name="assemblypost_sole_holder",
                fields=["body", "role"],
                only={"role": SOLE_ROLES},
                violation_error_message=_(
                    "Somebody else holds this office in the same period. End the earlier post first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.title}"

    @classmethod
    def siblings(cls) -> models.QuerySet[Any]:
        """In the succession of an office with one holder at a time are its other holders, too."""
        return super().siblings().filter(Q(role__in=SOLE_ROLES) | Q(person=OuterRef("person")))

    @property
    def title(self) -> str:
        """The post in the active language, with its body."""
        parts = {"role": self.get_role_display(), "body": self.body.name}
        title = self.written_title or gettext("%(role)s (%(body)s)") % parts
        return gettext("%(post)s, acting") % {"post": title} if self.acting else title

    @property
    def written_title(self) -> str:
        """The title that names the body; empty where the post has none of its own."""
        return str(_TITLES.get((self.body.kind, self.role), ""))


_ASSEMBLY = Body.Kind.ASSEMBLY
# Titles as they are written; other posts name their body in brackets.
_TITLES: dict[tuple[str, str], Any] = {
    (_ASSEMBLY, AssemblyPost.Role.CHAIR): _("Chair of the Assembly"),
    (_ASSEMBLY, AssemblyPost.Role.DEPUTY_CHAIR): _("deputy Chair of the Assembly"),
    (_ASSEMBLY, AssemblyPost.Role.EXECUTIVE_SECRETARY): _("Executive Secretary of the Assembly"),
    (_ASSEMBLY, AssemblyPost.Role.DEPUTY_EXECUTIVE_SECRETARY): _("deputy Executive Secretary of the Assembly"),
    (Body.Kind.COUNCIL, AssemblyPost.Role.MEMBER): _("member of the Council of the Assembly"),
}
