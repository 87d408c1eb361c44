"""Filters of the news: of the search, shared by its page, its feeds and the API, and of the lists of the API."""

from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cspa.api.parameters import NOT_ON_RECORD
from cspa.search.stems import MAX_QUERY_LENGTH, Query
from delegations.dates import EARLIEST, LATEST
from delegations.filters import DayFilter, RecordFilter, delegation_choices
from delegations.models import Delegate, Person, Representative

from .models import Article, ArticleQuerySet, Quotation, Topic


def _topics() -> list[tuple[str, str]]:
    return sorted(((topic.slug, str(topic.name)) for topic in Topic.objects.all()), key=lambda entry: entry[1])


class YearFilter(django_filters.Filter):
    field_class = forms.IntegerField
    schema: ClassVar = {"type": "integer", "minimum": EARLIEST.year, "maximum": LATEST.year}

    def filter(self, queryset: ArticleQuerySet, year: int | None) -> ArticleQuerySet:
        return queryset if year is None else queryset.dated(date(year, 1, 1), date(year + 1, 1, 1))


class ArticleFilter(django_filters.FilterSet):
    """Published articles by search terms, topic, delegation and year, in the requested language or ``language``.

    A search without terms finds nothing.
    """

    q = django_filters.CharFilter(
        label=_("Words"),
        help_text=_("“Phrases” in quotation marks; a minus before what must not occur."),
        max_length=MAX_QUERY_LENGTH,
        widget=forms.TextInput(attrs={"type": "search"}),
        method="unchanged",
    )
    topic = RecordFilter(label=_("Topic"), field_name="topics__slug", choices=_topics, empty_label=_("All topics"))
    delegation = RecordFilter(
        label=_("Delegation"),
        field_name="parliaments__slug",
        choices=delegation_choices,
        empty_label=_("All delegations"),
    )
    year = YearFilter(label=_("Year"), min_value=EARLIEST.year, max_value=LATEST.year)
    language = django_filters.ChoiceFilter(
        label=_("Language of the news"),
        choices=settings.LANGUAGES,
        empty_label=_("That of this page"),
        method="unchanged",
    )

    class Meta:
        model = Article
        fields: list[str] = []

    def __init__(self, data: QueryDict, *, language: str):
        super().__init__(data, Article.objects.published())
        self.page_language = language

    def unchanged(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Leave the rows unfiltered, because ``newest`` applies search terms and language together."""
        return queryset

    def newest(self, number: int, *columns: str, language: str | None = None) -> list[tuple[Any, ...]]:
        """Key, time and ``columns`` of the ``number`` newest matches; none if the form is invalid.

        ``language`` overrides the language of the search.
        """
        query = Query.of(self.query.text, language) if language else self.query
        return self.qs.newest_found(query, number, *columns) if self.is_valid() else []

    @cached_property
    def query(self) -> Query:
        """The parsed search query with its language; empty if the form is invalid."""
        asked = self.form.cleaned_data if self.is_valid() else {}
        return Query.of(asked.get("q") or "", asked.get("language") or self.page_language)


class PersonField(forms.RegexField):
    """A person with a page, by the public id, or by that of a record that was merged into this person."""

    def __init__(self, **kwargs: Any):
        # JSON Schema counts 10.0 among the integers, so programs may write it.
        super().__init__(regex="^[1-9][0-9]{0,8}([.]0)?$", **kwargs)

    def clean(self, value: str) -> Person | None:
        text = super().clean(value)
        person = Person.objects.public().known_as(int(text.removesuffix(".0"))).first() if text else None
        if text and person is None:
            raise ValidationError(_("There is no person with this id."), NOT_ON_RECORD)
        return person


class PersonIdFilter(django_filters.Filter):
    field_class = PersonField
    schema: ClassVar = {"type": "integer", "minimum": 1, "maximum": 999_999_999}


class PublishedFilter(django_filters.FilterSet):
    """Base of filters by the days of publication, both of which are included."""

    since = DayFilter(label=_("Published on this day or later"), method="unchanged")
    until = DayFilter(label=_("Published on this day or earlier"), method="unchanged")

    def unchanged(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        """Leave the rows unfiltered, because ``dated`` applies both days together."""
        return queryset

    def dated(self, articles: ArticleQuerySet) -> ArticleQuerySet:
        """Those of ``articles`` that were published on the chosen days."""
        chosen = self.form.cleaned_data
        return articles.dated(chosen["since"] or EARLIEST, (chosen["until"] or LATEST) + timedelta(days=1))


class ArticleListFilter(PublishedFilter):
    """Articles by topic, by whom and what they are about, and by day."""

    topic = RecordFilter(label=_("Topic"), field_name="topics__slug", choices=_topics)
    person = PersonIdFilter(label=_("Id of a person whom the article names"), field_name="people")
    delegation = RecordFilter(
        label=_("Delegation that the article is about"), field_name="parliaments__slug", choices=delegation_choices
    )

    def filter_queryset(self, queryset: ArticleQuerySet) -> ArticleQuerySet:
        rows: ArticleQuerySet = super().filter_queryset(self.dated(queryset))
        return rows


class QuotationFilter(PublishedFilter):
    """Quotations in published articles by speaker, by the delegation of the speaker, and by day."""

    person = PersonIdFilter(label=_("Id of the speaker"))
    delegation = RecordFilter(
        label=_("Delegation that the speaker belongs or belonged to"),
        choices=delegation_choices,
        method="by_delegation",
    )

    def by_delegation(self, queryset: QuerySet, name: str, slug: str) -> QuerySet:
        mandates = Delegate.objects.filter(person=OuterRef("person"), chamber__parliament__slug=slug)
        services = Representative.objects.filter(person=OuterRef("person"), parliament__slug=slug)
        # Nobody's quotation leads to a name that was withdrawn.
        return queryset.filter(Exists(mandates) | Exists(services), person__withdrawn=False)

    def filter_queryset(self, queryset: QuerySet[Quotation]) -> QuerySet[Quotation]:
        articles = self.dated(Article.objects.published().in_language())
        rows: QuerySet[Quotation] = super().filter_queryset(queryset.filter(article__in=articles))
        return rows
