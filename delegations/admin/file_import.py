"""Admin pages of the import of files: the upload, the page of each import, and the list of all.

The page of an import shows its state, its differences, the columns of a table, and what can be done. While a worker
has the file, the page asks the server again by itself, without a script.
"""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from cspa.backoffice.model_admin import BaseModelAdmin, ReadOnlyMixin
from cspa.exports import tabular

from ..dates import EARLIEST, LATEST
from ..exports.serializers import MANDATE_COLUMNS
from ..file_imports import folder, tasks
from ..file_imports.report_page import numbers_in_words
from ..importer import ImportOptions, ImportRefusedError, format_of
from ..importer.readers.columns import COLUMNS
from ..importer.readers.files import FORMATS, check_size
from ..importer.records import KINDS
from ..models import Chamber, FileImport
from .base import may_import

State = FileImport.State
# Seconds after which the page of an import that runs asks again.
REFRESH_SECONDS = 5
# The state that lets an import go on, by the state in which it stopped.
AGAIN = {
    State.WAITING: State.WAITING,
    State.CHECKING: State.WAITING,
    State.REFUSED: State.WAITING,
    State.CONFIRMED: State.CONFIRMED,
    State.SAVING: State.CONFIRMED,
}


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        validators=[FileExtensionValidator([ending[1:] for ending in FORMATS.values()])],
        help_text=_("Popolo JSON, CSV or XLSX, at most 60 MB."),
    )
    chamber = forms.ChoiceField(
        label=_("Chamber"),
        required=False,
        choices=lambda: [
            ("", "---------"),
            *((row.slug, str(row)) for row in Chamber.objects.select_related("parliament")),
        ],
        help_text=_("That the members sit in. Our own export needs neither chamber nor country."),
    )
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        choices=lambda: [("", "---------"), *countries],
        help_text=_("Of the file's legislature; a new country becomes a parliament with its chamber."),
    )
    end_missing = forms.DateField(
        label=_("End what is missing"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The first day no longer in office of mandates that the file does not name. Empty: they stay."),
    )
    skip_invalid = forms.BooleanField(label=_("Leave out rows that conflict, and save the others"), required=False)

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        try:
            check_size(file.size)
        except ImportRefusedError as error:
            raise forms.ValidationError(str(error)) from error
        return file

    def clean_end_missing(self):
        day = self.cleaned_data["end_missing"]
        if day and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("Dates must lie between 1900 and 2100."))
        return day

    def clean(self) -> dict:
        data = super().clean()
        if data.get("chamber") and data.get("country"):
            raise forms.ValidationError(_("Name the chamber or the country, not both."))
        return data

    def options(self) -> ImportOptions:
        data = self.cleaned_data
        return ImportOptions(
            chamber=data["chamber"],
            country=data["country"],
            end_missing=data["end_missing"],
            skip_invalid=data["skip_invalid"],
        )


class ColumnsForm(forms.Form):
    """What each column of a table is read as. The fields are numbered, because headings may hold any letters."""

    def __init__(self, columns: list[dict[str, Any]], data: QueryDict | None = None):
        super().__init__(data)
        self.headings = [column["heading"] for column in columns]
        choices = [("", _("pass over")), *((name, name) for name in COLUMNS)]
        for number, column in enumerate(columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=column["heading"][:60],
                required=False,
                choices=choices,
                initial=column["column"],
                help_text=", ".join(value[:40] for value in column["values"]),
            )

    def mapping(self) -> dict[str, str]:
        """Our columns by the headings."""
        return {
            heading: self.cleaned_data[f"column-{number}"]
            for number, heading in enumerate(self.headings)
            if f"column-{number}" in self.cleaned_data
        }


def urls(site: admin.AdminSite) -> list[URLPattern]:
    return [
        path("import/", site.admin_view(partial(import_page, site)), name="delegations_import"),
        path("import/template.csv", site.admin_view(table_template), name="delegations_import_template"),
    ]


def table_template(request: HttpRequest) -> HttpResponse:
    return tabular.export_response("csv", "template", MANDATE_COLUMNS, [])


