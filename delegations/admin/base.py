"""Base classes of the admin pages of dated rows, and access by assigned parliaments."""

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cspa.audit.diff import required_relations
from cspa.backoffice.history import change_reason
from cspa.backoffice.model_admin import BaseModelAdmin, TranslatedFieldsMixin
from cspa.backoffice.todo import TodoItem, TodoListMixin

from ..dates import PartialDate, today
from ..forms import EndForm, PeriodForm, PeriodFormSet
from ..importer.records import KINDS
from ..models import (
    Delegate,
    Observation,
    Parliament,
    Period,
    Person,
    Representative,
)
from ..models.periods import last_day_in_words
from ..services import ending
from ..services.merge import describe_row

PERIOD = ["starts", "ends", "last_day_in_office", "ended", "sources"]
STACKED_PERIOD = [("starts", "ends", "last_day_in_office"), "ended", "sources"]

HISTORY = _(
    "Facts are ended, not overwritten: to change one, give the row its first day no longer in office "
    "and add a new row that begins on that day."
)


def assigned_parliaments(request: HttpRequest) -> QuerySet[Parliament] | None:
    """The parliaments assigned to the user (docs/roles.md); None for a user who may edit all delegations."""
    if not hasattr(request, "_assigned"):
        parliaments = None if request.user.is_superuser else request.user.parliaments.all()
        request._assigned = parliaments if parliaments is not None and parliaments.exists() else None
    return request._assigned


def people_of(parliaments: QuerySet[Parliament]) -> QuerySet[Person]:
    """People with a mandate or service in one of ``parliaments``, past or present, and people without any."""
    mandates = Delegate.objects.filter(person=OuterRef("pk"))
    services = Representative.objects.filter(person=OuterRef("pk"))
    return Person.objects.filter(
        Exists(mandates.filter(chamber__parliament__in=parliaments))
        | Exists(services.filter(parliament__in=parliaments))
        | ~Exists(mandates) & ~Exists(services)
    )


def may_import(request: HttpRequest) -> bool:
    """Whether the user may import files. A file can add and change every row of the directory."""
    # No form writes observations.
    pages = [admin.site.get_model_admin(model) for model in KINDS.values() if model is not Observation]
    may_write = (page.has_unrestricted_permission(request, action) for page in pages for action in ("add", "change"))
    # Identifiers have no page: the form of the person contains them.
    return request.user.has_perm("delegations.add_identifier") and all(may_write)


def may_enter_rosters(request: HttpRequest) -> bool:
    """Whether the user may enter lists of names, which can add people, names of others, and a source."""
    rights = ["add_delegate", "change_delegate", "add_person", "change_person", "add_source"]
    return request.user.has_perms([f"delegations.{right}" for right in rights])


class AssignedParliamentsMixin:
    """Limits users with assigned parliaments to the rows of these parliaments.

    ``of_parliament`` are the lookups from a row to its parliament, ``of_person`` the lookup to a person.
    """

    of_parliament: tuple[str, ...] = ()
    of_person = ""

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        return super().has_unrestricted_permission(request, action) and assigned_parliaments(request) is None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        parliaments = assigned_parliaments(request)
        if parliaments is None:
            return rows
        condition = Q()
        for lookup in self.of_parliament:
            condition |= Q(**{f"{lookup}__in": parliaments})
        if self.of_person:
            condition |= Q(**{f"{self.of_person}__in": people_of(parliaments)})
        return rows.filter(condition)


class PeriodOptions:
    """What the pages and the inlines of dated rows have in common."""

    form = PeriodForm
    readonly_fields = ["last_day_in_office"]

    @property
    def of_parliament(self) -> tuple[str, ...]:
        return self.model.of_parliament

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return [field.name for field in self.opts.get_fields() if field.many_to_one or field.name == "sources"]

    @admin.display(description=_("Last day in office"))
    def last_day_in_office(self, row) -> str:
        return last_day_in_words(row)


