"""The directory of delegations."""

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView, TemplateView

from cspa.pagination import StrictPages
from cspa.site import Unreadable, absolute
from cspa.tables import Files

from . import jsonld
from .completeness import Completeness
from .dates import FOUNDED, Day
from .filters import DelegationFilter
from .history import History
from .lists import DELEGATION_COLUMNS, delegation_rows
from .models import Delegate, Delegation, FormerSlug, Parliament, Person, Seats, delegations_on


class OnDay:
    """A page that can be asked for any day: ``?on=2019-05-26``; 400 with words where that is no day."""

    @cached_property
    def day(self) -> Day:
        try:
            return Day.asked(self.request.GET)
        except ValueError as error:
            raise Unreadable(error) from error

    def absolute(self, path: str) -> str:
        return absolute(self.request, path)

    def delegations(self, parliaments: QuerySet[Parliament], figures_only: bool = False) -> list[Delegation]:
        """Those of ``parliaments`` on the day; none before there was an Assembly."""
        return [] if self.day.before_founding else delegations_on(self.day, parliaments, figures_only)

    def get_context_data(self, **kwargs):
        return super().get_context_data(day=self.day, on=self.day.query, founded=FOUNDED, **kwargs)


class DirectoryView(Files, OnDay, TemplateView):
    """All delegations, narrowed by the filter."""

    template_name = "delegations/directory.html"
    columns = DELEGATION_COLUMNS

    @cached_property
    def filterset(self) -> DelegationFilter:
        return DelegationFilter(self.request.GET, Parliament.objects.all(), on=self.day)

    def file_name(self) -> str:
        return f"delegations-{self.day.isoformat()}"

    def file_rows(self):
        self.filterset.refuse_errors()
        return delegation_rows(self.delegations(self.filterset.found))

    def get_context_data(self, **kwargs):
        delegations = self.delegations(self.filterset.found, figures_only=True)
        return super().get_context_data(
            filter=self.filterset,
            delegations=delegations,
            json_ld=jsonld.directory(delegations, self.absolute(self.request.path), self.absolute),
            totals=Seats.sum(delegation.figures for delegation in delegations),
            **kwargs,
        )


class OfParliament(OnDay):
    """A page of one ``parliament``; a former address redirects."""

    parliament: Parliament

    def get(self, request, slug, *args, **kwargs):
        found = Parliament.objects.filter(slug=slug).first()
        if found is None:
            former = get_object_or_404(FormerSlug.objects.select_related("parliament"), slug=slug)
            address = reverse(request.resolver_match.view_name, args=[former.parliament.slug])
            return HttpResponsePermanentRedirect(address + self.day.query)
        self.parliament = found
        return super().get(request, *args, slug=slug, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(parliament=self.parliament, **kwargs)


class DelegationView(OfParliament, TemplateView):
    """One delegation with its history."""

    template_name = "delegations/delegation.html"

    def get_context_data(self, **kwargs):
        delegations = self.delegations(Parliament.objects.filter(pk=self.parliament.pk))
        history = History.of(self.parliament)
        return super().get_context_data(
            # None where it is on record, but takes no part on this day.
            delegation=delegations[0] if delegations else None,
            json_ld=jsonld.delegation(delegations[0], self.absolute) if delegations else None,
            history=history,
            timeline=history.timeline(self.day),
            **kwargs,
        )


class MandatesView(OfParliament, StrictPages, ListView):
    """Every mandate for the chambers of a parliament, the latest first."""

    template_name = "delegations/mandates.html"
    paginate_by = 20

    def get_queryset(self) -> QuerySet[Delegate]:
        mandates = Delegate.objects.filter(chamber__parliament=self.parliament).in_order()
        return mandates.select_related("chamber", "person").prefetch_related("sources")


class CompletenessView(OfParliament, TemplateView):
    """What is on record of a delegation, and what is missing."""

    template_name = "delegations/completeness.html"

    def get_context_data(self, **kwargs):
        there = Parliament.objects.on(self.day).filter(pk=self.parliament.pk)
        present = not self.day.before_founding and there.exists()
        completeness = Completeness.of(self.parliament, self.day) if present else None
        return super().get_context_data(completeness=completeness, **kwargs)


class PersonView(OnDay, DetailView):
    """A person with every mandate, service and post in order, those of the day marked.

    A merged record redirects to the person it became; one that was withdrawn says why (410).
    """

    queryset = Person.objects.all()
    template_name = "delegations/person.html"
    slug_field = "public_id"
    slug_url_kwarg = "public_id"

    def get(self, request, public_id, slug):
        known = Person.objects.filter(public_id=public_id).first()  # nearly always, and by one index
        self.object = known or get_object_or_404(Person.objects.known_as(public_id))
        if self.object.withdrawn:
            return render(request, "410.html", {"is_error": True, "reason": self.object.withdrawal_reason}, status=410)
        if (public_id, slug) != (self.object.public_id, self.object.slug):
            return HttpResponsePermanentRedirect(self.object.get_absolute_url() + self.day.query)
        return self.render_to_response(self.get_context_data(object=self.object))

    def get_context_data(self, **kwargs):
        person = self.object
        mandates = self.rows(person.mandates.select_related("chamber__parliament"))
        services = self.rows(person.services.select_related("parliament"))
        posts = self.rows(person.posts.all())
        return super().get_context_data(
            mandates=mandates,
            services=services,
            posts=posts,
            json_ld=jsonld.person(person, mandates, services, posts, self.absolute),
            **kwargs,
        )

    def rows(self, rows: QuerySet) -> QuerySet:
        """``rows`` in order; ``held`` says which of them hold on the day."""
        on_the_day = rows.model.objects.on(self.day).filter(pk=OuterRef("pk"))
        return rows.in_order().annotate(held=Exists(on_the_day)).prefetch_related("sources")
