"""Admin pages that enter lists of names: quick entry, and a new convocation.

Each page is one form that keeps its values. It is submitted until no question is open; then it shows the differences
with a signed token, and saves them only if they still have the digest of the token.
"""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cspa import audit
from cspa.backoffice.widgets import SelectOne
from cspa.models import ChangeSet

from ..dates import EARLIEST, PartialDate
from ..file_imports.report_page import numbers_in_words, report_as_json
from ..forms import START_HELP, PartialDateField
from ..importer import ImportRefusedError, import_batch
from ..importer.records import Batch
from ..importer.rosters import name_list
from ..importer.rosters.convocation import Convocation, outgoing_mandates
from ..importer.rosters.name_list import Document, Name, NameMatch
from ..models import Chamber, Delegate, Person, Source
from ..models.periods import web_address
from .base import may_enter_rosters

SALT = "delegations.admin.roster_entry"
NOT_TYPED = {"csrfmiddlewaretoken", "note", "show", "save"}


# Forms


class RosterForm(forms.Form):
    names = forms.CharField(
        label=_("Names"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80, "spellcheck": "false"}),
        help_text=_(
            "Separated by commas, or one a line: “ASANOV Zhakip Kazhmanovich, BEKTAEV Ali Abdikarimovich”. "
            "Capitals mark the family name; without them the name is kept as it is written."
        ),
    )
    language = forms.ChoiceField(
        label=_("Language of the names"),
        required=False,
        choices=lambda: [("", _("by their letters")), *settings.LANGUAGES],
    )
    source = forms.ModelChoiceField(
        Source.objects.all(),
        label=_("Source"),
        required=False,
        help_text=_("A document on record. Or give the title and address of one below."),
    )
    source_title = forms.CharField(label=_("Title of the source"), required=False, max_length=300)
    source_url = forms.CharField(
        label=_("Address of the source"), required=False, max_length=1000, validators=[web_address]
    )

    def __init__(self, *args, site: admin.AdminSite, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].widget = SelectOne(Delegate.sources.field, site)
        self.fields["source"].widget.choices = self.fields["source"].choices

    def clean_names(self) -> list[Name]:
        try:
            names = name_list.read(self.cleaned_data["names"])
        except ImportRefusedError as error:
            raise ValidationError(str(error)) from error
        if not names and self.fields["names"].required:
            raise ValidationError(_("There is no name in the list."))
        return names

    def clean(self) -> dict:
        data = super().clean()
        if data.get("source") and (data.get("source_title") or data.get("source_url")):
            self.add_error("source_title", _("Choose a source on record or name another one, not both."))
        return data

    @property
    def document(self) -> Document:
        data = self.cleaned_data
        return Document(data["source"], data["source_title"], data["source_url"])


