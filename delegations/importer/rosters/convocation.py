"""A new convocation: the mandates of a chamber end on its first day, and new ones begin."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from translated_fields import to_attribute

from ...dates import PartialDate
from ...exports.popolo_records import column_texts
from ...models import Chamber, Delegate, Period, SeatQuota
from ..records import Batch, Kind, Record
from .name_list import Document, Mandates, NameMatch, add_people, add_person, person_key

# People named in one message.
NAMED = 5


@dataclass
class Convocation:
    """A convocation of ``chamber`` from ``day``. ``stays`` maps public ids of old mandates to new roles."""

    chamber: Chamber
    day: date
    stays: dict[str, str] = field(default_factory=dict)
    listed: list[NameMatch] = field(default_factory=list)
    seats: int | None = None
    document: Document = field(default_factory=Document)
    language: str = ""

    def batch(self) -> Batch:
        """Return the records that end the old convocation and begin the new one."""
        self.records = Batch(is_own_export=True)
        self.sources = self.document.cite(self.records)
        self.starts = PartialDate(self.day)
        mandates = Mandates(self.records, self.chamber, self.starts, self.sources)
        self.refuse_later_mandates()
        new = add_people(self.records, self.listed, self.language)
        rows = outgoing_mandates(self.chamber, self.day)
        known = {entry.person.pk for entry, _key in new if entry.person}
        for row in rows:
            if row.person_id not in known:
                known.add(row.person_id)
                add_person(self.records, row.person, str(row.person.public_name))
            self.end(row)
        for row in rows:
            if role := self.stays.get(str(row.uid)):
                copied = column_texts(row, "political_group", "constituency")
                mandates.begin(str(row.person.public_name), person_key(row.person), row.person, role, **copied)
        for entry, key in new:
            mandates.begin(entry.name.location, key, entry.person, Delegate.Role.DELEGATE)
        if self.seats:
            self.change_quota(self.seats)
        return self.records

    def refuse_later_mandates(self) -> None:
        """Add a problem if mandates begin after the day: the directory knows a later convocation."""
        rows = Delegate.objects.filter(chamber=self.chamber, start__gte=self.day)
        rows = list(rows.select_related("person").order_by("start", "pk"))
        later = [row for row in rows if row.start > self.day]
        if later:
            people = [f"{row.person.public_name} ({row.starts.written})" for row in later[:NAMED]]
            people += ["…"] if len(later) > NAMED else []
            message = _(
                "Mandates of this chamber begin after the first day: %(people)s. "
                "Correct the day, or change these mandates first."
            )
            self.records.problem(Kind.DELEGATES, "", message % {"people": ", ".join(people)})
        for row in rows:
            if row.start == self.day:
                self.warn(row, _("This mandate begins on the day already and stays as it is."))

    def warn(self, row: Period, message: str) -> None:
        kind = Kind.QUOTAS if isinstance(row, SeatQuota) else Kind.DELEGATES
        location = row.person.public_name if isinstance(row, Delegate) else row
        self.records.warn(kind, str(location), message)

    def end(self, row: Delegate) -> None:
        values = {"person": person_key(row.person), "chamber": self.chamber.slug}
        self.record(Kind.DELEGATES, row, values)
        if row.starts and not row.starts.exact and row.starts.after > self.day:
            self.warn(
                row,
                _("It began some time in %(start)s: perhaps on this day, as part of the new convocation.")
                % {"start": row.starts.words},
            )

    def record(self, kind: Kind, row: Delegate | SeatQuota, values: dict) -> None:
        """Add a record of ``row``, which ends it if it would hold on the day."""
        sources = None
        if row.counts_until is None or row.counts_until > self.day:
            values |= {"ends": self.starts, "ended": False}
            if row.end and row.ends.first > self.day:
                self.warn(row, _("On record it ends later: %(end)s.") % {"end": row.ends.words})
            if self.sources:
                sources = [*(self.records.cite(str(source.uid)) for source in row.sources.all()), *self.sources]
                sources = list(dict.fromkeys(sources))
        self.records.add(Record(kind, str(getattr(row, "person", row)), str(row.uid), values, str(row.uid), sources))

    def change_quota(self, seats: int) -> None:
        quotas = SeatQuota.objects.filter(chamber=self.chamber).prefetch_related("sources")
        row = quotas.on(self.day).first()
        if row and row.seats == seats:
            self.warn(row, _("The quota on record is the same and stays."))
            return
        if before := quotas.on(self.day - timedelta(days=1)).first():
            self.record(Kind.QUOTAS, before, {"chamber": self.chamber.slug})
        uid = str(uuid.uuid4())
        values = {"chamber": self.chamber.slug, "seats": seats, "starts": self.starts}
        self.records.add(Record(Kind.QUOTAS, str(self.chamber), uid, values, uid, self.sources))


def outgoing_mandates(chamber: Chamber, day: date) -> list[Delegate]:
    """Return the mandates of ``chamber`` on the day before ``day``, sorted by role and name."""
    rows = Delegate.objects.filter(chamber=chamber).on(day - timedelta(days=1))
    rows = rows.select_related("person", "chamber__parliament").prefetch_related("sources")
    order = Delegate.Role.values
    key = to_attribute("sort_key", get_language())
    return sorted(rows, key=lambda row: (order.index(row.role), getattr(row.person, key), row.person.public_id))
