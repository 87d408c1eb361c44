"""The pages on which the secretariat keeps the directory."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from slugify import slugify
from translated_fields import to_attribute

from cspa.audit import journal
from cspa.backoffice.forms import RecordForm
from cspa.backoffice.history import reason_of
from cspa.backoffice.model_admin import Admin, Fields
from cspa.backoffice.todo import DashboardLink, Task, Tasks
from cspa.exports import documents, tabular
from cspa.i18n import columns, language_codes, language_name
from cspa.models import Entry

from ..dates import Day, PartialDate, today
from ..forms import EndForm, OtherRecordForm, PeriodForm, PeriodFormSet, SessionForm, last_day_in_words
from ..models import (
    AssemblyPost,
    Chamber,
    Confirmation,
    Delegate,
    Identifier,
    Link,
    Observation,
    Parliament,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
    Source,
    with_unnamed_seats,
)
from ..quality.checks import Doubt, doubts, namesakes
from ..services import session_documents
from ..services.merge import Refused, in_words, merge, preview
from . import file_import, roster_entry

PERIOD = ["starts", "ends", "last_day_in_office", "ended", "sources"]
STACKED_PERIOD = [("starts", "ends", "last_day_in_office"), "ended", "sources"]
HISTORY = _(
    "Facts are ended, not overwritten: to change one, give the row its first day no longer in office "
    "and add a new row that begins on that day."
)


# Whose delegation it is


def assigned_to(request: HttpRequest) -> QuerySet[Parliament] | None:
    """The only parliaments whose delegations somebody keeps (docs/roles.md); None where it is all of them."""
    if not hasattr(request, "_assigned"):
        parliaments = request.user.parliaments.all()
        request._assigned = None if request.user.is_superuser or not parliaments.exists() else parliaments
    return request._assigned


def people_of(parliaments: QuerySet[Parliament]) -> QuerySet[Person]:
    """Those who ever sat for or represented one of ``parliaments``, or of whom nothing of the kind is recorded."""
    mandates = Delegate.objects.filter(person=OuterRef("pk"))
    services = Representative.objects.filter(person=OuterRef("pk"))
    return Person.objects.filter(
        Exists(mandates.filter(chamber__parliament__in=parliaments))
        | Exists(services.filter(parliament__in=parliaments))
        | ~Exists(mandates) & ~Exists(services)
    )


def may_import(request: HttpRequest) -> bool:
    """Whether somebody may import files, which tell of any delegation."""
    rights = ["delegations.add_delegate", "delegations.change_delegate"]
    return request.user.has_perms(rights) and assigned_to(request) is None


class Assigned:
    """Rows of other delegations are not there for somebody to whom parliaments are assigned.

    ``of_parliament`` are the ways from a row to its parliament, ``of_person`` the one to a person.
    """

    of_parliament: tuple[str, ...] = ()
    of_person = ""

    def may_any(self, request: HttpRequest, action: str) -> bool:
        return super().may_any(request, action) and assigned_to(request) is None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        parliaments = assigned_to(request)
        if parliaments is None:
            return rows
        ways = Q()
        for way in self.of_parliament:
            ways |= Q(**{f"{way}__in": parliaments})
        if self.of_person:
            ways |= Q(**{f"{self.of_person}__in": people_of(parliaments)})
        return rows.filter(ways)


# What dated rows have in common


class LastDay:
    """The computed column beside the two dates."""

    @admin.display(description=_("Last day in office"))
    def last_day_in_office(self, row) -> str:
        return last_day_in_words(row)


class Today(admin.SimpleListFilter):
    """The rows that hold today, or those that do not."""

    title = _("in force")
    parameter_name = "today"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("yes", _("today")), ("no", _("not today"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        present = queryset.model.objects.on(today()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=present)
        return queryset.exclude(pk__in=present) if self.value() == "no" else queryset


class PeriodAdmin(Tasks, LastDay, Assigned, Admin):
    """A dated row on a page of its own; ``about`` are the fields before its dates.

    ``ending`` and the other two are the words of the desk for such rows, where it is to tell of them.
    """

    about: list[str] = []
    ending = without_source = without_date = ""
    form = PeriodForm
    ordering = [F("start").desc(nulls_last=True), "-pk"]
    readonly_fields = ["last_day_in_office"]
    autocomplete_fields = ["sources"]
    actions = ["end"]

    def get_fieldsets(self, request: HttpRequest, row=None) -> list[tuple]:
        return [
            (None, {"fields": self.about}),
            (
                _("Period"),
                {"fields": STACKED_PERIOD, "description": HISTORY},
            ),
        ]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [*self.list_display, "since", "until", "last_day_in_office"]

    def get_list_filter(self, request: HttpRequest) -> list:
        first, *others = super().get_list_filter(request)
        return [first, Today, *others]

    def tasks(self, request: HttpRequest) -> list[Task]:
        if not self.has_change_permission(request):
            return []
        tasks = []
        if self.ending:
            days = settings.DESK_ENDING_DAYS
            values = {"day": date_format(today() + timedelta(days=days), "DATE_FORMAT")}
            title = gettext("ends by %(day)s") % values
            tasks.append(
                Task("ending", title, self.ending, lambda rows: rows.ending(today(), days), values=values, priority=20)
            )
        for name, title, words, priority in (
            ("source", _("in force without a source"), self.without_source, 80),
            ("date", _("in force, since when not recorded"), self.without_date, 90),
        ):
            if words:
                rows = lambda rows, gap=name: rows.on(today()).lacking(gap)  # noqa: E731
                tasks.append(Task(name, title, words, rows, priority=priority))
        return tasks

    @admin.action(description=_("End on a day…"), permissions=["change"])
    def end(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        """All of the chosen rows or none; what somebody changed since they were shown is shown again."""
        asked = "ends" in request.POST
        form = EndForm(request.POST if asked else None)
        rows = list(rows.select_related(*self.list_select_related).order_by("pk"))
        newer = False
        for row in rows:
            row.seen, row.period = self.get_form(request, row)(instance=row).seen, in_words(row)
            if asked and request.POST.get(f"seen-{row.pk}") != row.seen:
                row.shown_before, newer = request.POST.get(f"period-{row.pk}", ""), True
        if asked and form.is_valid() and not newer and self._end(request, rows, form.cleaned_data["ends"]):
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("End on a day"),
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "newer": newer,
        }
        return TemplateResponse(request, "admin/delegations/end.html", context)

    def _end(self, request: HttpRequest, rows: list[Period], ends: PartialDate) -> bool:
        for row in rows:
            row.ends, row.ended = ends, False
            try:
                row.full_clean()
            except ValidationError as error:
                messages.error(request, f"{row}: {' '.join(error.messages)}")
                return False
        if not reason_of(request):
            messages.error(request, _("Give the reason."))
            return False
        for row in rows:
            row.save()
            self.log_change(request, row, _("Ended."))
        words = ngettext("%(number)d row was ended.", "%(number)d rows were ended.", len(rows))
        messages.success(request, words % {"number": len(rows)})
        return True

    @admin.display(description=_("first day"), ordering="start")
    def since(self, row) -> str:
        return row.starts.words if row.starts else gettext("not recorded")

    @admin.display(description=_("first day no longer"), ordering="end")
    def until(self, row) -> str:
        return row.ends.words if row.ends else "–"


class PeriodInline(LastDay, Assigned, Fields, admin.options.InlineModelAdmin):
    """Dated rows on the page of what they belong to, latest first."""

    form = PeriodForm
    formset = PeriodFormSet
    extra = 0
    readonly_fields = ["last_day_in_office"]
    autocomplete_fields = ["sources"]
    show_change_link = True
    related: list[str] = []

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).in_order().prefetch_related("sources")
        return rows.select_related(*self.related) if self.related else rows


class ParticipationInline(PeriodInline, admin.TabularInline):
    model = Participation
    of_parliament = ("parliament",)
    related = ["parliament"]
    fields = ["status", *PERIOD]


class SeatQuotaInline(PeriodInline, admin.TabularInline):
    model = SeatQuota
    of_parliament = ("chamber__parliament",)
    related = ["chamber__parliament"]
    fields = ["seats", *PERIOD]
    extra = 1


class LinkInline(PeriodInline, admin.TabularInline):
    model = Link
    of_parliament = ("parliament", "chamber__parliament")
    fields = ["url", "language", *PERIOD]


class ConfirmationInline(Fields, admin.TabularInline):
    model = Confirmation
    fields = ["date", *columns("confirmed_by"), "source"]
    autocomplete_fields = ["source"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parliament", "source")


class RepresentativeInline(PeriodInline, admin.TabularInline):
    model = Representative
    of_parliament = ("parliament",)
    related = ["person", "parliament"]
    fields = ["person", *PERIOD]
    autocomplete_fields = ["person", "sources"]


class ServiceInline(RepresentativeInline):
    """The same rows on the page of the person."""

    fields = ["parliament", *PERIOD]
    autocomplete_fields = ["parliament", "sources"]


class MandateInline(PeriodInline, admin.StackedInline):
    model = Delegate
    of_parliament = ("chamber__parliament",)
    related = ["person", "chamber__parliament"]
    fields = [("chamber", "role"), *STACKED_PERIOD, tuple(columns("political_group")), tuple(columns("constituency"))]
    autocomplete_fields = ["chamber", "sources"]
    verbose_name = _("mandate")
    verbose_name_plural = _("mandates")


class PostInline(PeriodInline, admin.StackedInline):
    model = AssemblyPost
    of_person = "person"
    related = ["person"]
    fields = ["post", tuple(columns("commission")), *STACKED_PERIOD]


class IdentifierInline(Fields, admin.TabularInline):
    model = Identifier
    extra = 0


# Parliaments and chambers


class ChamberForm(RecordForm):
    """Makes the code from the parliament's address and the name, where it is left empty."""

    class Meta:
        model = Chamber
        fields = "__all__"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:  # not for those who may only look
            self.fields["slug"].required = False
            self.fields["slug"].help_text = _(
                "As in “kazakhstan-mazhilis”: files and imports name the chamber by it. "
                "Empty: made from the address of the parliament and the name."
            )

    def clean(self) -> dict:
        data = super().clean()
        name = next((data[column] for column in columns("name") if data.get(column)), "")
        parliament = data.get("parliament")
        if "slug" in data and not data["slug"] and parliament and name:
            data["slug"] = slugify(f"{parliament.slug} {name}", max_length=80, word_boundary=True)
        if "slug" in data and not data["slug"] and name and not self.errors:
            raise ValidationError({"slug": _("Give a code in Latin letters.")})
        return data


