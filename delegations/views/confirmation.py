"""The page on which a parliament confirms its roster. Its address is the only credential.

The forms use neither cookie nor session, so a cross-site request has no authority to abuse, and the page needs no
CSRF token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cspa.i18n import language_codes

from ..forms import PartialDateField, PersonNameField
from ..models import Chamber, ConfirmationRequest, Delegate, Proposal, Representative
from ..services import confirmations
from ..services.confirmations import REPRESENTATIVE, Roster

# Rows for missing people; the free text has room for more.
MISSING = 5
# The fields of a person on the roster.
CORRECTIONS = ("gone", "role", "day", "name")
# The fields of a missing person.
WHO = ("name", "place", "role", "day")
Kind = Proposal.Kind


@dataclass(frozen=True)
class Line:
    """A person on the roster with the form fields for corrections."""

    row: Delegate | Representative
    fields: list[forms.BoundField]

    @property
    def used(self) -> bool:
        """Whether any of the fields is filled in or has an error."""
        return any(field.errors or field.value() for field in self.fields)


class SignatureForm(forms.Form):
    """The signature: name and office in the language of the page, and optionally in the others."""

    def __init__(self, data, roster: Roster):
        super().__init__(data)
        self.roster = roster
        names = dict(settings.LANGUAGES)
        for code in _languages():
            required = code == get_language()
            labels = {"name": _("Your name"), "office": _("Your office")}
            for field, length in (("name", 80), ("office", 110)):
                self.fields[f"{field}_{code}"] = forms.CharField(
                    label=labels[field] if required else f"{labels[field]} ({names[code]})",
                    max_length=length,
                    required=required,
                    widget=forms.TextInput(attrs={"lang": code, "autocomplete": "off"}),
                )

    @property
    def mine(self) -> list[forms.BoundField]:
        return [self[f"{field}_{get_language()}"] for field in ("name", "office")]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[f"{field}_{code}"] for code in _languages()[1:] for field in ("name", "office")]

    def line(self, row: Delegate | Representative) -> Line:
        return Line(row, [])

    def clean(self) -> dict:
        data = super().clean()
        for code in _languages()[1:]:
            for field, other in (("name", "office"), ("office", "name")):
                name = f"{field}_{code}"
                if not self.errors.get(name) and not data.get(name) and data.get(f"{other}_{code}"):
                    self.add_error(name, ValidationError(_("Give name and office, or neither."), code="required"))
        return data

    def signed(self) -> dict[str, str]:
        """Return "name, office" by language, that of the page first, for the languages that were filled in."""
        data = self.cleaned_data
        return {
            code: f"{data[f'name_{code}']}, {data[f'office_{code}']}"
            for code in _languages()
            if data.get(f"name_{code}")
        }


def _languages() -> list[str]:
    """Return all languages, that of the page first."""
    return list(dict.fromkeys([get_language(), *language_codes()]))


class CorrectionsForm(SignatureForm):
    """Corrections: fields for each person, rows for missing people, and free text."""

    def __init__(self, data, roster: Roster):
        super().__init__(data, roster)
        for row in roster.rows:
            for name, field in self._fields_of(row):
                self.fields[f"{name}_{row.uid}"] = field
        places = [(part.chamber.slug, part.chamber.name) for part in roster.delegation.chambers]
        places = [("", _("choose")), *places, (REPRESENTATIVE, _("plenipotentiary representative"))]
        for number in range(MISSING):
            for name, field in self._fields_of_missing(places):
                self.fields[f"missing{number}_{name}"] = field
        self.fields["text"] = forms.CharField(
            label=_("Something else"),
            max_length=2000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text=_("At most 2,000 characters."),
        )

    def _fields_of(self, row: Delegate | Representative) -> Iterator[tuple[str, forms.Field]]:
        yield "gone", forms.BooleanField(label=_("no longer in office"), required=False)
        if isinstance(row, Delegate):
            others = [choice for choice in Delegate.Role.choices if choice[0] != row.role]
            yield (
                "role",
                forms.ChoiceField(label=_("Another role"), required=False, choices=[("", _("as recorded")), *others]),
            )
        yield "day", PartialDateField(label=_("Since"))
        if not row.person.withdrawn:
            yield "name", PersonNameField(label=_("The name is written"), max_length=150, required=False)

    def _fields_of_missing(self, places: list[tuple]) -> Iterator[tuple[str, forms.Field]]:
        yield "name", PersonNameField(label=_("Name of the person"), max_length=150, required=False)
        yield "place", forms.ChoiceField(label=_("Chamber or office"), choices=places, required=False)
        yield "role", forms.ChoiceField(label=_("Role"), choices=Delegate.Role, required=False, initial="delegate")
        yield "day", PartialDateField(label=_("First day in office"))

    def line(self, row: Delegate | Representative) -> Line:
        keys = [f"{name}_{row.uid}" for name in CORRECTIONS]
        return Line(row, [self[key] for key in keys if key in self.fields])

    def missing(self) -> list[list[forms.BoundField]]:
        """Return the fields of each row for a missing person."""
        return [[self[f"missing{number}_{name}"] for name in WHO] for number in range(MISSING)]

    def clean(self) -> dict:
        data = super().clean()
        for row in self.roster.rows:
            gone, role, day = (data.get(f"{name}_{row.uid}") for name in ("gone", "role", "day"))
            if gone and role:
                self.add_error(f"role_{row.uid}", _("Choose one: no longer in office, or another role."))
            if day and not gone and not role:
                self.add_error(f"day_{row.uid}", _("Say what holds since this day."))
        for number in range(MISSING):
            name, place, day = (data.get(f"missing{number}_{field}") for field in ("name", "place", "day"))
            if (place or day) and not name:
                self.add_error(f"missing{number}_name", _("Give the name."))
            if (name or day) and not place:
                self.add_error(f"missing{number}_place", _("Choose the chamber or the office."))
        if not self.errors and not self.proposals():
            raise ValidationError(_("Nothing is corrected. If the list is correct, confirm it as it stands."))
        return data

    def proposals(self) -> list[Proposal]:
        """Return the proposals of the form, unsaved."""
        proposals = [proposal for row in self.roster.rows for proposal in self._about(row)]
        chambers = {part.chamber.slug: part.chamber for part in self.roster.delegation.chambers}
        for number in range(MISSING):
            values = {field: self.cleaned_data[f"missing{number}_{field}"] for field in WHO}
            if values["name"]:
                proposals.append(_of_missing(values, chambers))
        if text := self.cleaned_data["text"]:
            proposals.append(Proposal(kind=Kind.OTHER, text=text))
        return proposals

    def _about(self, row: Delegate | Representative) -> Iterator[Proposal]:
        gone, role, day, name = (self.cleaned_data.get(f"{field}_{row.uid}") for field in CORRECTIONS)
        common: dict[str, Any] = {
            "mandate" if isinstance(row, Delegate) else "service": row,
            "recorded": confirmations.fact(row, get_language()),
        }
        if gone:
            yield Proposal(kind=Kind.ENDED, day=str(day or ""), **common)
        elif role:
            yield Proposal(kind=Kind.ROLE, role=role, day=str(day or ""), **common)
        if name and name != common["recorded"]["name"]:
            yield Proposal(kind=Kind.NAME, name=name, **common)


def _of_missing(values: dict, chambers: dict[str, Chamber]) -> Proposal:
    chamber = chambers.get(values["place"])
    return Proposal(
        kind=Kind.MISSING,
        name=values["name"],
        chamber=chamber,
        role=(values["role"] or Delegate.Role.DELEGATE) if chamber else "",
        day=str(values["day"] or ""),
    )


def private(view: Callable) -> Callable:
    """Decorate ``view`` so that its responses, errors too, are not stored or indexed and never leak the address.

    The address is secret, so the Referer header must not carry it to another site.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = convert_exception_to_response(lambda request: view(request, *args, **kwargs))(request)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return answer


