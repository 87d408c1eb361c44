"""Views of the directory: delegations and people."""

from datetime import date

from django.db.models import QuerySet
from django.http import HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView, TemplateView

from cspa.absolute_urls import InvalidParameter, absolute_url
from cspa.exports.tabular import ExportMixin
from cspa.pagination import StrictPaginationMixin

from ..dates import FOUNDED, Day, today
from ..exports import jsonld
from ..exports.csv_rows import DELEGATION_COLUMNS, delegation_rows
from ..exports.timeline import History
from ..filters import DelegationFilter, refuse_errors
from ..models import (
    Delegate,
    Delegation,
    FormerSlug,
    Parliament,
    Period,
    Person,
    Totals,
    delegations_on,
    names_on,
    totals_of,
)
from ..quality.completeness import Completeness


class OnDay:
    """Mixin of pages that show any day (``?on=2019-05-26``). An invalid day gets 400 with a message."""

    @cached_property
    def day(self) -> Day:
        try:
            return Day.asked(self.request.GET)
        except ValueError as error:
            raise InvalidParameter(error) from error

    def absolute(self, path: str) -> str:
        return absolute_url(self.request, path)

    def delegations(self, parliaments: QuerySet[Parliament], figures_only: bool = False) -> list[Delegation]:
        """Return the delegations of ``parliaments`` on the day; none before the founding of the Assembly."""
        return [] if self.day.before_founding else delegations_on(self.day, parliaments, figures_only)

    def get_context_data(self, **kwargs):
        return super().get_context_data(day=self.day, on=self.day.query, founded=FOUNDED, **kwargs)


class DirectoryView(ExportMixin, OnDay, TemplateView):
    template_name = "delegations/directory.html"
    columns = DELEGATION_COLUMNS

    @cached_property
    def filterset(self) -> DelegationFilter:
        return DelegationFilter(self.request.GET, Parliament.objects.all(), on=self.day)

    def file_name(self) -> str:
        return f"delegations-{self.day.isoformat()}"

    def file_rows(self):
        refuse_errors(self.filterset.form)
        return delegation_rows(self.totals().delegations)

    def totals(self, figures_only: bool = False) -> Totals:
        return totals_of(self.delegations(self.filterset.found, figures_only))

    def get_context_data(self, **kwargs):
        totals = self.totals(figures_only=True)
        return super().get_context_data(
            filter=self.filterset,
            totals=totals,
            json_ld=jsonld.directory(totals.delegations, self.absolute(self.request.path), self.absolute),
            **kwargs,
        )


class OfParliament(OnDay):
    """Mixin of pages of one ``parliament``. A former address redirects."""

    parliament: Parliament

    def get(self, request, slug, *args, **kwargs):
        parliament = Parliament.objects.filter(slug=slug).first()
        if parliament is None:
            former = get_object_or_404(FormerSlug.objects.select_related("parliament"), slug=slug)
            address = reverse(request.resolver_match.view_name, args=[former.parliament.slug])
            return HttpResponsePermanentRedirect(address + self.day.query)
        self.parliament = parliament
        return super().get(request, *args, slug=slug, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(parliament=self.parliament, **kwargs)


class DelegationView(OfParliament, TemplateView):
    template_name = "delegations/delegation.html"

    def get_context_data(self, **kwargs):
        # None where the parliament is on record, but takes no part on this day.
        delegation = next(iter(self.delegations(Parliament.objects.filter(pk=self.parliament.pk))), None)
        history = History.of(self.parliament, delegation.delegates if delegation else [], self.day)
        return super().get_context_data(
            delegation=delegation,
            history=history,
            timeline=history.timeline(self.day),
            json_ld=jsonld.delegation(delegation, self.absolute) if delegation else None,
            **kwargs,
        )


class MandatesView(OfParliament, StrictPaginationMixin, ListView):
    template_name = "delegations/mandates.html"
    paginate_by = 20

    def get_queryset(self) -> QuerySet[Delegate]:
        mandates = Delegate.objects.filter(chamber__parliament=self.parliament).in_order()
        names = names_on(self.day, "person__")
        return mandates.select_related("chamber", "person").prefetch_related("sources", *names)


class CompletenessView(OfParliament, TemplateView):
    template_name = "delegations/completeness.html"

    def get_context_data(self, **kwargs):
        participating = Parliament.objects.on(self.day).filter(pk=self.parliament.pk)
        present = not self.day.before_founding and participating.exists()
        completeness = Completeness.of(self.parliament, self.day) if present else None
        return super().get_context_data(completeness=completeness, **kwargs)


class PersonView(OnDay, DetailView):
    """A person with all mandates, services and posts; those of the day are marked.

    A merged record redirects to the person that it became. A withdrawn person gets 410 with the reason.
    """

    template_name = "delegations/person.html"
    context_object_name = "person"

    def get(self, request, public_id, slug):
        # Most requests name a present id, which takes one lookup in an index; ``known_as()`` joins former ids.
        current = Person.objects.filter(public_id=public_id).first()
        self.object = current or get_object_or_404(Person.objects.known_as(public_id))
        if self.object.withdrawn:
            return render(request, "410.html", {"is_error": True, "reason": self.object.withdrawal_reason}, status=410)
        if (public_id, slug) != (self.object.public_id, self.object.slug):
            return HttpResponsePermanentRedirect(self.object.get_absolute_url() + self.day.query)
        return self.render_to_response(self.get_context_data())

    def get_context_data(self, **kwargs):
        other_names = self.rows(self.object.other_names.all())
        if self.day < today():
            self.object.names_of_day = [name for name in other_names if name.held]
        mandates = self.rows(self.object.mandates.select_related("chamber__parliament"))
        services = self.rows(self.object.services.select_related("parliament"))
        posts = self.rows(self.object.posts.select_related("body", "parliament"))
        return super().get_context_data(
            other_names=other_names,
            mandates=mandates,
            services=services,
            posts=posts,
            json_ld=jsonld.person(self.object, other_names, mandates, services, posts, self.absolute),
            **kwargs,
        )

    def rows(self, rows: QuerySet) -> list[Period]:
        """Return ``rows`` in order, each with ``certain``: what is certain of the day, or None."""
        found = list(rows.in_order().marked(self.day).prefetch_related("sources"))
        return mark_certainty(found, self.day)


def mark_certainty[M: Period](rows: list[M], day: date) -> list[M]:
    """Set ``certain`` of each row: what is certain of ``day``, None for a row that ``marked()`` does not hold."""
    for row in rows:
        row.certain = row.certainty(day) if getattr(row, "held", True) else None
    return rows