def import_page(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Show the form; after an upload redirect to the page of the import."""
    if not may_import(request):
        raise PermissionDenied
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        row = FileImport(
            name=file.name,
            file_format=format_of(file.name),
            options=form.options().as_json(),
            language=get_language(),
            user=request.user,
        )
        tasks.add(row, file.read())
        return HttpResponseRedirect(address_of(row))
    context = {**site.each_context(request), "title": _("Import a file"), "form": form}
    return TemplateResponse(request, "admin/delegations/import.html", context)


def address_of(row: FileImport) -> str:
    return reverse("admin:delegations_fileimport_change", args=[row.pk])


def waits_for_worker(row: FileImport) -> bool:
    return row.state in FileImport.RUNS_AFTER and not folder.is_recent(folder.worker_seen_at())


def is_stopped(row: FileImport) -> bool:
    """Whether nobody goes on with the import: it has given no sign for a minute, or the worker passes over it."""
    if row.state not in AGAIN or row.state == State.REFUSED or folder.is_recent(row.moved_at):
        return False
    if row.state in FileImport.RUNS_AFTER:
        return not waits_for_worker(row) and not folder.is_busy()
    _progress, sign = folder.progress_of(row.upload)
    return not folder.is_recent(sign)


@admin.register(FileImport)
class FileImportAdmin(ReadOnlyMixin, BaseModelAdmin):
    """The history of imports. All who may import see it; only its user decides on an import."""

    list_display = ["name", "state", "numbers", "user", "created_at", "entry"]
    list_select_related = ["user"]
    list_filter = ["state"]
    search_fields = ["name", "user__username"]
    search_help_text = _("The name of a file, or an account.")
    ordering = ["-created_at", "-pk"]

    def has_view_permission(self, request: HttpRequest, row: FileImport | None = None) -> bool:
        return may_import(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Leave the report itself, which is long, to the page of the import."""
        return super().get_queryset(request).defer("report").annotate(numbers_shown=F("report__numbers"))

    @admin.display(description=_("numbers"))
    def numbers(self, row: FileImport) -> str:
        return numbers_in_words(row.numbers_shown or []) or "–"

    @admin.display(description=_("entry of the journal"))
    def entry(self, row: FileImport) -> str:
        if row.change_set_id is None:
            return "–"
        url = reverse("admin:cspa_changeset_change", args=[row.change_set_id])
        return format_html('<a href="{}">{}</a>', url, gettext("what it changed"))

    def notices(self, request: HttpRequest) -> list[str]:
        """What every page of the back office says while a long import keeps other writers waiting."""
        if not folder.is_saving():
            return []
        return [gettext("A file is being imported. Until that is done, nothing else can be saved.")]

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        form = None
        if row.columns and row.state in (State.CHECKED, State.REFUSED):
            form = ColumnsForm(row.columns, request.POST if "map" in request.POST else None)
        if request.method == "POST" and self._decide(request, row, form):
            return HttpResponseRedirect(request.path)
        return self._page(request, row, form)

    def _decide(self, request: HttpRequest, row: FileImport, form: ColumnsForm | None) -> bool:
        """Do what was asked; False if the form must be shown again."""
        if row.user_id != request.user.pk:
            raise PermissionDenied
        done = False
        if "map" in request.POST and form is not None:
            if not form.is_valid():
                return False
            options = ImportOptions.of_json(row.options).with_columns(form.mapping())
            done = tasks.begin(row, State.WAITING, options=options.as_json())
        elif "again" in request.POST and (row.state == State.REFUSED or is_stopped(row)):
            done = tasks.begin(row, AGAIN[State(row.state)])
        elif "digest" in request.POST and row.state == State.CHECKED and row.digest:
            done = request.POST["digest"] == row.digest and tasks.begin(row, State.CONFIRMED)
        if not done:
            messages.error(request, _("Nothing was done: the import is no longer in the state that was shown."))
        return True

    def _page(self, request: HttpRequest, row: FileImport, form: ColumnsForm | None) -> HttpResponse:
        stopped = is_stopped(row)
        runs = row.state in {*FileImport.RUNS_AFTER, *FileImport.RUNS_AFTER.values()} and not stopped
        progress, _moment = folder.progress_of(row.upload) if runs else (None, None)
        context = {
            "title": _("Import of the file %(name)s") % {"name": row.name},
            "row": row,
            "decides": row.user_id == request.user.pk,
            "report": row.report if "numbers" in row.report else None,
            "columns": form,
            "runs": runs,
            "stopped": stopped,
            "progress": progress,
            "stage": capfirst(KINDS[progress.stage]._meta.verbose_name_plural)
            if progress and progress.stage in KINDS
            else "",
            "waits_for_worker": waits_for_worker(row),
            "refreshes": runs and "still" not in request.GET,
            "numbers": numbers_in_words(row.report.get("numbers", [])),
        }
        response = self.render(request, "admin/delegations/file_import.html", context["title"], context)
        if context["refreshes"]:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response
