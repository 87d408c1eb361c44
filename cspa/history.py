"""The history of a record in the back office: every save with who and when, two states side by side, restoring.

django-simple-history keeps the states; its own pages need an inline style, which the policy of the admin refuses.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cspa.admin import is_key
from cspa.richtext import plain

PAGE = 50


@dataclass(frozen=True)
class Difference:
    """What a column said and says, in words."""

    label: str
    before: str
    after: str


def differences(old: models.Model, new: models.Model) -> list[Difference]:
    """The columns in which two states (rows of a history) differ, in the order of the model."""
    columns = new.instance_type._meta
    order = [column.name for column in columns.fields]
    changes = new.diff_against(old, foreign_keys_are_objs=True).changes
    return [
        Difference(capfirst(column.verbose_name), in_words(column, change.old), in_words(column, change.new))
        for change in sorted(changes, key=lambda change: order.index(change.field))
        for column in [columns.get_field(change.field)]
    ]


def in_words(column: models.Field, value: Any) -> str:
    """``value`` of ``column`` as somebody reads it; rich text without its markup."""
    if value in (None, ""):
        return "–"
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(column, models.DateTimeField):
        return localize(localtime(value))
    return plain(value) if isinstance(value, str) and "<p>" in value else str(value)


class HistoryPages:
    """For an admin of a model with a ``history``: Django's page of the history, with comparing and restoring.

    ``history_keeps`` names the columns that restoring leaves as they are.
    """

    history_keeps: frozenset[str] = frozenset()

    def has_restore_permission(self, request: HttpRequest, row: models.Model) -> bool:
        return self.has_change_permission(request, row)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        history = row.history.select_related("history_user").order_by("-history_date", "-history_id")
        if request.method == "POST":
            return self._restore(request, row, self._state(history, request.POST.get("restore", "")))
        page = Paginator(history, PAGE).get_page(request.GET.get("page"))
        old, new = self._compared(request, history, page.object_list)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %(row)s") % {"row": row},
            "opts": self.opts,
            "original": row,
            "page_obj": page,
            "old": old,
            "new": new,
            "differences": differences(old, new) if old and new else [],
            "may_restore": self.has_restore_permission(request, row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/history.html", context)

    def _compared(self, request: HttpRequest, history: models.QuerySet, shown: list) -> tuple:
        """The two states that are asked for, the older first; else the last two."""
        if "old" in request.GET or "new" in request.GET:
            chosen = [self._state(history, request.GET.get(name, "")) for name in ("old", "new")]
            return tuple(sorted(chosen, key=lambda state: (state.history_date, state.history_id)))
        newest = list(shown)[:2]
        return (newest[1], newest[0]) if len(newest) == 2 else (None, None)

    def _state(self, history: models.QuerySet, key: str) -> models.Model:
        state = history.filter(history_id=key).first() if is_key(key) else None
        if state is None:
            raise BadRequest("There is no such state in this history.")
        return state

    def _restore(self, request: HttpRequest, row: models.Model, state: models.Model) -> HttpResponse:
        if not self.has_restore_permission(request, row):
            raise PermissionDenied
        when = localize(localtime(state.history_date))
        for column in state.tracked_fields:
            if column.editable and column.name not in self.history_keeps:
                setattr(row, column.attname, getattr(state, column.attname))
        row._change_reason = _("Restored: the state of %(when)s") % {"when": when}
        try:
            row.full_clean()
        except ValidationError as error:
            messages.error(request, _("Nothing was restored: %(why)s") % {"why": " ".join(error.messages)})
            return HttpResponseRedirect(request.path)
        row.save()
        self.log_change(request, row, row._change_reason)
        messages.success(request, row._change_reason)
        return HttpResponseRedirect(request.path)
