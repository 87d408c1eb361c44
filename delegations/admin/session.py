"""Admin page of the documents of a session: choose the day, the languages and the documents; print, PDF or CSV."""

from functools import partial

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cspa.exports import documents, tabular

from ..dates import Day
from ..forms import SessionForm
from ..services import session_documents
from .base import assigned_parliaments


def urls(site: AdminSite) -> list[URLPattern]:
    return [path("session-pack/", site.admin_view(partial(session_view, site)), name="delegations_session")]


def session_view(site: AdminSite, request: HttpRequest) -> HttpResponseBase:
    """Show the form, or the documents with ``format=``. Invalid parameters get 400 with a message."""
    if not request.user.has_perms(["delegations.view_delegate", "delegations.view_representative"]):
        raise PermissionDenied
    form = SessionForm(request.GET)
    values = form.cleaned_data if form.is_valid() else {}
    if values.get("format"):
        return _papers(request, **values)
    context = {**site.each_context(request), "title": _("Papers of a session"), "form": form}
    status = 200 if form.is_valid() else 400
    return TemplateResponse(request, "admin/delegations/session.html", context, status=status)


def _papers(request: HttpRequest, on: Day, format: str, languages: list[str], papers: list[str]) -> HttpResponseBase:
    name, parliaments = f"session-{on.isoformat()}", assigned_parliaments(request)
    if format == "csv":
        rows = session_documents.badge_rows(session_documents.delegations_of(on, parliaments).delegations)
        return tabular.export_response(format, f"{name}-badges", session_documents.BADGE_COLUMNS, rows)
    document = session_documents.pack(on, parliaments, languages, papers, recorded=timezone.now())
    if format == "print":
        return TemplateResponse(request, "sheets.html", {"document": document})
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(documents.render_pdf(document), content_type="application/pdf", headers=headers)
