"""Admin pages of people: names, photos, withdrawal, and merging two records of one person."""

from functools import partial

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import get_language, gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from translated_fields import to_attribute

from cspa import audit
from cspa.backoffice.history import change_reason
from cspa.backoffice.model_admin import BaseModelAdmin, TranslatedFieldsMixin
from cspa.backoffice.todo import TodoItem, TodoListMixin
from cspa.i18n import language_codes, language_name, translated_columns
from cspa.models import ChangeSet

from ..dates import today
from ..forms import OtherRecordForm, PersonForm
from ..models import (
    Chamber,
    Identifier,
    Person,
)
from ..quality.checks import possible_duplicates
from ..services.merge import MergeError, dropped_name, merge, preview
from . import leaving
from .base import AssignedParliamentsMixin
from .facts import MandateInline, OtherNameInline, PostInline, ServiceInline


class IdentifierInline(TranslatedFieldsMixin, admin.TabularInline):
    model = Identifier
    extra = 0


def with_possible_duplicates(people: QuerySet[Person]) -> QuerySet[Person]:
    return people.filter(pk__in={key for group in possible_duplicates() for key in group})


def lacking(gap: str, people: QuerySet[Person]) -> QuerySet[Person]:
    """Those of ``people`` in office today, and not withdrawn, who lack ``gap``."""
    return people.public().in_office(today()).lacking(gap)


WITHOUT_PHOTO = ngettext_lazy(
    "%(number)d person in office has no photo", "%(number)d people in office have no photo", "number"
)
WITHOUT_CREDIT = ngettext_lazy(
    "%(number)d photo of a person in office does not say who made it",
    "%(number)d photos of people in office do not say who made them",
    "number",
)
WITHOUT_NAME = ngettext_lazy(
    "%(number)d person in office has no name in one language (%(language)s)",
    "%(number)d people in office have no name in one language (%(language)s)",
    "number",
)


@admin.register(Person)
class PersonAdmin(TodoListMixin, AssignedParliamentsMixin, BaseModelAdmin):
    form = PersonForm
    of_person = "pk"
    list_display = ["sorted_public_name", "other_languages", "public_id"]
    list_filter = ["withdrawn"]
    search_fields = [*translated_columns("name"), *translated_columns("family_name"), "public_id"]
    search_help_text = _("Name in any language, or public id.")
    fieldsets = [
        (_("Name"), {"fields": [tuple(translated_columns("name"))]}),
        (
            _("Parts of the name"),
            {
                "fields": [
                    tuple(translated_columns(part))
                    for part in ("family_name", "given_name", "patronymic", "sort_name")
                ],
                "description": _("Only as published: nothing is guessed by splitting the name."),
            },
        ),
        (None, {"fields": ["gender"]}),
        (_("Address"), {"fields": ["public_id", "former_public_ids"]}),
        (
            _("Photo"),
            {
                "fields": ["photo", tuple(translated_columns("photo_credit")), tuple(translated_columns("photo_alt"))],
                "classes": ["collapse"],
            },
        ),
        (_("Withdrawal"), {"fields": ["withdrawn", tuple(translated_columns("withdrawal_reason"))]}),
    ]
    readonly_fields = ["public_id", "former_public_ids"]
    inlines = [OtherNameInline, MandateInline, ServiceInline, PostInline, IdentifierInline]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return [to_attribute("sort_key", get_language()), "public_id"]

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        """Possible duplicates, for users who may merge them, and gaps in the records of people in office."""
        todo_items = []
        if self.has_delete_permission(request):
            label = ngettext_lazy(
                "%(number)d record of a person has a namesake: perhaps they are the same",
                "%(number)d records of people have namesakes: perhaps they are the same",
                "number",
            )
            title = _("perhaps the same person")
            todo_items.append(TodoItem("namesakes", title, label, with_possible_duplicates, priority=70))
        if self.has_change_permission(request):
            gaps = [
                ("photo", _("in office without a photo"), WITHOUT_PHOTO, {}),
                ("credit", _("in office, photo without a credit"), WITHOUT_CREDIT, {}),
            ]
            for code in language_codes():
                values = {"language": language_name(code)}
                title = gettext("in office without a name (%(language)s)") % values
                gaps.append((to_attribute("name", code), title, WITHOUT_NAME, values))
            for gap, title, label, values in gaps:
                todo_items.append(TodoItem(gap, title, label, partial(lacking, gap), values=values))
        return todo_items

    def get_urls(self) -> list:
        merge_page = self.admin_site.admin_view(self.merge_view)
        leaving_page = self.admin_site.admin_view(self.leaving_view)
        return [
            path("<path:object_id>/end/", leaving_page, name="delegations_person_end"),
            path("<path:object_id>/merge/", merge_page, name="delegations_person_merge"),
            *super().get_urls(),
        ]

    def leaving_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End all functions of the person on one day."""
        person = self.get_object(request, unquote(object_id))
        if person is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        return leaving.leave(self, request, person)

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose another record of the person by its public id, preview the merge, and merge it into this one."""
        if not (self.has_change_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        data = request.POST if request.method == "POST" else request.GET
        form = OtherRecordForm(data if "other" in data else None)
        source = form.cleaned_data["other"] if form.is_valid() else None
        if source and self.get_object(request, source.pk) is None:
            raise PermissionDenied
        if request.method == "POST" and source:
            return self._merge(request, target, source)
        context = {
            "target": target,
            "form": form,
            "report": preview(target, source) if source else None,
            "dropped_name": dropped_name(target, source) if source else None,
            "candidates": [] if source else self._candidates(request, target),
        }
        return self.render(request, "admin/delegations/person/merge.html", _("Merge with another record"), context)

    def _merge(self, request: HttpRequest, target: Person, source: Person) -> HttpResponse:
        try:
            with audit.record_changes(ChangeSet.Kind.MERGE, request.user, change_reason(request)) as recorder:
                shown, keep_name = request.POST.get("shown", ""), "keep_name" in request.POST
                report = merge(target, source, shown, keep_name)
                recorder.entry.details = report.details()
                self.log_change(request, target, report.details())
        except MergeError as error:
            reasons = error.reasons
        except (IntegrityError, Person.DoesNotExist):
            reasons = [_("Nothing was saved: somebody changed the same facts meanwhile. Look at them first.")]
        else:
            message = _("The record %(other)s was merged into this one; its address leads here.")
            messages.success(request, message % {"other": source.public_id})
            return HttpResponseRedirect(reverse("admin:delegations_person_change", args=[target.pk]))
        for reason in reasons:
            messages.error(request, reason)
        return HttpResponseRedirect(f"{request.path}?other={source.public_id}")

    def _candidates(self, request: HttpRequest, target: Person) -> list[tuple[Person, set[Chamber]]]:
        """Return people with a similar name, each with the chambers of their mandates."""
        alike = self.get_queryset(request).search(target.name).exclude(pk=target.pk)
        people = alike.in_order().prefetch_related("mandates__chamber__parliament")[:10]
        return [(person, {mandate.chamber for mandate in person.mandates.all()}) for person in people]

    @admin.display(description=_("former public ids"))
    def former_public_ids(self, person: Person) -> str:
        return ", ".join(map(str, person.former_ids.all())) or "–" if person.pk else "–"

    @admin.display(description=_("person"))
    def sorted_public_name(self, person: Person) -> str:
        return person.staff_name

    @admin.display(description=_("in the other languages"))
    def other_languages(self, person: Person) -> str:
        others = [to_attribute("name", code) for code in language_codes() if code != get_language()]
        return ", ".join(getattr(person, column) or "–" for column in others)
