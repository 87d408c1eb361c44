"""The people whom saved pages name: the only one on record with this name, or a new person."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ..importer.records import Batch, Kind, Record, language_of
from ..importer.rosters import name_list
from ..importer.rosters.name_list import Name
from ..models import Parliament, Person
from ..models.person_names import NameParts


class PeopleOfPages:
    """Adds the people of ``names`` to ``batch``, each once."""

    def __init__(self, batch: Batch, names: Iterable[str]):
        self.batch = batch
        self.names = {name: _parsed(name) for name in dict.fromkeys(names)}
        self.candidates = name_list.candidates(list(self.names.values()), Person.objects.all())
        # Record keys of people on record.
        self.keys: dict[int, str] = {}

    def on_record(self, text: str, parliament: Parliament | None) -> list[Person]:
        """Return the bearers of the name; of several those known from ``parliament``."""
        name = self.names[text]
        found = [person for person in self.candidates[name.key] if _bears(person, name, parliament)]
        if parliament and len(found) > 1:
            found = [person for person in found if _is_known(person, parliament)] or found
        return found

    def find(self, text: str, parliament: Parliament | None, location: int) -> int | str | None:
        """Return the key of the only bearer of the name, or the record key of a new person.

        None if several people bear it: the report lists them.
        """
        name = self.names[text]
        alike = self.candidates[name.key]
        found = self.on_record(text, parliament)
        if len(found) > 1:
            message = _("Several people bear this name, and none was taken: %(people)s")
            self.batch.warn(Kind.PEOPLE, location, message % {"people": _list(found)})
            return None
        if found:
            self.key(found[0].pk)
            return found[0].pk
        key = f"person:{' '.join(sorted(f'{name.name} {name.patronymic}'.casefold().split()))}"
        if all(record.key != key for record in self.batch.records[Kind.PEOPLE]):
            if alike:
                message = _("%(name)s is new, and looks like %(people)s.")
                self.batch.warn(Kind.PEOPLE, location, message % {"name": name.name, "people": _list(alike[:5])})
            self.batch.add(Record(Kind.PEOPLE, location, key, name.values(), new=True))
        return key

    def key(self, person: int | str) -> str:
        """Return the record key of ``person`` after adding a record of the person."""
        if isinstance(person, str):
            return person
        if person not in self.keys:
            row = Person.objects.get(pk=person)
            self.keys[person] = f"person:{row.public_id}"
            self.batch.add(Record(Kind.PEOPLE, "", self.keys[person], {}, str(row.public_id)))
        return self.keys[person]


def _parsed(text: str) -> Name:
    """The name as a list of names reads it; one that such a list refuses stays as it is written."""
    name = name_list.read(text)[0]
    return name if not name.problem else Name(name.number, name.text, name.key, name=text)


def _bears(person: Person, name: Name, parliament: Parliament | None) -> bool:
    return any(_is_called(bearer, name) for bearer in (person, *person.other_names.all())) or (
        # Transliterated, a name tells of one person only within a parliament.
        parliament is not None
        and not person.in_language(language_of(name.name), "name")
        and _is_known(person, parliament)
        and name_list.bears(person, name, language_of(name.name))
    )


def _is_called(bearer: NameParts, name: Name) -> bool:
    """Whether ``bearer`` has these words as name, with or without the patronymic that is on record."""
    language = language_of(name.name)
    full, patronymic = (bearer.in_language(language, part).casefold().split() for part in ("name", "patronymic"))
    said = sorted(f"{name.name} {name.patronymic}".casefold().split())
    return bool(full) and said in (sorted(full), sorted(full + patronymic))


def _is_known(person: Person, parliament: Parliament) -> bool:
    return (
        person.services.filter(parliament=parliament).exists()
        or person.mandates.filter(chamber__parliament=parliament).exists()
        or person.posts.filter(parliament=parliament).exists()
    )


def _list(people: list[Person]) -> str:
    return ", ".join(f"{person.public_id} {person.public_name}" for person in people)