class Today(admin.SimpleListFilter):
    title = _("in force")
    parameter_name = "today"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("yes", _("today")), ("no", _("not today"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        present = queryset.model.objects.on(today()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=present)
        return queryset.exclude(pk__in=present) if self.value() == "no" else queryset


class PeriodAdmin(PeriodOptions, TodoListMixin, AssignedParliamentsMixin, BaseModelAdmin):
    """Base of the pages of dated rows; ``about`` are the fields before the dates, by default those of the list.

    ``ending``, ``without_source`` and ``without_date`` are the labels of dashboard items; an empty one means no item.
    """

    about: list[str] = []
    ending = without_source = without_date = ""
    ordering = [F("start").desc(nulls_last=True), "-pk"]
    actions = ["end"]

    def get_fieldsets(self, request: HttpRequest, row=None) -> list[tuple]:
        period = {"fields": STACKED_PERIOD, "description": HISTORY}
        return [(None, {"fields": self.about or self.list_display}), (_("Period"), period)]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [*self.list_display, "since", "until", "last_day_in_office"]

    def get_list_filter(self, request: HttpRequest) -> list:
        first, *others = super().get_list_filter(request)
        return [first, Today, *others]

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        days = settings.DESK_ENDING_DAYS
        values = {"day": date_format(today() + timedelta(days=days), "DATE_FORMAT")}
        title = gettext("ends by %(day)s") % values
        items = [
            TodoItem("ending", title, self.ending, lambda rows: rows.ending(today(), days), values=values, priority=20)
        ]
        for gap, title, label, priority in (
            ("source", _("in force without a source"), self.without_source, 80),
            ("date", _("in force, since when not recorded"), self.without_date, 90),
        ):
            items.append(
                TodoItem(gap, title, label, lambda rows, gap=gap: rows.on(today()).lacking(gap), priority=priority)
            )
        return [item for item in items if item.words] if self.has_change_permission(request) else []

    @admin.action(description=_("End on a day…"), permissions=["change"])
    def end(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """End all of the selected rows or none. Rows that changed since they were shown are shown again instead."""
        submitted = "ends" in request.POST
        form = EndForm(request.POST if submitted else None)
        rows = list(rows.select_related(*self.list_select_related).order_by("pk"))
        newer = False
        for row in rows:
            row.seen, row.period = self.get_form(request, row)(instance=row).state_token, describe_row(row)
            if submitted and request.POST.get(f"seen-{row.pk}") != row.seen:
                row.shown_before, newer = request.POST.get(f"period-{row.pk}", ""), True
        if submitted and form.is_valid() and not newer and self._end(request, rows, form.cleaned_data["ends"]):
            return None
        context = {"form": form, "rows": rows, "newer": newer}
        return self.render(request, "admin/delegations/end.html", _("End on a day"), context)

    def _end(self, request: HttpRequest, rows: list[Period], ends: PartialDate) -> bool:
        refused = list(ending.refusals(rows, ends)) or ([] if change_reason(request) else [_("Give the reason.")])
        for words in refused:
            messages.error(request, words)
        if refused:
            return False
        ending.end(rows, ends)
        for row in rows:
            self.log_change(request, row, _("Ended."))
        message = ngettext("%(number)d row was ended.", "%(number)d rows were ended.", len(rows))
        messages.success(request, message % {"number": len(rows)})
        return True

    @admin.display(description=_("first day"), ordering="start")
    def since(self, row) -> str:
        return row.starts.words if row.starts else gettext("not recorded")

    @admin.display(description=_("first day no longer"), ordering="end")
    def until(self, row) -> str:
        return row.ends.words if row.ends else "–"


class PeriodInline(PeriodOptions, AssignedParliamentsMixin, TranslatedFieldsMixin, admin.options.InlineModelAdmin):
    formset = PeriodFormSet
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).in_order().prefetch_related("sources")
        related = list(required_relations(self.model))
        return rows.select_related(*related) if related else rows
