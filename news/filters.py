"""FilterSet of the news search, shared by the search page, its feeds and the API."""

from datetime import date
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cspa.search.stems import MAX_QUERY_LENGTH, Query
from delegations.filters import delegation_choices

from .models import Article, ArticleQuerySet, Topic


def _topics() -> list[tuple[str, str]]:
    return sorted(((topic.slug, str(topic.name)) for topic in Topic.objects.all()), key=lambda entry: entry[1])


class YearFilter(django_filters.Filter):
    field_class = forms.IntegerField

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
    topic = django_filters.ChoiceFilter(
        label=_("Topic"), field_name="topics__slug", choices=_topics, empty_label=_("All topics")
    )
    delegation = django_filters.ChoiceFilter(
        label=_("Delegation"),
        field_name="parliaments__slug",
        choices=delegation_choices,
        empty_label=_("All delegations"),
    )
    year = YearFilter(label=_("Year"), min_value=1900, max_value=2100)
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
