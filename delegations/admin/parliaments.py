"""Admin pages of parliaments and their chambers."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from slugify import slugify

from cspa.backoffice.forms import ConflictAwareForm
from cspa.backoffice.model_admin import BaseModelAdmin, TranslatedFieldsMixin
from cspa.backoffice.todo import DashboardLink, TodoItem, TodoListMixin
from cspa.i18n import translated_columns

from ..dates import today
from ..models import (
    Chamber,
    Confirmation,
    Parliament,
    Participation,
    SeatQuota,
    with_unnamed_seats,
)
from . import data_quality, file_import, roster_entry, session
from .base import AssignedParliamentsMixin, assigned_parliaments, may_enter_rosters, may_import
from .facts import LinkInline, ParticipationInline, RepresentativeInline, SeatQuotaInline


class ConfirmationInline(TranslatedFieldsMixin, admin.TabularInline):
    model = Confirmation
    fields = ["date", *translated_columns("confirmed_by"), "source"]
    autocomplete_fields = ["source"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parliament", "source")


class ChamberForm(ConflictAwareForm):
    """The form of a chamber. An empty code is derived from the parliament's slug and the name."""

    class Meta:
        model = Chamber
        fields = "__all__"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The form of users who may only view the chamber lacks the field.
        if "slug" in self.fields:
            self.fields["slug"].required = False
            self.fields["slug"].help_text = _(
                "As in “kazakhstan-mazhilis”: files and imports name the chamber by it. "
                "Empty: made from the address of the parliament and the name."
            )

    def clean(self) -> dict:
        data = super().clean()
        name = next((data[column] for column in translated_columns("name") if data.get(column)), "")
        parliament = data.get("parliament")
        if "slug" in data and not data["slug"] and parliament and name:
            data["slug"] = slugify(f"{parliament.slug} {name}", max_length=80, word_boundary=True)
        if "slug" in data and not data["slug"] and name and not self.errors:
            raise ValidationError({"slug": _("Give a code in Latin letters.")})
        return data


class ChamberInline(TranslatedFieldsMixin, admin.TabularInline):
    model = Chamber
    form = ChamberForm
    fields = [*translated_columns("name"), "kind", "members_called", "order", "slug"]
    extra = 0
    show_change_link = True
    verbose_name_plural = _("chambers (seat quotas and websites of a chamber: “Change”)")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parliament")


@admin.register(Parliament)
class ParliamentAdmin(TodoListMixin, AssignedParliamentsMixin, BaseModelAdmin):
    of_parliament = ("pk",)
    list_display = ["label", "country", "status_today", "order"]
    list_editable = ["order"]
    list_filter = ["participations__status"]
    search_fields = [*translated_columns("name"), *translated_columns("short_name"), "also_known_as", "slug"]
    search_help_text = _("Name or address, in any language.")
    fieldsets = [
        (
            None,
            {"fields": [tuple(translated_columns("name")), tuple(translated_columns("short_name")), "also_known_as"]},
        ),
        (_("Place in the directory"), {"fields": ["country", "slug", "former_addresses", "order"]}),
    ]
    readonly_fields = ["former_addresses"]
    prepopulated_fields = {"slug": [translated_columns("short_name")[0]]}
    inlines = [ChamberInline, RepresentativeInline, ParticipationInline, ConfirmationInline, LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        present = Participation.objects.filter(parliament=OuterRef("pk")).on(today())
        return super().get_queryset(request).annotate(present=Subquery(present.values("status")[:1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and assigned_parliaments(request) is None

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        label = ngettext_lazy(
            "%(number)d parliament must confirm its roster again",
            "%(number)d parliaments must confirm their rosters again",
            "number",
        )
        task = TodoItem(
            "confirmation",
            _("confirmation no longer holds"),
            label,
            lambda rows: rows.filter(confirmations__in=Confirmation.objects.expired(today())),
            priority=30,
        )
        return [task] if self.has_change_permission(request) else []

    def dashboard_links(self, request: HttpRequest) -> list[DashboardLink]:
        has_perms = request.user.has_perms
        may_read = has_perms(["delegations.view_delegate", "delegations.view_representative"])
        pages = [
            (self.has_view_permission(request), gettext("Doubtful facts"), "delegations_doubts", 10),
            (may_read, gettext("Papers of a session"), "delegations_session", 20),
            (may_enter_rosters(request), gettext("Enter a list of names"), "delegations_delegate_quick_entry", 30),
            (may_import(request), gettext("Import a file"), "delegations_import", 40),
        ]
        return [
            DashboardLink(label, reverse(f"admin:{name}"), priority)
            for allowed, label, name, priority in pages
            if allowed
        ]

    def get_urls(self) -> list:
        return [
            *data_quality.urls(self.admin_site),
            *session.urls(self.admin_site),
            *file_import.urls(self.admin_site),
            *super().get_urls(),
        ]

    @admin.display(description=_("former addresses"))
    def former_addresses(self, parliament: Parliament) -> str:
        return ", ".join(map(str, parliament.former_slugs.all())) or "–" if parliament.pk else "–"

    @admin.display(description=_("parliament"), ordering="slug")
    def label(self, parliament: Parliament) -> str:
        return parliament.label

    @admin.display(description=_("status today"), ordering="present")
    def status_today(self, parliament: Parliament) -> str:
        return Participation.Status(parliament.present).label if parliament.present else "–"


@admin.register(Chamber)
class ChamberAdmin(TodoListMixin, AssignedParliamentsMixin, BaseModelAdmin):
    of_parliament = ("parliament",)
    form = ChamberForm
    list_display = ["title", "parliament", "kind", "seats_today", "order"]
    list_editable = ["order"]
    list_select_related = ["parliament"]
    list_filter = ["kind", "parliament"]
    search_fields = [
        *translated_columns("name"),
        "also_known_as",
        *(f"parliament__{name}" for name in translated_columns("short_name")),
        "slug",
    ]
    search_help_text = _("Name of the chamber or of the country, in any language.")
    autocomplete_fields = ["parliament"]
    fieldsets = [
        (None, {"fields": ["parliament", tuple(translated_columns("name")), "also_known_as"]}),
        (_("Place in the directory"), {"fields": [("kind", "members_called"), "slug", "imported_id", "order"]}),
    ]
    inlines = [SeatQuotaInline, LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        present = SeatQuota.objects.filter(chamber=OuterRef("pk")).on(today())
        return super().get_queryset(request).annotate(present=Subquery(present.values("seats")[:1]))

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        label = ngettext_lazy(
            "%(number)d chamber has seats without a name", "%(number)d chambers have seats without a name", "number"
        )
        task = TodoItem(
            "names", _("seats without a name"), label, lambda rows: with_unnamed_seats(rows, today()), priority=40
        )
        return [task] if self.has_change_permission(request) else []

    def get_urls(self) -> list:
        convocation = self.admin_site.admin_view(self.convocation_view)
        return [
            path("<path:object_id>/convocation/", convocation, name="delegations_chamber_convocation"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        context = {"may_enter_rosters": may_enter_rosters(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def convocation_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        chamber = self.get_object(request, unquote(object_id))
        if chamber is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return roster_entry.NewConvocation(self, request, chamber).answer()

    @admin.display(description=_("chamber"), ordering=translated_columns("name")[0])
    def title(self, chamber: Chamber) -> str:
        return chamber.name

    @admin.display(description=_("seats today"), ordering="present")
    def seats_today(self, chamber: Chamber) -> str:
        return chamber.members(chamber.present) if chamber.present else gettext("not published")
