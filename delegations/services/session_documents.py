"""Documents of a session: rosters, attendance sheets, seats and quorum, and names for badges, as recorded for a day.

They name withdrawn people as well, because these take part in the session, sign and wear a badge.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from math import ceil

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext, override, pgettext
from django.utils.translation import gettext_lazy as _

from cspa.charts import hemicycle, seat_outline
from cspa.exports.documents import Column, Drawing, LanguageSection, PrintDocument, PrintPage, Table
from cspa.i18n import language_codes, translated_columns
from cspa.templatetags.site import period

from ..dates import FOUNDED, Day
from ..models import (
    AssemblyPost,
    ChamberSeats,
    Delegate,
    Delegation,
    Person,
    StatusGroup,
    Totals,
    delegations_on,
    names_on,
    totals_of,
)
from ..models.parliaments import ParliamentQuerySet

BADGE_COLUMNS = [*translated_columns("name"), *translated_columns("delegation"), *translated_columns("role")]


class Paper(models.TextChoices):
    LEADERSHIP = "leadership", _("leadership of the Assembly")
    ROSTER = "roster", _("rosters of the delegations")
    ATTENDANCE = "attendance", _("attendance sheets")
    QUORUM = "quorum", _("seats and quorum")


def delegations_of(day: Day, parliaments: ParliamentQuerySet | None) -> Totals:
    """Return the delegations of ``parliaments`` (None: all) on ``day``; none before the founding of the Assembly."""
    return totals_of([] if day.before_founding else delegations_on(day, parliaments))


def quorum(seats: int | None, share: Fraction) -> int | None:
    """Return the smallest number that is at least ``share`` of ``seats``; None where ``seats`` is not known."""
    return None if seats is None else ceil(seats * share)


def pack(
    day: Day,
    parliaments: ParliamentQuerySet | None,
    languages: Iterable[str],
    papers: Iterable[str],
    recorded: datetime,
) -> PrintDocument:
    """Return ``papers`` for ``day`` in each of ``languages``; ``recorded`` is the time of the request.

    ``parliaments`` are those assigned to the user; None for a user who may see all delegations.
    """
    sections, titles = [], []
    for language in languages:
        with override(language):
            sections.append(_section(day, parliaments, list(papers), recorded))
            titles.append(gettext("Papers of the session, %(day)s") % {"day": date_format(day)})
    return PrintDocument(" / ".join(titles), sections[0].head, sections)


def _section(
    day: Day, parliaments: ParliamentQuerySet | None, papers: list[str], recorded: datetime
) -> LanguageSection:
    totals = delegations_of(day, parliaments)
    moment = timezone.localtime(recorded)
    return LanguageSection(
        language=get_language(),
        head=gettext("CSTO Parliamentary Assembly"),
        day=date_format(day),
        foot=gettext("as recorded on %(time)s") % {"time": f"{date_format(moment, 'DATETIME_FORMAT')} {moment:%Z}"},
        notices=list(_notices(day, assigned=parliaments is not None)),
        pages=list(_pages(day, totals, papers, assigned=parliaments is not None)),
    )


def _notices(day: Day, assigned: bool) -> Iterator[str]:
    """Yield notes about the day and about delegations that are left out."""
    if day.before_founding:
        notice = gettext(
            "You asked for %(day)s. The Assembly was founded on %(founded)s; nothing is on record before."
        )
        yield notice % {"day": date_format(day), "founded": date_format(FOUNDED)}
    elif day.is_future:
        yield gettext("%(day)s is a day to come; these papers say what is recorded today.") % {"day": date_format(day)}
    if assigned:
        yield gettext("These papers hold only the delegations that are assigned to the account that made them.")


def _pages(day: Day, totals: Totals, papers: list[str], assigned: bool) -> Iterator[PrintPage]:
    # The papers name withdrawn people, whom an account with assigned delegations may see in these alone.
    if Paper.LEADERSHIP in papers and not assigned and not day.before_founding:
        yield _leadership(day)
    if not totals.delegations:
        yield PrintPage(gettext("Papers of a session"), lead=gettext("No delegation is on record for this day."))
        return
    if Paper.ROSTER in papers:
        yield from map(_roster, totals.delegations)
    if Paper.ATTENDANCE in papers:
        yield from map(_attendance, totals.delegations)
    if Paper.QUORUM in papers:
        yield _quorum(totals)


# Leadership


def _leadership(day: Day) -> PrintPage:
    """Return who holds the offices of the Assembly and leads its bodies."""
    posts = AssemblyPost.objects.on(day).leading().in_protocol_order()
    posts = posts.select_related("person", "body", "parliament")
    posts = posts.prefetch_related("sources", *names_on(day, "person__"))
    return PrintPage(
        title=gettext("Leadership of the Assembly"),
        tables=[
            Table(
                columns=[_name(), Column(capfirst(gettext("post in the Assembly"))), Column(gettext("Period"))],
                rows=[[post.person.staff_name, capfirst(post.title), period(post)] for post in posts],
                empty=gettext("Nobody is on record for this day."),
            )
        ],
    )


# Roster


def _roster(delegation: Delegation) -> PrintPage:
    """Return the seats and names of each chamber, and the representative."""
    return PrintPage(
        title=gettext("Roster of the delegation"),
        about=delegation.parliament.name,
        lead=f"{capfirst(gettext('status:'))} {delegation.status_label}",
        tables=[_figures(delegation), *map(_people, delegation.chambers), _representatives(delegation)],
        notes=list(_figures_notes(delegation)),
    )


def _figures(delegation: Delegation) -> Table:
    without_name = gettext("Vacant") if delegation.confirmation else gettext("Not named")
    return Table(
        columns=[
            Column(gettext("Chamber"), "name"),
            *(Column(title, "number") for title in (gettext("Seats"), gettext("Named"), without_name)),
        ],
        rows=[
            [part.chamber.name, part.seats_in_words, _published(part.names), _published(part.unnamed)]
            for part in delegation.chambers
        ],
        total=[gettext("Delegation"), *map(_published, (delegation.seats, delegation.names, delegation.unnamed))]
        if len(delegation.chambers) > 1
        else [],
        empty=gettext("No chamber is on record."),
    )


def _people(part: ChamberSeats) -> Table:
    return Table(
        columns=[_number(), _name(), Column(gettext("Role"))],
        rows=[
            [place, delegate.person.staff_name, capfirst(delegate.get_role_display())]
            for place, delegate in enumerate(part.delegates, 1)
        ],
        caption=part.chamber.name,
        empty=gettext("The names of the delegates are not published."),
    )


def _representatives(delegation: Delegation) -> Table:
    return Table(
        columns=[_name(), Column(capfirst(gettext("post in the Assembly")))],
        rows=[
            [row.person.staff_name, "; ".join(capfirst(post.title) for post in row.current_posts) or "–"]
            for row in delegation.representatives
        ],
        caption=gettext("Plenipotentiary representative"),
        empty=capfirst(gettext("not published")),
    )


def _figures_notes(delegation: Delegation) -> Iterator[str]:
    """Yield notes that explain status and figures, worded as on the page of the delegation."""
    if delegation.participation and delegation.participation.note:
        yield delegation.participation.note
    if delegation.missing:
        yield _missing([delegation])
    if delegation.confirmation:
        yield gettext("Roster confirmed as complete on %(day)s by %(who)s.") % {
            "day": date_format(delegation.confirmation.date),
            "who": delegation.confirmation.confirmed_by,
        }
    if delegation.over:
        yield ngettext(
            "%(counter)s person is named beyond the number of seats.",
            "%(counter)s people are named beyond the number of seats.",
            delegation.over,
        ) % {"counter": delegation.over}
    if delegation.substitutes:
        yield ngettext(
            "%(counter)s substitute, who fills no seat.",
            "%(counter)s substitutes, who fill no seat.",
            delegation.substitutes,
        ) % {"counter": delegation.substitutes}


# Attendance sheet


def _attendance(delegation: Delegation) -> PrintPage:
    """Return the list to sign: the delegates who fill a seat, and the substitutes in a table of their own."""
    tables = [_signatures([row for row in delegation.delegates if row.fills_seat])]
    if substitutes := [row for row in delegation.delegates if not row.fills_seat]:
        tables.append(_signatures(substitutes, caption=gettext("Substitutes")))
    return PrintPage(
        title=gettext("Attendance sheet"),
        about=delegation.parliament.name,
        tables=tables,
        notes=list(_seats_without_name(delegation)),
    )


def _signatures(delegates: list[Delegate], caption: str = "") -> Table:
    return Table(
        columns=[
            _number(),
            _name(),
            Column(gettext("Chamber")),
            Column(gettext("Role")),
            Column(gettext("Signature"), "box"),
        ],
        rows=[
            [place, row.person.staff_name, row.chamber.name, capfirst(row.get_role_display()), ""]
            for place, row in enumerate(delegates, 1)
        ],
        caption=caption,
        empty=gettext("The names of the delegates are not published."),
    )


def _seats_without_name(delegation: Delegation) -> Iterator[str]:
    if delegation.unnamed:
        yield gettext("Seats without a published name: %(number)s.") % {"number": delegation.unnamed}
    if delegation.missing:
        yield _missing([delegation])


# Seats and quorum


def _quorum(totals: Totals) -> PrintPage:
    """Return the seats and the quorum of each parliament that counts, and the seats of the others."""
    share = settings.QUORUM
    counted = totals.counted
    quorums = [quorum(_known_seats(delegation), share) for delegation in counted.delegations] if counted else []
    whole = None if None in quorums else quorum(totals.seats, share)
    tables = [_seats_of(group) for group in totals.others]
    if counted:
        tables.insert(0, _seats_and_quorum(counted, quorums, whole))
    return PrintPage(
        title=gettext("Seats and quorum"),
        tables=tables,
        drawing=_diagram(totals.seat_groups) if totals.seat_groups else None,
        notes=list(_quorum_notes(totals, share, quorums, whole)),
    )


def _diagram(groups: list[tuple[str, int, int]]) -> Drawing:
    """Return the seat diagram of the parliaments that count, worded as on the public pages."""
    chart = hemicycle(groups)
    unknown = gettext("kind of chamber not recorded")
    labels = {kind: capfirst(str(getattr(kind, "label", unknown))) for kind in chart.kinds}
    parts = [
        f"{labels[kind]}: "
        + gettext("seats %(seats)s, with a published name %(named)s") % {"seats": seats, "named": named}
        for kind, (named, seats) in chart.kinds.items()
    ]
    return Drawing(
        width=chart.width,
        height=chart.height,
        outlines=[(filled, outline) for _kind, filled, outline in chart.outlines],
        words=f"{gettext('Seats of the delegations shown')}. {'; '.join(parts)}.",
        legend=[(seat_outline(kind, 12, 12), label) for kind, label in labels.items()],
        note=gettext("Filled: a seat with a published name. Empty: a seat without."),
    )


def _seats_and_quorum(group: StatusGroup, quorums: list[int | None], whole: int | None) -> Table:
    seats = _seats_of(group)
    return replace(
        seats,
        columns=[*seats.columns, Column(gettext("Quorum"), "number")],
        rows=[[*row, _known(number)] for row, number in zip(seats.rows, quorums, strict=True)],
        total=["", gettext("Total"), _published(group.seats), _published(group.names), _known(whole)],
    )


def _seats_of(group: StatusGroup) -> Table:
    return Table(
        columns=[
            _number(),
            Column(gettext("Parliament"), "name"),
            *(Column(title, "number") for title in (gettext("Seats"), gettext("Named"))),
        ],
        rows=[
            [place, delegation.parliament.name, _published(delegation.seats), _published(delegation.names)]
            for place, delegation in enumerate(group.delegations, 1)
        ],
        caption=group.label,
    )


def _known_seats(delegation: Delegation) -> int | None:
    """Return the number of seats; None where the quota of a chamber is not published."""
    return None if delegation.missing else delegation.seats


def _quorum_notes(totals: Totals, share: Fraction, quorums: list[int | None], whole: int | None) -> Iterator[str]:
    yield gettext(
        "Quorum: at least %(share)s of the seats of the published quotas, rounded up. The share is a setting of this "
        "site (QUORUM), not taken from the rules of procedure; compare it with the rules in force."
    ) % {"share": f"{share.numerator}/{share.denominator}"}
    yield totals.note
    known = [number for number in quorums if number is not None]
    if whole is not None and sum(known) != whole:
        yield gettext(
            "The quorum of each parliament is rounded up by itself, the total once, from all seats: the column adds "
            "up to %(sum)d, and the quorum of the total is %(whole)d."
        ) % {"sum": sum(known), "whole": whole}
    if any(delegation.missing for delegation in totals.delegations):
        yield _missing(totals.delegations)
    if len(known) < len(quorums):
        yield gettext("Where the quota of a chamber is not published, the quorum is not known.")


def _missing(delegations: list[Delegation]) -> str:
    names = [
        f"{chamber.name} ({delegation.parliament.label})" if len(delegations) > 1 else chamber.name
        for delegation in delegations
        for chamber in delegation.missing
    ]
    return f"{gettext('Not counted, because the number of seats is not published:')} {'; '.join(names)}"


# Badges


def badge_rows(delegations: list[Delegation]) -> Iterator[list[str]]:
    """Yield one row a person of a delegation, as BADGE_COLUMNS. A person with two functions there has one badge."""
    for delegation in delegations:
        held: dict[Person, list] = {}
        for row in [*delegation.delegates, *delegation.representatives]:
            held.setdefault(row.person, []).append(row)
        for person, rows in held.items():
            yield [
                *(getattr(person.called, column) for column in translated_columns("name")),
                *_in_languages(lambda delegation=delegation: delegation.parliament.label),
                *_in_languages(lambda rows=rows: "; ".join(map(_role, rows))),
            ]


def _in_languages(text: Callable[[], str]) -> Iterator[str]:
    for code in language_codes():
        with override(code):
            yield str(text())


def _role(row) -> str:
    return row.get_role_display() if isinstance(row, Delegate) else gettext("plenipotentiary representative")


# Cells


def _number() -> Column:
    return Column(pgettext("number in a list", "No."), "number")


def _name() -> Column:
    return Column(pgettext("name of a person", "Name"), "name")


def _published(number: int | None) -> str | int:
    return gettext("not published") if number is None else number


def _known(number: int | None) -> str | int:
    return gettext("not known") if number is None else number
