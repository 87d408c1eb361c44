"""Admin pages of confirmations and of requests for them: send a request, withdraw it, record its answer."""

from urllib.parse import quote, urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import absolute_url
from cspa.backoffice.forms import is_key
from cspa.backoffice.model_admin import BaseModelAdmin
from cspa.i18n import translated_columns

from ..dates import today
from ..models import Confirmation, ConfirmationRequest, Parliament, Proposal
from ..services import confirmations
from .base import AssignedParliamentsMixin

State = ConfirmationRequest.State


class ReadOnlyModelAdmin(AssignedParliamentsMixin, BaseModelAdmin):
    """Base of the pages of models that no form writes, but an answer of a parliament, a button or a command."""

    def has_change_permission(self, request: HttpRequest, row=None) -> bool:
        return False

    def acted_on(self, request: HttpRequest, object_id: str):
        """Return the row of a button's request. Raise PermissionDenied for users who may only view it."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_action_permission(request, row):
            raise PermissionDenied
        return row

    def has_action_permission(self, request: HttpRequest, row=None) -> bool:
        """Whether the user may press the buttons. ``has_change_permission()`` is False because there is no form."""
        return super().has_change_permission(request, row)


class ChosenState(admin.SimpleListFilter):
    """A filter by state. Other pages link to ``?state=waiting``."""

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


@admin.register(Confirmation)
class ConfirmationAdmin(AssignedParliamentsMixin, BaseModelAdmin):
    of_parliament = ("parliament",)
    list_display = ["parliament", "date", "confirmed_by", "speaks_for_today"]
    list_select_related = ["parliament"]
    list_filter = ["parliament"]
    search_fields = [f"parliament__{name}" for name in translated_columns("name")]
    autocomplete_fields = ["parliament", "source"]
    fieldsets = [(None, {"fields": ["parliament", "date", tuple(translated_columns("confirmed_by")), "source"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        covering = Confirmation.objects.covering(today()).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(covers=Exists(covering))

    @admin.display(description=_("confirmed by"), ordering=translated_columns("confirmed_by")[0])
    def confirmed_by(self, confirmation: Confirmation) -> str:
        return confirmation.confirmed_by

    @admin.display(description=_("still speaks for today"), ordering="covers")
    def speaks_for_today(self, confirmation: Confirmation) -> str:
        return gettext("yes") if confirmation.covers else gettext("no")


class AskForm(forms.Form):
    """The addressee of a request. The e-mail address is used once and not stored."""

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
    """Return name and office of the representative in office, for the addressee field."""
    roster = confirmations.roster(parliament)
    representative = next(iter(roster.delegation.representatives if roster else []), None)
    if representative is None or representative.person.withdrawn:
        return ""
    return gettext("%(name)s, plenipotentiary representative") % {"name": representative.person.name}


class Letter:
    def __init__(self, confirmation_request: ConfirmationRequest, language: str, link: str):
        self.language, self.link = language, link
        with override(language):
            self.language_name = dict(settings.LANGUAGES)[language]
            values = {
                "addressee": confirmation_request.addressee,
                "parliament": confirmation_request.parliament.name,
                "link": link,
                "until": date_format(timezone.localtime(confirmation_request.expires_at), "DATETIME_FORMAT"),
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
                % values
            )

    @property
    def mailto(self) -> str:
        return f"mailto:?{urlencode({'subject': self.subject, 'body': self.body}, quote_via=quote)}"


@admin.register(ConfirmationRequest)
class ConfirmationRequestAdmin(ReadOnlyModelAdmin):
    of_parliament = ("parliament",)
    list_display = ["parliament", "addressee", "made_at", "expires_at", "state_now", "waiting"]
    list_select_related = ["parliament", "source", "made_by"]
    list_filter = [ChosenState, "parliament"]
    # The count of corrections drops the order of the model.
    ordering = ["-made_at", "-pk"]
    search_fields = ["addressee", *(f"parliament__{name}" for name in translated_columns("name"))]
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

    @admin.display(description=_("state"))
    def state_now(self, confirmation_request: ConfirmationRequest) -> str:
        return confirmation_request.state(timezone.now()).label

    @admin.display(description=_("answered by"))
    def who_answered(self, confirmation_request: ConfirmationRequest) -> str:
        return confirmation_request.answered_by if confirmation_request.answered_at else "–"

    @admin.display(description=_("corrections that wait"), ordering="waiting")
    def waiting(self, confirmation_request: ConfirmationRequest) -> int:
        return confirmation_request.waiting

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        name = "delegations_confirmationrequest"
        return [
            path("<path:object_id>/withdraw/", wrap(self.withdraw_view), name=f"{name}_withdraw"),
            path("<path:object_id>/record/", wrap(self.record_view), name=f"{name}_record"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Show the form; after it is sent, the link and the letters. The link cannot be shown again."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        parliaments = self.admin_site.get_model_admin(Parliament).get_queryset(request)
        key = request.GET.get("parliament", "")
        parliament = parliaments.filter(pk=key).first() if is_key(key) else None
        initial = {"parliament": parliament, "addressee": representative_of(parliament)} if parliament else {}
        form = AskForm(request.POST if request.method == "POST" else None, initial=initial)
        form.fields["parliament"].queryset = parliaments
        if request.method == "POST" and form.is_valid():
            return self._ask(request, form)
        still_open = self.get_queryset(request).in_state(State.OPEN, timezone.now()).filter(parliament=parliament)
        context = {"form": form, "days": settings.CONFIRMATION_DAYS, "still_open": still_open}
        template = "admin/delegations/confirmationrequest/ask.html"
        return self.render(request, template, _("Ask for a confirmation"), context)

    def _ask(self, request: HttpRequest, form: AskForm) -> HttpResponse:
        data = form.cleaned_data
        confirmation_request, token = confirmations.ask(data["parliament"], data["addressee"], request.user)
        self.log_addition(request, confirmation_request, [{"added": {}}])
        letters = [
            Letter(confirmation_request, code, absolute_url(request, link))
            for code, link in confirmations.paths(token).items()
        ]
        if data["email"]:
            self._send(request, letters, data["email"])
        context = {"confirmation_request": confirmation_request, "letters": letters}
        template = "admin/delegations/confirmationrequest/letters.html"
        return self.render(request, template, _("The link for a confirmation"), context)

    def _send(self, request: HttpRequest, letters: list[Letter], email: str) -> None:
        subject = " / ".join(letter.subject for letter in letters)
        body = "\n\n* * *\n\n".join(letter.body for letter in letters)
        try:
            send_mail(subject, body, None, [email])
        except OSError:
            # The mail server is down or refuses the message.
            messages.error(request, _("The letter could not be sent. Copy it from here and send it yourself."))
        else:
            messages.success(request, _("The letter was sent."))

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        confirmation_request = self.acted_on(request, object_id)
        if request.method == "POST":
            if confirmations.withdraw(confirmation_request, request.user):
                self.log_change(request, confirmation_request, gettext("Link withdrawn."))
                messages.success(request, _("The link was withdrawn."))
            else:
                messages.error(request, _("This link is no longer open."))
        return self._back(confirmation_request)

    def record_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        confirmation_request = self.acted_on(request, object_id)
        if request.method == "POST":
            try:
                confirmation = confirmations.record_corrected(confirmation_request, request.user)
            except confirmations.ConfirmationError as error:
                messages.error(request, str(error))
            else:
                LogEntry.objects.log_actions(request.user.pk, [confirmation], ADDITION, single_object=True)
                messages.success(request, _("The confirmation was recorded."))
        return self._back(confirmation_request)

    def _back(self, confirmation_request: ConfirmationRequest) -> HttpResponse:
        return HttpResponseRedirect(
            reverse("admin:delegations_confirmationrequest_change", args=[confirmation_request.pk])
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        context = {}
        confirmation_request = self.get_object(request, unquote(object_id))
        if confirmation_request and self.has_view_permission(request, confirmation_request):
            proposals = list(confirmation_request.proposals.select_related("chamber", "mandate", "service"))
            states = {proposal.state for proposal in proposals}
            may = self.has_action_permission(request, confirmation_request)
            context = {
                "proposals": proposals,
                "may_withdraw": may and confirmation_request.state(timezone.now()) == State.OPEN,
                "may_record": may
                and proposals
                and Proposal.State.WAITING not in states
                and not confirmation_request.parliament.confirmations.filter(
                    date=timezone.localdate(confirmation_request.answered_at)
                ).exists(),
                "some_refused": Proposal.State.REFUSED in states,
            }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})
