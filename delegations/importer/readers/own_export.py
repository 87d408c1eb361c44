"""Reader of the site's own Popolo export. It states all values, under the ids of the directory."""

import re
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from cspa.i18n import translated_columns

from ...exports.popolo import PROFILE
from ...exports.popolo_records import ASSEMBLY, REPRESENTATIVE, SEAT
from ...models import AssemblyPost, Body, Person
from ...models.people import NAME_PARTS
from ...models.person_names import PARTS
from ..bodies import OFFICES, refer_to_body
from ..records import Batch, ImportRefusedError, JsonReader, Kind, Record, RowError, exact_date
from .json_document import JsonList

_PUBLIC_ID = re.compile("[1-9][0-9]{0,9}")
LARGEST_ID = 2**31 - 1


def is_own_export(document: dict[str, Any]) -> bool:
    meta = document.get("meta")
    return isinstance(meta, dict) and meta.get("profile") == PROFILE


def public_id(text: str) -> int:
    """Return ``text`` as the public id of a person."""
    if not _PUBLIC_ID.fullmatch(text) or int(text) > LARGEST_ID:
        raise RowError(_("“%(text)s” is no public id of a person.") % {"text": text[:40]})
    return int(text)


class OwnExportReader:
    """Builds the batch of an own export."""

    def __init__(self, document: dict[str, Any]):
        self.batch = Batch(is_own_export=True)
        # Slugs of chambers by the ids of their organizations.
        self.slugs: dict[str, str] = {}
        # Ids of the organizations that are bodies.
        self.bodies: set[str] = set()
        readers = {
            "sources": self.source,
            "persons": self.person,
            "organizations": self.organization,
            "posts": self.quota,
            "memberships": self.membership,
        }
        for name, read in readers.items():
            rows = document.get(name)
            if not isinstance(rows, JsonList):
                raise ImportRefusedError(_("“%(name)s” must be a list.") % {"name": name})
            for number, row in enumerate(rows):
                self.each(name, f"/{name}/{number}", read, row)

    def each(self, kind: str, location: str, read, row: Any, *about: Any) -> None:
        try:
            read(location, JsonReader(row), *about)
        except RowError as error:
            self.batch.problem(Kind.PEOPLE if kind == "persons" else kind, location, error)

    def add(self, kind: str, location: str, row: JsonReader, values: dict, **more: Any) -> None:
        key = row.id("id")
        if not key:
            raise RowError(_("There is no id."))
        self.batch.add(Record(kind, location, key, values, key, **more))

    def source(self, location: str, row: JsonReader) -> None:
        self.add(
            Kind.SOURCES,
            location,
            row,
            {
                **_texts(row, "title"),
                "url": row.text("url"),
                **{name: exact_date(row.text(name), name) for name in ("date", "accessed")},
            },
        )

    def person(self, location: str, row: JsonReader) -> None:
        former = [public_id(former) for former in row.list("former_ids") if isinstance(former, str)]
        if row.flag("withdrawn"):
            values = {"withdrawn": True, **_texts(row, "withdrawal_reason")}
        else:
            values = {**_texts(row, *NAME_PARTS, "photo_credit", "photo_alt"), "gender": row.text("gender")}
            values.update(self.photo(location, row.text("photo")))
        public_id(row.id("id"))
        identifiers = [(entry.text("scheme"), entry.text("identifier")) for entry in row.objects("identifiers")]
        self.add(Kind.PEOPLE, location, row, values, identifiers=identifiers, former=former)
        if not row.flag("withdrawn"):
            self.parts(location, row, "other_names", self.other_name, {"person": row.id("id")})

    def other_name(self, location: str, row: JsonReader, about: dict) -> None:
        # Entries without an id repeat the name in another language.
        if "id" in row:
            self.dated(Kind.OTHER_NAMES, location, row, {**about, **_texts(row, *PARTS, "note")})

    def photo(self, location: str, name: str) -> dict[str, str]:
        """Return the photo if its file is where the form stores photos: the export holds no pictures."""
        folder = PurePosixPath(Person._meta.get_field("photo").upload_to)
        try:
            if not name or (PurePosixPath(name).parent == folder and default_storage.exists(name)):
                return {"photo": name}
        except (SuspiciousFileOperation, OSError, ValueError):
            pass
        self.batch.warn(
            Kind.PEOPLE, location, _("The photo is not here and was not kept: %(name)s") % {"name": name[:100]}
        )
        return {}

    def organization(self, location: str, row: JsonReader) -> None:
        kind = row.text("classification")
        if kind == "delegation":
            self.parliament(location, row)
        elif kind == "chamber":
            self.chamber(location, row)
        elif kind in Body.Kind:
            # A former export has no public id of the Assembly.
            if kind != Body.Kind.ASSEMBLY or "uid" in row:
                self.body(location, row)
        else:
            raise RowError(
                _("“%(name)s” is not one of ours: %(text)s") % {"name": "classification", "text": kind[:40]}
            )

    def parliament(self, location: str, row: JsonReader) -> None:
        slug = row.text("slug")
        former = [slug for slug in row.list("former_slugs") if isinstance(slug, str)]
        values = {
            "slug": slug,
            **_texts(row, "name", "short_name"),
            "also_known_as": row.text("also_known_as"),
            "country": row.text("country"),
            "order": row.number("order"),
        }
        self.add(Kind.PARLIAMENTS, location, row, values, former=former)
        about = {"parliament": slug}
        self.parts(location, row, "participations", self.participation, about)
        self.parts(location, row, "links", self.link, {**about, "chamber": None})
        self.parts(location, row, "confirmations", self.confirmation, about)
        self.parts(location, row, "observations", self.observation, about)

    def chamber(self, location: str, row: JsonReader) -> None:
        slug = row.text("slug")
        self.slugs[row.id("id")] = slug
        values = {
            "slug": slug,
            "parliament": row.id("parent_id"),
            **_texts(row, "name"),
            "also_known_as": row.text("also_known_as"),
            "kind": row.text("kind"),
            "members_called": row.text("members_called"),
            "order": row.number("order"),
            "imported_id": row.text("imported_id"),
        }
        self.batch.add(Record(Kind.CHAMBERS, location, slug, values, slug))
        self.parts(location, row, "links", self.link, {"parliament": None, "chamber": slug})

    def body(self, location: str, row: JsonReader) -> None:
        values = {
            "kind": row.text("classification"),
            "slug": row.text("slug"),
            "parent": row.id("parent_id") or None,
            **_texts(row, "name", "description", "address"),
            **{name: row.text(name) for name in ("also_known_as", "telephone", "email")},
            "order": row.number("order"),
            **_period(row),
        }
        key = row.id("id")
        self.bodies.add(key)
        self.batch.add(Record(Kind.BODIES, location, key, values, row.text("uid"), _sources(row)))

    def parts(self, location: str, row: JsonReader, name: str, read, about: dict) -> None:
        for number, part in enumerate(row.list(name)):
            self.each(name, f"{location}/{name}/{number}", read, part, about)

    def participation(self, location: str, row: JsonReader, about: dict) -> None:
        values = {**about, "status": row.text("status"), **_texts(row, "note")}
        self.dated(Kind.PARTICIPATIONS, location, row, values)

    def link(self, location: str, row: JsonReader, about: dict) -> None:
        self.dated(Kind.LINKS, location, row, {**about, "url": row.text("url"), "language": row.text("language")})

    def confirmation(self, location: str, row: JsonReader, about: dict) -> None:
        values = {
            **about,
            "date": exact_date(row.text("date"), "date"),
            **_texts(row, "confirmed_by"),
            "source": row.text("source_id"),
        }
        self.add(Kind.CONFIRMATIONS, location, row, values)

    def observation(self, location: str, row: JsonReader, about: dict) -> None:
        values = {
            **about,
            "date": exact_date(row.text("date"), "date"),
            "person": row.id("person_id") or None,
            "source": row.text("source_id"),
            "statement": _statement(row),
        }
        self.add(Kind.OBSERVATIONS, location, row, values)

    def quota(self, location: str, row: JsonReader) -> None:
        role = row.text("role")
        if role == SEAT:
            self.dated(
                Kind.QUOTAS,
                location,
                row,
                {"chamber": self.slug(row, "organization_id"), "seats": row.number("seats")},
            )
        elif role != REPRESENTATIVE:
            raise RowError(_("“%(name)s” is not one of ours: %(text)s") % {"name": "role", "text": role[:40]})

    def membership(self, location: str, row: JsonReader) -> None:
        values = {"person": row.id("person_id")}
        organization = row.id("organization_id")
        if organization == ASSEMBLY or organization in self.bodies:
            values |= self.post(location, row, organization)
            self.dated(Kind.POSTS, location, row, values)
        elif "post_id" in row:
            self.dated(Kind.REPRESENTATIVES, location, row, {**values, "parliament": organization})
        else:
            values |= {"chamber": self.slug(row, "on_behalf_of_id"), "role": row.text("role")}
            self.dated(Kind.DELEGATES, location, row, {**values, **_texts(row, "political_group", "constituency")})

    def post(self, location: str, row: JsonReader, organization: str) -> dict[str, Any]:
        """Return the columns of a post. In a former export all posts belong to the Assembly itself."""
        role, texts = row.text("role"), _texts(row, "commission")
        if organization not in self.bodies or role not in AssemblyPost.Role:
            if role not in OFFICES:
                raise RowError(_("“%(name)s” is not one of ours: %(text)s") % {"name": "role", "text": role[:40]})
            kind, role = OFFICES[role]
            names = {column.replace("commission", "name"): text for column, text in texts.items()}
            organization = refer_to_body(self.batch, location, kind, names)
        return {
            "body": organization,
            "role": role,
            "acting": row.flag("acting"),
            "parliament": row.id("on_behalf_of_id") or None,
            **_texts(row, "office"),
        }

    def slug(self, row: JsonReader, name: str) -> str:
        """Return the slug of the chamber whose organization ``name`` refers to."""
        key = row.id(name)
        if key not in self.slugs:
            raise RowError(
                _("“%(name)s” refers to what the file does not hold: %(text)s") % {"name": name, "text": key[:80]}
            )
        return self.slugs[key]

    def dated(self, kind: str, location: str, row: JsonReader, values: dict) -> None:
        self.add(kind, location, row, {**values, **_period(row)}, sources=_sources(row))


