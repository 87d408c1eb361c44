"""Admin page of the import: upload a file, see the differences, confirm.

The upload waits for the confirmation in a private folder. A signed token carries the file's name there, the options,
the digest of the report that was shown, and the user.
"""

import secrets
import time
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
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
from ..importer import ImportRefusedError, Report, format_of, import_file
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
        help_text=_("Popolo JSON, CSV or XLSX, at most 20 MB."),
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

    def options(self) -> dict:
        """The arguments of ``import_file()`` as values that can be signed."""
        data = self.cleaned_data
        return {
            "file_format": format_of(data["file"].name),
            "chamber": data["chamber"],
            "country": data["country"],
            "end_missing": data["end_missing"].isoformat() if data["end_missing"] else "",
            "skip_invalid": data["skip_invalid"],
        }


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
    if request.method == "POST" and "note" in request.POST:
        return confirm(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    context = {**site.each_context(request), "title": _("Import a file"), "form": form}
    if request.method == "POST" and form.is_valid():
        options = form.options()
        data = form.cleaned_data["file"].read()
        try:
            report = run(data, options, dry_run=True)
        except ImportRefusedError as error:
            form.add_error("file", str(error))
        else:
            context["report"] = report_context(report)
            if not report.conflicts and report.changes:
                context["note"] = keep(request, data, form.cleaned_data["file"].name, options, report)
    return TemplateResponse(request, "admin/delegations/import.html", context)


def confirm(request: HttpRequest) -> HttpResponse:
    """Import the file of the token, if its report still has the digest that was shown."""
    page = HttpResponseRedirect(reverse("admin:delegations_import"))
    try:
        note = signing.loads(request.POST["note"], salt=SALT, max_age=WAITING)
        if note["user"] != request.user.pk:
            raise signing.BadSignature
        file = FOLDER / note["file"]
        data = file.read_bytes()
    except (signing.BadSignature, FileNotFoundError):
        messages.error(request, _("The upload is no longer waiting: upload the file again."))
        return page
    try:
        with audit.record_changes(ChangeSet.Kind.IMPORT, request.user, change_reason(request), details=note["name"]):
            report = run(data, note["options"], expected=note["digest"])
    except ImportRefusedError as error:
        messages.error(request, str(error))
        return page
    finally:
        file.unlink(missing_ok=True)
    messages.success(request, gettext("The file was imported. %(numbers)s") % {"numbers": numbers_in_words(report)})
    return HttpResponseRedirect(reverse("admin:delegations_delegate_changelist"))


def run(data: bytes, options: dict, **more) -> Report:
    end_missing = forms.DateField(required=False).clean(options["end_missing"])
    return import_file(data, **{**options, "end_missing": end_missing}, **more)


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


def keep(request: HttpRequest, data: bytes, uploaded: str, options: dict, report: Report) -> str:
    """Store the upload where only this process can read it, and return the signed token for it."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        if old.stat().st_mtime < time.time() - WAITING.total_seconds():
            old.unlink(missing_ok=True)
    name = secrets.token_hex(16)
    file = FOLDER / name
    file.touch(mode=0o600)
    file.write_bytes(data)
    note = {"file": name, "name": uploaded, "options": options, "digest": report.digest, "user": request.user.pk}
    return signing.dumps(note, salt=SALT)
