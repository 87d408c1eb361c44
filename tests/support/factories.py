"""Factories of valid rows. The period of a dated row is given as starts="2019-05", ends="2020" or ended=True."""

import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from string import ascii_uppercase
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from django_countries import countries
from PIL import Image

from cspa.models import User
from delegations.models import (
    AssemblyPost,
    Body,
    Chamber,
    Confirmation,
    ConfirmationRequest,
    Delegate,
    FileImport,
    Link,
    Observation,
    Parliament,
    Participation,
    Person,
    PersonName,
    Proposal,
    Representative,
    SeatQuota,
    Source,
)
from links.models import Address
from news.models import Article, Attachment, Correction, LegacyAddress, Picture, Topic

PASSWORD = "correct horse battery staple"

ISO = sorted(countries.countries)
# Long lists need more countries than exist: the real codes first, then unassigned ones.
COUNTRIES = ISO + sorted({"".join(pair) for pair in product(ascii_uppercase, repeat=2)} - set(ISO))


def numbered(pattern: str) -> factory.Sequence:
    """A sequence of texts with the number of the row: "Parliament {n}"."""
    return factory.Sequence(lambda n: pattern.format(n=n))


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Source

    title_en = numbered("Decree No. {n}")
    title_ru = numbered("Постановление № {n}")
    url = numbered("https://example.org/decrees/{n}")


class PeriodFactory(factory.django.DjangoModelFactory):
    """Base factory of dated rows. ``sources=[…]`` are added after the row is saved."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @factory.post_generation
    def sources(self, create, extracted, **kwargs):
        if create and extracted:
            self.sources.set(extracted)


class ParliamentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Parliament

    slug = numbered("parliament-{n}")
    name_en = numbered("National Assembly {n}")
    name_ru = numbered("Национальное собрание {n}")
    short_name_en = numbered("Country {n}")
    short_name_ru = numbered("Страна {n}")
    country = factory.Sequence(lambda n: COUNTRIES[n % len(COUNTRIES)])


class ParticipationFactory(PeriodFactory):
    class Meta:
        model = Participation

    parliament = factory.SubFactory(ParliamentFactory)
    status = Participation.Status.MEMBER


class ChamberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Chamber

    parliament = factory.SubFactory(ParliamentFactory)
    slug = numbered("chamber-{n}")
    name_en = numbered("House {n}")
    name_ru = numbered("Палата {n}")
    kind = Chamber.Kind.SINGLE


class SeatQuotaFactory(PeriodFactory):
    class Meta:
        model = SeatQuota

    chamber = factory.SubFactory(ChamberFactory)
    seats = 7


class LinkFactory(PeriodFactory):
    """A website of a parliament, or of a chamber if ``chamber=`` is given."""

    class Meta:
        model = Link

    chamber = None
    parliament = factory.Maybe("chamber", yes_declaration=None, no_declaration=factory.SubFactory(ParliamentFactory))
    url = numbered("https://example.org/parliaments/{n}/")


class PersonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Person

    given_name_en = "Viktor"
    given_name_ru = "Виктор"
    family_name_en = numbered("Kogut{n}")
    family_name_ru = numbered("Когут{n}")
    name_en = factory.LazyAttribute(lambda row: f"{row.given_name_en} {row.family_name_en}")
    name_ru = factory.LazyAttribute(lambda row: f"{row.given_name_ru} {row.family_name_ru}")


class PersonNameFactory(PeriodFactory):
    """A name at birth, which was borne until 2015."""

    class Meta:
        model = PersonName

    person = factory.SubFactory(PersonFactory)
    given_name_en = "Viktor"
    given_name_ru = "Виктор"
    family_name_en = numbered("Sokol{n}")
    family_name_ru = numbered("Сокол{n}")
    name_en = factory.LazyAttribute(lambda row: f"{row.given_name_en} {row.family_name_en}")
    name_ru = factory.LazyAttribute(lambda row: f"{row.given_name_ru} {row.family_name_ru}")
    note_en = "name at birth"
    ends = "2015"


class DelegateFactory(PeriodFactory):
    class Meta:
        model = Delegate

    person = factory.SubFactory(PersonFactory)
    chamber = factory.SubFactory(ChamberFactory)


class RepresentativeFactory(PeriodFactory):
    class Meta:
        model = Representative

    person = factory.SubFactory(PersonFactory)
    parliament = factory.SubFactory(ParliamentFactory)


class BodyFactory(PeriodFactory):
    """A commission; the Assembly itself if ``kind="assembly"`` is given, and then the only one."""

    class Meta:
        model = Body
        django_get_or_create = ("slug",)

    kind = Body.Kind.COMMISSION
    slug = factory.Maybe("is_assembly", "assembly", numbered("commission{n}"))
    name_en = factory.Maybe("is_assembly", "CSTO Parliamentary Assembly", numbered("Commission{n}"))

    class Params:
        is_assembly = factory.LazyAttribute(lambda row: row.kind == Body.Kind.ASSEMBLY)


def assembly() -> Body:
    """The Assembly itself, of which there is one."""
    return BodyFactory(kind=Body.Kind.ASSEMBLY)


class AssemblyPostFactory(PeriodFactory):
    class Meta:
        model = AssemblyPost

    person = factory.SubFactory(PersonFactory)
    body = factory.SubFactory(BodyFactory, kind=Body.Kind.ASSEMBLY)
    role = AssemblyPost.Role.DEPUTY_EXECUTIVE_SECRETARY


class ConfirmationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Confirmation

    parliament = factory.SubFactory(ParliamentFactory)
    date = date(2019, 6, 1)
    confirmed_by_en = "Secretariat of the House"
    source = factory.SubFactory(SourceFactory)


class ConfirmationRequestFactory(factory.django.DjangoModelFactory):
    """An open confirmation request, or an answered one if ``answered_at=`` is given."""

    class Meta:
        model = ConfirmationRequest

    parliament = factory.SubFactory(ParliamentFactory)
    addressee = numbered("Viktor Kogut{n}, plenipotentiary representative")
    key_hash = numbered("{n:064}")
    made_by = factory.LazyFunction(lambda: UserFactory())
    made_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda row: row.made_at + timedelta(days=14))
    answered_by_en = "Anna Second, Clerk of the House"
    language = "en"


class ProposalFactory(factory.django.DjangoModelFactory):
    """A proposal of free text that waits for review."""

    class Meta:
        model = Proposal

    request = factory.SubFactory(ConfirmationRequestFactory, answered_at=factory.LazyFunction(timezone.now))
    kind = Proposal.Kind.OTHER
    text = numbered("Correction {n}")


class ObservationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Observation

    parliament = factory.SubFactory(ParliamentFactory)
    date = date(2019, 6, 1)
    source = factory.SubFactory(SourceFactory)
    statement = factory.LazyFunction(lambda: {"seats": {}, "representative": False})


class TopicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Topic

    slug = numbered("topic-{n}")
    name_en = numbered("Topic {n}")
    name_ru = numbered("Тема {n}")


class LegacyAddressFactory(factory.django.DjangoModelFactory):
    """An address that leads to the page about the Assembly."""

    class Meta:
        model = LegacyAddress

    address = numbered("/old/{n}.html")
    target = "/en/about/"


class ArticleFactory(factory.django.DjangoModelFactory):
    """An article published on 26 May 2020. ``topics=[…]``, ``parliaments``, ``people`` and ``sources`` are lists."""

    class Meta:
        model = Article
        skip_postgeneration_save = True

    language = "en"
    title = numbered("The Assembly discusses item {n}")
    slug = numbered("item-{n}")
    summary = numbered("What the Assembly said about item {n}.")
    body = numbered("<p>Text about item {n}.</p>")
    state = Article.State.PUBLISHED
    published_at = datetime(2020, 5, 26, 9, 0, tzinfo=UTC)

    @factory.post_generation
    def topics(self, create, extracted, **kwargs):
        if create and extracted:
            self.topics.set(extracted)

    @factory.post_generation
    def parliaments(self, create, extracted, **kwargs):
        if create and extracted:
            self.parliaments.set(extracted)

    @factory.post_generation
    def people(self, create, extracted, **kwargs):
        if create and extracted:
            self.people.set(extracted)

    @factory.post_generation
    def sources(self, create, extracted, **kwargs):
        if create and extracted:
            self.sources.set(extracted)


def photo(size: tuple[int, int] = (600, 400)) -> bytes:
    """A JPEG with a red left half and a blue right half."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    data = io.BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class PictureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Picture

    file = factory.LazyFunction(lambda: ContentFile(photo(), "photo.jpg"))
    alt_en = numbered("Delegates at table {n}")
    alt_ru = numbered("Делегаты за столом {n}")
    credit_en = "Photo: Secretariat"
    credit_ru = "Фото: Секретариат"


class AttachmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Attachment

    article = factory.SubFactory(ArticleFactory)
    file = factory.LazyFunction(lambda: ContentFile(PDF, "statement.pdf"))
    title = numbered("Statement {n}")
    language = "en"


class CorrectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Correction

    article = factory.SubFactory(ArticleFactory)
    text = numbered("An earlier version gave {n} May as the date.")


class AddressFactory(factory.django.DjangoModelFactory):
    """The address of a website whose last check failed."""

    class Meta:
        model = Address
        skip_postgeneration_save = True

    url = numbered("https://example.org/silent/{n}")
    outcome = Address.Outcome.TIMEOUT
    asked_at = fails_since = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

    @factory.post_generation
    def websites(self, create, extracted, **kwargs):
        if create:
            self.websites.set(extracted or [LinkFactory()])


class UserFactory(factory.django.DjangoModelFactory):
    """A user who may sign in to the admin, without permissions unless ``is_superuser=True``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = numbered("user{n}")
    is_staff = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, **{"password": PASSWORD, **kwargs})


class FileImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FileImport

    name = numbered("list {n}.csv")
    file_format = "csv"
    language = "en"
    user = factory.SubFactory(UserFactory)
    state = FileImport.State.SAVED
    report = factory.LazyFunction(lambda: {"numbers": [["added", "people: 1"]]})


def create_many(of: type[factory.django.DjangoModelFactory], rows: Iterable[dict[str, Any]]) -> list[Any]:
    """Create the same rows as ``[of(**row) for row in rows]``, in bulk and without calling save().

    Each row must contain its foreign keys; an article needs its story.
    """
    rows, model = list(rows), of._meta.model
    related = {field.name: field for field in model._meta.many_to_many}
    made = model.objects.bulk_create(
        of.build(**{name: value for name, value in row.items() if name not in related}) for row in rows
    )
    for name, field in related.items():
        through = field.remote_field.through
        one, other = field.m2m_field_name(), field.m2m_reverse_field_name()
        through.objects.bulk_create(
            through(**{one: instance, other: value})
            for instance, row in zip(made, rows, strict=True)
            for value in row.get(name, ())
        )
    return made
