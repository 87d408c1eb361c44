"""Reader of Popolo from other publishers: the members of one legislature, or of several."""

import re
from collections import Counter
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import language_codes, translated_columns

from ...dates import PartialDate
from ...models import Chamber, Delegate, Person
from ..options import ALL, Ends, ImportOptions
from ..records import (
    Batch,
    Choice,
    ImportRefusedError,
    JsonReader,
    Kind,
    OpenQuestionError,
    Record,
    RowError,
    is_web_address,
    language_of,
)
from .columns import REASON, choice_of
from .ends import settle_ends
from .json_document import JsonList
from .legislature import Legislature, chamber_of_file

WIKIDATA = "wikidata"
LEGISLATURES = {"legislature", "chamber", "upper house", "lower house", "parliament"}

# Columns by Popolo's properties.
_NAMES = {
    "name": "name",
    "family_name": "family_name",
    "given_name": "given_name",
    "patronymic_name": "patronymic",
    "sort_name": "sort_name",
}
_OTHER_NAMES = {
    "name": "name",
    "family_name": "family_name",
    "given_name": "given_name",
    "patronymic_name": "patronymic",
    "note": "note",
}
_PERSON = {*_NAMES, REASON, "id", "other_names", "identifiers", "gender", "sources"}
_MEMBERSHIP = {
    REASON,
    "person_id",
    "organization_id",
    "on_behalf_of_id",
    "area_id",
    "legislative_period_id",
    "role",
    "start_date",
    "end_date",
    "sources",
}
# Roles that add nothing to the membership.
_PLAIN_ROLES = {"", "member"}
_LANGUAGE = re.compile("[a-z]{2,3}")


