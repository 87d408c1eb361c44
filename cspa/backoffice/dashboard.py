"""The desk: what needs doing today, as far as the reader may do it; the first page of the back office."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ..models import Entry
from .model_admin import AssemblyAdminSite
from .todo import Group, Task, Tasks

MOST_SHOWN = 10  # rows of a task that the desk itself names
LAST_IMPORTS = 3

# The names of tasks: what cannot wait comes first.
IN_ORDER = ["proposals", "ending", "confirmation", "names", "review", "scheduled", "namesakes", "source", "date"]


@dataclass(frozen=True)
class Line:
    """A task with how many rows it has, where its list is, and the first rows where the desk names them."""

    task: Task
    number: int
    address: str
    rows: list[tuple[str, str]]

    @property
    def words(self) -> str:
        return self.task.words % {"number": self.number, **self.task.values}


class DeskSite(AssemblyAdminSite):
    """The admin site, which begins with the desk."""

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        from delegations.admin.parliaments import (
            may_import,  # its pages register with this site, which exists only now
        )

        lines = self.lines(request)
        groups = [(group.label, [line for line in lines if line.task.group == group]) for group in Group]
        context = {
            "desk": [(label, found) for label, found in groups if found],
            "imports": self.imports(request),
            "may_import": may_import(request),
            "may_read_journal": self._registry[Entry].has_view_permission(request),
        }
        return super().index(request, {**context, **(extra_context or {})})

    def imports(self, request: HttpRequest) -> list[tuple[Entry, list[dict[str, str]]]]:
        """The last imports of the journal, as far as somebody may see them, with what they did."""
        from .audit_log import numbers_of  # its page registers with this site, which exists only now

        journal = self._registry[Entry]
        if not journal.has_view_permission(request):
            return []
        entries = journal.get_queryset(request).filter(kind=Entry.Kind.IMPORT).select_related("user")
        return [(entry, numbers_of(entry)) for entry in entries.order_by("-pk")[:LAST_IMPORTS]]

    def lines(self, request: HttpRequest) -> list[Line]:
        """The work that there is, each kind counted with one query by the rule of the list that it leads to."""
        found = []
        for model, page in self._registry.items():
            if isinstance(page, Tasks):
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                for task in page.tasks(request):
                    rows = task.rows(page.get_queryset(request))
                    named = [_named(task, row) for row in rows[:MOST_SHOWN]] if task.shown else []
                    found.append(Line(task, rows.count(), f"{address}?todo={task.name}", named))
        return sorted((line for line in found if line.number), key=lambda line: _place(line.task))


def _named(task: Task, row) -> tuple[str, str]:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return task.shown(row), address


def _place(task: Task) -> int:
    return IN_ORDER.index(task.name) if task.name in IN_ORDER else len(IN_ORDER)