class ChamberInline(Fields, admin.TabularInline):
    model = Chamber
    form = ChamberForm
    fields = [*columns("name"), "kind", "members_called", "order", "slug"]
    extra = 0
    show_change_link = True
    verbose_name_plural = _("chambers (seat quotas and websites of a chamber: “Change”)")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parliament")


def first_column(name: str) -> str:
    """The column of ``name`` in the first language."""
    return to_attribute(name, language_codes()[0])


@admin.register(Parliament)
class ParliamentAdmin(Tasks, Assigned, Admin):
    of_parliament = ("pk",)
    list_display = ["label", "country", "status_today", "order"]
    list_editable = ["order"]
    list_filter = ["participations__status"]
    search_fields = [*columns("name"), *columns("short_name"), "slug"]
    search_help_text = _("Name or address, in any language.")
    fieldsets = [
        (None, {"fields": [tuple(columns("name")), tuple(columns("short_name"))]}),
        (_("Place in the directory"), {"fields": ["country", "slug", "former_addresses", "order"]}),
    ]
    readonly_fields = ["former_addresses"]
    prepopulated_fields = {"slug": [first_column("short_name")]}
    inlines = [ChamberInline, RepresentativeInline, ParticipationInline, ConfirmationInline, LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        present = Participation.objects.filter(parliament=OuterRef("pk")).on(today())
        return super().get_queryset(request).annotate(present=Subquery(present.values("status")[:1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and assigned_to(request) is None

    def tasks(self, request: HttpRequest) -> list[Task]:
        words = ngettext_lazy(
            "%(number)d parliament must confirm its roster again",
            "%(number)d parliaments must confirm their rosters again",
            "number",
        )
        task = Task(
            "confirmation",
            _("confirmation no longer holds"),
            words,
            lambda rows: rows.filter(confirmations__in=Confirmation.objects.expired(today())),
            priority=30,
        )
        return [task] if self.has_change_permission(request) else []

    def dashboard_links(self, request: HttpRequest) -> list[DashboardLink]:
        has_perms = request.user.has_perms
        may_enter = has_perms(["delegations.add_delegate", "delegations.change_delegate"])
        may_read = has_perms(["delegations.view_delegate", "delegations.view_representative"])
        pages = [
            (self.has_view_permission(request), gettext("Doubtful facts"), "delegations_doubts", 10),
            (may_read, gettext("Papers of a session"), "delegations_session", 20),
            (may_enter, gettext("Enter a list of names"), "delegations_delegate_quick_entry", 30),
            (may_import(request), gettext("Import a file"), "delegations_import", 40),
        ]
        return [
            DashboardLink(label, reverse(f"admin:{name}"), priority) for shown, label, name, priority in pages if shown
        ]

    def get_urls(self) -> list:
        doubts_page = self.admin_site.admin_view(self.doubts_view)
        session_page = self.admin_site.admin_view(self.session_view)
        return [
            path("doubts/", doubts_page, name="delegations_doubts"),
            path("session-pack/", session_page, name="delegations_session"),
            *file_import.urls(self.admin_site, may_import),
            *super().get_urls(),
        ]

    def session_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the papers of a session are to be, or with ``format=`` the papers; 400 with words for bad input."""
        if not request.user.has_perms(["delegations.view_delegate", "delegations.view_representative"]):
            raise PermissionDenied
        form = SessionForm(request.GET)
        asked = form.cleaned_data if form.is_valid() else {}
        if asked.get("format"):
            return self._session(request, **asked)
        context = {**self.admin_site.each_context(request), "title": _("Papers of a session"), "form": form}
        status = 200 if form.is_valid() else 400
        return TemplateResponse(request, "admin/delegations/session.html", context, status=status)

    def _session(
        self, request: HttpRequest, on: Day, format: str, languages: list[str], papers: list[str]
    ) -> HttpResponseBase:
        name, parliaments = f"session-{on.isoformat()}", assigned_to(request)
        if format == "csv":
            rows = session_documents.badge_rows(session_documents.delegations_of(on, parliaments))
            return tabular.answer(format, f"{name}-badges", session_documents.BADGE_COLUMNS, rows)
        document = session_documents.pack(on, parliaments, languages, papers, recorded=timezone.now())
        if format == "print":
            return TemplateResponse(request, "sheets.html", {"document": document})
        headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
        return HttpResponse(documents.pdf(document), content_type="application/pdf", headers=headers)

    def doubts_view(self, request: HttpRequest) -> HttpResponse:
        """What check_delegations finds, as far as the reader may see it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = Paginator(self._visible(request, doubts()), 100).get_page(request.GET.get("page"))
        context = {**self.admin_site.each_context(request), "title": _("Doubtful facts"), "page_obj": page}
        return TemplateResponse(request, "admin/delegations/doubts.html", context)

    def _visible(self, request: HttpRequest, found: Iterable[Doubt]) -> list[Doubt]:
        """Those of ``found`` about a row that somebody may see."""
        admins, found = self.admin_site._registry, list(found)
        kept: dict[type, set[int] | None] = {}
        for model in {type(doubt.object) for doubt in found}:
            if not admins[model].has_view_permission(request):
                kept[model] = set()
            elif assigned_to(request) is None:
                kept[model] = None  # all of them
            else:
                kept[model] = set(admins[model].get_queryset(request).values_list("pk", flat=True))
        rows = [(doubt, kept[type(doubt.object)]) for doubt in found]
        return [doubt for doubt, keys in rows if keys is None or doubt.object.pk in keys]

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
class ChamberAdmin(Tasks, Assigned, Admin):
    of_parliament = ("parliament",)
    form = ChamberForm
    list_display = ["title", "parliament", "kind", "seats_today", "order"]
    list_editable = ["order"]
    list_select_related = ["parliament"]
    list_filter = ["kind", "parliament"]
    search_fields = [*columns("name"), *(f"parliament__{name}" for name in columns("short_name")), "slug"]
    search_help_text = _("Name of the chamber or of the country, in any language.")
    autocomplete_fields = ["parliament"]
    fieldsets = [
        (None, {"fields": ["parliament", tuple(columns("name"))]}),
        (_("Place in the directory"), {"fields": [("kind", "members_called"), "slug", "imported_id", "order"]}),
    ]
    inlines = [SeatQuotaInline, LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        present = SeatQuota.objects.filter(chamber=OuterRef("pk")).on(today())
        return super().get_queryset(request).annotate(present=Subquery(present.values("seats")[:1]))

    def tasks(self, request: HttpRequest) -> list[Task]:
        words = ngettext_lazy(
            "%(number)d chamber has seats without a name", "%(number)d chambers have seats without a name", "number"
        )
        task = Task(
            "names", _("seats without a name"), words, lambda rows: with_unnamed_seats(rows, today()), priority=40
        )
        return [task] if self.has_change_permission(request) else []

    def get_urls(self) -> list:
        convocation = self.admin_site.admin_view(self.convocation_view)
        return [
            path("<path:object_id>/convocation/", convocation, name="delegations_chamber_convocation"),
            *super().get_urls(),
        ]

    def convocation_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        chamber = self.get_object(request, unquote(object_id))
        if chamber is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return roster_entry.NewConvocation(self, request, chamber).answer()

    @admin.display(description=_("chamber"), ordering=first_column("name"))
    def title(self, chamber: Chamber) -> str:
        return chamber.name

    @admin.display(description=_("seats today"), ordering="present")
    def seats_today(self, chamber: Chamber) -> str:
        return chamber.members(chamber.present) if chamber.present else gettext("not published")


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
    of_parliament = ("chamber__parliament",)
    about = ["chamber", "seats"]
    list_display = ["chamber", "seats"]
    list_select_related = ["chamber__parliament"]
    list_filter = ["chamber__parliament"]
    search_fields = [f"chamber__{name}" for name in columns("name")]
    autocomplete_fields = ["chamber", "sources"]


@admin.register(Participation)
class ParticipationAdmin(PeriodAdmin):
    of_parliament = ("parliament",)
    about = ["parliament", "status"]
    list_display = ["parliament", "status"]
    list_select_related = ["parliament"]
    list_filter = ["status"]
    search_fields = [f"parliament__{name}" for name in columns("name")]
    autocomplete_fields = ["parliament", "sources"]


@admin.register(Confirmation)
class ConfirmationAdmin(Assigned, Admin):
    of_parliament = ("parliament",)
    list_display = ["parliament", "date", "confirmed_by", "speaks_for_today"]
    list_select_related = ["parliament"]
    list_filter = ["parliament"]
    search_fields = [f"parliament__{name}" for name in columns("name")]
    autocomplete_fields = ["parliament", "source"]
    fieldsets = [(None, {"fields": ["parliament", "date", tuple(columns("confirmed_by")), "source"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        covering = Confirmation.objects.covering(today()).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(covers=Exists(covering))

    @admin.display(description=_("confirmed by"), ordering=first_column("confirmed_by"))
    def confirmed_by(self, confirmation: Confirmation) -> str:
        return confirmation.confirmed_by

    @admin.display(description=_("still speaks for today"), ordering="covers")
    def speaks_for_today(self, confirmation: Confirmation) -> str:
        return gettext("yes") if confirmation.covers else gettext("no")


@admin.register(Observation)
class ObservationAdmin(Assigned, Admin):
    """What saved pages said: read here, written by ``import_page`` alone."""

    of_parliament = ("parliament",)
    list_display = ["parliament", "date", "person"]
    list_select_related = ["parliament", "person"]
    list_filter = ["parliament"]
    search_fields = [f"parliament__{name}" for name in columns("name")]
    fieldsets = [(None, {"fields": ["parliament", "date", "source", "person", "statement"]})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Observation | None = None) -> bool:
        return False


@admin.register(Link)
class LinkAdmin(PeriodAdmin):
    of_parliament = ("parliament", "chamber__parliament")
    about = ["url", "language", "parliament", "chamber"]
    list_display = ["url", "belongs_to", "language"]
    list_select_related = ["parliament", "chamber__parliament"]
    list_filter = ["language"]
    search_fields = ["url"]
    autocomplete_fields = ["parliament", "chamber", "sources"]

    @admin.display(description=_("of"))
    def belongs_to(self, link: Link) -> str:
        return str(link.parliament or link.chamber)


# People


def with_namesakes(people: QuerySet[Person]) -> QuerySet[Person]:
    """Those of ``people`` who may be the same as somebody else on record."""
    return people.filter(pk__in={key for group in namesakes() for key in group})


def lacking(people: QuerySet[Person], gap: str) -> QuerySet[Person]:
    """Those of ``people`` whom the site shows in an office today and who lack something."""
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
class PersonAdmin(Tasks, Assigned, Admin):
    of_person = "pk"
    list_display = ["directory_name", "other_languages", "public_id"]
    list_filter = ["withdrawn"]
    search_fields = [*columns("name"), *columns("family_name"), "public_id"]
    search_help_text = _("Name in any language, or public id.")
    fieldsets = [
        (_("Name"), {"fields": [tuple(columns("name"))]}),
        (
            _("Parts of the name"),
            {
                "fields": [tuple(columns(part)) for part in ("family_name", "given_name", "patronymic", "sort_name")],
                "description": _("Only as published: nothing is guessed by splitting the name."),
            },
        ),
        (None, {"fields": ["gender"]}),
        (_("Address"), {"fields": ["public_id", "former_public_ids"]}),
        (
            _("Photo"),
            {
                "fields": ["photo", tuple(columns("photo_credit")), tuple(columns("photo_alt"))],
                "classes": ["collapse"],
            },
        ),
        (_("Withdrawal"), {"fields": ["withdrawn", tuple(columns("withdrawal_reason"))]}),
    ]
    readonly_fields = ["public_id", "former_public_ids"]
    inlines = [MandateInline, ServiceInline, PostInline, IdentifierInline]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return [to_attribute("sort_key", get_language()), "public_id"]

    def tasks(self, request: HttpRequest) -> list[Task]:
        """Who may be the same, for those who may merge; what is missing of those in office."""
        tasks = []
        if self.has_delete_permission(request):
            words = ngettext_lazy(
                "%(number)d record of a person has a namesake: perhaps they are the same",
                "%(number)d records of people have namesakes: perhaps they are the same",
                "number",
            )
            tasks.append(Task("namesakes", _("perhaps the same person"), words, with_namesakes, priority=70))
        if self.has_change_permission(request):
            tasks += [
                Task("photo", _("in office without a photo"), WITHOUT_PHOTO, lambda rows: lacking(rows, "photo")),
                Task(
                    "credit",
                    _("in office, photo without a credit"),
                    WITHOUT_CREDIT,
                    lambda rows: lacking(rows, "credit"),
                ),
            ]
            for code in language_codes():
                values = {"language": language_name(code)}
                title = gettext("in office without a name (%(language)s)") % values
                gap = to_attribute("name", code)
                tasks.append(Task(gap, title, WITHOUT_NAME, lambda rows, gap=gap: lacking(rows, gap), values=values))
        return tasks

    def get_urls(self) -> list:
        merge_page = self.admin_site.admin_view(self.merge_view)
        return [
            path("<path:object_id>/merge/", merge_page, name="delegations_person_merge"),
            *super().get_urls(),
        ]

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another record of the person is chosen by its public id, looked at, and merged into this one."""
        if not (self.has_change_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        kept = self.get_object(request, unquote(object_id))
        if kept is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        data = request.POST if request.method == "POST" else request.GET
        form = OtherRecordForm(data if "other" in data else None)
        other = form.cleaned_data["other"] if form.is_valid() else None
        if other and self.get_object(request, other.pk) is None:
            raise PermissionDenied
        if request.method == "POST" and other:
            return self._merge(request, kept, other)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Merge with another record"),
            "opts": self.opts,
            "kept": kept,
            "form": form,
            "report": preview(kept, other) if other else None,
            "candidates": [] if other else self._candidates(request, kept),
        }
        return TemplateResponse(request, "admin/delegations/person/merge.html", context)

    def _merge(self, request: HttpRequest, kept: Person, other: Person) -> HttpResponse:
        try:
            with journal.entry(Entry.Kind.MERGE, request.user, reason_of(request)) as recorder:
                report = merge(kept, other, shown=request.POST.get("shown", ""))
                recorder.entry.details = report.details()
                self.log_change(request, kept, report.details())
        except Refused as refused:
            reasons = refused.reasons
        except (IntegrityError, Person.DoesNotExist):
            reasons = [_("Nothing was saved: somebody changed the same facts meanwhile. Look at them first.")]
        else:
            words = _("The record %(other)s was merged into this one; its address leads here.")
            messages.success(request, words % {"other": other.public_id})
            return HttpResponseRedirect(reverse("admin:delegations_person_change", args=[kept.pk]))
        for reason in reasons:
            messages.error(request, reason)
        return HttpResponseRedirect(f"{request.path}?other={other.public_id}")

    def _candidates(self, request: HttpRequest, kept: Person) -> list[tuple[Person, set[Chamber]]]:
        """Others with a name like this one's, and the chambers that they sat for."""
        alike = self.get_queryset(request).search(kept.name).exclude(pk=kept.pk)
        people = alike.in_order().prefetch_related("mandates__chamber__parliament")[:10]
        return [(person, {mandate.chamber for mandate in person.mandates.all()}) for person in people]

    @admin.display(description=_("former public ids"))
    def former_public_ids(self, person: Person) -> str:
        return ", ".join(map(str, person.former_ids.all())) or "–" if person.pk else "–"

    @admin.display(description=_("person"))
    def directory_name(self, person: Person) -> str:
        return person.office_name

    @admin.display(description=_("in the other languages"))
    def other_languages(self, person: Person) -> str:
        others = [to_attribute("name", code) for code in language_codes() if code != get_language()]
        return ", ".join(getattr(person, column) or "–" for column in others)


@admin.register(Delegate)
class DelegateAdmin(PeriodAdmin):
    ending = ngettext_lazy("%(number)d mandate ends by %(day)s", "%(number)d mandates end by %(day)s", "number")
    without_source = ngettext_lazy(
        "%(number)d mandate in force has no source", "%(number)d mandates in force have no source", "number"
    )
    without_date = ngettext_lazy(
        "%(number)d mandate in force has no first day", "%(number)d mandates in force have no first day", "number"
    )
    of_parliament = ("chamber__parliament",)
    about = ["person", "chamber", "role", tuple(columns("political_group")), tuple(columns("constituency"))]
    list_display = ["person", "chamber", "role"]
    list_select_related = ["person", "chamber__parliament"]
    list_filter = ["role", "chamber__parliament"]
    search_fields = [f"person__{name}" for name in columns("name")]
    autocomplete_fields = ["person", "chamber", "sources"]

    def get_urls(self) -> list:
        quick_entry = self.admin_site.admin_view(self.quick_entry_view)
        return [path("quick-entry/", quick_entry, name="delegations_delegate_quick_entry"), *super().get_urls()]

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
    of_parliament = ("parliament",)
    about = ["person", "parliament"]
    list_display = ["person", "parliament"]
    list_select_related = ["person", "parliament"]
    list_filter = ["parliament"]
    search_fields = [f"person__{name}" for name in columns("name")]
    autocomplete_fields = ["person", "parliament", "sources"]


@admin.register(AssemblyPost)
class AssemblyPostAdmin(PeriodAdmin):
    ending = ngettext_lazy(
        "%(number)d post in the Assembly ends by %(day)s", "%(number)d posts in the Assembly end by %(day)s", "number"
    )
    of_person = "person"
    about = ["person", "post", tuple(columns("commission"))]
    list_display = ["person", "title"]
    list_select_related = ["person"]
    list_filter = ["post"]
    search_fields = [f"person__{name}" for name in columns("name")]
    autocomplete_fields = ["person", "sources"]

    @admin.display(description=_("post"), ordering="post")
    def title(self, row: AssemblyPost) -> str:
        return row.title


# Sources


@admin.register(Source)
class SourceAdmin(Admin):
    list_display = ["title", "date", "url"]
    list_filter = ["date"]
    search_fields = [*columns("title"), "url"]
    search_help_text = _("Title in any language, or address.")
    fieldsets = [(None, {"fields": [tuple(columns("title")), "url", "date"]})]

    @admin.display(description=_("source"), ordering=first_column("title"))
    def title(self, source: Source) -> str:
        return source.title

    def get_deleted_objects(self, objs: Iterable[Source], request: HttpRequest) -> tuple:
        """As Django's, where a source in use is protected by every fact that rests on it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking, [*protected, *self._facts(objs)]

    def _facts(self, sources: Iterable[Source]) -> list[str]:
        relations = [
            relation for relation in Source._meta.related_objects if relation.many_to_many and not relation.hidden
        ]
        facts = []
        for relation in relations:
            owner = self.admin_site._registry.get(relation.related_model)
            rows = relation.related_model._base_manager.filter(sources__in=[source.pk for source in sources])
            if owner and owner.list_select_related:
                rows = rows.select_related(*owner.list_select_related)
            facts += [self._link(row) for row in rows.distinct()]
        return facts

    def _link(self, row) -> str:
        meta = row._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        return format_html('{}: <a href="{}">{}</a>', capfirst(meta.verbose_name), address, row)


from . import confirmations as review  # noqa: E402, F401  its pages stand on what is above
