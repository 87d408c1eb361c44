"""Who is who: the people of a file among those on record."""

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cspa.i18n import columns

from .. import names
from ..models import Delegate, FormerPublicId, FormerSlug, Identifier, Parliament, Person, Representative
from .readers.own_export import public_id
from .readers.popolo import WIKIDATA
from .records import Batch, Record, RowError, describe_location, single_line

if TYPE_CHECKING:
    from .diff import Change

_NUMBER = re.compile("[1-9][0-9]{0,9}")


class PeopleOnRecord:
    """The part of a difference that knows people."""

    batch: Batch
    parliaments: dict[str, Parliament]

    def connect_person(self, change: "Change", record: Record) -> None:
        person = change.row
        if person.withdrawn:
            return
        identifiers = list(record.identifiers)
        if record.id and not self.batch.is_own_export:
            identifiers.insert(0, (self.batch.scheme, record.id))
        for identifier in dict.fromkeys(identifiers):
            owner = self.identifiers.setdefault(identifier, person)
            if owner is not person:
                self.warn(
                    record,
                    _("The identifier is another person's and was not kept: %(identifier)s")
                    % {"identifier": ": ".join(identifier)},
                )
            elif identifier not in self.identifiers_on_record:
                change.identifiers.append(identifier)
        for number in record.former:
            owner = self.people.get(number) or self.former_ids.setdefault(number, person)
            if owner is not person:
                self.warn(record, _("The former id %(id)d is another person's.") % {"id": number})
            elif number not in self.former_ids_on_record:
                change.former.append(number)

    def find_people(self, record: Record) -> Person | None:
        if record.new:
            return None
        person = self.own_export_person(record) if self.batch.is_own_export else self.foreign_person(record)
        if person is None:
            if not any(record.values.get(column) for column in columns("name")) and not record.values.get("withdrawn"):
                raise RowError(_("There is no name."))
            return None
        self.taken.add(person)
        if person.withdrawn and not record.values.get("withdrawn"):
            self.warn(record, _("This person is withdrawn here; nothing was changed."))
            record.values.clear()
        return person

    def own_export_person(self, record: Record) -> Person | None:
        if not record.id:
            return self.person_by_name(record)
        number = public_id(record.id)
        if number not in self.people and number in self.former_ids_on_record:
            self.warn(record, _("This person has been merged into another; the names were not changed."))
            record.values.clear()
            return self.former_ids_on_record[number]
        return self.people.get(number)

    def foreign_person(self, record: Record) -> Person | None:
        """By the file's own id, else by Wikidata's, else by the name."""
        if not record.id:
            return self.person_by_name(record)
        if len(record.id) > 200:
            raise RowError(_("The id of the person is longer than 200 letters."))
        for scheme in self.schemes:
            if person := self.identifiers_on_record.get((scheme, record.id)):
                return person
        for identifier in record.identifiers:
            person = self.identifiers_on_record.get(identifier)
            if identifier[0] == WIKIDATA and person and person not in self.taken and not self.has_id_of_file(person):
                return person
        person = self.people.get(int(record.id)) if _NUMBER.fullmatch(record.id) else None
        if person and person in self.namesakes(record):  # a table of ours, edited
            return person
        return self.person_by_name(record)

    def person_by_name(self, record: Record) -> Person | None:
        """Return the only person on record with this name. Raises RowError if there are several."""
        likely = [person for person in self.namesakes(record) if not (record.id and self.has_id_of_file(person))]
        if self.scope is not None:
            likely = [person for person in likely if self.parliaments_of[person.pk] <= {self.scope}]
        if len(likely) > 1:
            raise RowError(
                _("The person could be any of these: %(people)s")
                % {"people": ", ".join(f"{person.public_id} {person.name}" for person in likely)}
            )
        return likely[0] if likely else None

    def namesakes(self, record: Record) -> list[Person]:
        """The people on record who bear exactly a name of the record."""
        found = {}
        for column in columns("name"):
            for person in self.by_name.get(_plain(record.values.get(column, "")), ()):
                if person not in self.taken:
                    found[person.public_id] = person
        return list(found.values())

    def has_id_of_file(self, person: Person) -> bool:
        return person.pk in self.with_id_of_file

    @cached_property
    def taken(self) -> set[Person]:
        """The people on record whom the file is known to mean."""
        records = self.batch.records["people"]
        return {
            person
            for record in records
            if record.id
            for scheme in self.schemes
            if (person := self.identifiers_on_record.get((scheme, record.id)))
        }

    @cached_property
    def scope(self) -> int | None:
        """The key of the parliament that the file is about, where it is on record; 0 for a new one."""
        if not self.batch.scope:
            return None
        parliament = self.parliaments.get(self.batch.scope)
        return (parliament.pk or 0) if parliament else 0

    @cached_property
    def schemes(self) -> list[str]:
        """The scheme of the file's ids, also under former addresses of the parliament."""
        former = FormerSlug.objects.filter(parliament__slug=self.batch.scope).values_list("slug", flat=True)
        return [self.batch.scheme, *(f"import:{slug}" for slug in former)] if self.batch.scheme else []

    @cached_property
    def people(self) -> dict[int, Person]:
        """Everybody on record, by public id."""
        rows = Person.objects.defer(*columns("sort_key"), "name_words")
        return {person.public_id: person for person in rows.iterator()}

    @cached_property
    def people_by_key(self) -> dict[int, Person]:
        return {person.pk: person for person in self.people.values()}

    @cached_property
    def by_name(self) -> dict[str, list[Person]]:
        found = defaultdict(list)
        for person in self.people.values():
            for name in {_plain(getattr(person, column)) for column in columns("name")} - {""}:
                if not person.withdrawn:
                    found[name].append(person)
        return found

    @cached_property
    def former_ids_on_record(self) -> dict[int, Person]:
        rows = FormerPublicId.objects.values_list("public_id", "person_id")
        return {number: self.people_by_key[person] for number, person in rows}

    @cached_property
    def former_ids(self) -> dict[int, Person]:
        """Those on record and in the file."""
        return dict(self.former_ids_on_record)

    @cached_property
    def identifiers_on_record(self) -> dict[tuple[str, str], Person]:
        rows = Identifier.objects.values_list("scheme", "identifier", "person_id")
        return {(scheme, identifier): self.people_by_key[person] for scheme, identifier, person in rows.iterator()}

    @cached_property
    def identifiers(self) -> dict[tuple[str, str], Person]:
        """Those on record and in the file."""
        return dict(self.identifiers_on_record)

    @cached_property
    def with_id_of_file(self) -> frozenset[int]:
        return frozenset(Identifier.objects.filter(scheme__in=self.schemes).values_list("person_id", flat=True))

    @cached_property
    def parliaments_of(self) -> dict[int, set[int]]:
        """The parliaments that each person has a fact of."""
        found = defaultdict(set)
        for rows in (
            Delegate.objects.values_list("person_id", "chamber__parliament_id"),
            Representative.objects.values_list("person_id", "parliament_id"),
        ):
            for person, parliament in rows.distinct():
                found[person].add(parliament)
        return found

    def warn_look_alikes(self, records: list[Record]) -> None:
        """Two ids are two people; where they look alike, somebody should look."""
        seen: dict[str, Record] = {}
        for record in records:
            for key in {_folded(record.values.get(column, "")) for column in columns("name")} - {""}:
                earlier = seen.setdefault(key, record)
                if earlier is not record:
                    self.warn(
                        record,
                        _("%(name)s looks like the person of %(place)s.")
                        % {"name": _name(record), "place": describe_location(earlier.location)},
                    )
                    break

    @cached_property
    def look_alikes(self) -> dict[str, list[Person]]:
        """The people on record by their names in folded form."""
        found = defaultdict(list)
        for person in self.people.values():
            if not person.withdrawn:
                for key in {_folded(getattr(person, column)) for column in columns("name")} - {""}:
                    found[key].append(person)
        return found

    def warn_like_on_record(self, record: Record) -> None:
        for key in {_folded(record.values.get(column, "")) for column in columns("name")} - {""}:
            if alike := self.look_alikes.get(key):
                self.warn(
                    record,
                    _("%(name)s is new, and looks like %(people)s.")
                    % {
                        "name": _name(record),
                        "people": ", ".join(f"{person.public_id} {person.name}" for person in alike[:5]),
                    },
                )
                return


def _name(record: Record) -> str:
    return next((text for column in columns("name") if (text := record.values.get(column))), record.id)


def _plain(name: str) -> str:
    return single_line(name).casefold()


def _folded(name: str) -> str:
    return " ".join(sorted(names.fold(name).split())) if name else ""
