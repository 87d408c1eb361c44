"""Dashboard, the admin index: open tasks of the current user with row counts, latest imports, and links."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.admin import AdminSite
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from ..models import ChangeSet
from .audit_log import summarise
from .todo import DashboardLink, Group, TodoItem, TodoListMixin

MAX_NAMED_ROWS = 10
LAST_IMPORTS = 3


@dataclass(frozen=True)
class DashboardItem:
    """Task with its row count, the URL of its list and, if the task names rows, the first rows as (name, URL)."""

    task: TodoItem
    number: int
    url: str
    rows: list[tuple[str, str]]

    @property
    def title(self) -> str:
        return self.task.words % {"number": self.number, **self.task.values}


def context(site: AdminSite, request: HttpRequest) -> dict:
    """Template context of the dashboard, limited to the permissions of the user."""
    open_items = sorted(items(site, request), key=lambda item: item.task.priority)
    groups = [(group.label, [item for item in open_items if item.task.group == group]) for group in Group]
    return {
        "sections": [(label, group) for label, group in groups if group],
        "imports": last_imports(site, request),
        "links": links(site, request),
    }


def items(site: AdminSite, request: HttpRequest) -> Iterator[DashboardItem]:
    """Tasks that have rows. One query counts each task, with the same filter as its list."""
    for model, page in site._registry.items():
        if not isinstance(page, TodoListMixin):
            continue
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for task in page.todo_items(request):
            rows = task.rows(page.get_queryset(request))
            first_rows = [_named(task.shown, row) for row in rows[:MAX_NAMED_ROWS]] if task.shown else []
            if number := rows.count():
                yield DashboardItem(task, number, f"{url}?todo={task.name}", first_rows)


def _named(shown: Callable[[models.Model], str], row: models.Model) -> tuple[str, str]:
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return shown(row), url


def last_imports(site: AdminSite, request: HttpRequest) -> list[tuple[ChangeSet, list[dict[str, str]]]]:
    page = site.get_model_admin(ChangeSet)
    if not page.has_view_permission(request):
        return []
    change_sets = page.get_queryset(request).filter(kind=ChangeSet.Kind.IMPORT).select_related("user")
    return [(change_set, summarise(change_set)) for change_set in change_sets.order_by("-pk")[:LAST_IMPORTS]]


def links(site: AdminSite, request: HttpRequest) -> list[DashboardLink]:
    pages = [page for page in site._registry.values() if hasattr(page, "dashboard_links")]
    return sorted((link for page in pages for link in page.dashboard_links(request)), key=lambda link: link.priority)
