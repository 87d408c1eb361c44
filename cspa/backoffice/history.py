"""History page of a row: all changes with user and reason, comparison of two states, and restore."""

from dataclasses import dataclass, field
from itertools import pairwise

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from .. import audit
from ..audit.diff import DisplayNames, FieldDiff, find_field, is_editable
from ..models import ChangeSet, RowChange
from .field_permissions import FieldPermissions
from .forms import is_key

PAGE_SIZE = 50


@dataclass
class HistoryState:
    """State of a row after ``change``; without a change, the state before the first recorded change."""

    change: RowChange | None
    state: audit.Snapshot | None
    # Differences to the state before the change.
    differences: list[FieldDiff] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Identifier of the state in the query string and in the form."""
        return str(self.change.pk if self.change else 0)


def change_reason(request: HttpRequest) -> str:
    """Reason in the submitted form, cut to the length of the column."""
    reason = request.POST.get("change_reason", "").replace("\x00", "").strip()
    return reason[: ChangeSet._meta.get_field("reason").max_length]


def recorded_states(row: models.Model) -> list[HistoryState]:
    """Recorded states of ``row``, newest first, each with its differences to the state before."""
    model = type(row)
    states = [HistoryState(change, state) for change, state in audit.history_of(row)]
    snapshots = [snapshot for each in states for snapshot in (each.state, each.change and each.change.before)]
    names = DisplayNames((model, snapshot) for snapshot in snapshots)
    for newer, older in pairwise(states):
        if newer.change.action == RowChange.Action.CHANGED:
            newer.differences = names.differences(model, older.state, newer.state)
    return states


class HistoryMixin:
    """Mixin for the admin of an audited model that adds comparison and restore to Django's history page.

    A restore leaves the columns in ``restore_exclude`` unchanged.
    """

    restore_exclude: frozenset[str] = frozenset()

    def has_restore_permission(self, request: HttpRequest, row: models.Model | None = None) -> bool:
        """Whether the user may restore former states of ``row``, or undo changes of it."""
        return self.has_change_permission(request, row)

    def get_refused_columns(self, request: HttpRequest, row: models.Model, state: audit.Snapshot) -> list[str]:
        """The columns of ``state`` that the form refuses to this user though it offers their values."""
        return []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        states = recorded_states(row)
        if request.method == "POST":
            return self._restore(request, row, states)
        old, new = self._states_to_compare(request, states)
        names = DisplayNames((self.model, each.state) for each in (old, new) if each)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %(row)s") % {"row": row},
            "opts": self.opts,
            "original": row,
            "page_obj": Paginator(states, PAGE_SIZE).get_page(request.GET.get("page")),
            "old": old,
            "new": new,
            "differences": names.differences(self.model, old.state, new.state, editable=True) if old and new else [],
            "newest": states[0].key if states else "",
            "may_restore": self.has_restore_permission(request, row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/history.html", context)

    def _states_to_compare(
        self, request: HttpRequest, states: list[HistoryState]
    ) -> tuple[HistoryState | None, HistoryState | None]:
        """The two states in the query string, older first; by default the latest two."""
        if "old" in request.GET or "new" in request.GET:
            pair = [self._state_for_key(states, request.GET.get(name, "")) for name in ("old", "new")]
            new, old = sorted(pair, key=states.index)
            return old, new
        return (states[1], states[0]) if len(states) > 1 else (None, None)

    def _state_for_key(self, states: list[HistoryState], key: str) -> HistoryState:
        found = next((each for each in states if is_key(key) and each.key == str(int(key))), None)
        if found is None or found.state is None:
            raise BadRequest("There is no such state in this history.")
        return found

    def _restore(self, request: HttpRequest, row: models.Model, states: list[HistoryState]) -> HttpResponse:
        if not self.has_restore_permission(request, row):
            raise PermissionDenied
        target = self._state_for_key(states, request.POST.get("restore", ""))
        back = HttpResponseRedirect(request.path)
        when = localize(localtime(target.change.entry.made_at)) if target.change else _("the first recorded one")
        message = _("Restored: the state of %(when)s") % {"when": when}
        state = {
            name: value
            for name, value in target.state.items()
            if name not in self.restore_exclude and is_editable(find_field(self.model, name))
        }
        try:
            with audit.record_changes(ChangeSet.Kind.RESTORE, request.user, change_reason(request), details=message):
                self._refuse_if_newer(request, row)
                if refused := [why for _key, why in FieldPermissions(request).refusals(self.model, {row.pk: state})]:
                    raise ValidationError([f"{why}." for why in refused])
                connections = audit.apply_snapshot(row, state)
                row.full_clean()
                row.save()
                audit.apply_m2m(row, connections)
                self.log_change(request, row, message)
        except (ValidationError, IntegrityError) as error:
            why = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            messages.error(request, _("Nothing was restored: %(why)s") % {"why": why})
            return back
        messages.success(request, message)
        return back

    def _refuse_if_newer(self, request: HttpRequest, row: models.Model) -> None:
        newest = audit.latest_change(row)
        if request.POST.get("newest", "") != str(newest.pk if newest else 0):
            raise ValidationError(_("somebody changed the record while you looked at its history."))
        row.refresh_from_db()
