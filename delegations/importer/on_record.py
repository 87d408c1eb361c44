"""The rows on record that an import compares with, by key."""

import uuid
from collections import defaultdict
from functools import cached_property

from django.db.models import Model

from cspa.i18n import translated_columns
from cspa.models import RetiredAddress

from ..models import Body, Chamber, FormerSlug, Parliament, Person, PersonName, Source
from .records import KINDS, Batch, Kind


class RowsOnRecord:
    """The tables of the directory in memory. Each table is loaded once, by one query, when it is first used."""

    def __init__(self, batch: Batch):
        self._batch = batch
        self._rows: dict[Kind, dict[uuid.UUID, Model]] = {}
        self._sources_of: dict[Kind, dict[int, set[int]]] = {}
        self._retired: dict[type[Model], frozenset[str]] = {}

    def rows(self, kind: Kind) -> dict[uuid.UUID, Model]:
        """Return the rows of ``kind`` by public id; of mandates only those that the file can mean."""
        if kind not in self._rows:
            if kind == Kind.SOURCES:
                rows = self.sources_by_key.values()
            elif kind == Kind.BODIES:
                rows = self.bodies_by_key.values()
            else:
                rows = KINDS[kind].objects.all()
            if kind == Kind.DELEGATES and not self._batch.is_own_export:
                rows = rows.filter(chamber__parliament__slug=self._batch.scope)
            self._rows[kind] = {row.uid: row for row in rows}
            for row in self._rows[kind].values():
                self.connect(row)
        return self._rows[kind]

    def connect(self, row: Model) -> None:
        """Set the related objects of ``row``. Otherwise it would fetch each by a query of its own."""
        for column, rows in (
            ("person", lambda: self.people_by_key),
            ("parliament", lambda: self.parliaments_by_key),
            ("chamber", lambda: self.chambers_by_key),
            ("source", lambda: self.sources_by_key),
            ("body", lambda: self.bodies_by_key),
            ("parent", lambda: self.bodies_by_key),
        ):
            if key := getattr(row, f"{column}_id", None):
                setattr(row, column, rows()[key])

    def sources_of(self, kind: Kind) -> dict[int, set[int]]:
        """Return the keys of the sources by the key of the row."""
        if kind not in self._sources_of:
            model, found = KINDS[kind], defaultdict(set)
            rows = model.sources.through.objects.values_list(f"{model._meta.model_name}_id", "source_id")
            for row, source in rows.iterator():
                found[row].add(source)
            self._sources_of[kind] = found
        return self._sources_of[kind]

    def retired(self, model: type[Model]) -> frozenset[str]:
        """Return the ids or slugs that rows of ``model`` had and gave up."""
        if model not in self._retired:
            self._retired[model] = frozenset(RetiredAddress.objects.of(model).values_list("value", flat=True))
        return self._retired[model]

    @cached_property
    def parliaments(self) -> dict[str, Parliament]:
        """Parliaments by slug. The diff adds those that the file brings."""
        return {row.slug: row for row in Parliament.objects.all()}

    @cached_property
    def parliaments_by_key(self) -> dict[int, Parliament]:
        return {row.pk: row for row in self.parliaments.values()}

    @cached_property
    def former_slugs(self) -> dict[str, Parliament]:
        by_key = self.parliaments_by_key
        return {slug: by_key[key] for slug, key in FormerSlug.objects.values_list("slug", "parliament_id")}

    @cached_property
    def chambers(self) -> dict[str, Chamber]:
        return {row.slug: row for row in Chamber.objects.select_related("parliament")}

    @cached_property
    def chambers_by_key(self) -> dict[int, Chamber]:
        return {row.pk: row for row in self.chambers.values()}

    @cached_property
    def bodies_by_key(self) -> dict[int, Body]:
        return {row.pk: row for row in Body.objects.all()}

    @cached_property
    def sources_by_key(self) -> dict[int, Source]:
        return {row.pk: row for row in Source.objects.all()}

    @cached_property
    def sources_by_address(self) -> dict[str, list[Source]]:
        """Sources by URL; those without one by each of their titles."""
        found = defaultdict(list)
        for row in sorted(self.sources_by_key.values(), key=lambda row: row.pk):
            for name in (
                {row.url} if row.url else {getattr(row, column) for column in translated_columns("title")} - {""}
            ):
                found[name].append(row)
        return found

    @cached_property
    def people(self) -> dict[int, Person]:
        """People by public id."""
        rows = Person.objects.defer(*translated_columns("sort_key"), "name_words")
        return {person.public_id: person for person in rows.iterator()}

    @cached_property
    def other_names(self) -> dict[int, list[PersonName]]:
        """The other names by the key of the person."""
        found = defaultdict(list)
        for row in self.rows(Kind.OTHER_NAMES).values():
            found[row.person_id].append(row)
        return found

    @cached_property
    def people_by_key(self) -> dict[int, Person]:
        return {person.pk: person for person in self.people.values()}
