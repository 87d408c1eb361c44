"""What needs doing: work on the rows of a list, as a filter of that list and as a line of the desk."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """Under which heading of the desk a task stands."""

    DIRECTORY = "directory", _("Directory")
    NEWS = "news", _("News")


@dataclass(frozen=True)
class TodoItem:
    """Work on some rows of a list: ``rows`` finds them in the list, ``words`` (a lazy plural) say how many there are.

    ``name`` stands in the address of the list, ``title`` beside it; ``values`` are what else the words need. ``shown``
    names a row, where the dashboard lists the first ones. The dashboard sorts tasks by ``priority``: 0 is most urgent.
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
    """A link of the dashboard to a page that is no list of rows."""

    label: str
    url: str
    priority: int


class TodoFilter(admin.SimpleListFilter):
    """The rows of one task: the desk counts with the same rule."""

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
    """For the page of a list on which there is work."""

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        """What somebody may have to do here; nothing that they may not do (docs/roles.md)."""
        return []

    def get_list_filter(self, request: HttpRequest) -> list:
        return [TodoFilter, *super().get_list_filter(request)]
