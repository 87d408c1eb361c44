"""The directory of delegations."""

from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.views.generic import DetailView, TemplateView

from .dates import today
from .filters import DelegationFilter
from .models import FormerSlug, Parliament, Person, Seats, delegations_on


class DirectoryView(TemplateView):
    """All delegations, narrowed by the filter."""

    template_name = "delegations/directory.html"

    def get_context_data(self, **kwargs):
        day = today()
        filterset = DelegationFilter(self.request.GET, Parliament.objects.all())
        # A filter that was filled in wrongly shows its error and no rows, rather than all of them.
        rows = filterset.qs if filterset.is_valid() else Parliament.objects.none()
        delegations = delegations_on(day, rows)
        return super().get_context_data(
            filter=filterset,
            delegations=delegations,
            totals=Seats.sum(delegation.figures for delegation in delegations),
            day=day,
            **kwargs,
        )


class DelegationView(TemplateView):
    """One delegation; a former address redirects."""

    template_name = "delegations/delegation.html"

    def get(self, request, slug, *args, **kwargs):
        if not Parliament.objects.filter(slug=slug).exists():
            former = get_object_or_404(FormerSlug.objects.select_related("parliament"), slug=slug)
            return HttpResponsePermanentRedirect(former.parliament.get_absolute_url())
        return super().get(request, *args, slug=slug, **kwargs)

    def get_context_data(self, slug, **kwargs):
        day = today()
        delegations = delegations_on(day, Parliament.objects.filter(slug=slug))
        if not delegations:  # on record, but taking no part on this day
            raise Http404
        return super().get_context_data(delegation=delegations[0], day=day, **kwargs)


class PersonView(DetailView):
    """A person with every mandate, service and post in order."""

    model = Person
    template_name = "delegations/person.html"
    slug_field = "public_id"
    slug_url_kwarg = "public_id"

    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        if kwargs["slug"] != self.object.slug:
            return HttpResponsePermanentRedirect(self.object.get_absolute_url())
        return self.render_to_response(self.get_context_data(object=self.object))

    def get_context_data(self, **kwargs):
        person = self.object
        return super().get_context_data(
            mandates=person.mandates.in_order().select_related("chamber__parliament").prefetch_related("sources"),
            services=person.services.in_order().select_related("parliament").prefetch_related("sources"),
            posts=person.posts.in_order().prefetch_related("sources"),
            **kwargs,
        )
