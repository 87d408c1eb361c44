"""What lists of delegations can be narrowed by: one FilterSet behind the page and its files."""

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Chamber, Parliament


class DelegationFilter(django_filters.FilterSet):
    """Parliaments by country, kind of chamber and text."""

    q = django_filters.CharFilter(
        label=_("Name of a parliament or chamber"), method="search", max_length=100, widget=forms.TextInput
    )
    country = django_filters.ChoiceFilter(
        label=_("Country"), choices=lambda: country_choices(), empty_label=_("All countries")
    )
    kind = django_filters.ChoiceFilter(
        label=_("Chamber"),
        field_name="chambers__kind",
        choices=Chamber.Kind,
        empty_label=_("Any kind of chamber"),
        distinct=True,
    )

    class Meta:
        model = Parliament
        fields = ()

    def search(self, queryset, name, value):
        return queryset.search(value)


def country_choices() -> list[tuple[str, str]]:
    """The countries of the parliaments on record, as the reader's language names them."""
    countries = {parliament.country for parliament in Parliament.objects.only("country")}
    return sorted(((country.code, country.name) for country in countries), key=lambda choice: choice[1])
