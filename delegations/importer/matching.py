"""Matching the people of a file with those on record."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import chain

from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import language_codes, single_line, translated_columns

from .. import names
from ..models import Delegate, FormerPublicId, FormerSlug, Identifier, Person, Representative
from ..models.people import NAME_PARTS
from .on_record import RowsOnRecord
from .options import NEW, OF_FILE
from .readers.own_export import public_id
from .readers.popolo import WIKIDATA
from .records import Batch, Kind, Record, RowError, describe_location
from .row_diff import RowDiff

_NUMBER = re.compile("[1-9][0-9]{0,9}")


class WhoIsItError(RowError):
    """A record may mean somebody on record or in the file: only the user knows.

    ``people`` are labels by public ids.
    """

    def __init__(self, record: Record, people: dict[int, str], earlier: Record | None = None):
        self.record = record
        self.people = people
        self.earlier = earlier
        choices = [f"{number} {label}" for number, label in people.items()]
        choices += [describe_location(earlier.location)] if earlier else []
        super().__init__(
            _("%(name)s could be one of these, or a new person. Say who it is: %(people)s")
            % {"name": record.text("name") or record.id, "people": ", ".join(choices)}
        )

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The answers with their labels."""
        found = [(str(number), f"{label} – {number}") for number, label in self.people.items()]
        if self.earlier:
            label = _("the person of %(place)s") % {"place": describe_location(self.earlier.location)}
            found.append((f"{OF_FILE}{self.earlier.answer_key}", label))
        return [*found, (NEW, _("a new person"))]