@private
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show today's roster with two ways to answer, and save the answer. A GET request does not use the link up."""
    confirmation_request = confirmations.find(token)
    if confirmation_request is None:
        return render(request, "delegations/confirm_closed.html", {"is_error": True}, status=HTTPStatus.NOT_FOUND)
    roster = confirmations.roster(confirmation_request.parliament)
    if confirmation_request.state(timezone.now()) != ConfirmationRequest.State.OPEN or roster is None:
        return _closed(request, confirmation_request)
    correcting = (request.POST.get("do") or request.GET.get("do")) == "corrections"
    sent = request.POST.get("do") in ("correct", "corrections")
    form = (CorrectionsForm if correcting else SignatureForm)(request.POST if sent else None, roster)
    problem = ""
    if form.is_bound and form.is_valid():
        try:
            return _answered(request, confirmation_request, form)
        except confirmations.RosterChangedError as changed:
            problem = str(changed)
            roster = confirmations.roster(confirmation_request.parliament)
            if roster is None:
                return _closed(request, confirmation_request)
            form = type(form)(request.POST, roster)
        except confirmations.ConfirmationError as error:
            confirmation_request.refresh_from_db()
            if confirmation_request.state(timezone.now()) != ConfirmationRequest.State.OPEN:
                return _closed(request, confirmation_request)
            problem = str(error)
    context = {
        "private": True,
        "confirmation_request": confirmation_request,
        "today": roster.delegation.day,
        "digest": roster.digest,
        "representatives": [form.line(row) for row in roster.delegation.representatives],
        "chambers": [(part, [form.line(row) for row in part.delegates]) for part in roster.delegation.chambers],
        "form": form,
        "correcting": correcting,
        "problem": problem,
    }
    return render(request, "delegations/confirm.html", context)


def _answered(request: HttpRequest, confirmation_request: ConfirmationRequest, form: SignatureForm) -> HttpResponse:
    shown = request.POST.get("shown", "")
    context: dict[str, Any] = {"private": True, "parliament": confirmation_request.parliament}
    if isinstance(form, CorrectionsForm):
        confirmations.propose(confirmation_request, form.signed(), shown, form.proposals())
    else:
        context["confirmation"] = confirmations.confirm(confirmation_request, form.signed(), shown)
    return render(request, "delegations/confirm_thanks.html", context)


def _closed(request: HttpRequest, confirmation_request: ConfirmationRequest) -> HttpResponse:
    """Explain why the link is closed, without showing the roster."""
    context = {
        "private": True,
        "state": confirmation_request.state(timezone.now()),
        "confirmation_request": confirmation_request,
    }
    return render(request, "delegations/confirm_closed.html", context, status=HTTPStatus.GONE)
