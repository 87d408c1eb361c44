"""Tasks of editors: each is a filter of an admin list and an item of the dashboard."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """Heading of the dashboard under which a task is listed."""

    DIRECTORY = "directory", _("Directory")
    NEWS = "news", _("News")


@dataclass(frozen=True)
class TodoItem:
    """Task on some rows of a list: ``rows`` filters the queryset, ``words`` is the text with the count, a lazy plural.

    ``name`` is the value of the filter in the URL and ``title`` its label; ``values`` are further parameters of
    ``words``. If ``shown`` is set, the dashboard lists the first rows under the names that it returns. The dashboard
    sorts tasks by ``priority``; 0 is the most urgent.
    """

    name: str
    title: str
    words: str
    rows: Callable[[models.QuerySet], models.QuerySet]
    group: Group = Group.DIRECTORY
    values: dict[str, str] = field(default_factory=dict)
    shown: Callable[[models.Model], str] | None = None
    priority: int = 100


@dataclass(frozen=True)
class DashboardLink:
    """Link of the dashboard to a page other than a list."""

    label: str
    url: str
    priority: int


class TodoFilter(admin.SimpleListFilter):
    """List filter for the rows of a task; the dashboard counts with the same querysets."""

    title = _("to do")
    parameter_name = "todo"

    def lookups(self, request: HttpRequest, model_admin: "TodoListMixin") -> list[tuple[str, str]]:
        self.todo_items = {task.name: task for task in model_admin.todo_items(request)}
        return [(task.name, task.title) for task in self.todo_items.values()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        name = self.value()
        if name is None:
            return queryset
        if name not in self.todo_items:
            raise ValueError("There is no such task.")
        return self.todo_items[name].rows(queryset)


class TodoListMixin:
    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        """Tasks on this list that the user has permission for (docs/roles.md)."""
        return []

    def get_list_filter(self, request: HttpRequest) -> list:
        return [TodoFilter, *super().get_list_filter(request)]
