"""Admin page of doubtful facts: what ``check_delegations`` finds, as far as the user may see the rows."""

from collections.abc import Iterable

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from ..models import Parliament
from ..quality.checks import Issue, doubts
from .base import assigned_parliaments

ROWS_PER_PAGE = 100


def urls(site: AdminSite) -> list[URLPattern]:
    def view(request: HttpRequest) -> HttpResponse:
        return doubts_view(site, request)

    return [path("doubts/", site.admin_view(view), name="delegations_doubts")]


def doubts_view(site: AdminSite, request: HttpRequest) -> HttpResponse:
    if not site.get_model_admin(Parliament).has_view_permission(request):
        raise PermissionDenied
    page = Paginator(_visible(site, request, doubts()), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {**site.each_context(request), "title": _("Doubtful facts"), "page_obj": page}
    return TemplateResponse(request, "admin/delegations/doubts.html", context)


def _visible(site: AdminSite, request: HttpRequest, found: Iterable[Issue]) -> list[Issue]:
    """Those of ``found`` about a row that the user may see."""
    found = list(found)
    visible_keys: dict[type, set[int] | None] = {}  # None: all rows of the model
    for model in {type(doubt.object) for doubt in found}:
        page = site.get_model_admin(model)
        if not page.has_view_permission(request):
            visible_keys[model] = set()
        elif assigned_parliaments(request) is None:
            visible_keys[model] = None
        else:
            visible_keys[model] = set(page.get_queryset(request).values_list("pk", flat=True))
    rows = [(doubt, visible_keys[type(doubt.object)]) for doubt in found]
    return [doubt for doubt, keys in rows if keys is None or doubt.object.pk in keys]
