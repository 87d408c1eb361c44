"""Admin pages of the audit log: list of change sets, row changes of a change set, and undo."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .. import audit
from ..audit.diff import diffs_of_changes, display_value, with_display_relations
from ..models import ChangeSet, RowChange
from .field_permissions import FieldPermissions, page_of
from .history import change_reason
from .model_admin import BaseModelAdmin, ReadOnlyMixin
from .todo import DashboardLink

# Row changes on a page.
PAGE_SIZE = 100


def summarise(change_set: ChangeSet) -> list[dict[str, str]]:
    """Number of changed rows for each action and model, as text; counted in SQL, whatever the size of the set."""
    rows = change_set.changes.order_by().values_list("action", "content_type").annotate(number=Count("pk"))
    numbers = sorted((action, ContentType.objects.get_for_id(kind).name, number) for action, kind, number in rows)
    return [
        {
            "action": capfirst(label),
            "words": ", ".join(f"{kind}: {number}" for of, kind, number in numbers if of == action),
        }
        for action, label in RowChange.Action.choices
        if any(of == action for of, _kind, _number in numbers)
    ]


class ChangeSetAdmin(ReadOnlyMixin, BaseModelAdmin):
    """A change set is visible to its user, to users who may view all rows of its models, and to administrators."""

    list_display = ["made_at", "user", "kind", "rows", "reason", "undone"]
    list_select_related = ["user"]
    list_filter = ["kind", ("user", admin.RelatedOnlyFieldListFilter), "made_at"]
    search_fields = ["reason", "details", "user__username"]
    search_help_text = _("Words of the reason, or an account.")
    ordering = ["-made_at", "-pk"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, change_set: ChangeSet | None = None) -> bool:
        return super().has_view_permission(request, change_set) or bool(self._pages(request, "view"))

    def has_undo_permission(self, request: HttpRequest, change_set: ChangeSet) -> bool:
        """Whether the user may change all rows of the models; for an own change set, the changed rows are enough."""
        kinds = change_set.changes.order_by().values_list("content_type", flat=True).distinct()
        models = [ContentType.objects.get_for_id(kind).model_class() for kind in kinds]
        admins = {page for model in models if model and (page := page_of(model))}
        return bool(admins) and all(
            page.has_unrestricted_permission(request, "change")
            or (change_set.user_id == request.user.pk and self._may_change_rows(request, change_set, page))
            for page in admins
        )

    def _may_change_rows(self, request: HttpRequest, change_set: ChangeSet, page: BaseModelAdmin) -> bool:
        if not page.has_restore_permission(request):
            return False
        kind = ContentType.objects.get_for_model(page.model)
        keys = set(change_set.changes.filter(content_type=kind).values_list("object_id", flat=True))
        existing = page.model._base_manager.filter(pk__in=keys).count()
        rows = page.get_queryset(request).filter(pk__in=keys)
        return len(rows) == existing and all(page.has_restore_permission(request, row) for row in rows)

    def _pages(self, request: HttpRequest, action: str) -> list[BaseModelAdmin]:
        """Admins of the audited models in which the user may do ``action`` with every row."""
        pages = self.admin_site._registry
        audited = [pages[model] for model in audit.registered_models() if model in pages]
        return [page for page in audited if page.has_unrestricted_permission(request, action)]

    def dashboard_links(self, request: HttpRequest) -> list[DashboardLink]:
        if not self.has_view_permission(request):
            return []
        return [DashboardLink(gettext("Journal of changes"), reverse("admin:cspa_changeset_changelist"), 50)]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        changes = RowChange.objects.filter(entry=OuterRef("pk")).order_by()
        number = changes.values("entry").annotate(number=Count("pk")).values("number")
        change_sets = (
            super()
            .get_queryset(request)
            .annotate(
                number=Coalesce(Subquery(number, output_field=IntegerField()), 0),
                is_undone=Exists(ChangeSet.objects.filter(undoes=OuterRef("pk"))),
            )
        )
        if request.user.has_perm("cspa.view_changeset"):
            return change_sets
        parts = [model for model in audit.registered_models() if model not in self.admin_site._registry]
        viewable = ContentType.objects.get_for_models(*parts, *(page.model for page in self._pages(request, "view")))
        hidden = changes.exclude(content_type__in=[kind.pk for kind in viewable.values()])
        return change_sets.filter(Q(user=request.user) | ~Exists(hidden))

    @admin.display(description=_("records"), ordering="number")
    def rows(self, change_set: ChangeSet) -> int:
        return change_set.number

    @admin.display(description=_("undone"), ordering="is_undone")
    def undone(self, change_set: ChangeSet) -> str:
        return display_value(None, change_set.is_undone)

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        change_set = self.get_object(request, unquote(object_id))
        if change_set is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            return self._undo(request, change_set)
        changes = change_set.changes.select_related("content_type").order_by("pk")
        page = Paginator(changes, PAGE_SIZE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Journal: %(entry)s") % {"entry": change_set},
            "opts": self.opts,
            "entry": change_set,
            "page_obj": page,
            "changes": self._display_changes(list(page.object_list)),
            "numbers": summarise(change_set),
            "undone_by": change_set.undone_by.select_related("user").order_by("pk"),
            "may_undo": self.has_undo_permission(request, change_set),
        }
        return TemplateResponse(request, "admin/entry.html", context)

    def _undo(self, request: HttpRequest, change_set: ChangeSet) -> HttpResponse:
        if not self.has_undo_permission(request, change_set):
            raise PermissionDenied
        try:
            refusals = FieldPermissions(request).refusals
            undoing = audit.undo(change_set, request.user, change_reason(request), refusals)
        except audit.UndoError as refused:
            messages.error(request, gettext("Nothing was undone."))
            for reason in refused.reasons[:20]:
                messages.error(request, reason)
            return HttpResponseRedirect(request.path)
        if undoing.pk is None:
            messages.warning(request, gettext("There was nothing left to undo."))
            return HttpResponseRedirect(request.path)
        messages.success(request, gettext("The entry was undone as a whole."))
        return HttpResponseRedirect(reverse("admin:cspa_changeset_change", args=[undoing.pk]))

    def _display_changes(self, changes: list[RowChange]) -> list[dict]:
        differences = diffs_of_changes(changes)
        rows: dict[type, dict] = {}
        for model in {change.content_type.model_class() for change in changes} - {None}:
            keys = [change.object_id for change in changes if change.content_type.model_class() is model]
            rows[model] = with_display_relations(model).in_bulk(keys)
        return [
            {
                "kind": capfirst(change.content_type.name),
                "name": self._name(change, row),
                "address": self._address(row) if row else "",
                "action": change.get_action_display(),
                "is_gone": change.action == RowChange.Action.DELETED,
                "differences": differences.get(change.pk, []),
            }
            for change in changes
            for row in [rows.get(change.content_type.model_class(), {}).get(change.object_id)]
        ]

    def _name(self, change: RowChange, row) -> str:
        """Present name of the row; last recorded name of a deleted row."""
        model = change.content_type.model_class()
        if row is None and model and change.action == RowChange.Action.DELETED:
            row = model(pk=change.object_id)
            audit.apply_snapshot(row, change.before)
        try:
            return str(row if row is not None else change.object_id)
        # The name of the row may need a related row that is deleted, too.
        except ObjectDoesNotExist:
            return str(change.object_id)

    def _address(self, row) -> str:
        try:
            return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        except NoReverseMatch:
            return ""
