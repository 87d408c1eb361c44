"""Admin page of doubtful facts: the issues of ``check_delegations`` whose rows the user may view."""

from collections.abc import Iterable
from functools import partial

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
    return [path("doubts/", site.admin_view(partial(doubts_view, site)), name="delegations_doubts")]


def doubts_view(site: AdminSite, request: HttpRequest) -> HttpResponse:
    if not site.get_model_admin(Parliament).has_view_permission(request):
        raise PermissionDenied
    page = Paginator(_visible(site, request, doubts()), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {**site.each_context(request), "title": _("Doubtful facts"), "page_obj": page}
    return TemplateResponse(request, "admin/delegations/doubts.html", context)


def _visible(site: AdminSite, request: HttpRequest, issues: Iterable[Issue]) -> list[Issue]:
    issues = list(issues)
    # None: all rows of the model.
    visible_keys: dict[type, set[int] | None] = {}
    for model in {type(issue.object) for issue in issues}:
        page = site.get_model_admin(model)
        if not page.has_view_permission(request):
            visible_keys[model] = set()
        elif assigned_parliaments(request) is None:
            visible_keys[model] = None
        else:
            visible_keys[model] = set(page.get_queryset(request).values_list("pk", flat=True))
    rows = [(issue, visible_keys[type(issue.object)]) for issue in issues]
    return [issue for issue, keys in rows if keys is None or issue.object.pk in keys]
