"""Pages of the Assembly and of its bodies on a day: who leads it, who belongs to what."""

from collections.abc import Iterator
from functools import cached_property

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponsePermanentRedirect
from django.views.generic import TemplateView

from cspa.exports.tabular import ExportMixin

from ..exports import jsonld
from ..exports.csv_rows import POST_COLUMNS, post_row
from ..models import AssemblyPost, Body, Parliament, names_on, totals_of
from ..models.people import SOLE_ROLES
from .directory import OnDay, mark_certainty


class PostsOnDay(ExportMixin, OnDay, TemplateView):
    """Base of the pages of bodies; the files hold the posts of the page, one a row."""

    columns = POST_COLUMNS

    def file_rows(self) -> Iterator[list]:
        return map(post_row, self.posts().iterator(chunk_size=2000))

    def posts(self) -> QuerySet[AssemblyPost]:
        """The posts of the day in protocol order; none before the founding of the Assembly."""
        rows = AssemblyPost.objects.none() if self.day.before_founding else AssemblyPost.objects.on(self.day)
        rows = rows.in_protocol_order().select_related("person", "body", "parliament")
        return rows.prefetch_related("sources", *names_on(self.day, "person__"))


class AssemblyView(PostsOnDay):
    template_name = "delegations/assembly.html"

    def file_name(self) -> str:
        return f"assembly-{self.day.isoformat()}"

    @cached_property
    def bodies(self) -> list[Body]:
        """The bodies of the day, each with its ``heads``; none before the founding of the Assembly."""
        if self.day.before_founding:
            return []
        heads = self.posts().filter(role__in=SOLE_ROLES)
        posts = Prefetch("posts", heads, to_attr="heads")
        bodies = list(Body.objects.on(self.day).in_protocol_order().prefetch_related(posts, "sources"))
        for body in bodies:
            mark_certainty(body.heads, self.day)
        return bodies

    def get_context_data(self, **kwargs):
        # The Assembly itself stands on its page on every day, for it is what the page is about.
        others = [body for body in self.bodies if body.kind != Body.Kind.ASSEMBLY]
        leaders = list(self.posts().filter(body__kind=Body.Kind.ASSEMBLY))
        totals = totals_of(self.delegations(Parliament.objects.all(), figures_only=True))
        return super().get_context_data(
            assembly=Body.objects.filter(kind=Body.Kind.ASSEMBLY).prefetch_related("sources").first(),
            leaders=mark_certainty(leaders, self.day),
            bodies=others,
            totals=totals,
            json_ld=jsonld.body(None, leaders, self.day, self.absolute, parts=others),
            **kwargs,
        )


class BodyView(PostsOnDay):
    """One body with its members on the day. A former address redirects; the Assembly itself has its own page."""

    template_name = "delegations/body.html"

    def get(self, request, slug, *args, **kwargs):
        rows = Body.objects.select_related("parent").prefetch_related("sources", "parts")
        self.body = rows.filter(slug=slug).first() or Body.formerly_at(slug)
        if self.body is None:
            raise Http404
        if self.body.slug != slug or self.body.kind == Body.Kind.ASSEMBLY:
            return HttpResponsePermanentRedirect(self.body.get_absolute_url() + self.day.query)
        return super().get(request, *args, **kwargs)

    def file_name(self) -> str:
        return f"{self.body.slug}-{self.day.isoformat()}"

    def posts(self) -> QuerySet[AssemblyPost]:
        return super().posts().filter(body=self.body)

    def get_context_data(self, **kwargs):
        posts = mark_certainty(list(self.posts()), self.day)
        # Offices with one holder at a time have a history that a reader looks for; other posts are asked for by day.
        sole = AssemblyPost.objects.filter(body=self.body, role__in=SOLE_ROLES)
        history = sole.exclude(pk__in=[post.pk for post in posts]).in_order()
        history = history.select_related("person", "body", "parliament")
        history = history.prefetch_related("sources", *names_on(self.day, "person__"))
        is_present = not self.day.before_founding and Body.objects.on(self.day).filter(pk=self.body.pk).exists()
        return super().get_context_data(
            body=self.body,
            is_present=is_present,
            posts=posts,
            history=history,
            json_ld=jsonld.body(self.body, posts, self.day, self.absolute),
            **kwargs,
        )
