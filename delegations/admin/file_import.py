"""Admin pages of the import of files: the upload, the page of each import, and the list of all.

The page of an import shows its state, its differences, the columns of a table, and what can be done. While a worker
has the file, the page asks the server again by itself, without a script.
"""

from functools import partial

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.model_admin import BaseModelAdmin, ReadOnlyMixin
from cspa.exports import tabular

from ..exports.table_template import table_template
from ..file_imports import folder, tasks
from ..file_imports.report_page import numbers_in_words
from ..importer import ImportOptions, format_of
from ..importer.records import KINDS
from ..models import Chamber, FileImport
from .base import may_import
from .import_forms import AnswersForm, ColumnsForm, ImportForm

State = FileImport.State
# By the names of their buttons.
type Forms = dict[str, ColumnsForm | AnswersForm]
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


def urls(site: admin.AdminSite) -> list[URLPattern]:
    return [
        path("import/", site.admin_view(partial(import_page, site)), name="delegations_import"),
        path("import/template.xlsx", site.admin_view(template), name="delegations_import_template"),
    ]


def template(request: HttpRequest) -> HttpResponse:
    """The workbook that a parliament fills in, for the chamber that the parameter ``chamber`` names, or for any."""
    chamber = Chamber.objects.filter(slug=request.GET.get("chamber", "")).first()
    response = HttpResponse(table_template(chamber), content_type=tabular.FORMATS["xlsx"])
    name = f"template-{chamber.slug}.xlsx" if chamber else "template.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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
        if "left-out" in request.GET:
            return self._left_out(row)
        forms = self._forms(request, row)
        if request.method == "POST" and self._decide(request, row, forms):
            return HttpResponseRedirect(request.path)
        return self._page(request, row, forms)

    def _left_out(self, row: FileImport) -> HttpResponse:
        """The rows that the import leaves out, or that conflict, as a file to correct."""
        data = folder.left_out(row.upload)
        if data is None:
            raise Http404
        ending = {"popolo": "json"}.get(row.file_format, row.file_format)
        response = HttpResponse(data, content_type=tabular.FORMATS[ending])
        response["Content-Disposition"] = f'attachment; filename="left-out-{row.pk}.{ending}"'
        return response

    def _forms(self, request: HttpRequest, row: FileImport) -> Forms:
        """The forms of what can be said about the file."""
        if row.state not in (State.CHECKED, State.REFUSED):
            return {}
        options = ImportOptions.of_json(row.options)
        answers = AnswersForm(row.report, options, request.POST if "answer" in request.POST else None)
        forms: Forms = {"answer": answers} if answers.fields else {}
        if row.columns:
            data = request.POST if "map" in request.POST else None
            forms["map"] = ColumnsForm(row.columns, options, data)
        return forms

    def _decide(self, request: HttpRequest, row: FileImport, forms: Forms) -> bool:
        """Do what was asked; False if a form must be shown again."""
        if row.user_id != request.user.pk:
            raise PermissionDenied
        done = False
        if form := next((forms[name] for name in forms if name in request.POST), None):
            if not form.is_valid():
                return False
            done = tasks.begin(row, State.WAITING, options=form.options().as_json())
        elif "again" in request.POST and (row.state == State.REFUSED or is_stopped(row)):
            done = tasks.begin(row, AGAIN[State(row.state)])
        elif "digest" in request.POST and row.state == State.CHECKED and row.digest:
            done = request.POST["digest"] == row.digest and tasks.begin(row, State.CONFIRMED)
        if not done:
            messages.error(request, _("Nothing was done: the import is no longer in the state that was shown."))
        return True

    def _page(self, request: HttpRequest, row: FileImport, forms: Forms) -> HttpResponse:
        stopped = is_stopped(row)
        runs = row.state in {*FileImport.RUNS_AFTER, *FileImport.RUNS_AFTER.values()} and not stopped
        progress, _moment = folder.progress_of(row.upload) if runs else (None, None)
        context = {
            "title": _("Import of the file %(name)s") % {"name": row.name},
            "row": row,
            "decides": row.user_id == request.user.pk,
            "report": row.report if "numbers" in row.report else None,
            "columns": forms.get("map"),
            "answers": forms.get("answer"),
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