class QuickEntryForm(RosterForm):
    chamber = forms.ModelChoiceField(Chamber.objects.none(), label=_("Chamber"))
    starts = PartialDateField(
        label=_("First day in office"),
        help_text=START_HELP,
        is_start=True,
    )
    role = forms.ChoiceField(label=_("Role"), choices=Delegate.Role.choices, initial=Delegate.Role.DELEGATE)
    field_order = ["names", "language", "chamber", "starts", "role"]

    def __init__(self, *args, chambers: QuerySet[Chamber], **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["chamber"]
        field.queryset = chambers.order_by("parliament__order", "parliament__slug", "order", "slug")
        field.choices = [("", "---------"), *_by_parliament(field.queryset)]


def _by_parliament(chambers: QuerySet[Chamber]) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    for parliament, houses in groupby(chambers, key=lambda chamber: chamber.parliament):
        yield str(parliament.label), [(chamber.pk, str(chamber)) for chamber in houses]


class ConvocationForm(RosterForm):
    day = PartialDateField(
        label=_("First day of the new convocation"),
        help_text=_("The whole date: 2024-05-26 or 26.05.2024. The former mandates end on it."),
    )
    seats = forms.IntegerField(
        label=_("Seats from this day"),
        required=False,
        min_value=1,
        max_value=999,
        help_text=_("Only where the quota changes on this day. Empty: it stays."),
    )
    field_order = ["day", "seats", "source", "source_title", "source_url", "names", "language"]

    def __init__(self, *args, may_change_quota: bool, **kwargs):
        super().__init__(*args, **kwargs)
        names = self.fields["names"]
        names.required = names.widget.is_required = False
        names.label = _("New people")
        if not may_change_quota:
            del self.fields["seats"]

    def clean_day(self) -> PartialDate:
        day = self.cleaned_data["day"]
        if day is None or not day.exact:
            raise ValidationError(_("Give the whole date, as in 2024-05-26 or 26.05.2024."))
        if day.first <= EARLIEST:
            raise ValidationError(PartialDateField.default_error_messages["outside"])
        return day


# Pages


class _Page:
    """A request to one of the pages; ``admin_`` is the model admin that the page belongs to."""

    title = ""
    saved = ""
    # The chamber whose page links here, for the breadcrumbs.
    original: Chamber | None = None

    def __init__(self, admin_: admin.ModelAdmin, request: HttpRequest):
        if not may_enter_rosters(request):
            raise PermissionDenied
        self.admin = admin_
        self.site = admin_.admin_site
        self.request = request
        self.data = request.POST if request.method == "POST" else None

    # What each page defines

    form: RosterForm
    chamber: Chamber

    def batch(self) -> Batch:
        raise NotImplementedError

    def open_questions(self) -> bool:
        return any(entry.question for entry in self.entries)

    def context(self) -> dict[str, Any]:
        return {}

    def after(self) -> str:
        raise NotImplementedError

    # What the pages share

    @cached_property
    def entries(self) -> list[NameMatch]:
        """The parsed names, each with the record that the user chose."""
        people = self.site.get_model_admin(Person).get_queryset(self.request)
        data = self.form.cleaned_data
        matches = name_list.match_names(data["names"], people, self.chamber, data["language"])
        for match in matches:
            choice = self.data.get(f"who-{match.name.key}", "")
            if choice in match.choices:
                match.chosen = choice
        return matches

    @property
    def typed(self) -> str:
        """A digest of the submitted values."""
        fields = sorted((name, values) for name, values in self.data.lists() if name not in NOT_TYPED)
        return hashlib.sha256(repr(fields).encode(errors="replace")).hexdigest()

    def answer(self) -> HttpResponse:
        context = {
            "original": self.original,
            "form": self.form,
            "media": self.form.media,
        }
        if self.data is not None and self.form.is_valid():
            context |= {"entries": self.entries, **self.context()}
            if not self.open_questions():
                if "save" in self.data and self.save():
                    return HttpResponseRedirect(self.after())
                context |= self.difference()
        return self.admin.render(self.request, "admin/delegations/roster.html", self.title, context)

    def difference(self) -> dict[str, Any]:
        """Return the differences as the template lists them, with the token that their confirmation submits."""
        report = import_batch(self.batch, dry_run=True)
        context: dict[str, Any] = {"report": report_as_json(report)}
        if report.changes and not report.conflicts:
            note = {"digest": report.digest, "typed": self.typed, "user": self.request.user.pk}
            context["note"] = signing.dumps(note, salt=SALT)
        return context

    def save(self) -> bool:
        """Save the differences, if they still have the digest of the token, and return whether that succeeded."""
        try:
            note = signing.loads(self.data.get("note", ""), salt=SALT)
            if (note["user"], note["typed"]) != (self.request.user.pk, self.typed):
                raise signing.BadSignature
            with audit.record_changes(
                ChangeSet.Kind.IMPORT, self.request.user, details=f"{self.title}: {self.chamber}"
            ):
                report = import_batch(self.batch, expected=note["digest"])
        except signing.BadSignature:
            message = _("Nothing was saved: something was changed after the difference was shown. Look at it again.")
            messages.error(self.request, message)
            return False
        except ImportRefusedError as error:
            messages.error(self.request, str(error))
            return False
        message = self.saved % {"chamber": self.chamber, "numbers": numbers_in_words(report.numbers())}
        self.site.get_model_admin(Chamber).log_change(self.request, self.chamber, message)
        messages.success(self.request, message)
        return True


class QuickEntry(_Page):
    """Turns a list of names into mandates for one chamber."""

    title = _("Enter a list of names")
    saved = _("The list of names was saved for %(chamber)s. %(numbers)s")

    @cached_property
    def form(self) -> QuickEntryForm:
        chambers = self.site.get_model_admin(Chamber).get_queryset(self.request)
        return QuickEntryForm(self.data, site=self.site, chambers=chambers)

    @property
    def chamber(self) -> Chamber:
        return self.form.cleaned_data["chamber"]

    def batch(self) -> Batch:
        starts, role, language = (self.form.cleaned_data[name] for name in ("starts", "role", "language"))
        return name_list.batch(self.entries, self.chamber, starts, role, self.form.document, language)

    def after(self) -> str:
        return reverse("admin:delegations_delegate_changelist")


class NewConvocation(_Page):
    """Ends the mandates of a chamber on a day, on which those of the people who stay or are new begin."""

    title = _("Begin a new convocation")
    saved = _("The new convocation of %(chamber)s was saved. %(numbers)s")

    def __init__(self, admin_: admin.ModelAdmin, request: HttpRequest, chamber: Chamber):
        super().__init__(admin_, request)
        self.chamber = self.original = chamber

    @cached_property
    def form(self) -> ConvocationForm:
        may = self.request.user.has_perms(["delegations.add_seatquota", "delegations.change_seatquota"])
        return ConvocationForm(self.data, site=self.site, may_change_quota=may)

    @property
    def day(self) -> PartialDate:
        return self.form.cleaned_data["day"]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The people in office on the day before, each with whether they stay and in which role."""
        rows = []
        for mandate in outgoing_mandates(self.chamber, self.day.first):
            role = self.data.get(f"role-{mandate.uid}", "")
            role = role if role in Delegate.Role.values else mandate.role
            rows.append({"mandate": mandate, "stays": f"stays-{mandate.uid}" in self.data, "role": role})
        return rows

    @property
    def asked(self) -> bool:
        """Whether the page has shown the people in office on the day before, so that no mandate ends unseen."""
        return self.data.get("listed") == str(self.day)

    def open_questions(self) -> bool:
        return (bool(self.rows) and not self.asked) or super().open_questions()

    def context(self) -> dict[str, Any]:
        return {"rows": self.rows, "listed": self.day, "roles": Delegate.Role.choices, "asked": self.asked}

    def batch(self) -> Batch:
        seats, language = self.form.cleaned_data.get("seats"), self.form.cleaned_data["language"]
        stays = {str(row["mandate"].uid): row["role"] for row in self.rows if row["stays"]}
        document = self.form.document
        return Convocation(self.chamber, self.day.first, stays, self.entries, seats, document, language).batch()

    def after(self) -> str:
        return reverse("admin:delegations_chamber_change", args=[self.chamber.pk])
