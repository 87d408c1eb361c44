"""Admin pages and inlines of dated facts: mandates, representatives, posts, seat quotas, participation, websites."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cspa.i18n import translated_columns

from ..forms import BodyForm, PersonNameForm
from ..models import (
    AssemblyPost,
    Body,
    Delegate,
    Link,
    Participation,
    PersonName,
    Representative,
    SeatQuota,
)
from ..models.person_names import PARTS
from . import roster_entry
from .base import PERIOD, STACKED_PERIOD, PeriodAdmin, PeriodInline, assigned_parliaments, may_enter_rosters


class ParticipationInline(PeriodInline, admin.TabularInline):
    model = Participation
    # The note stands on the page of the row: the table has no room for it.
    fields = ["status", *PERIOD]


class SeatQuotaInline(PeriodInline, admin.TabularInline):
    model = SeatQuota
    fields = ["seats", *PERIOD]
    extra = 1


class LinkInline(PeriodInline, admin.TabularInline):
    model = Link
    fields = ["url", "language", *PERIOD]


class RepresentativeInline(PeriodInline, admin.TabularInline):
    model = Representative
    fields = ["person", *PERIOD]


class ServiceInline(RepresentativeInline):
    """Inline of the same rows on the page of the person."""

    fields = ["parliament", *PERIOD]


class MandateInline(PeriodInline, admin.StackedInline):
    model = Delegate
    fields = [
        ("chamber", "role"),
        *STACKED_PERIOD,
        tuple(translated_columns("political_group")),
        tuple(translated_columns("constituency")),
    ]
    verbose_name = _("mandate")
    verbose_name_plural = _("mandates")


class PostInline(PeriodInline, admin.StackedInline):
    model = AssemblyPost
    of_person = "person"
    fields = [("body", "role", "acting"), "parliament", tuple(translated_columns("office")), *STACKED_PERIOD]


class OtherNameInline(PeriodInline, admin.StackedInline):
    model = PersonName
    form = PersonNameForm
    of_person = "person"
    fields = [*map(tuple, map(translated_columns, (*PARTS, "note"))), ("starts", "ends"), "sources"]


@admin.register(PersonName)
class PersonNameAdmin(PeriodAdmin):
    form = PersonNameForm
    of_person = "person"
    about = ["person", *map(tuple, map(translated_columns, (*PARTS, "note")))]
    list_display = ["name", "person"]
    list_select_related = ["person"]
    list_filter = ["person__withdrawn"]
    search_fields = [*translated_columns("name"), *(f"person__{name}" for name in translated_columns("name"))]

    def get_fieldsets(self, request: HttpRequest, row: PersonName | None = None) -> list[tuple]:
        return [(None, {"fields": self.about}), (_("Period"), {"fields": [("starts", "ends"), "sources"]})]


@admin.register(SeatQuota)
class SeatQuotaAdmin(PeriodAdmin):
    without_source = ngettext_lazy(
        "%(number)d seat quota in force has no source", "%(number)d seat quotas in force have no source", "number"
    )
    without_date = ngettext_lazy(
        "%(number)d seat quota in force has no first day",
        "%(number)d seat quotas in force have no first day",
        "number",
    )
    list_display = ["chamber", "seats"]
    list_select_related = ["chamber__parliament"]
    list_filter = ["chamber__parliament"]
    search_fields = [f"chamber__{name}" for name in translated_columns("name")]


@admin.register(Participation)
class ParticipationAdmin(PeriodAdmin):
    about = ["parliament", "status", tuple(translated_columns("note"))]
    list_display = ["parliament", "status"]
    list_select_related = ["parliament"]
    list_filter = ["status"]
    search_fields = [f"parliament__{name}" for name in translated_columns("name")]


@admin.register(Link)
class LinkAdmin(PeriodAdmin):
    about = ["url", "language", "parliament", "chamber"]
    list_display = ["url", "belongs_to", "language"]
    list_select_related = ["parliament", "chamber__parliament"]
    list_filter = ["language"]
    search_fields = ["url"]

    @admin.display(description=_("of"))
    def belongs_to(self, link: Link) -> str:
        return str(link.parliament or link.chamber)


@admin.register(Delegate)
class DelegateAdmin(PeriodAdmin):
    ending = ngettext_lazy("%(number)d mandate ends by %(day)s", "%(number)d mandates end by %(day)s", "number")
    without_source = ngettext_lazy(
        "%(number)d mandate in force has no source", "%(number)d mandates in force have no source", "number"
    )
    without_date = ngettext_lazy(
        "%(number)d mandate in force has no first day", "%(number)d mandates in force have no first day", "number"
    )
    about = [
        "person",
        "chamber",
        "role",
        tuple(translated_columns("political_group")),
        tuple(translated_columns("constituency")),
    ]
    list_display = ["person", "chamber", "role"]
    list_select_related = ["person", "chamber__parliament"]
    list_filter = ["role", "chamber__parliament"]
    search_fields = [f"person__{name}" for name in translated_columns("name")]

    def get_urls(self) -> list:
        quick_entry = self.admin_site.admin_view(self.quick_entry_view)
        return [path("quick-entry/", quick_entry, name="delegations_delegate_quick_entry"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        context = {"may_enter_rosters": may_enter_rosters(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def quick_entry_view(self, request: HttpRequest) -> HttpResponse:
        return roster_entry.QuickEntry(self, request).answer()


@admin.register(Representative)
class RepresentativeAdmin(PeriodAdmin):
    ending = ngettext_lazy(
        "%(number)d plenipotentiary representative leaves by %(day)s",
        "%(number)d plenipotentiary representatives leave by %(day)s",
        "number",
    )
    without_source = ngettext_lazy(
        "%(number)d plenipotentiary representative has no source",
        "%(number)d plenipotentiary representatives have no source",
        "number",
    )
    without_date = ngettext_lazy(
        "%(number)d plenipotentiary representative has no first day",
        "%(number)d plenipotentiary representatives have no first day",
        "number",
    )
    list_display = ["person", "parliament"]
    list_select_related = ["person", "parliament"]
    list_filter = ["parliament"]
    search_fields = [f"person__{name}" for name in translated_columns("name")]


@admin.register(Body)
class BodyAdmin(PeriodAdmin):
    form = BodyForm
    about = [
        ("kind", "parent", "order"),
        tuple(translated_columns("name")),
        ("slug", "also_known_as"),
        tuple(translated_columns("description")),
    ]
    list_display = ["name", "kind", "order"]
    list_select_related = ["parent"]
    list_filter = ["kind"]
    ordering = ["order", "slug"]
    search_fields = [*translated_columns("name"), "also_known_as", "slug"]
    prepopulated_fields = {"slug": [translated_columns("name")[0]]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A body belongs to no parliament: those who are assigned to some choose from the bodies on record.
        return super().has_add_permission(request) and assigned_parliaments(request) is None

    def has_change_permission(self, request: HttpRequest, row: Body | None = None) -> bool:
        return super().has_change_permission(request, row) and assigned_parliaments(request) is None

    def get_fieldsets(self, request: HttpRequest, row: Body | None = None) -> list[tuple]:
        office = {"fields": [("telephone", "email"), tuple(translated_columns("address"))]}
        period = {"fields": [("starts", "ends"), "ended", "sources"]}
        return [(None, {"fields": self.about}), (_("Office"), office), (_("Period"), period)]


@admin.register(AssemblyPost)
class AssemblyPostAdmin(PeriodAdmin):
    ending = ngettext_lazy(
        "%(number)d post in the Assembly ends by %(day)s", "%(number)d posts in the Assembly end by %(day)s", "number"
    )
    of_person = "person"
    about = ["person", "body", "role", "acting", "parliament", tuple(translated_columns("office"))]
    list_display = ["person", "title"]
    list_select_related = ["person", "body"]
    list_filter = ["role", "body"]
    search_fields = [f"person__{name}" for name in translated_columns("name")]

    @admin.display(description=_("post"), ordering="role")
    def title(self, row: AssemblyPost) -> str:
        return row.title
