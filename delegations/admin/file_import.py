"""Admin page of the import: upload a file, see the differences, confirm.

The upload waits for the confirmation in a private folder. A signed token carries the file's name there, the options,
the digest of the report that was shown, and the user. With the same token the user says what the columns of a table
are.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from cspa import audit
from cspa.backoffice.history import change_reason
from cspa.exports import tabular
from cspa.models import ChangeSet

from ..dates import EARLIEST, LATEST
from ..exports.serializers import MANDATE_COLUMNS
from ..importer import ImportOptions, ImportRefusedError, Report, file_columns, format_of, import_file
from ..importer.readers.columns import COLUMNS
from ..importer.readers.csv_table import FileColumn
from ..importer.readers.files import FORMATS, check_size
from ..models import Chamber
from .base import may_import

FOLDER = Path(settings.VAR_DIR) / "imports"
# The time within which the user must confirm.
WAITING = timedelta(hours=1)
# The number of rows shown for each kind of note; the totals count all rows.
SHOWN = 500
SALT = "delegations.admin.file_import"


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

    def __init__(self, columns: list[FileColumn], data: QueryDict | None = None):
        super().__init__(data)
        self.headings = [column.heading for column in columns]
        choices = [("", _("pass over")), *((name, name) for name in COLUMNS)]
        for number, column in enumerate(columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=column.heading[:60],
                required=False,
                choices=choices,
                initial=column.column,
                help_text=", ".join(value[:40] for value in column.values),
            )

    def mapping(self) -> dict[str, str]:
        """Our columns by the headings."""
        return {
            heading: self.cleaned_data[f"column-{number}"]
            for number, heading in enumerate(self.headings)
            if f"column-{number}" in self.cleaned_data
        }


@dataclass
class Upload:
    """A file with the options of its import."""

    data: bytes
    name: str
    options: ImportOptions

    @property
    def file_format(self) -> str:
        return format_of(self.name)

    def run(self, *, dry_run: bool = False, expected: str = "") -> Report:
        return import_file(self.data, self.file_format, self.options, dry_run=dry_run, expected=expected)


def urls(site: admin.AdminSite) -> list[URLPattern]:
    return [
        path("import/", site.admin_view(partial(import_page, site)), name="delegations_import"),
        path("import/template.csv", site.admin_view(table_template), name="delegations_import_template"),
    ]


def table_template(request: HttpRequest) -> HttpResponse:
    return tabular.export_response("csv", "template", MANDATE_COLUMNS, [])


def import_page(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Show the form; after an upload the differences; after the confirmation redirect to the mandates."""
    if not may_import(request):
        raise PermissionDenied
    is_mapped = "map" in request.POST
    form = ImportForm(None if is_mapped else request.POST or None, request.FILES or None)
    context = {**site.each_context(request), "title": _("Import a file"), "form": form}
    if request.method == "POST" and "note" in request.POST:
        try:
            upload, digest = take(request)
        except (signing.BadSignature, FileNotFoundError):
            messages.error(request, _("The upload is no longer waiting: upload the file again."))
            return HttpResponseRedirect(reverse("admin:delegations_import"))
        if not is_mapped:
            return confirm(request, upload, digest)
        context |= difference(request, upload)
    elif request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        context |= difference(request, Upload(file.read(), file.name, form.options()))
    return TemplateResponse(request, "admin/delegations/import.html", context)


def difference(request: HttpRequest, upload: Upload) -> dict:
    """The report of a dry run, the columns of a table, and the tokens by which the file is imported or mapped."""
    context: dict = {}
    report = None
    try:
        columns = file_columns(upload.data, upload.file_format, upload.options)
        if columns:
            context["columns"] = ColumnsForm(columns, request.POST if "map" in request.POST else None)
            if context["columns"].is_valid():
                upload.options = upload.options.with_columns(context["columns"].mapping())
        report = upload.run(dry_run=True)
    except ImportRefusedError as error:
        context["refused"] = str(error)
    if report:
        context["report"] = report_context(report)
    token = keep(request, upload, report) if report or "columns" in context else ""
    if "columns" in context:
        context["waiting"] = token
    if report and report.changes and not report.conflicts:
        context["note"] = token
    return context


def confirm(request: HttpRequest, upload: Upload, digest: str) -> HttpResponse:
    """Import the file, if its report still has the digest that was shown."""
    try:
        with audit.record_changes(ChangeSet.Kind.IMPORT, request.user, change_reason(request), details=upload.name):
            report = upload.run(expected=digest)
    except ImportRefusedError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:delegations_import"))
    messages.success(request, gettext("The file was imported. %(numbers)s") % {"numbers": numbers_in_words(report)})
    return HttpResponseRedirect(reverse("admin:delegations_delegate_changelist"))


def numbers_in_words(report: Report) -> str:
    return "; ".join(f"{action}: {count}" for action, count in report.numbers())


def report_context(report: Report) -> dict:
    notes = [
        (_("Conflicts"), report.conflicts),
        (_("Left out"), report.skipped),
        (_("Warnings"), report.warnings),
    ]
    return {
        "numbers": list(report.numbers()),
        "changes": report.changes,
        "conflicts": report.conflicts,
        "entries": report.entries[:SHOWN],
        "more": max(len(report.entries) - SHOWN, 0),
        "notes": [(title, rows[:SHOWN], len(rows)) for title, rows in notes if rows],
        "not_kept": report.not_kept,
    }


def keep(request: HttpRequest, upload: Upload, report: Report | None) -> str:
    """Store the upload where only this process can read it, and return the signed token for it."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        if old.stat().st_mtime < time.time() - WAITING.total_seconds():
            old.unlink(missing_ok=True)
    name = secrets.token_hex(16)
    file = FOLDER / name
    file.touch(mode=0o600)
    file.write_bytes(upload.data)
    note = {
        "file": name,
        "name": upload.name,
        "options": upload.options.as_json(),
        # Without a report there is nothing that could be confirmed.
        "digest": report.digest if report else "none",
        "user": request.user.pk,
    }
    return signing.dumps(note, salt=SALT)


def take(request: HttpRequest) -> tuple[Upload, str]:
    """Return the upload of the token and the digest of its report; it no longer waits.

    Raises BadSignature or FileNotFoundError if it does not wait for this user.
    """
    note = signing.loads(request.POST["note"], salt=SALT, max_age=WAITING)
    if note["user"] != request.user.pk:
        raise signing.BadSignature
    file = FOLDER / note["file"]
    data = file.read_bytes()
    file.unlink(missing_ok=True)
    return Upload(data, note["name"], ImportOptions.of_json(note["options"])), note["digest"]
