"""Admin page on which a person leaves: it ends all functions of the person on one day.

The page is submitted twice: first it shows what ends and the last day in office, then it saves what it has shown.
"""

import hashlib
from contextlib import nullcontext
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cspa import audit
from cspa.audit.diff import required_relations
from cspa.backoffice.model_admin import BaseModelAdmin
from cspa.backoffice.widgets import SelectOne
from cspa.models import ChangeSet, User

from ..dates import today
from ..forms import EndForm
from ..models import Delegate, Period, Person, Source
from ..models.periods import last_day_in_words
from ..services import ending
from ..services.merge import describe_row


class Reason(models.TextChoices):
    DEATH = "death", _("death")
    RESIGNATION = "resignation", _("resignation")
    TERM = "term", _("end of the mandate")
    OTHER = "other", _("another reason")


class LeavingForm(EndForm):
    rows = forms.MultipleChoiceField(
        label=_("Functions"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Tick what ends."),
            "invalid_choice": _("Somebody changed the functions meanwhile. Look at them again."),
        },
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "---------"), *Reason.choices])
    details = forms.CharField(
        label=_("Reason in words"),
        required=False,
        max_length=200,
        help_text=_("For colleagues: it stands in the history."),
    )
    source = forms.ModelChoiceField(
        Source.objects.all(),
        label=_("Source"),
        required=False,
        help_text=_("A document on record, which is added to the sources of what ends."),
    )
    field_order = ["rows", "ends", "reason", "details", "source"]

    def __init__(self, data: QueryDict | None, functions: list[Period], site: admin.AdminSite):
        super().__init__(data)
        self.functions = {f"{row._meta.model_name}-{row.pk}": row for row in functions}
        rows = cast("forms.MultipleChoiceField", self.fields["rows"])
        rows.choices = [(key, _in_words(row)) for key, row in self.functions.items()]
        rows.initial = list(self.functions)
        source = cast("forms.ModelChoiceField[Source]", self.fields["source"])
        source.widget = SelectOne(Delegate.sources.field, site)
        source.widget.choices = source.choices

    def clean(self) -> None:
        """Set the end of the chosen rows, without saving them."""
        super().clean()
        data = self.cleaned_data
        if data.get("reason") == Reason.OTHER and not data.get("details"):
            self.add_error("details", _("Give the reason."))
        if data.get("ends"):
            chosen = [self.functions[key] for key in data.get("rows", [])]
            until = ending.counts_until(data["ends"])
            ended = [str(row) for row in chosen if row.counts_until and row.counts_until < until]
            words = _("%(row)s: on record it ends before this day. Leave it out.")
            refused = [words % {"row": row} for row in ended] or [*ending.refusals(chosen, data["ends"])]
            for message in refused:
                self.add_error("rows", message)
            data["chosen"] = chosen

    @property
    def words(self) -> str:
        """The reason for the journal."""
        reason, details = Reason(self.cleaned_data["reason"]), self.cleaned_data["details"]
        parts = [details] if reason == Reason.OTHER else [str(reason.label), details]
        return ": ".join(filter(None, parts))


def leave(page: BaseModelAdmin, request: HttpRequest, person: Person) -> HttpResponse:
    """Answer a request to the page of ``person``; ``page`` is the model admin of people."""
    saving = "save" in request.POST
    # Nobody anonymous gets here.
    user = cast("User", request.user)
    with audit.record_changes(ChangeSet.Kind.EDIT, user) if saving else nullcontext() as recorder:
        mine, others = _running(page, request, person)
        data = request.POST if request.method == "POST" else None
        form = LeavingForm(data, mine, page.admin_site)
        shown = _digest(mine, form.cleaned_data) if data is not None and form.is_valid() else ""
        if recorder and shown and shown == request.POST.get("shown"):
            recorder.entry.reason = form.words
            message = _end(form)
            page.log_change(request, person, message)
            messages.success(request, message)
            return HttpResponseRedirect(reverse("admin:delegations_person_change", args=[person.pk]))
    context = {
        "original": person,
        "form": form,
        "media": form.media,
        "others": [_in_words(row) for row in others],
        "shown": shown,
        "newer": saving and shown,
        "ended": [_in_words(row) for row in form.cleaned_data["chosen"]] if shown else [],
        "last_day": last_day_in_words(form.cleaned_data["chosen"][0]) if shown else "",
    }
    return page.render(request, "admin/delegations/person/end.html", gettext("End all functions"), context)


def _running(page: BaseModelAdmin, request: HttpRequest, person: Person) -> tuple[list[Period], list[Period]]:
    """The functions of ``person`` that have not ended: those that the user may change, and the others."""
    mine: list[Period] = []
    others: list[Period] = []
    for relation in (person.mandates, person.services, person.posts):
        rows = relation.running(today()).select_related(*required_relations(relation.model)).in_order()
        of_model = page.admin_site.get_model_admin(relation.model)
        may_change = of_model.has_change_permission(request)
        visible = of_model.get_queryset(request).filter(person=person).values_list("pk", flat=True)
        keys = set(visible) if may_change else set()
        for row in rows:
            (mine if row.pk in keys else others).append(row)
    return mine, others


def _in_words(row: Period) -> str:
    return f"{capfirst(row._meta.verbose_name)}: {describe_row(row)}"


def _digest(rows: list[Period], typed: dict[str, Any]) -> str:
    """A digest of the state of ``rows`` and of what was typed."""
    states = [
        audit.snapshots(model, [row.pk for row in rows if isinstance(row, model)])
        for model in dict.fromkeys(map(type, rows))
    ]
    values = [typed[name] for name in ("rows", "ends", "reason", "details")] + [typed["source"] and typed["source"].pk]
    return hashlib.sha256(repr((states, values)).encode()).hexdigest()


def _end(form: LeavingForm) -> str:
    data = form.cleaned_data
    ending.end(data["chosen"], data["ends"], [data["source"]] if data["source"] else [])
    words = ngettext(
        "%(number)d function was ended. Last day in office: %(day)s.",
        "%(number)d functions were ended. Last day in office: %(day)s.",
        len(data["chosen"]),
    )
    return words % {"number": len(data["chosen"]), "day": last_day_in_words(data["chosen"][0])}