def _period(row: JsonReader) -> dict[str, Any]:
    return {"starts": row.start(), "ends": row.date("end_date"), "ended": row.flag("ended")}


def _sources(row: JsonReader) -> list[str]:
    return [source for source in row.list("source_ids") if isinstance(source, str)]


def _texts(row: JsonReader, *names: str) -> dict[str, str]:
    """Return the texts of ``names`` in each language."""
    return {column: row.text(column) for name in names for column in translated_columns(name)}


def _statement(row: JsonReader) -> dict[str, Any]:
    """Return the statement of an observation. Raises RowError if it has another shape than Observation.statement."""

    def is_list_of_texts(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(text, str) for text in value)

    stated = row.object("statement")
    shapes = {
        "seats": lambda value: isinstance(value, dict) and all(n is None or type(n) is int for n in value.values()),
        "representative": lambda value: isinstance(value, bool),
        "posts": is_list_of_texts,
        "council": is_list_of_texts,
        "delegates": is_list_of_texts,
        "websites": lambda value: (
            isinstance(value, list)
            and all(isinstance(site, list) and list(map(type, site)) == [str, str] for site in value)
        ),
    }
    if any(name not in shapes or not shapes[name](value) for name, value in stated.items()):
        raise RowError(_("“%(name)s” has not the shape that the data dictionary describes.") % {"name": "statement"})
    return stated
