"""Admin page that imports an archive of another site: upload a file, see what it brings, confirm.

The upload waits for the confirmation in a private folder. A signed token carries the file's name there, the options,
the digest of the report that was shown, and the user.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cspa import audit
from cspa.backoffice.history import change_reason
from cspa.models import ChangeSet, User
from delegations.file_imports.report_page import numbers_in_words
from delegations.importer import ImportRefusedError
from delegations.importer.readers.files import check_size

from ..archives import ArchiveOptions, import_archive
from ..jsonl import ArchiveReport, import_lines
from ..models import Article
from .permissions import may_import_archives

FOLDER = Path(settings.VAR_DIR) / "imports"
# Other uploads lie in the folder, too.
PREFIX = "archive-"
# The time within which the user must confirm.
WAITING = timedelta(hours=1)
# The number of rows shown for each kind of note; the totals count all rows.
SHOWN = 500
SALT = "news.admin.archive_import"
LINES = ".jsonl"
# Of an upload, which is read within the request.
MAX_BYTES = 20 * 1024 * 1024


class ArchiveForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        max_length=100,
        validators=[FileExtensionValidator(["xml", "rss", "atom", LINES[1:]])],
        help_text=_("An export of WordPress (WXR), RSS or Atom with full text, or JSON Lines; at most 20 MB."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("as the file says")), *settings.LANGUAGES],
        help_text=_("Of all texts of an archive. Each line of JSON Lines names its own."),
    )
    draft = forms.BooleanField(
        label=_("Drafts only"), required=False, help_text=_("New articles become drafts; others keep their state.")
    )
    update = forms.BooleanField(label=_("Replace articles on record that differ"), required=False)

    def __init__(self, request: HttpRequest):
        super().__init__(request.POST or None, request.FILES or None)
        if not (request.user.is_superuser or settings.ALLOW_SELF_PUBLISHING):
            self.fields["draft"].initial = self.fields["draft"].disabled = True
            self.fields["draft"].help_text = _(
                "New articles become drafts, so that a colleague reads and publishes them."
            )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        try:
            check_size(file.size, MAX_BYTES)
        except ImportRefusedError as error:
            raise forms.ValidationError(str(error)) from error
        return file


@dataclass(frozen=True)
class WaitingArchive:
    """An uploaded file with the options of its import."""

    file: Path
    name: str
    language: str
    draft: bool
    update: bool

    def run(self, *, dry_run: bool = False) -> ArchiveReport:
        if self.name.lower().endswith(LINES):
            with self.file.open("rb") as lines:
                # A picture or document that a line names is in no upload, which is a conflict.
                return import_lines(lines, self.file.parent, update=self.update, as_drafts=self.draft, dry_run=dry_run)
        options = ArchiveOptions(language=self.language, as_drafts=self.draft, update=self.update, name=self.name)
        return import_archive(self.file, options, dry_run=dry_run)


def archive_page(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Show the form; after an upload what it brings; after the confirmation redirect to the articles."""
    if not may_import_archives(request):
        raise PermissionDenied
    if request.method == "POST" and "note" in request.POST:
        return confirm(request)
    form = ArchiveForm(request)
    context = {**site.each_context(request), "title": _("Import an archive"), "form": form, "opts": Article._meta}
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        file = values.pop("file")
        context |= preview(request, WaitingArchive(keep(file), file.name, **values))
    return TemplateResponse(request, "admin/news/archive.html", context)


def preview(request: HttpRequest, archive: WaitingArchive) -> dict:
    """The report of a dry run, and the token by which the archive is imported. Without one the file does not wait."""
    try:
        report = archive.run(dry_run=True)
    except ImportRefusedError as error:
        archive.file.unlink()
        return {"refused": str(error)}
    context: dict = {"report": report_context(report)}
    if report.changes and not report.conflicts:
        stated = {**vars(archive), "file": archive.file.name}
        context["note"] = signing.dumps([stated, report.digest, request.user.pk], salt=SALT)
    else:
        archive.file.unlink()
    return context


def confirm(request: HttpRequest) -> HttpResponse:
    """Import the archive, if its report still has the digest that was shown."""
    # The page is for users with permissions.
    user = cast("User", request.user)
    here = HttpResponseRedirect(reverse("admin:news_archive_import"))
    try:
        archive, digest = take(request)
        # All that it brings, or nothing.
        with audit.record_changes(ChangeSet.Kind.IMPORT, user, change_reason(request), details=archive.name):
            report = archive.run()
            is_as_shown = report.digest == digest and report.saved
            if not is_as_shown:
                transaction.set_rollback(True)
    except (signing.BadSignature, FileNotFoundError):
        messages.error(request, _("The upload is no longer waiting: upload the file again."))
        return here
    except ImportRefusedError as error:
        messages.error(request, str(error))
        return here
    archive.file.unlink(missing_ok=True)
    if not is_as_shown:
        messages.error(request, _("The record changed since the report was shown: upload the file again."))
        return here
    messages.success(
        request, gettext("The archive was imported. %(numbers)s") % {"numbers": numbers_in_words(report.numbers())}
    )
    return HttpResponseRedirect(reverse("admin:news_article_changelist"))


def report_context(report: ArchiveReport) -> dict:
    notes = [
        (_("Conflicts"), report.conflicts, report.number_of("conflicts")),
        (_("Warnings"), report.warnings, report.number_of("warnings")),
    ]
    shown = report.entries[:SHOWN]
    kinds = {str(kind): str(model._meta.verbose_name) for kind, model in report.kinds.items()}
    return {
        "numbers": list(report.numbers()),
        "changes": report.changes,
        "conflicts": report.conflicts,
        "entries": [
            {
                "action_label": entry.action_label,
                "kind_label": kinds[entry.kind],
                "label": entry.label,
                "details": entry.details,
                "place": entry.place,
            }
            for entry in shown
        ],
        "more": report.number_of("entries") - len(shown),
        "notes": [(title, rows[:SHOWN], count) for title, rows, count in notes if rows],
        "not_kept": report.not_kept,
    }


def keep(upload: UploadedFile) -> Path:
    """Store the upload where only this process can read it."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in FOLDER.glob(f"{PREFIX}*"):
        if old.stat().st_mtime < time.time() - WAITING.total_seconds():
            old.unlink(missing_ok=True)
    file = FOLDER / f"{PREFIX}{secrets.token_hex(16)}"
    file.touch(mode=0o600)
    with file.open("wb") as stored:
        stored.writelines(upload.chunks())
    return file


def take(request: HttpRequest) -> tuple[WaitingArchive, str]:
    """Return the archive of the token and the digest of its report.

    Raises BadSignature or FileNotFoundError if it does not wait for this user.
    """
    stated, digest, user = signing.loads(request.POST["note"], salt=SALT, max_age=WAITING)
    if user != request.user.pk:
        raise signing.BadSignature
    archive = WaitingArchive(**{**stated, "file": FOLDER / stated["file"]})
    if not archive.file.is_file():
        raise FileNotFoundError
    return archive, digest