class PopoloReader:
    """Builds the batch of the members of a legislature (``chamber_of_file()``)."""

    def __init__(self, document: dict[str, Any], options: ImportOptions):
        self.batch = Batch(people_have_mandates=True)
        self.ends_are_last_days = options.ends == Ends.LAST_DAY
        self.by_id = {name: self.objects(document, name) for name in ("organizations", "areas", "events")}
        persons = self.rows(document, "persons")
        memberships = self.rows(document, "memberships")
        self.sources_of: dict[str, list[str]] = {}
        self.seen_sources: set[str] = set()
        found = self.find_legislatures(memberships, options)
        # Slugs of the chambers by the ids of their organizations.
        self.chambers = {key: chamber_of_file(self.batch, self.legislature(key), options) for key in found}
        members = Counter(
            _key(row.get("person_id"))
            for row in memberships
            if isinstance(row, dict) and _key(row.get("organization_id")) in self.chambers
        )
        self.people: set[str] = set()
        for number, row in enumerate(persons):
            self.each(Kind.PEOPLE, f"/persons/{number}", self.person, row, members)
        for number, row in enumerate(memberships):
            self.each(Kind.DELEGATES, f"/memberships/{number}", self.membership, row)
        settle_ends(self.batch, options.ends)
        for name in document.keys() - {"persons", "memberships", "organizations", "areas", "events", "posts", "meta"}:
            self.batch.not_kept[str(name)[:80]] += 1

    def rows(self, document: dict, name: str) -> JsonList:
        rows = document.get(name)
        if not isinstance(rows, JsonList):
            raise ImportRefusedError(_("“%(name)s” must be a list.") % {"name": name})
        return rows

    def objects(self, document: dict, name: str) -> dict[str, tuple[str, JsonReader]]:
        """Return the objects of an optional list by id, with their JSON pointers; other values are skipped."""
        rows = document.get(name)
        return {
            _key(row.get("id")): (f"/{name}/{number}", JsonReader(row))
            for number, row in enumerate(rows if isinstance(rows, JsonList) else [])
            if isinstance(row, dict)
        }

    def each(self, kind: str, location: str, read, row: Any, *about: Any) -> None:
        try:
            read(location, JsonReader(row), *about)
        except RowError as error:
            self.batch.problem(kind, location, error)

    # The legislature

    def find_legislatures(self, memberships: JsonList, options: ImportOptions) -> list[str]:
        """Return the ids of the organizations whose members are imported."""
        used = {_key(row.get("organization_id")) for row in memberships if isinstance(row, dict)}
        kinds = {
            key: str(fields.data.get("classification") or "").lower()
            for key, (_location, fields) in self.by_id["organizations"].items()
            if key and key in used
        }
        candidates = {key for key, kind in kinds.items() if kind != "party"}
        marked = {key for key in candidates if kinds[key] in LEGISLATURES}
        found = sorted(marked or candidates)
        if options.organizations:
            chosen = found if options.organizations == (ALL,) else list(options.organizations)
            if unknown := [key for key in chosen if key not in candidates]:
                raise ImportRefusedError(
                    _("The file holds no members of these organizations: %(ids)s") % {"ids": ", ".join(unknown)[:200]}
                )
            if options.chamber and len(chosen) > 1:
                raise ImportRefusedError(_("Only one organization can be imported into a chamber."))
            found = chosen
        elif options.chamber:
            known = Chamber.objects.filter(slug=options.chamber, imported_id__in=found).first()
            found = [known.imported_id] if known else found
        if not found:
            raise ImportRefusedError(_("The file holds no members of a legislature."))
        if len(found) > 1 and not options.organizations:
            choices = [Choice(str(self.legislature(key)), {"organizations": [key]}) for key in found]
            if not options.chamber:
                choices.append(Choice(_("all of them"), {"organizations": [ALL]}))
            message = _("The file holds the members of several legislatures; choose with --organization: %(ids)s")
            names = ", ".join(key[:60] for key in found[:20])
            raise OpenQuestionError(message % {"ids": names}, choices)
        return found

    def legislature(self, key: str) -> Legislature:
        """Return what the file says of the organization ``key``. Raises ImportRefusedError if that is no text."""
        location, organization = self.by_id["organizations"][key]
        try:
            names = self.names(organization, {"name": "name"})
            identifiers = {
                entry.line("scheme"): entry.id("identifier") for entry in organization.objects("identifiers")
            }
        except RowError as error:
            raise ImportRefusedError(str(error)) from error
        return Legislature(names, key, identifiers.get(WIKIDATA, ""), location)

    # Rows

    def person(self, location: str, row: JsonReader, members: Counter) -> None:
        key = row.id("id")
        if not key:
            raise RowError(_("There is no id."))
        if not members[key]:
            self.batch.not_kept["persons (no membership)"] += 1
            return
        self.count("persons", row, _PERSON)
        values = self.names(row, _NAMES)
        if not any(values.get(column) for column in translated_columns("name")):
            raise RowError(_("There is no name."))
        gender = row.line("gender")
        if value := choice_of(Person.Gender, gender):
            values["gender"] = value
        elif gender:
            self.batch.not_kept["persons.gender"] += 1
        identifiers = []
        for entry in row.objects("identifiers"):
            scheme, identifier = entry.line("scheme"), entry.id("identifier").strip()
            if scheme and identifier and not scheme.startswith("import:") and len(scheme) <= 100 >= len(identifier):
                identifiers.append((scheme, identifier))
        self.sources_of[key] = self.sources(location, row)
        self.people.add(key)
        self.batch.add(Record(Kind.PEOPLE, location, key, values, key, identifiers=identifiers))
        known = {values.get(column) for column in translated_columns("name")}
        for number, entry in enumerate(row.list("other_names")):
            self.each(Kind.OTHER_NAMES, f"{location}/other_names/{number}", self.other_name, entry, key, known)

    def other_name(self, location: str, row: JsonReader, person: str, known: set[str]) -> None:
        """Add a name that is neither the person's in the file nor in a language that the site lacks.

        Without an end nothing says that it was once the name: it is another spelling.
        """
        name, code = row.line("name"), row.text("lang").lower()
        language = _LANGUAGE.match(code)[0] if _LANGUAGE.match(code) else language_of(name)
        if name in known:
            return
        if language not in language_codes():
            self.batch.not_kept["persons.other_names (other languages)"] += 1
            return
        values = {to_attribute(column, language): row.line(part) for part, column in _OTHER_NAMES.items()}
        values = {column: text for column, text in values.items() if text}
        if ends := row.date("end_date"):
            values |= {"starts": row.start(), "ends": ends}
        sources = self.sources(location, row) or None
        self.batch.add(Record(Kind.OTHER_NAMES, location, location, {"person": person, **values}, sources=sources))

    def membership(self, location: str, row: JsonReader) -> None:
        if row.id("organization_id") not in self.chambers:
            self.batch.not_kept["memberships (other organizations)"] += 1
            return
        self.count("memberships", row, _MEMBERSHIP)
        person = row.id("person_id")
        if person not in self.people:
            raise RowError(_("The person is not in the file, or could not be read: %(id)s") % {"id": person[:80]})
        try:
            self.mandate(location, row, person)
        except RowError:
            self.batch.exempt_people.add(person)
            raise

    def mandate(self, location: str, row: JsonReader, person: str) -> None:
        values: dict[str, Any] = {"person": person, "chamber": self.chambers[row.id("organization_id")]}
        role = row.line("role")
        if value := choice_of(Delegate.Role, role):
            values["role"] = value
        elif role.lower() not in _PLAIN_ROLES:
            self.batch.not_kept["memberships.role"] += 1
        values |= self.dates(location, row)
        values |= self.named(location, row, "on_behalf_of_id", "organizations", "political_group")
        values |= self.named(location, row, "area_id", "areas", "constituency")
        sources = self.sources(location, row) or self.sources_of[person]
        self.batch.add(Record(Kind.DELEGATES, location, "", values, sources=sources or None))

    def count(self, name: str, row: JsonReader, kept: set[str]) -> None:
        for key, value in row.data.items():
            if key not in kept and value not in (None, "", [], {}):
                self.batch.not_kept[f"{name}.{key[:80]}"] += 1

    def dates(self, location: str, row: JsonReader) -> dict[str, PartialDate]:
        """Return start and end. Each defaults to that of the legislative period, unless it contradicts the other."""
        own = {"starts": row.start(), "ends": row.date("end_date")}
        dates = {name: value for name, value in own.items() if value}
        for name, value in self.dates_of_term(location, row).items():
            if name in dates:
                continue
            other = dates.get("ends" if name == "starts" else "starts")
            start, end = (value, other) if name == "starts" else (other, value)
            words = {"date": value.iso}
            if start and end and start.first >= self.until(end):
                left_out = {
                    "starts": _("The start of the term, %(date)s, is after the end of the row and was left out."),
                    "ends": _("The end of the term, %(date)s, is before the start of the row and was left out."),
                }
                self.batch.warn(Kind.DELEGATES, location, left_out[name] % words)
            else:
                said = {
                    "starts": (_("The start %(date)s is that of the term."), _("The start is that of the term.")),
                    "ends": (_("The end %(date)s is that of the term."), _("The end is that of the term.")),
                }
                template, sentence = said[name]
                self.batch.warn(Kind.DELEGATES, location, template % words, sentence)
                dates[name] = value
        return dates

    def until(self, end: PartialDate) -> date:
        """Return the first day of which it is certain that nobody who ended on ``end`` is in office."""
        return end.first if end.exact and not self.ends_are_last_days else end.after

    def dates_of_term(self, location: str, row: JsonReader) -> dict[str, PartialDate]:
        """Return start and end of the legislative period of the row."""
        term = row.id("legislative_period_id")
        if not term:
            return {}
        _location, event = self.by_id["events"].get(term, ("", None))
        if event is None:
            message = _("The file does not hold the term %(id)s.") % {"id": term[:80]}
            self.batch.warn(Kind.DELEGATES, location, message)
            return {}
        dates = {"starts": event.date("start_date"), "ends": event.date("end_date")}
        return {name: value for name, value in dates.items() if value}

    def named(self, location: str, row: JsonReader, name: str, kind: str, column: str) -> dict[str, str]:
        """Return the names of the object that ``name`` refers to, as texts of ``column``."""
        key = row.id(name)
        if not key:
            return {}
        _location, thing = self.by_id[kind].get(key, ("", None))
        if thing is None:
            self.batch.warn(Kind.DELEGATES, location, _("The file does not hold %(id)s.") % {"id": key[:80]})
            return {}
        names = self.names(thing, {"name": column})
        return {name: text for name, text in names.items() if any(map(str.isalnum, text))}

    def names(self, row: JsonReader, parts: dict[str, str]) -> dict[str, str]:
        """Return the columns of ``parts``: the name in the language of its script, other names in their own."""
        main = language_of(row.line("name"))
        values = {}
        for name, column in parts.items():
            if text := row.line(name):
                values[to_attribute(column, main)] = text
        for other in row.objects("other_names"):
            code = other.text("lang").lower()
            language = _LANGUAGE.match(code)
            language = language[0] if language else ""
            name_column = to_attribute(parts["name"], language) if language in language_codes() else ""
            if not name_column or "end_date" in other or values.get(name_column):
                continue
            for name, column in parts.items():
                if text := other.line(name):
                    values.setdefault(to_attribute(column, language), text)
        return values

    def sources(self, location: str, row: JsonReader) -> list[str]:
        """Return the keys of the row's sources; add the records of new ones."""
        keys = []
        for entry in row.objects("sources"):
            url, note = entry.text("url").strip(), entry.line("note")
            if not is_web_address(url) or len(url) > 1000:
                self.batch.warn(Kind.SOURCES, location, _("No address: %(url)s") % {"url": url[:100]})
                continue
            if url not in self.seen_sources:
                self.seen_sources.add(url)
                values = {"url": url, **({to_attribute("title", language_of(note)): note[:300]} if note else {})}
                self.batch.add(Record(Kind.SOURCES, location, url, values))
            if url not in keys:
                keys.append(url)
        return keys


def _key(value: Any) -> str:
    """Return an id as ``JsonReader.id`` does, but empty for values of other types."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
