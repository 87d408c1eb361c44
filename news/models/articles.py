"""Articles: news texts in one language each, their rules of publication and their former addresses."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time
from typing import Any, Self, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Count, F, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from slugify import slugify

from cspa.absolute_urls import cached_reverse
from cspa.db.computed_fields import DerivedModel, DerivedQuerySet
from cspa.db.natural_keys import NaturalKeyManager, UidModel
from cspa.i18n import language_codes
from cspa.models import AddressedModel, RowChange
from cspa.richtext import pictures, plain_text, sanitise
from cspa.search.stems import Query, StemsIndex, matching, newest, stems
from delegations.models import Parliament, Person, Source

from .former_addresses import FormerAddress, address_text
from .pictures import Picture
from .quotations import Quotation
from .stories import Story
from .topics import Topic

EARLIEST = datetime(1900, 1, 2, tzinfo=UTC)
LATEST = datetime(2100, 12, 30, tzinfo=UTC)
# The fields that a translation translates.
TEXTS = ("title", "dateline", "summary", "body")
# A list counts articles that exist only in other languages up to this number.
COUNTED = 100
# Candidates of each relation in ``related()``.
COMPARED = 50


class Translation(models.TextChoices):
    MISSING = "missing", _("missing in a language")
    OUTDATED = "older", _("older than its original")
    UP_TO_DATE = "equal", _("equal in every language")


class ArticleQuerySet(DerivedQuerySet["Article"]):
    def published(self, now: datetime | None = None) -> Self:
        """The articles that are public at ``now``, by default the current time: the single rule of publication.

        An article with a future time is scheduled, and is public from that time on without a write.
        """
        return self.filter(state=Article.State.PUBLISHED, published_at__lte=now or timezone.now())

    def withdrawn(self, now: datetime | None = None) -> Self:
        """The withdrawn articles that were public before. Their URLs answer 410 with the reason."""
        return self.filter(state=Article.State.WITHDRAWN, published_at__lt=now or timezone.now())

    def at(self, language: str, day: date, slug: str) -> Self:
        """The article in ``language`` whose present or former address has ``day`` and ``slug``."""
        address = {"language": language, "date": day, "slug": slug}
        former = FormerAddress.objects.filter(**address).values("article")
        return self.filter(Q(**address) | Q(pk__in=former))

    def in_language(self, language: str | None = None) -> Self:
        """The articles in ``language``, by default the active language."""
        return self.filter(language=language or get_language())

    def dated(self, first: date, end: date) -> Self:
        """The articles from ``first`` until before ``end``, by ``published_at``, which the feed index contains."""
        bounds = [timezone.make_aware(datetime.combine(day, time())) for day in (first, end)]
        return self.filter(published_at__gte=bounds[0], published_at__lt=bounds[1])

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def neighbours(self, article: "Article") -> "tuple[Article | None, Article | None]":
        """The previous and the next article in order of publication."""
        order, place = Tuple("published_at", "pk"), (article.published_at, article.pk)
        earlier, later = self.filter(TupleLessThan(order, place)), self.filter(TupleGreaterThan(order, place))
        return earlier.newest_first().first(), later.order_by("published_at", "pk").first()

    def bulk_create(self, objs: "Iterable[Article]", *args: Any, **kwargs: Any) -> "list[Article]":
        articles = super().bulk_create(objs, *args, **kwargs)
        Quotation.objects.follow(articles)
        return articles

    def search(self, text: str, language: str | None = None) -> Self:
        """The articles in ``language``, by default the active one, that contain the stems of ``text``.

        ``stems.Query`` parses "phrases" and -exclusions. A text without a word finds nothing.
        """
        query = Query.of(text, language or get_language())
        return matching(self.in_language(query.language), "article_stems", query)

    def newest_found(self, query: Query, number: int, *columns: str) -> list[tuple[Any, ...]]:
        """Key, time and ``columns`` of the ``number`` newest matches of ``query`` in its language.

        The cost hardly depends on the number of articles and of matches, up to a million articles.
        """
        return newest(self.in_language(query.language), "article_stems", query, number, "published_at", *columns)

    def related(self, article: "Article", number: int = 3) -> "list[Article]":
        """The ``number`` articles in the same language that share most people, topics and parliaments.

        Only the COMPARED newest candidates of each relation are scored, so the cost does not grow with the table.
        """
        others = self.in_language(article.language).exclude(pk=article.pk)
        shared: Counter[int] = Counter()
        for name, weight in (("people", 3), ("topics", 2), ("parliaments", 1)):
            if subjects := list(getattr(article, name).all()):
                # All three names are many-to-many fields, and ``through`` is None only while models are loaded.
                field = cast("models.ManyToManyField[Any, Any]", Article._meta.get_field(name))
                through = cast("type[models.Model]", field.remote_field.through)
                filed = through._base_manager.filter(**{f"{field.m2m_reverse_field_name()}__in": subjects})
                rows = (
                    others.filter(pk__in=filed.values_list("article", flat=True))
                    .newest_first()
                    .values_list("pk", flat=True)
                )
                shared.update(dict.fromkeys(rows[:COMPARED], weight))
        best = sorted(shared, key=lambda key: -shared[key])[:number]
        articles = others.for_links().in_bulk(best)
        return [articles[key] for key in best if key in articles]

    def without_body(self) -> Self:
        """The articles without their long columns, which lists do not need."""
        return self.defer("body", "stems")

    def for_links(self) -> Self:
        """The articles with only the columns of a link: title and address."""
        return self.only("language", "title", "slug", "date", "published_at")

    def with_translation(self) -> Self:
        """Annotate ``translation``, the Translation status of the story.

        The original of a story is its first text. Withdrawn texts do not count.
        """
        story = Article.objects.filter(story=OuterRef("story")).exclude(state=Article.State.WITHDRAWN).order_by()
        there = story.values("story").annotate(number=Count("language", distinct=True)).values("number")
        oldest = story.values("story").annotate(oldest=Min("text_changed_at")).values("oldest")
        return self.alias(
            number=Coalesce(Subquery(there), 0),
            oldest=Subquery(oldest),
            original=Subquery(story.order_by("pk").values("text_changed_at")[:1]),
        ).annotate(
            translation=Case(
                When(~Q(number=len(language_codes())), then=Value(Translation.MISSING)),
                When(oldest__lt=F("original"), then=Value(Translation.OUTDATED)),
                default=Value(Translation.UP_TO_DATE),
                output_field=models.CharField(),
            )
        )

    def for_readers(self) -> Self:
        """The published and the scheduled articles."""
        return self.filter(state=Article.State.PUBLISHED)

    def unpublished_work(self) -> Self:
        """The articles that the office still works on: drafts and reviews."""
        return self.filter(state__in=[Article.State.DRAFT, Article.State.REVIEW])

    def scheduled(self, until: datetime | None = None) -> Self:
        """The scheduled articles in order of publication, those before ``until`` if given."""
        rows = self.for_readers().filter(published_at__gt=timezone.now())
        return (rows.filter(published_at__lt=until) if until else rows).order_by("published_at", "pk")

    def next_publication(self) -> datetime | None:
        """The time at which the next scheduled article becomes public; None if there is none."""
        return self.scheduled().values_list("published_at", flat=True).first()

    def planned(self, first: date, end: date) -> Self:
        """The articles from ``first`` until before ``end`` that are published, scheduled, or unpublished work with a
        future time, in order of time."""
        rows = self.dated(first, end)
        in_work = rows.unpublished_work().filter(published_at__gt=timezone.now())
        return (rows.for_readers() | in_work).order_by("published_at", "pk")

    def stale_drafts(self, since: datetime) -> Self:
        """The drafts without a recorded save since ``since``."""
        of_articles = RowChange.objects.filter(content_type__app_label="news", content_type__model="article")
        saved = of_articles.filter(object_id=OuterRef("pk"), entry__made_at__gte=since)
        return self.filter(~models.Exists(saved), state=Article.State.DRAFT, text_changed_at__lt=since)

    def untranslated(self, language: str) -> Self:
        """The published and scheduled articles whose story has no article in ``language``, not even a draft."""
        there = Article.objects.filter(story=OuterRef("story"), language=language)
        return self.for_readers().exclude(language=language).filter(~models.Exists(there))

    def outdated(self, language: str) -> Self:
        """The translations into ``language`` whose original has changed since their last change."""
        story = Article.objects.filter(story=OuterRef("story")).exclude(state=Article.State.WITHDRAWN)
        original = story.order_by("pk").values("text_changed_at")[:1]
        rows = self.filter(language=language).exclude(state=Article.State.WITHDRAWN)
        return rows.filter(text_changed_at__lt=Subquery(original))

    def for_list(self) -> Self:
        """The articles newest first with all that a list shows, in two queries."""
        return self.without_body().newest_first().select_related("picture").prefetch_related("topics")

    def only_in_other_languages(self, language: str) -> Self:
        """The articles whose story has no published article in ``language``."""
        here = self.model.objects.published().filter(story=OuterRef("story"), language=language)
        others = [code for code in language_codes() if code != language]
        return self.filter(~models.Exists(here), language__in=others)

    def number_elsewhere(self, language: str) -> int:
        """The number of ``only_in_other_languages``, counted up to COUNTED + 1 to bound the cost."""
        return self.only_in_other_languages(language).order_by()[: COUNTED + 1].count()


class Article(DerivedModel, AddressedModel, UidModel):
    """A news text in one language. Its translations are sibling rows of one story."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEW = "review", _("in review")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    story = models.ForeignKey(
        Story,
        models.PROTECT,
        related_name="articles",
        verbose_name=_("story"),
        blank=True,
        help_text=_("Choose the story that this text translates; empty for a new one."),
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=250)
    slug = models.SlugField(
        _("address"), max_length=120, blank=True, help_text=_("Latin letters; empty: made from the title.")
    )
    dateline = models.CharField(
        _("dateline"), max_length=100, blank=True, help_text=_("The place that it is reported from: “Minsk”.")
    )
    summary = models.TextField(
        _("summary"), max_length=600, help_text=_("One or two sentences for lists, feeds and search engines.")
    )
    body = ProseEditorField(
        _("text"),
        config={
            "extensions": {
                "Bold": True,
                "Italic": True,
                "Heading": {"levels": [2, 3]},
                "BulletList": True,
                "OrderedList": True,
                "ListItem": True,
                "Blockquote": True,
                "Figure": True,
                "Caption": True,
                "Image": True,
                "Link": {"enableTarget": False, "protocols": ["http", "https", "mailto"]},
                "HardBreak": True,
                "History": True,
            }
        },
        sanitize=sanitise,
        help_text=_(
            "The last paragraph of a quotation names the speaker: “— Sergei Lavrov, Minister of Foreign Affairs”."
        ),
    )
    picture = models.ForeignKey(
        Picture,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("lead picture"),
        help_text=_("Shown above the text, and small in lists."),
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT, db_index=True)
    published_at = models.DateTimeField(
        _("time of publication"),
        default=timezone.now,
        help_text=_("A time to come: the article appears by itself when it is reached."),
    )
    withdrawal_reason = models.CharField(
        _("reason of the withdrawal"),
        max_length=300,
        blank=True,
        help_text=_("Only of a withdrawn article; its address shows it: “The meeting was cancelled.”"),
    )
    text_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    preview_key = models.CharField(max_length=16, editable=False, default="")
    date = models.DateField(_("date"), editable=False)
    stems = models.TextField(editable=False, default="")
    topics = models.ManyToManyField(Topic, blank=True, related_name="articles", verbose_name=_("topics"))
    parliaments = models.ManyToManyField(
        Parliament,
        blank=True,
        related_name="articles",
        verbose_name=_("parliaments"),
        help_text=_("Which it is about."),
    )
    people = models.ManyToManyField(
        Person, blank=True, related_name="articles", verbose_name=_("people"), help_text=_("Whom it names.")
    )
    sources = models.ManyToManyField(
        Source,
        blank=True,
        related_name="articles",
        verbose_name=_("sources"),
        help_text=_("What it rests on."),
    )

    key_columns = ("story__uid", "language")

    objects = NaturalKeyManager.from_queryset(ArticleQuerySet)()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["-published_at", "-pk"]
        permissions = [
            ("publish_article", "Can publish, schedule, correct and withdraw articles"),
            ("translate_article", "Can write the texts of articles in one language"),
        ]
        indexes = [
            # The story is the last column so that an index-only scan counts stories that a language lacks.
            models.Index(fields=["language", "state", "-published_at", "-id", "story"], name="article_feed"),
            StemsIndex(fields=["stems", "language"], name="article_stems"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="article_once_per_story_and_language",
                fields=["story", "language"],
                violation_error_message=_("This story has an article in this language already."),
            ),
            models.UniqueConstraint(
                name="article_address",
                fields=["language", "date", "slug"],
                violation_error_message=_("Another article of this day has this address already."),
            ),
            models.CheckConstraint(
                name="article_time_1900_to_2100",
                condition=Q(published_at__range=(EARLIEST, LATEST)),
                violation_error_message=_("Dates must lie between 1900 and 2100."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse to publish an article with a picture that has no alternative text and is not decorative."""
        if self.state == self.State.PUBLISHED and (names := self.pictures_without_words()):
            raise ValidationError(
                _(
                    "Give each picture its alternative text in the language of the article, or mark it as decorative: "
                    "%(pictures)s."
                )
                % {"pictures": ", ".join(names)},
                code="no_alternative_text",
            )

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Refuse the former address of another article that readers know, even if that article is deleted."""
        super().validate_unique(exclude)
        self.derive_address()
        former = FormerAddress.objects.known_to_readers().at(self).exclude(article=self.pk)
        if former.exists() or self.is_retired(self.address):
            raise ValidationError(
                _("Another article of this day had this address before, and readers still follow it there."),
                code="former_address",
            )

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self.story_id is None:
            self.story = Story.objects.create()
        before = type(self).objects.filter(pk=self.pk).defer("stems").first() if self.pk else None
        if before and any(getattr(before, name) != getattr(self, name) for name in TEXTS):
            self.text_changed_at = timezone.now()
            if update_fields is not None and set(TEXTS).intersection(update_fields):
                update_fields = {*update_fields, "text_changed_at"}
        super().save(*args, update_fields=update_fields, **kwargs)
        if before and before.story_id != self.story_id and not before.story.articles.exists():
            before.story.delete()
        if before and self.is_open and not before.is_open:
            # The rules for drafts would give the addresses that readers know to another article.
            self.retire(before.address, *map(str, self.former_addresses.all()))
        FormerAddress.objects.at(self).free_for(self).delete()
        if before and (before.language, before.date, before.slug) != (self.language, self.date, self.slug):
            FormerAddress.objects.at(before).free_for(self).delete()
            FormerAddress.objects.get_or_create(
                language=before.language, date=before.date, slug=before.slug, defaults={"article": self}
            )

    def get_absolute_url(self) -> str:
        day = self.date
        return cached_reverse("news:article", day.year, day.month, day.day, self.slug, language=self.language)

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        return frozenset({"language", "title", "slug", "summary", "body", "published_at"})

    @classmethod
    def derived(cls) -> frozenset[str]:
        return frozenset({"slug", "body", "date", "stems"})

    def derive(self) -> None:
        """Compute the date and slug of the address and the search stems, and sanitise the body."""
        self.derive_address()
        self.body = sanitise(self.body)
        # A separator word between the parts, so that no phrase matches across two of them.
        parts = [self.title, self.summary, plain_text(self.body)]
        self.stems = " 0 ".join(" ".join(stems(part, self.language)) for part in parts)

    def derive_address(self) -> None:
        """Compute the date and slug of the address from the time of publication and the title."""
        self.date = timezone.localdate(self.published_at)
        self.slug = self.slug or slugify(self.title, max_length=100, word_boundary=True) or "article"

    @property
    def address(self) -> str:
        return address_text(self.language, self.date, self.slug)

    def address_value(self) -> str:
        return "" if self.is_open else self.address

    def pictures_without_words(self) -> list[str]:
        """Names of the pictures without an alternative text in this language that are not marked as decorative."""
        known = Picture.objects.within([self])
        shown = [(known.get(address), address, alt) for address, alt in pictures(self.body)]
        if self.picture:
            shown.insert(0, (self.picture, self.picture.address, ""))
        return [
            str(picture or address)
            for picture, address, alt in shown
            if not (alt or (picture and (picture.decorative or picture.alt_in(self.language))))
        ]

    def original(self) -> "Article | None":
        """The original that this text translates: the first text of the story. None for the original itself."""
        story = Article.objects.filter(story=self.story_id).exclude(state=self.State.WITHDRAWN)
        first = story.order_by("pk").first()
        return first if first and first.pk != self.pk else None

    @property
    def is_open(self) -> bool:
        """Whether the office still works on the text: a draft or in review."""
        return self.state in (self.State.DRAFT, self.State.REVIEW)

    @property
    def is_for_readers(self) -> bool:
        """Whether the article is published or scheduled."""
        return self.state == self.State.PUBLISHED

    @property
    def state_in_words(self) -> str:
        """The label of the state. A published article with a future time is “scheduled”."""
        if self.is_for_readers and self.published_at > timezone.now():
            return gettext("scheduled")
        return self.get_state_display()

    @property
    def updated_at(self) -> datetime:
        """The time of publication or of the last correction. Other edits do not change it."""
        return max([self.published_at, *(note.made_at for note in self.corrections.all())])

    @property
    def reading_minutes(self) -> int:
        """The reading time in minutes, at 200 words a minute."""
        return max(1, round(len(strip_tags(self.body).split()) / 200))

    @property
    def excerpt(self) -> str:
        """The summary, or the first 40 words of the text."""
        return self.summary or Truncator(strip_tags(self.body)).words(40)
