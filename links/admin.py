"""Admin of external links: the result of the last check, and the records that contain each link."""

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cspa.backoffice.model_admin import BaseModelAdmin, ReadOnlyMixin
from cspa.backoffice.todo import Group, TodoItem, TodoListMixin
from delegations.models import Link, Source
from news.models import Article

from .models import Address

PLACES = {"websites": Link, "sources": Source, "articles": Article}
# Records shown for a link, of each kind.
SHOWN = 5
DIRECTORY = ngettext_lazy(
    "%(number)d address in the directory does not answer",
    "%(number)d addresses in the directory do not answer",
    "number",
)
NEWS = ngettext_lazy(
    "%(number)d address in the news does not answer", "%(number)d addresses in the news do not answer", "number"
)


@admin.register(Address)
class AddressAdmin(ReadOnlyMixin, TodoListMixin, BaseModelAdmin):
    """External links. An editor corrects a link in the record that contains it."""

    list_display = ["shown", "result_shown", "fails_since", "asked_at", "places"]
    list_display_links = None
    list_filter = ["outcome"]
    search_fields = ["url"]
    ordering = ["fails_since", "url"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The addresses in records that the user may view, with the newest of these records prefetched."""
        rows, seen = super().get_queryset(request), Q(pk__in=[])
        for name, found in self._seen(request).items():
            seen |= Q(_stands_in(name, found))
            rows = rows.prefetch_related(Prefetch(name, found.order_by("-pk")[: SHOWN + 1], to_attr=f"seen_{name}"))
        return rows.filter(seen)

    def _seen(self, request: HttpRequest) -> dict[str, QuerySet]:
        """The records that the user may view, by the name of their relation."""
        admins = {name: self.admin_site.get_model_admin(model) for name, model in PLACES.items()}
        return {name: page.get_queryset(request) for name, page in admins.items() if page.has_view_permission(request)}

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        """Failing links in the directory for its editors, and failing links in the news for publishers."""
        pages, found = self.admin_site._registry, self._seen(request)
        todo_items = []
        if self.has_view_permission(request) and pages[Link].has_change_permission(request):
            rows = _silent_in(found, "websites", "sources")
            todo_items.append(TodoItem("directory", _("does not answer, in the directory"), DIRECTORY, rows))
        if self.has_view_permission(request) and pages[Article].is_publisher(request):
            rows = _silent_in(found, "articles")
            todo_items.append(TodoItem("news", _("does not answer, in the news"), NEWS, rows, Group.NEWS))
        return todo_items

    @admin.display(description=_("address"), ordering="url")
    def shown(self, address: Address) -> SafeString:
        words = Truncator(address.url).chars(80)
        return format_html('<a href="{}" rel="noreferrer">{}</a>', address.url, words)

    @admin.display(description=_("result"), ordering="outcome")
    def result_shown(self, address: Address) -> str:
        return address.result

    @admin.display(description=_("stands in"))
    def places(self, address: Address) -> SafeString:
        rows = [row for name in PLACES for row in self._named(getattr(address, f"seen_{name}", []))]
        return format_html_join(SafeString("<br>"), "{}", ((row,) for row in rows))

    def _named(self, rows: list) -> list[SafeString | str]:
        """Admin links of the first SHOWN ``rows``, and an ellipsis if there are more."""
        named = [_link(row) for row in rows[:SHOWN]]
        return [*named, "…"] if len(rows) > SHOWN else named


def _stands_in(name: str, rows: QuerySet) -> Exists:
    field = Address._meta.get_field(name)
    places = field.remote_field.through.objects.filter(address=OuterRef("pk"))
    return Exists(places.filter(**{f"{field.m2m_reverse_field_name()}__in": rows.order_by().values("pk")}))


def _silent_in(found: dict[str, QuerySet], *names: str):
    """The filter of a dashboard item: failing addresses in one of the named relations."""
    stands = Q(pk__in=[])
    for name in names:
        if name in found:
            stands |= Q(_stands_in(name, found[name]))
    return lambda rows: rows.failing().filter(stands)


def _link(row: Link | Source | Article) -> SafeString:
    words = Truncator(row.parliament or row.chamber if isinstance(row, Link) else row).chars(60)
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('{}: <a href="{}">{}</a>', capfirst(row._meta.verbose_name), address, words)
