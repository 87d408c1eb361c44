"""Admin pages of sources, and of the observations of saved pages."""

from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cspa.audit.diff import with_display_relations
from cspa.backoffice.model_admin import BaseModelAdmin
from cspa.i18n import translated_columns

from ..models import Observation, Source
from .confirmations import ReadOnlyModelAdmin


@admin.register(Source)
class SourceAdmin(BaseModelAdmin):
    list_display = ["title", "date", "url"]
    list_filter = ["date"]
    search_fields = [*translated_columns("title"), "url"]
    search_help_text = _("Title in any language, or address.")
    fieldsets = [(None, {"fields": [tuple(translated_columns("title")), "url", ("date", "accessed")]})]

    @admin.display(description=_("source"), ordering=translated_columns("title")[0])
    def title(self, source: Source) -> str:
        return source.title

    def get_deleted_objects(self, objs: Iterable[Source], request: HttpRequest) -> tuple:
        """Extend Django's list of protected rows by the facts that cite a source."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking, [*protected, *self._facts(objs)]

    def _facts(self, sources: Iterable[Source]) -> list[str]:
        relations = [
            relation for relation in Source._meta.related_objects if relation.many_to_many and not relation.hidden
        ]
        facts = []
        for relation in relations:
            rows = with_display_relations(relation.related_model)
            rows = rows.filter(sources__in=[source.pk for source in sources])
            facts += [self._link(row) for row in rows.distinct()]
        return facts

    def _link(self, row) -> str:
        meta = row._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        return format_html('{}: <a href="{}">{}</a>', capfirst(meta.verbose_name), address, row)


@admin.register(Observation)
class ObservationAdmin(ReadOnlyModelAdmin):
    """A read-only page: only the command ``import_page`` writes observations."""

    of_parliament = ("parliament",)
    list_display = ["parliament", "date", "person"]
    list_select_related = ["parliament", "person"]
    list_filter = ["parliament"]
    search_fields = [f"parliament__{name}" for name in translated_columns("name")]
    fieldsets = [(None, {"fields": ["parliament", "date", "source", "person", "statement"]})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
