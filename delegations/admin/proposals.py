"""Admin page of proposed corrections: compare, decide, record the decision."""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.todo import TodoItem, TodoListMixin
from cspa.i18n import translated_columns

from ..forms import PartialDateField, PersonNameField
from ..models import Delegate, Person, Proposal
from ..services import confirmations
from ..services.confirmations import REPRESENTATIVE
from .confirmations import ChosenState, ReadOnlyModelAdmin

Kind = Proposal.Kind
# The choice for a missing person who has no record yet.
NEW = "new"
DECISIONS = {Proposal.State.ACCEPTED, Proposal.State.CHANGED, Proposal.State.REFUSED}
# The maximum number of existing records offered for a missing person.
LIKELY = 20


class DecisionForm(forms.Form):
    """The values to apply if the proposal is accepted, with the fields that its kind needs, and the reason."""

    # A refused proposal may leave fields empty.
    use_required_attribute = False

    NEEDED = {
        Kind.ENDED: ["day", "ended"],
        Kind.ROLE: ["role", "day"],
        Kind.NAME: ["name", *confirmations.PARTS],
        Kind.MISSING: ["person", "name", "chamber", "role", "day"],
        Kind.OTHER: [],
    }

    name = PersonNameField(
        label=_("Name of the person"), max_length=150, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    family_name = PersonNameField(label=_("Family name"), max_length=150, required=False)
    given_name = PersonNameField(label=_("Given name"), max_length=150, required=False)
    patronymic = PersonNameField(label=_("Patronymic"), max_length=150, required=False)
    person = forms.ChoiceField(
        label=_("Record of the person"),
        help_text=_("Choose the record if the person is on record already."),
    )
    chamber = forms.ChoiceField(label=_("Chamber or office"))
    role = forms.ChoiceField(label=_("Role"), choices=Delegate.Role, required=False)
    day = PartialDateField()
    ended = forms.BooleanField(label=_("Ended, date not known"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Needed where you change or refuse the proposal."),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, data, proposal: Proposal, people: QuerySet[Person]):
        self.proposal = proposal
        self.values = confirmations.proposed(proposal)
        likely = list(people.search(proposal.name).in_order()[:LIKELY]) if proposal.kind == Kind.MISSING else []
        self.people = {str(person.pk): person for person in likely}
        self.chambers = {chamber.slug: chamber for chamber in proposal.request.parliament.chambers.all()}
        initial = {
            **self.values,
            "chamber": proposal.chamber.slug if proposal.chamber else REPRESENTATIVE,
            "person": "" if likely else NEW,
        }
        super().__init__(data, initial=initial)
        for name in set(self.fields) - {*self.NEEDED[proposal.kind], "reason", "shown"}:
            del self.fields[name]
        self._label()

    def _label(self) -> None:
        fields, language = self.fields, dict(settings.LANGUAGES)[self.proposal.request.language]
        if "day" in fields:
            meaning = {
                Kind.ENDED: _("First day no longer in office"),
                Kind.ROLE: _("First day in the new role"),
                Kind.MISSING: _("First day in office"),
            }
            fields["day"].label = meaning[self.proposal.kind]
        if "person" in fields:
            choices = [("", "---------")] if self.people else []
            known = [(key, f"{person.name} ({person.public_id})") for key, person in self.people.items()]
            fields["person"].choices = [*choices, *known, (NEW, _("a new record"))]
            places = [(slug, chamber.name) for slug, chamber in self.chambers.items()]
            fields["chamber"].choices = [*places, (REPRESENTATIVE, _("plenipotentiary representative"))]
            fields["role"].choices = [("", "---------"), *Delegate.Role.choices]
        for name in ("name", *confirmations.PARTS):
            if name in fields:
                fields[name].label = f"{fields[name].label} ({language})"
                fields[name].widget.attrs["lang"] = self.proposal.request.language

    @property
    def visible(self) -> list[forms.BoundField]:
        """The fields of the values, without the reason."""
        return [self[name] for name in self.NEEDED[self.proposal.kind]]

    def clean(self) -> dict:
        data = super().clean()
        if "role" in self.fields and not data.get("role") and data.get("chamber") != REPRESENTATIVE:
            self.add_error("role", _("Choose the role."))
        return data

    def decided(self) -> dict:
        """The values in the form that ``confirmations.decide()`` takes."""
        data = {**self.values, **{name: self.cleaned_data[name] for name in self.NEEDED[self.proposal.kind]}}
        if self.proposal.kind == Kind.MISSING:
            data["chamber"] = self.chambers.get(data["chamber"])
            data["person"] = self.people.get(data["person"])
        return data

    def check_reason(self, state: str) -> None:
        """Require a reason for every decision but plain acceptance, and unedited values for plain acceptance."""
        if state != Proposal.State.ACCEPTED and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Give the reason."))
        if state == Proposal.State.ACCEPTED and set(self.changed_data) - {"person", "reason", "shown"}:
            self.add_error(
                None, _("You changed what was proposed: choose “Accept with changes”, and give the reason.")
            )


@admin.register(Proposal)
class ProposalAdmin(TodoListMixin, ReadOnlyModelAdmin):
    of_parliament = ("request__parliament",)
    list_display = ["what", "parliament", "proposed", "answered_at", "state"]
    list_select_related = ["request__parliament", "chamber", "mandate__person", "service__person"]
    list_filter = [ChosenState, "kind", "request__parliament"]
    search_fields = ["name", "text", *(f"request__parliament__{name}" for name in translated_columns("name"))]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        label = ngettext_lazy(
            "%(number)d proposed correction waits for a decision",
            "%(number)d proposed corrections wait for a decision",
            "number",
        )
        task = TodoItem(
            "proposals",
            _("waiting for a decision"),
            label,
            lambda rows: rows.filter(state=Proposal.State.WAITING),
            priority=10,
        )
        return [task] if self.has_action_permission(request) else []

    @admin.display(description=_("proposed correction"))
    def what(self, proposal: Proposal) -> str:
        return str(proposal)

    @admin.display(description=_("parliament"))
    def parliament(self, proposal: Proposal) -> str:
        return proposal.request.parliament.label

    @admin.display(description=_("what is proposed"))
    def proposed(self, proposal: Proposal) -> str:
        return describe_proposal(proposal)

    @admin.display(description=_("answered"), ordering="request__answered_at")
    def answered_at(self, proposal: Proposal):
        return proposal.request.answered_at

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        """Compare the recorded with the proposed values; on POST, decide."""
        proposal = self.get_object(request, unquote(object_id))
        if proposal is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        may = self.has_action_permission(request, proposal)
        if not (may or self.has_view_permission(request, proposal)) or (request.method == "POST" and not may):
            raise PermissionDenied
        people = self.admin_site.get_model_admin(Person).get_queryset(request)
        form = DecisionForm(request.POST if request.method == "POST" else None, proposal, people)
        state = request.POST.get("decide", "")
        if form.is_bound and self._decide(request, form, state):
            return HttpResponseRedirect(reverse("admin:delegations_proposal_changelist") + "?state=waiting")
        context = {
            "proposal": proposal,
            "confirmation_request": proposal.request,
            "comparison": comparison(proposal),
            "outdated": confirmations.outdated(proposal),
            "digest": confirmations.digest(proposal),
            "form": form,
            "may": may and proposal.state == Proposal.State.WAITING,
        }
        return self.render(request, "admin/delegations/proposal/decide.html", str(proposal), context)

    def _decide(self, request: HttpRequest, form: DecisionForm, state: str) -> bool:
        """Apply the decision and return whether that succeeded; otherwise the form has the errors."""
        form.full_clean()
        if state == Proposal.State.REFUSED:
            # A refusal applies none of the values, so they need not be valid.
            for name in form.NEEDED[form.proposal.kind]:
                form.errors.pop(name, None)
        if state not in DECISIONS:
            form.add_error(None, _("Choose what to do."))
        form.check_reason(state)
        if form.errors:
            return False
        values = form.decided() if state != Proposal.State.REFUSED else form.values
        reason, shown = form.cleaned_data["reason"], form.cleaned_data["shown"]
        try:
            done = confirmations.decide(form.proposal, state, request.user, values=values, reason=reason, shown=shown)
        except confirmations.ConfirmationError as error:
            form.add_error(None, str(error))
            return False
        summary = "; ".join(filter(None, [str(Proposal.State(state).label), done, reason]))
        self.log_change(request, form.proposal, summary)
        messages.success(request, gettext("Decided: %(words)s") % {"words": summary})
        return True


def describe_proposal(proposal: Proposal) -> str:
    day = confirmations.proposed(proposal)["day"]
    place = _place(proposal) if proposal.kind == Kind.MISSING else ""
    parts = [proposal.name, place, proposal.get_role_display(), day.words if day else "", proposal.text]
    return ", ".join(str(part) for part in parts if part) or "–"


def _place(proposal: Proposal) -> str:
    return proposal.chamber.name if proposal.chamber else gettext("plenipotentiary representative")


def comparison(proposal: Proposal) -> list[tuple[str, str, str, str]]:
    """Return rows of a label and three values: recorded at the time of the answer, recorded now, and proposed."""
    then, now = proposal.recorded, confirmations.present(proposal)
    wanted = confirmations.proposed(proposal)
    day = wanted["day"].words if wanted["day"] else gettext("day not given")
    proposed = {
        Kind.ENDED: {"ends": day},
        Kind.ROLE: {"role": f"{proposal.get_role_display()} ({day})"},
        Kind.NAME: {"name": proposal.name},
        Kind.MISSING: {
            "name": proposal.name,
            "chamber": _place(proposal),
            "role": proposal.get_role_display(),
            "starts": day,
        },
        Kind.OTHER: {},
    }[proposal.kind]
    labels = {
        "name": _("Name of the person"),
        "chamber": _("Chamber or office"),
        "role": _("Role"),
        "starts": _("First day in office"),
        "ends": _("First day no longer in office"),
    }
    chambers = {chamber.slug: str(chamber.name) for chamber in proposal.request.parliament.chambers.all()}
    return [
        (label, _shown(key, then, chambers), _shown(key, now, chambers), str(proposed.get(key) or ""))
        for key, label in labels.items()
        if then.get(key) or now.get(key) or proposed.get(key)
    ]


def _shown(key: str, fact: dict, chambers: dict[str, str]) -> str:
    value = fact.get(key) or ""
    if key == "role" and value:
        return str(Delegate.Role(value).label)
    if key == "chamber" and fact:
        return chambers.get(value, value) or gettext("plenipotentiary representative")
    if key == "ends" and fact.get("ended"):
        return gettext("ended, date not known")
    if key in ("starts", "ends") and value:
        return confirmations.PartialDate.parse(value).words
    return value or "–"
