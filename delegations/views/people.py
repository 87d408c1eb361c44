"""Views of the lists of people and of mandates on a day, as pages and as files."""

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.views.generic import ListView
from translated_fields import to_attribute

from cspa.exports.tabular import ExportMixin
from cspa.pagination import StrictPaginationMixin

from ..exports.csv_rows import PERSON_COLUMNS, person_row, with_functions
from ..exports.serializers import MANDATE_COLUMNS, mandate_row
from ..filters import DelegateFilter, OnDayFilter, PersonFilter, refuse_errors
from ..models import Delegate, Person, names_on
from .directory import OnDay


class PeopleView(ExportMixin, OnDay, StrictPaginationMixin, ListView):
    """People with a mandate, a service or a post on the day, in the collation order of the active language."""

    template_name = "delegations/people.html"
    paginate_by = 15
    columns = PERSON_COLUMNS
    filterset_class: type[OnDayFilter] = PersonFilter
    row = staticmethod(person_row)

    @cached_property
    def filterset(self) -> OnDayFilter:
        return self.filterset_class(self.request.GET, self.everything(), on=self.day)

    def everything(self) -> QuerySet:
        return with_functions(Person.objects.public().in_order(), self.day).prefetch_related(*names_on(self.day))

    def get_queryset(self) -> QuerySet:
        return self.filterset.queryset.none() if self.day.before_founding else self.filterset.found

    def file_name(self) -> str:
        return f"{self.request.resolver_match.url_name}-{self.day.isoformat()}"

    def file_rows(self):
        refuse_errors(self.filterset.form)
        return map(self.row, self.get_queryset().iterator(chunk_size=2000))

    def get_context_data(self, **kwargs):
        return super().get_context_data(filter=self.filterset, **kwargs)


class DelegatesView(PeopleView):
    """The mandates of the day, one a row; an import reads its files."""

    template_name = "delegations/delegates.html"
    columns = MANDATE_COLUMNS
    filterset_class = DelegateFilter
    row = staticmethod(mandate_row)

    def everything(self) -> QuerySet:
        rows = Delegate.objects.on(self.day).select_related("person", "chamber__parliament")
        # Withdrawn names come last, because their place in the alphabetical order would reveal their initial.
        order = ("person__withdrawn", f"person__{to_attribute('sort_key')}", "person__public_id", "chamber__slug")
        return rows.prefetch_related("sources", *names_on(self.day, "person__")).order_by(*order, "pk")
