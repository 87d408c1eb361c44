"""The pages on which the office asks a parliament to confirm its list, and decides on the corrections it proposes."""

from urllib.parse import quote, urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext_lazy, override
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import absolute
from cspa.backoffice.forms import is_key
from cspa.backoffice.model_admin import Admin
from cspa.backoffice.todo import Task, Tasks
from cspa.i18n import columns

from ..forms import PartialDateField
from ..models import ConfirmationRequest, Delegate, Parliament, Person, Proposal
from ..services import confirmations
from ..services.confirmations import REPRESENTATIVE
from .parliaments import Assigned

State = ConfirmationRequest.State
Kind = Proposal.Kind
NEW = "new"  # a missing person who has no record yet
DECISIONS = {Proposal.State.ACCEPTED, Proposal.State.CHANGED, Proposal.State.REFUSED}
LIKELY = 20  # records offered for a missing person


class OnlyRead(Assigned, Admin):
    """Rows that are written by an answer and by the buttons of their pages, by no form."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, row=None) -> bool:
        return False

    def acted_on(self, request: HttpRequest, object_id: str):
        """The row that a button stands for; PermissionDenied for those who may only read it."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not super().has_change_permission(request, row):
            raise PermissionDenied
        return row


class ChosenState(admin.SimpleListFilter):
    """Rows in one state; ``?state=waiting`` is an address that other pages may link to."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return model_admin.model.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in queryset.model.State.values:
            return queryset
        if queryset.model is ConfirmationRequest:
            return queryset.in_state(self.value(), timezone.now())
        return queryset.filter(state=self.value())


# Requests


class AskForm(forms.Form):
    """Whom to ask; the e-mail address is used once and kept nowhere."""

    parliament = forms.ModelChoiceField(Parliament.objects.none(), label=_("Parliament"))
    addressee = forms.CharField(
        label=_("Addressee"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=ConfirmationRequest._meta.get_field("addressee").help_text,
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=_("Empty: send the letter yourself. The address is not kept."),
    )

    def clean_parliament(self) -> Parliament:
        parliament = self.cleaned_data["parliament"]
        if confirmations.roster(parliament) is None:
            raise forms.ValidationError(_("This parliament takes no part in the Assembly today."))
        return parliament


def representative_of(parliament: Parliament) -> str:
    """Name and office of the representative in office, as an addressee."""
    roster = confirmations.roster(parliament)
    representative = next(iter(roster.delegation.representatives if roster else []), None)
    if representative is None or representative.person.withdrawn:
        return ""
    return gettext("%(name)s, plenipotentiary representative") % {"name": representative.person.name}


class Letter:
    """What is written to the addressee, in one language."""

    def __init__(self, asked: ConfirmationRequest, language: str, link: str):
        self.language, self.link = language, link
        with override(language):
            self.language_name = dict(settings.LANGUAGES)[language]
            words = {
                "addressee": asked.addressee,
                "parliament": asked.parliament.name,
                "link": link,
                "until": date_format(timezone.localtime(asked.expires_at), "DATETIME_FORMAT"),
            }
            self.subject = gettext("Please confirm the list of your delegation to the CSTO Parliamentary Assembly")
            self.body = (
                gettext(
                    "%(addressee)s\n\n"
                    "The site of the CSTO Parliamentary Assembly lists the delegation of your parliament: "
                    "%(parliament)s. Please look at the list, and confirm it or propose corrections:\n\n"
                    "%(link)s\n\n"
                    "The link is for you alone and needs no account. It can be answered once, until %(until)s.\n\n"
                    "Secretariat of the CSTO Parliamentary Assembly"
                )
                % words
            )

    @property
    def mailto(self) -> str:
        return f"mailto:?{urlencode({'subject': self.subject, 'body': self.body}, quote_via=quote)}"


@admin.register(ConfirmationRequest)
class ConfirmationRequestAdmin(OnlyRead):
    of_parliament = ("parliament",)
    list_display = ["parliament", "addressee", "made_at", "expires_at", "state_now", "waiting"]
    list_select_related = ["parliament", "source", "made_by"]
    list_filter = [ChosenState, "parliament"]
    search_fields = ["addressee", *(f"parliament__{name}" for name in columns("name"))]
    fieldsets = [
        (None, {"fields": ["parliament", "addressee", "state_now"]}),
        (None, {"fields": ["made_by", "made_at", "expires_at", "withdrawn_at"]}),
        (_("Answer"), {"fields": ["answered_at", "who_answered", "language", "source"]}),
    ]
    readonly_fields = ["state_now", "who_answered"]
    change_form_template = "admin/delegations/confirmationrequest/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        waiting = Count("proposals", filter=Q(proposals__state=Proposal.State.WAITING))
        return super().get_queryset(request).annotate(waiting=waiting)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return Admin.has_add_permission(self, request)

    @admin.display(description=_("state"))
    def state_now(self, asked: ConfirmationRequest) -> str:
        return asked.state(timezone.now()).label

    @admin.display(description=_("answered by"))
    def who_answered(self, asked: ConfirmationRequest) -> str:
        return asked.answered_by if asked.answered_at else "–"

    @admin.display(description=_("corrections that wait"), ordering="waiting")
    def waiting(self, asked: ConfirmationRequest) -> int:
        return asked.waiting

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        name = "delegations_confirmationrequest"
        return [
            path("<path:object_id>/withdraw/", wrap(self.withdraw_view), name=f"{name}_withdraw"),
            path("<path:object_id>/record/", wrap(self.record_view), name=f"{name}_record"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Whom to ask; then the link with the letter, which is shown this once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        parliaments = self.admin_site._registry[Parliament].get_queryset(request)
        key = request.GET.get("parliament", "")
        parliament = parliaments.filter(pk=key).first() if is_key(key) else None
        initial = {"parliament": parliament, "addressee": representative_of(parliament)} if parliament else {}
        form = AskForm(request.POST if request.method == "POST" else None, initial=initial)
        form.fields["parliament"].queryset = parliaments
        if request.method == "POST" and form.is_valid():
            return self._ask(request, form)
        still_open = self.get_queryset(request).in_state(State.OPEN, timezone.now()).filter(parliament=parliament)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Ask for a confirmation"),
            "opts": self.opts,
            "form": form,
            "days": settings.CONFIRMATION_DAYS,
            "still_open": still_open,
        }
        return TemplateResponse(request, "admin/delegations/confirmationrequest/ask.html", context)

    def _ask(self, request: HttpRequest, form: AskForm) -> HttpResponse:
        data = form.cleaned_data
        asked, token = confirmations.ask(data["parliament"], data["addressee"], request.user)
        self.log_addition(request, asked, [{"added": {}}])
        letters = [Letter(asked, code, absolute(request, link)) for code, link in confirmations.paths(token).items()]
        if data["email"]:
            self._send(request, letters, data["email"])
        context = {
            **self.admin_site.each_context(request),
            "title": _("The link for a confirmation"),
            "opts": self.opts,
            "asked": asked,
            "letters": letters,
        }
        return TemplateResponse(request, "admin/delegations/confirmationrequest/asked.html", context)

    def _send(self, request: HttpRequest, letters: list[Letter], email: str) -> None:
        subject = " / ".join(letter.subject for letter in letters)
        body = "\n\n* * *\n\n".join(letter.body for letter in letters)
        try:
            send_mail(subject, body, None, [email])
        except OSError:  # the mail server is away, or refuses
            messages.error(request, _("The letter could not be sent. Copy it from here and send it yourself."))
        else:
            messages.success(request, _("The letter was sent."))

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Closes a link that was given away."""
        asked = self.acted_on(request, object_id)
        if request.method == "POST":
            if confirmations.withdraw(asked, request.user):
                self.log_change(request, asked, gettext("Link withdrawn."))
                messages.success(request, _("The link was withdrawn."))
            else:
                messages.error(request, _("This link is no longer open."))
        return self._back(asked)

    def record_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Records the confirmation of an answer whose corrections are all decided."""
        asked = self.acted_on(request, object_id)
        if request.method == "POST":
            try:
                confirmation = confirmations.record_corrected(asked, request.user)
            except confirmations.Refused as refused:
                messages.error(request, str(refused))
            else:
                LogEntry.objects.log_actions(request.user.pk, [confirmation], ADDITION, single_object=True)
                messages.success(request, _("The confirmation was recorded."))
        return self._back(asked)

    def _back(self, asked: ConfirmationRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:delegations_confirmationrequest_change", args=[asked.pk]))

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        context = {}
        asked = self.get_object(request, unquote(object_id))
        if asked and self.has_view_permission(request, asked):
            proposals = list(asked.proposals.select_related("chamber", "mandate", "service"))
            states = {proposal.state for proposal in proposals}
            may = Admin.has_change_permission(self, request, asked)
            context = {
                "proposals": proposals,
                "may_withdraw": may and asked.state(timezone.now()) == State.OPEN,
                "may_record": may
                and proposals
                and Proposal.State.WAITING not in states
                and not asked.parliament.confirmations.filter(date=timezone.localdate(asked.answered_at)).exists(),
                "some_refused": Proposal.State.REFUSED in states,
            }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})


# Proposed corrections


class DecisionForm(forms.Form):
    """What is applied if the proposal is accepted; the fields that its kind needs."""

    use_required_attribute = False  # what is refused need not be complete

    NEEDED = {
        Kind.ENDED: ["day", "ended"],
        Kind.ROLE: ["role", "day"],
        Kind.NAME: ["name", *confirmations.PARTS],
        Kind.MISSING: ["person", "name", "chamber", "role", "day"],
        Kind.OTHER: [],
    }

    name = forms.CharField(
        label=_("Name of the person"), max_length=150, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    family_name = forms.CharField(label=_("Family name"), max_length=150, required=False)
    given_name = forms.CharField(label=_("Given name"), max_length=150, required=False)
    patronymic = forms.CharField(label=_("Patronymic"), max_length=150, required=False)
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
        """The values as ``confirmations.decide`` takes them."""
        data = {**self.values, **{name: self.cleaned_data[name] for name in self.NEEDED[self.proposal.kind]}}
        if self.proposal.kind == Kind.MISSING:
            data["chamber"] = self.chambers.get(data["chamber"])
            data["person"] = self.people.get(data["person"])
        return data

    def check_reason(self, state: str) -> None:
        """A reason where one is needed; what is accepted as proposed was not edited."""
        if state != Proposal.State.ACCEPTED and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Give the reason."))
        if state == Proposal.State.ACCEPTED and set(self.changed_data) - {"person", "reason", "shown"}:
            self.add_error(
                None, _("You changed what was proposed: choose “Accept with changes”, and give the reason.")
            )


@admin.register(Proposal)
class ProposalAdmin(Tasks, OnlyRead):
    of_parliament = ("request__parliament",)
    list_display = ["what", "parliament", "proposed", "answered_at", "state"]
    list_select_related = ["request__parliament", "chamber", "mandate__person", "service__person"]
    list_filter = [ChosenState, "kind", "request__parliament"]
    search_fields = ["name", "text", *(f"request__parliament__{name}" for name in columns("name"))]

    def tasks(self, request: HttpRequest) -> list[Task]:
        words = ngettext_lazy(
            "%(number)d proposed correction waits for a decision",
            "%(number)d proposed corrections wait for a decision",
            "number",
        )
        task = Task(
            "proposals",
            _("waiting for a decision"),
            words,
            lambda rows: rows.filter(state=Proposal.State.WAITING),
            priority=10,
        )
        return [task] if Admin.has_change_permission(self, request) else []

    @admin.display(description=_("proposed correction"))
    def what(self, proposal: Proposal) -> str:
        return str(proposal)

    @admin.display(description=_("parliament"))
    def parliament(self, proposal: Proposal) -> str:
        return proposal.request.parliament.label

    @admin.display(description=_("what is proposed"))
    def proposed(self, proposal: Proposal) -> str:
        return in_words(proposal)

    @admin.display(description=_("answered"), ordering="request__answered_at")
    def answered_at(self, proposal: Proposal):
        return proposal.request.answered_at

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        """What is recorded and what is proposed side by side, and the decision."""
        proposal = self.get_object(request, unquote(object_id))
        if proposal is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        may = Admin.has_change_permission(self, request, proposal)
        if not (may or self.has_view_permission(request, proposal)) or (request.method == "POST" and not may):
            raise PermissionDenied
        people = self.admin_site._registry[Person].get_queryset(request)
        form = DecisionForm(request.POST if request.method == "POST" else None, proposal, people)
        state = request.POST.get("decide", "")
        if form.is_bound and self._decide(request, form, state):
            return HttpResponseRedirect(reverse("admin:delegations_proposal_changelist") + "?state=waiting")
        context = {
            **self.admin_site.each_context(request),
            "title": str(proposal),
            "opts": self.opts,
            "proposal": proposal,
            "asked": proposal.request,
            "comparison": comparison(proposal),
            "outdated": confirmations.outdated(proposal),
            "digest": confirmations.digest(proposal),
            "form": form,
            "may": may and proposal.state == Proposal.State.WAITING,
        }
        return TemplateResponse(request, "admin/delegations/proposal/decide.html", context)

    def _decide(self, request: HttpRequest, form: DecisionForm, state: str) -> bool:
        """Whether the decision could be made; where not, the form says why."""
        form.full_clean()
        if state == Proposal.State.REFUSED:  # nothing of the values is applied, whatever they are
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
        except confirmations.Refused as refused:
            form.add_error(None, str(refused))
            return False
        words = "; ".join(filter(None, [str(Proposal.State(state).label), done, reason]))
        self.log_change(request, form.proposal, words)
        messages.success(request, gettext("Decided: %(words)s") % {"words": words})
        return True


def in_words(proposal: Proposal) -> str:
    """What is proposed, in one line."""
    day = confirmations.proposed(proposal)["day"]
    parts = [
        proposal.name,
        (proposal.chamber.name if proposal.chamber else gettext("plenipotentiary representative"))
        if proposal.kind == Kind.MISSING
        else "",
        proposal.get_role_display(),
        day.words if day else "",
        proposal.text,
    ]
    return ", ".join(str(part) for part in parts if part) or "–"


def comparison(proposal: Proposal) -> list[tuple[str, str, str, str]]:
    """For each thing that is recorded: its label, then as recorded at that time, as recorded now, and as proposed."""
    then, now = proposal.recorded, confirmations.present(proposal)
    wanted = confirmations.proposed(proposal)
    day = wanted["day"].words if wanted["day"] else gettext("day not given")
    proposed = {
        Kind.ENDED: {"ends": day},
        Kind.ROLE: {"role": f"{proposal.get_role_display()} ({day})"},
        Kind.NAME: {"name": proposal.name},
        Kind.MISSING: {
            "name": proposal.name,
            "chamber": proposal.chamber.name if proposal.chamber else gettext("plenipotentiary representative"),
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