class PersonMatcher:
    """Finds the person that a record means: by id, by identifier, by name if there is no doubt, else by the answer."""

    def __init__(
        self,
        batch: Batch,
        on_record: RowsOnRecord,
        warn: Callable[[Record, str], None],
        answers: Mapping[str, str],
    ):
        self.batch = batch
        self.on_record = on_record
        self.warn = warn
        self.answers = {**batch.answers, **answers}
        # The people of the file by the keys of the answers, as far as they are compared.
        self.by_answer_key: dict[str, Person] = {}
        # Records without an id that have the folded name of an earlier one.
        self.like_earlier: dict[str, Record] = {}

    def find(self, record: Record) -> Person | None:
        """Return the person that ``record`` means, None for a new one. Raises RowError if several are possible."""
        if record.new:
            return None
        answer = self.answers.get(record.answer_key)
        if answer:
            person = self._answered(record, answer)
        else:
            person = self._own_export_person(record) if self.batch.is_own_export else self._foreign_person(record)
        if person is None:
            if not record.text("name") and not record.values.get("withdrawn"):
                raise RowError(_("There is no name."))
            return None
        # The person of an earlier record may have no key yet.
        if person.pk:
            self.taken.add(person)
        if person.withdrawn and not record.values.get("withdrawn"):
            self.warn(record, _("This person is withdrawn here; nothing was changed."))
            record.values.clear()
        self._keep_present_name(person, record)
        return person

    def _answered(self, record: Record, answer: str) -> Person | None:
        """Return the person that the user has named, None for a new one. The names on record stay as they are."""
        if answer == NEW:
            return None
        person = None
        if answer.startswith(OF_FILE):
            person = self.by_answer_key.get(answer.removeprefix(OF_FILE))
        elif _NUMBER.fullmatch(answer):
            person = self.on_record.people.get(int(answer))
        if person is None:
            raise RowError(_("“%(text)s” is no public id of a person.") % {"text": answer[:40]})
        for code in language_codes():
            if person.in_language(code, "name"):
                for part in NAME_PARTS:
                    record.values.pop(to_attribute(part, code), None)
        return person

    def _keep_present_name(self, person: Person, record: Record) -> None:
        """Leave out a name that is on record as another name of ``person``, as in a file of a former day.

        An own export that states other names of the person knows which is the present one.
        """
        if self.batch.is_own_export and record.key in self.renamed:
            return
        others, stated = self.on_record.other_names.get(person.pk, ()), record.values
        is_other = {
            code: (text := stated.get(to_attribute("name", code)))
            and text != person.in_language(code, "name")
            and any(other.in_language(code, "name") == text for other in others)
            for code in language_codes()
        }
        if not any(is_other.values()):
            return
        self.warn(record, _("The file gives another name of this person; the present one was not changed."))
        for code in language_codes():
            if is_other[code] or not stated.get(to_attribute("name", code)):
                for part in NAME_PARTS:
                    stated.pop(to_attribute(part, code), None)

    def attach_identifiers(self, diff: RowDiff, record: Record) -> None:
        """Add the new identifiers and former ids of ``record`` to ``diff``."""
        person = diff.row
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
                diff.identifiers.append(identifier)
        for number in record.former:
            is_free = number in self.former_ids or str(number) not in self.on_record.retired(Person)
            owner = self.on_record.people.get(number) or self.former_ids.setdefault(number, person)
            if owner is not person or not is_free:
                self.warn(record, _("The former id %(id)d is another person's.") % {"id": number})
            elif number not in self.former_ids_on_record:
                diff.former.append(number)

    def _own_export_person(self, record: Record) -> Person | None:
        if not record.id:
            return self._person_by_name(record)
        number = public_id(record.id)
        if number not in self.on_record.people and number in self.former_ids_on_record:
            self.warn(record, _("This person has been merged into another; the names were not changed."))
            record.values.clear()
            return self.former_ids_on_record[number]
        return self.on_record.people.get(number)

    def _foreign_person(self, record: Record) -> Person | None:
        """Find by the file's own id, else by Wikidata's, else by the name."""
        if not record.id:
            return self._person_by_name(record)
        if len(record.id) > 200:
            raise RowError(_("The id of the person is longer than 200 letters."))
        for scheme in self.schemes:
            if person := self.identifiers_on_record.get((scheme, record.id)):
                return person
        for identifier in record.identifiers:
            person = self.identifiers_on_record.get(identifier)
            if identifier[0] == WIKIDATA and person and person not in self.taken and person.pk not in self.identified:
                return person
        person = self.on_record.people.get(int(record.id)) if _NUMBER.fullmatch(record.id) else None
        # An edited table of this site has public ids; elsewhere such a number means another person.
        if person and person not in self.taken and person in self._namesakes(record):
            return person
        return self._person_by_name(record)

    def _person_by_name(self, record: Record) -> Person | None:
        """Return the only bearer of the name on record who is known from no other parliament; None for a new person.

        Raises WhoIsItError where somebody bears the name or a similar one, and it is not certain that it is the same.
        """
        exact = [person for person in self._namesakes(record) if self._may_be(person, record)]
        if len(exact) == 1 and self.parliaments_of[exact[0].pk] <= {self._parliament_of(record)}:
            return exact[0]
        earlier = self.like_earlier.get(record.key)
        people = exact or [person for person in self._similar(record) if self._may_be(person, record)]
        if people or earlier:
            raise WhoIsItError(record, {person.public_id: self._label(person) for person in people}, earlier)
        return None

    def _label(self, person: Person) -> str:
        """Return all present names of ``person``, and the parliaments from which the person is known."""
        called = [text for code in language_codes() if (text := person.in_language(code, "name"))]
        known = [str(self.on_record.parliaments_by_key[key].label) for key in sorted(self.parliaments_of[person.pk])]
        return " / ".join(called) + (f" ({', '.join(known)})" if known else "")

    def _may_be(self, person: Person, record: Record) -> bool:
        """Whether nothing says that ``person`` is another: a publisher's ids keep people apart."""
        return not record.id or (person not in self.taken and person.pk not in self.identified)

    def _parliament_of(self, record: Record) -> int:
        """Return the key of the parliament that the record of a person belongs to, 0 if it is new."""
        parliament = self.on_record.parliaments.get(record.parliament or self.batch.scope)
        return (parliament.pk or 0) if parliament else 0

    def _similar(self, record: Record) -> list[Person]:
        """Return the people on record with a name like that of ``record``, as a search finds them."""
        found: set[int] = set()
        for code in language_codes():
            words = [record.values.get(to_attribute(part, code), "") for part in ("name", "patronymic")]
            query = names.Query(" ".join(filter(None, words)))
            rows = dict.fromkeys(row for word in query.words for row in self.rows_by_word.get(word, ()))
            found.update(query.find(rows) if rows else ())
        people = self.on_record.people_by_key
        return sorted((people[key] for key in found), key=lambda person: person.public_id)

    @cached_property
    def rows_by_word(self) -> dict[str, list[tuple[int, str, str]]]:
        """The names of the people on record who are not withdrawn, as ``name_rows()`` gives them, by each word."""
        found = defaultdict(list)
        for row in Person.objects.name_rows():
            if not self.on_record.people_by_key[row[0]].withdrawn:
                for word in set(row[1].split()):
                    found[word].append(row)
        return found

    def _namesakes(self, record: Record) -> list[Person]:
        """Return the people on record with exactly one of the record's names."""
        named = (
            self.by_name.get(single_line(record.values.get(column, "")), ()) for column in translated_columns("name")
        )
        return list({person.public_id: person for person in chain.from_iterable(named)}.values())

    @cached_property
    def taken(self) -> set[Person]:
        """People on record that some record of the file means."""
        records = self.batch.records[Kind.PEOPLE]
        return {
            person
            for record in records
            if record.id
            for scheme in self.schemes
            if (person := self.identifiers_on_record.get((scheme, record.id)))
        }

    @cached_property
    def schemes(self) -> list[str]:
        """Scheme of the file's ids, also under former slugs of the parliament."""
        former = FormerSlug.objects.filter(parliament__slug=self.batch.scope).values_list("slug", flat=True)
        return [self.batch.scheme, *(f"import:{slug}" for slug in former)] if self.batch.scheme else []

    @cached_property
    def renamed(self) -> frozenset[str]:
        """Keys of the people of whom the file states other names."""
        return frozenset(record.values["person"] for record in self.batch.records[Kind.OTHER_NAMES])

    @cached_property
    def by_name(self) -> dict[str, list[Person]]:
        return self._public_people(single_line)

    @cached_property
    def look_alikes(self) -> dict[str, list[Person]]:
        return self._public_people(_fold)

    def _public_people(self, key: Callable[[str], str]) -> dict[str, list[Person]]:
        """Return the people on record who are not withdrawn, by the ``key`` of each of their names."""
        found = defaultdict(list)
        for person in self.on_record.people.values():
            if not person.withdrawn:
                bearers = (person, *self.on_record.other_names.get(person.pk, ()))
                names = (bearer.in_language(code, "name") for bearer in bearers for code in language_codes())
                for name in set(map(key, names)) - {""}:
                    found[name].append(person)
        return found

    @cached_property
    def former_ids_on_record(self) -> dict[int, Person]:
        rows = FormerPublicId.objects.values_list("public_id", "person_id")
        return {number: self.on_record.people_by_key[person] for number, person in rows}

    @cached_property
    def former_ids(self) -> dict[int, Person]:
        """Former ids on record and of the file."""
        return dict(self.former_ids_on_record)

    @cached_property
    def identifiers_on_record(self) -> dict[tuple[str, str], Person]:
        rows = Identifier.objects.values_list("scheme", "identifier", "person_id")
        people = self.on_record.people_by_key
        return {(scheme, identifier): people[person] for scheme, identifier, person in rows.iterator()}

    @cached_property
    def identifiers(self) -> dict[tuple[str, str], Person]:
        """Identifiers on record and of the file."""
        return dict(self.identifiers_on_record)

    @cached_property
    def identified(self) -> frozenset[int]:
        """Keys of the people with an identifier of the file's scheme."""
        return frozenset(Identifier.objects.filter(scheme__in=self.schemes).values_list("person_id", flat=True))

    @cached_property
    def parliaments_of(self) -> dict[int, set[int]]:
        """Keys of the parliaments in which each person has a mandate or a service."""
        found = defaultdict(set)
        for rows in (
            Delegate.objects.values_list("person_id", "chamber__parliament_id"),
            Representative.objects.values_list("person_id", "parliament_id"),
        ):
            for person, parliament in rows.distinct():
                found[person].add(parliament)
        return found

    def warn_look_alikes(self, records: list[Record]) -> None:
        """Warn of two records with different ids and similar names; without an id the user is asked."""
        seen: dict[str, Record] = {}
        for record in records:
            for key in _folded_names(record):
                earlier = seen.setdefault(key, record)
                if earlier is not record and not record.id:
                    self.like_earlier[record.key] = earlier
                    break
                if earlier is not record:
                    self.warn(
                        record,
                        _("%(name)s looks like the person of %(place)s.")
                        % {"name": record.text("name") or record.id, "place": describe_location(earlier.location)},
                    )
                    break

    def warn_like_on_record(self, record: Record) -> None:
        """Warn if a new person has the folded name of a person on record."""
        for key in _folded_names(record):
            if alike := self.look_alikes.get(key):
                self.warn(
                    record,
                    _("%(name)s is new, and looks like %(people)s.")
                    % {"name": record.text("name") or record.id, "people": _list_people(alike[:5])},
                )
                return


def _list_people(people: list[Person]) -> str:
    return ", ".join(f"{person.public_id} {person.name}" for person in people)


def _folded_names(record: Record) -> set[str]:
    return {_fold(record.values.get(column, "")) for column in translated_columns("name")} - {""}


def _fold(name: str) -> str:
    return " ".join(sorted(names.fold(name).split())) if name else ""
