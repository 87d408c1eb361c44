"""Finding the row on record that a record means."""

import uuid
from collections import defaultdict
from typing import cast

from django.db.models import Model
from django.utils.translation import gettext as _

from cspa.i18n import translated_columns

from ..models import Body, Chamber, Parliament, PersonName, Source
from .matching import PersonMatcher
from .on_record import RowsOnRecord
from .records import REFERENCES, Kind, Record, RowError

# Methods of RowFinder for the kinds whose rows are not found by their public ids alone.
_FINDERS = {
    Kind.SOURCES: "_source",
    Kind.PARLIAMENTS: "_parliament",
    Kind.CHAMBERS: "_chamber",
    Kind.BODIES: "_body",
    Kind.OTHER_NAMES: "_other_name",
    Kind.CONFIRMATIONS: "_only_of_day",
    Kind.OBSERVATIONS: "_only_of_day",
}


class RowFinder:
    """Finds rows for records of all kinds but mandates, and for the references of records.

    ``by_record_key`` holds the rows of the file that are compared already, new ones too.
    """

    def __init__(self, on_record: RowsOnRecord, people: PersonMatcher):
        self.on_record = on_record
        self.by_record_key: dict[Kind, dict[str, Model]] = defaultdict(dict)
        self._people = people

    def find(self, record: Record) -> Model | None:
        """Return the row that ``record`` means, None for a new one. Raises RowError if the two conflict."""
        if record.kind == Kind.PEOPLE:
            return self._people.find(record)
        find = getattr(self, _FINDERS.get(record.kind, "by_uid"))
        return cast("Model | None", find(record))

    def by_uid(self, record: Record) -> Model | None:
        return self.on_record.rows(record.kind).get(parse_uid(record.id))

    def resolve_reference(self, column: str, key: str | None) -> Model | None:
        """Return the row that ``column`` refers to: one of the file, else a parliament or chamber on record."""
        if key is None:
            return None
        kind = REFERENCES[column]
        row = self.by_record_key[kind].get(key)
        if row is None and kind == Kind.PARLIAMENTS:
            row = self.on_record.parliaments.get(key)
        elif row is None and kind == Kind.CHAMBERS:
            row = self.on_record.chambers.get(key)
        if row is None:
            raise RowError(
                _("“%(name)s” refers to what is neither in the file nor on record: %(text)s")
                % {"name": column, "text": key[:80]}
            )
        return row

    def _source(self, record: Record) -> Source | None:
        if record.id:
            return self.by_uid(record)
        title = record.text("title")
        for row in self.on_record.sources_by_address.get(record.values["url"] or title, ()):
            same_title = not title or title in {getattr(row, column) for column in translated_columns("title")}
            if same_title and record.values.get("date") in (None, row.date):
                return row
        return None

    def _parliament(self, record: Record) -> Parliament | None:
        slug = record.values["slug"]
        if row := self.on_record.parliaments.get(slug):
            return row
        if row := self.on_record.former_slugs.get(slug):
            # The slug has changed since the file was written: the present one stays.
            del record.values["slug"]
            return row
        country = record.values["country"]
        parliaments = self.on_record.parliaments.values()
        if country and (other := next((row for row in parliaments if row.country.code == country), None)):
            raise RowError(_("The country is on record under another address: %(slug)s") % {"slug": other.slug})
        return None

    def _chamber(self, record: Record) -> Chamber | None:
        row = self.on_record.chambers.get(record.values.get("slug", record.key))
        if row and record.values.get("parliament") is not None:
            parliament = self.resolve_reference("parliament", record.values["parliament"])
            if row.parliament_id != parliament.pk:
                raise RowError(
                    _("The chamber belongs to another parliament: %(slug)s") % {"slug": row.parliament.slug}
                )
        return row

    def _body(self, record: Record) -> Body | None:
        bodies = self.on_record.rows(Kind.BODIES)
        if row := bodies.get(parse_uid(record.id)) if record.id else None:
            # The slug may have changed since the file was written: the present one stays.
            record.values.pop("slug", None)
            return row
        return next((row for row in bodies.values() if row.slug == record.values["slug"]), None)

    def _other_name(self, record: Record) -> PersonName | None:
        if record.id:
            return self.by_uid(record)
        person = self.resolve_reference("person", record.values["person"])
        stated = {column: text for column, text in record.values.items() if column in translated_columns("name")}
        for row in self.on_record.other_names.get(person.pk, ()):
            if all(getattr(row, column) == text for column, text in stated.items()):
                return row
        return None

    def _only_of_day(self, record: Record) -> Model | None:
        """Return the row with the record's id. Raises RowError if another row has its parliament and day."""
        row = self.by_uid(record)
        parliament = self.resolve_reference("parliament", record.values["parliament"])
        rows = [*self.on_record.rows(record.kind).values(), *self.by_record_key[record.kind].values()]
        others = (other for other in rows if other is not row)
        if any(other.parliament is parliament and other.date == record.values["date"] for other in others):
            if record.kind == Kind.CONFIRMATIONS:
                raise RowError(_("This parliament's roster is already confirmed for this day."))
            raise RowError(_("Another page seen on this day speaks of this parliament."))
        return row


def parse_uid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise RowError(_("“%(text)s” is no public id (UUID).") % {"text": text[:40]}) from error
