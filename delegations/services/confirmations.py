"""Confirmation of rosters: a parliament confirms its roster or proposes corrections, and the secretariat decides.

The parliament answers by a signed link that expires and can be used once. The link carries a random key, the row only
its hash, so that read access to the database is not enough to forge a link. An accepted correction is applied to the
directory in one transaction.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override
from translated_fields import to_attribute

from cspa import audit
from cspa.i18n import get_translated, language_codes, translated_columns
from cspa.models import ChangeSet

from ..dates import PartialDate, today
from ..models import (
    Chamber,
    Confirmation,
    ConfirmationRequest,
    Delegate,
    Delegation,
    Parliament,
    Period,
    Person,
    Proposal,
    Representative,
    Source,
    delegations_on,
)

SALT = "delegations.services.confirmations"
# The place of a missing person who has no seat in a chamber.
REPRESENTATIVE = "representative"
State = ConfirmationRequest.State
Kind = Proposal.Kind

# Parts of a name that the full name must contain, where they are recorded.
PARTS = ("family_name", "given_name", "patronymic")
REASON = ChangeSet._meta.get_field("reason").max_length


class ConfirmationError(Exception):
    """The change is refused, and nothing was saved."""


class RosterChangedError(ConfirmationError):
    """The data changed after the page was shown."""


# The link


def ask(parliament: Parliament, addressee: str, by) -> tuple[ConfirmationRequest, str]:
    """Create a request. Return it with the token of its link, which is not stored."""
    key, now = token_urlsafe(24), timezone.now()
    with audit.record_changes(ChangeSet.Kind.EDIT, by):
        confirmation_request = ConfirmationRequest.objects.create(
            parliament=parliament,
            addressee=addressee,
            key_hash=_hashed(key),
            made_by=by,
            made_at=now,
            expires_at=now + timedelta(days=settings.CONFIRMATION_DAYS),
        )
    return confirmation_request, signing.Signer(salt=SALT).sign(key)


def find(token: str) -> ConfirmationRequest | None:
    """Return the request of ``token`` in any state; None where the token is forged."""
    try:
        key = signing.Signer(salt=SALT).unsign(token)
    except signing.BadSignature:
        return None
    return ConfirmationRequest.objects.select_related("parliament").filter(key_hash=_hashed(key)).first()


def paths(token: str) -> dict[str, str]:
    """Return the path of the link in each language."""
    links = {}
    for code in language_codes():
        with override(code):
            links[code] = reverse("confirm", args=[token])
    return links


def withdraw(confirmation_request: ConfirmationRequest, by=None) -> bool:
    """Close the link. Return False where it was not open."""
    now = timezone.now()
    with audit.record_changes(ChangeSet.Kind.EDIT, by):
        audit.snapshot_before(ConfirmationRequest, [confirmation_request.pk])
        still_open = ConfirmationRequest.objects.in_state(State.OPEN, now).filter(pk=confirmation_request.pk)
        return bool(still_open.update(withdrawn_at=now))


def _hashed(key: str) -> str:
    return sha256(key.encode()).hexdigest()


# The roster


@dataclass(frozen=True)
class Roster:
    """The roster of a delegation today, with a digest of everything that the page shows of it."""

    delegation: Delegation
    digest: str

    @property
    def rows(self) -> list[Delegate | Representative]:
        return [*self.delegation.representatives, *self.delegation.delegates]


def roster(parliament: Parliament) -> Roster | None:
    """Return the roster of ``parliament`` today; None where it takes no part in the Assembly."""
    delegation = next(iter(delegations_on(today(), Parliament.objects.filter(pk=parliament.pk))), None)
    return Roster(delegation, _digest(list(_shown(delegation)))) if delegation else None


def _shown(delegation: Delegation) -> Iterator[list]:
    """Yield everything that the page shows of a roster, in every language, for the digest."""
    for part in delegation.chambers:
        yield [part.chamber.slug, *_texts(part.chamber, "name"), part.seats]
    for row in [*delegation.representatives, *delegation.delegates]:
        details = ("political_group", "constituency") if isinstance(row, Delegate) else ()
        texts = [text for name in details for text in _texts(row, name)]
        yield [str(row.uid), *(fact(row, code) for code in language_codes()), *texts]


def _texts(row, name: str) -> list[str]:
    return [getattr(row, column) for column in translated_columns(name)]


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def fact(row: Delegate | Representative | None, language: str) -> dict:
    """Return the fact of ``row`` as JSON values; the name of a withdrawn person is empty."""
    if row is None:
        return {}
    return {
        "name": "" if row.person.withdrawn else str(get_translated(row.person, "name", language)),
        "chamber": row.chamber.slug if isinstance(row, Delegate) else "",
        "role": row.role if isinstance(row, Delegate) else "",
        "starts": str(row.starts or ""),
        "ends": str(row.ends or ""),
        "ended": row.ended,
    }


# The answer


def confirm(confirmation_request: ConfirmationRequest, signed: dict[str, str], shown: str) -> Confirmation:
    """Save the answer that the roster is correct.

    ``signed`` is the signature by language, ``shown`` the digest of the roster that the page showed.
    """
    with audit.record_changes(ChangeSet.Kind.ANSWER):
        _answer(confirmation_request, signed, shown)
        return record(confirmation_request)


def propose(
    confirmation_request: ConfirmationRequest, signed: dict[str, str], shown: str, proposals: Iterable[Proposal]
) -> None:
    """Save the answer that the roster is correct but for ``proposals``, which wait for a decision."""
    with audit.record_changes(ChangeSet.Kind.ANSWER):
        _answer(confirmation_request, signed, shown)
        for proposal in proposals:
            proposal.request = confirmation_request
            proposal.save()


def _answer(confirmation_request: ConfirmationRequest, signed: dict[str, str], shown: str) -> None:
    """Close the link with an answer. The conditional update lets only one of two concurrent answers through."""
    now = timezone.now()
    answer = {"answered_at": now, **{to_attribute("answered_by", code): text for code, text in signed.items()}}
    answer["language"] = next(iter(signed))
    audit.snapshot_before(ConfirmationRequest, [confirmation_request.pk])
    if not ConfirmationRequest.objects.in_state(State.OPEN, now).filter(pk=confirmation_request.pk).update(**answer):
        raise ConfirmationError(_("This link is no longer open."))
    confirmation_request.refresh_from_db()
    present = roster(confirmation_request.parliament)
    if present is None or present.digest != shown:
        raise RosterChangedError(
            _("The list was changed while you looked at it. This is how it stands now: look at it again.")
        )


def record(confirmation_request: ConfirmationRequest) -> Confirmation:
    """Record that the parliament confirmed its roster on the day of its answer."""
    day = timezone.localdate(confirmation_request.answered_at)
    signed = {column: getattr(confirmation_request, column) for column in translated_columns("answered_by")}
    confirmation = Confirmation(
        parliament=confirmation_request.parliament,
        date=day,
        source=source_of(confirmation_request),
        **{column.replace("answered_by", "confirmed_by"): text for column, text in signed.items()},
    )
    try:
        with transaction.atomic():
            confirmation.save()
    except IntegrityError as error:
        raise ConfirmationError(
            _("The list of this parliament is already confirmed for this day; nothing more is needed.")
        ) from error
    return confirmation


def record_corrected(confirmation_request: ConfirmationRequest, by) -> Confirmation:
    """Record the confirmation of an answer whose corrections are all decided."""
    with audit.record_changes(ChangeSet.Kind.DECISION, by):
        if (
            not confirmation_request.answered_at
            or confirmation_request.proposals.filter(state=Proposal.State.WAITING).exists()
        ):
            raise ConfirmationError(_("Proposed corrections are still waiting for a decision."))
        return record(confirmation_request)


def source_of(confirmation_request: ConfirmationRequest) -> Source:
    """Return the source that stands for the answer, and create it on first use."""
    if confirmation_request.source is None:
        source = Source(date=timezone.localdate(confirmation_request.answered_at))
        for code in language_codes():
            with override(code):
                values = {
                    "day": date_format(source.date, "DATE_FORMAT"),
                    "parliament": get_translated(confirmation_request.parliament, "name", code),
                }
                title = _("Confirmation by link of %(day)s: %(parliament)s") % values
            setattr(source, to_attribute("title", code), title)
        source.save()
        confirmation_request.source = source
        confirmation_request.save(update_fields=["source"])
    return confirmation_request.source


# The decision


def present(proposal: Proposal) -> dict:
    return fact(proposal.row, proposal.request.language)


def digest(proposal: Proposal) -> str:
    return _digest(present(proposal))


def outdated(proposal: Proposal) -> bool:
    """Whether the present fact is neither the one that the parliament saw nor the one that it proposes."""
    if proposal.kind not in (Kind.ENDED, Kind.ROLE, Kind.NAME):
        return False
    now = present(proposal)
    if not now:
        return True
    if proposal.kind == Kind.NAME:
        return now["name"] not in (proposal.recorded["name"], proposal.name)
    if proposal.kind == Kind.ENDED and now["ends"] and now["ends"] == proposal.day:
        return False
    return any(now[name] != proposal.recorded[name] for name in ("role", "starts", "ends", "ended"))


def decide(proposal: Proposal, state: str, by, *, values: dict, reason: str = "", shown: str | None = None) -> str:
    """Accept or refuse ``proposal``, and return a description of the changes to the directory.

    ``values`` are those of the proposal, or as edited; ``shown`` is the digest of the fact that the user saw. Raise
    ConfirmationError where the changes cannot be made: then none of them is saved.
    """
    try:
        with audit.record_changes(ChangeSet.Kind.DECISION, by, reason[:REASON]):
            waiting = _waiting(proposal)
            done = "" if state == Proposal.State.REFUSED else _apply(waiting, state, values, shown)
            waiting.state, waiting.reason = state, reason
            waiting.decided_by, waiting.decided_at = by, timezone.now()
            waiting.save()
    except ValidationError as error:
        raise ConfirmationError(" ".join(error.messages)) from error
    except IntegrityError as error:
        message = _("Nothing was saved: somebody changed the same facts meanwhile. Look at them first.")
        raise ConfirmationError(message) from error
    return done


def _waiting(proposal: Proposal) -> Proposal:
    """Reload ``proposal`` and check that it waits. Concurrent decisions wait in ``audit.record_changes()``."""
    proposal = Proposal.objects.select_related("request__parliament", "chamber").get(pk=proposal.pk)
    if proposal.state != Proposal.State.WAITING:
        raise ConfirmationError(
            _("This proposal was decided meanwhile: %(state)s.") % {"state": proposal.get_state_display()}
        )
    return proposal


def _apply(proposal: Proposal, state: str, values: dict, shown: str | None) -> str:
    if row := proposal.row:
        row.refresh_from_db()
    elif proposal.kind in (Kind.ENDED, Kind.ROLE, Kind.NAME):
        raise ConfirmationError(
            _("The row that was to be corrected no longer exists. Refuse the proposal, with this reason.")
        )
    if shown is not None and shown != digest(proposal):
        raise RosterChangedError(_("The record was changed meanwhile. Look at it again."))
    if state == Proposal.State.ACCEPTED and outdated(proposal):
        raise ConfirmationError(
            _("The record is no longer what the parliament saw. Accept the proposal with changes, or refuse it.")
        )
    return _APPLY[proposal.kind](proposal, values)


def _end(proposal: Proposal, values: dict) -> str:
    row, source = proposal.row, source_of(proposal.request)
    if not values["day"] and not values["ended"]:
        raise ConfirmationError(_("Give the first day no longer in office, or tick “ended, date not known”."))
    row.ends, row.ended = values["day"], values["ended"]
    _put(row, source)
    return _("ended: %(row)s") % {"row": row}


def _change_role(proposal: Proposal, values: dict) -> str:
    """End the row and add another with the new role from the same day.

    A row that began on that day is corrected instead, because its role never held.
    """
    row, source, day = proposal.row, source_of(proposal.request), values["day"]
    if not day:
        raise ConfirmationError(_("Give the first day in the new role."))
    if row.starts == day:
        row.role = values["role"]
        _put(row, source)
        return _("corrected: %(row)s, %(role)s") % {"row": row, "role": row.get_role_display()}
    copied = ("political_group", "constituency")
    successor = Delegate(
        person=row.person,
        chamber=row.chamber,
        role=values["role"],
        ended=row.ended,
        **{column: getattr(row, column) for name in copied for column in translated_columns(name)},
    )
    successor.starts, successor.ends = day, row.ends
    row.ends, row.ended = day, False
    _put(row, source)
    _put(successor, source)
    return _("ended, and begun in another role: %(row)s, %(role)s") % {
        "row": row,
        "role": successor.get_role_display(),
    }


def _correct_name(proposal: Proposal, values: dict) -> str:
    person, language = proposal.row.person, proposal.request.language
    column = to_attribute("name", language)
    former = getattr(person, column)
    setattr(person, column, values["name"])
    for part in PARTS:
        setattr(person, to_attribute(part, language), values[part])
        if values[part] and values[part] in former and values[part] not in values["name"]:
            raise ConfirmationError(
                _("“%(part)s” is recorded as a part of the name: correct it, too, and accept with changes.")
                % {"part": values[part]}
            )
    person.full_clean()
    person.save()
    return _("name corrected: %(before)s, now %(after)s") % {"before": former or "–", "after": values["name"]}


def _add(proposal: Proposal, values: dict) -> str:
    source, person = source_of(proposal.request), values["person"]
    if person is None:
        person = Person(**{to_attribute("name", proposal.request.language): values["name"]})
        person.full_clean()
        person.save()
    chamber: Chamber | None = values["chamber"]
    row: Period = (
        Delegate(person=person, chamber=chamber, role=values["role"])
        if chamber
        else Representative(person=person, parliament=proposal.request.parliament)
    )
    row.starts = values["day"]
    _put(row, source)
    return _("added: %(row)s") % {"row": row}


def _nothing(proposal: Proposal, values: dict) -> str:
    return ""


_APPLY = {
    Kind.ENDED: _end,
    Kind.ROLE: _change_role,
    Kind.NAME: _correct_name,
    Kind.MISSING: _add,
    Kind.OTHER: _nothing,
}


def _put(row: Period, source: Source) -> None:
    """Save a dated row and add ``source`` to its sources."""
    row.full_clean()
    row.save()
    row.sources.add(source)


def proposed(proposal: Proposal) -> dict:
    """Return the proposed values as ``decide()`` takes them; the user chooses ``person``."""
    language = proposal.request.language
    person = proposal.row.person if proposal.row else None
    return {
        "day": PartialDate.of(proposal.day),
        "ended": False,
        "role": proposal.role,
        "name": proposal.name,
        "chamber": proposal.chamber,
        "person": None,
        **{part: getattr(person, to_attribute(part, language)) if person else "" for part in PARTS},
    }
