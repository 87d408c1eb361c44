"""Base classes of model admins: few queries, clear responses to invalid input, and the audit log."""

from contextlib import AbstractContextManager, nullcontext
from inspect import getattr_static

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db import DataError, IntegrityError, models
from django.db.models.constants import LOOKUP_SEP
from django.db.models.deletion import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from translated_fields import TranslatedField, to_attribute

from .. import audit
from ..models import ChangeSet
from .forms import ConflictAwareForm, ConflictAwareFormSet, is_key
from .history import HistoryMixin, change_reason
from .widgets import SelectOne, SelectSeveral

# Letters of a search term that are searched for.
SEARCH_LENGTH = 200


class TranslatedFieldsMixin:
    """Mixin for model admins and inlines: language in labels, accessible autocomplete, optimistic locking."""

    form = ConflictAwareForm
    # Used by inlines only.
    formset = ConflictAwareFormSet

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for code, language in settings.LANGUAGES:
            name = db_field.name.removesuffix(to_attribute("", code))
            # The descriptor itself, which may be that of an abstract base.
            descriptor = getattr_static(db_field.model, name, None)
            if field and name != db_field.name and isinstance(descriptor, TranslatedField):
                field.label = f"{capfirst(field.label)} ({language})"
                field.widget.attrs["lang"] = code
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SelectOne(db_field, self.admin_site, using=kwargs.get("using")))
            if (other := self.admin_site._registry.get(db_field.remote_field.model)) is not None:
                kwargs.setdefault("queryset", other.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SelectSeveral(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class LocalTimeChangeList(ChangeList):
    """Takes a time without a zone in the address for local time. Django does so too, but with a warning."""

    def get_filters_params(self, params: dict | None = None) -> dict[str, list[str]]:
        lookups = super().get_filters_params(params)
        times = {field.name for field in self.lookup_opts.fields if isinstance(field, models.DateTimeField)}
        for lookup in lookups:
            if lookup.partition(LOOKUP_SEP)[0] in times:
                lookups[lookup] = list(map(_with_zone, lookups[lookup]))
        return lookups


class BaseModelAdmin(TranslatedFieldsMixin, HistoryMixin, admin.ModelAdmin):
    """Base of all model admins: few queries, an error message for invalid input, and the audit log."""

    list_per_page = 50
    save_on_top = True

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        """Whether the user may do ``action`` ("view", "change") with every row of the model."""
        return getattr(self, f"has_{action}_permission")(request)

    def get_actions(
        self, request: HttpRequest, action_location: admin.ActionLocation = admin.ActionLocation.CHANGE_LIST
    ) -> dict:
        """Remove the bulk deletion: dated rows get an end date instead of being deleted."""
        actions = super().get_actions(request, action_location)
        actions.pop("delete_selected", None)
        return actions

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[ChangeList]:
        return LocalTimeChangeList

    def get_changelist_form(self, request: HttpRequest, **kwargs) -> type[ConflictAwareForm]:
        return super().get_changelist_form(request, form=ConflictAwareForm, **kwargs)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_queryset(request)
        return queryset.select_related(*self.list_select_related) if self.list_select_related else queryset

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        """Ignore an empty ``_to_field``, for which Django would look up a field without a name."""
        return super().get_object(request, object_id, from_field or None)

    def get_search_results(self, request, queryset, search_term):
        """Ignore what follows the first letters of a long term: a database bounds the conditions of a query."""
        return super().get_search_results(request, queryset, search_term.replace("\x00", "")[:SEARCH_LENGTH])

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts, object_id: str) -> HttpResponse:
        """Answer 404; Django would redirect to the admin index."""
        raise Http404

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest) -> bool:
        """Allow the lookups of the filters of the page only, rather than every lookup on a local column."""
        names = {self.date_hierarchy}
        for item in self.get_list_filter(request):
            item = item[0] if isinstance(item, list | tuple) else item
            names.add(getattr(item, "parameter_name", item))
        steps = lookup.split(LOOKUP_SEP)
        return super().lookup_allowed(lookup, value, request) and any(
            LOOKUP_SEP.join(steps[:length]) in names
            and set(steps[length:]) <= {"id", "exact", "isnull", "gte", "lt", "year", "month", "day"}
            for length in range(1, len(steps) + 1)
        )

    def render(self, request: HttpRequest, template: str, title: str, context: dict) -> HttpResponse:
        """Response of a page other than those of Django."""
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, template, context)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not all(map(is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("A selected row is not named by its number.")
        if any("\x00" in key + "".join(request.GET.getlist(key)) for key in request.GET if key != "q"):
            raise BadRequest("The address holds a NUL character.")
        try:
            with self._recorded(request, ChangeSet.Kind.LIST):
                return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError) as error:
            if not request.GET:
                raise
            raise BadRequest("The address asks for something that does not exist.") from error

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        """Show a message if a concurrent save makes the database reject this one."""
        try:
            with self._recorded(request, ChangeSet.Kind.EDIT):
                return super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, ProtectedError):
            refusal = _("Nothing was saved: somebody changed the same facts meanwhile. Look at them first.")
            messages.error(request, refusal)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """Require a reason for a deletion; the audit log keeps it with the deleted rows."""
        if request.method == "POST" and self.has_delete_permission(request) and not change_reason(request):
            messages.error(request, _("Nothing was deleted: give the reason."))
            return HttpResponseRedirect(request.get_full_path())
        with self._recorded(request, ChangeSet.Kind.DELETION):
            return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs, request: HttpRequest) -> tuple:
        """Leave out rows of many-to-many tables, which have no readable name."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        connections = [field for model in apps.get_models() for field in model._meta.local_many_to_many]
        through = {connection.remote_field.through for connection in connections}
        nameless = tuple(f"{capfirst(model._meta.verbose_name)}: " for model in through)
        return _without_prefixes(deleted, nameless), counts, lacking, protected

    def _recorded(self, request: HttpRequest, kind: str) -> AbstractContextManager:
        """Context that records a change set for a POST request; does nothing for other requests."""
        if request.method != "POST":
            return nullcontext()
        return audit.record_changes(kind, request.user, change_reason(request))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """Initial values from the query string, as in ``?story=5&language=ru``, for text fields and relations only."""
        initial = {}
        for name, value in super().get_changeform_initial_data(request).items():
            try:
                field = self.opts.get_field(name)
            except FieldDoesNotExist:
                continue
            relation = isinstance(field, models.ForeignKey | models.ManyToManyField)
            if relation or (isinstance(field, models.CharField | models.TextField) and "\x00" not in value):
                initial[name] = value
        return initial


class ReadOnlyMixin:
    """Mixin for the admin of rows that nobody adds, changes or deletes by hand; it precedes ``BaseModelAdmin``."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, row: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, row: models.Model | None = None) -> bool:
        return False


def _with_zone(text: str) -> str:
    """``text``, with the local zone if it is a time without one."""
    try:
        time = parse_datetime(text)
    except ValueError:
        return text
    return text if time is None or timezone.is_aware(time) else timezone.make_aware(time).isoformat()


def _without_prefixes(found: list, beginnings: tuple[str, ...]) -> list:
    """Nested list without the texts that start with one of ``beginnings``."""
    kept = [_without_prefixes(each, beginnings) if isinstance(each, list) else each for each in found]
    return [each for each in kept if each and not (isinstance(each, str) and each.startswith(beginnings))]
