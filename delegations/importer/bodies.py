"""References to bodies by files that have no record of them: saved pages, and exports of a former form."""

from django.utils.translation import override
from slugify import slugify

from cspa.i18n import language_codes, translated_columns

from ..models import AssemblyPost, Body
from ..models.bodies import DEFAULT_NAMES
from .records import Batch, Kind, Record

#: Kind of body and role by the code of a post, as observations of pages and former exports name it.
OFFICES = {
    "chair": (Body.Kind.ASSEMBLY, AssemblyPost.Role.CHAIR),
    "council_member": (Body.Kind.COUNCIL, AssemblyPost.Role.MEMBER),
    "executive_secretary": (Body.Kind.ASSEMBLY, AssemblyPost.Role.EXECUTIVE_SECRETARY),
    "deputy_executive_secretary": (Body.Kind.ASSEMBLY, AssemblyPost.Role.DEPUTY_EXECUTIVE_SECRETARY),
    "commission_chair": (Body.Kind.COMMISSION, AssemblyPost.Role.CHAIR),
}


def refer_to_body(batch: Batch, location: int | str, kind: Body.Kind, names: dict[str, str] | None = None) -> str:
    """Add a record of the body that is meant, once, and return its key.

    The Assembly and its Council are found by their kind, a commission by one of its ``names``, by column. A body that
    is not on record becomes a new one.
    """
    names = {column: text for column, text in (names or {}).items() if text}
    key = ":".join([kind, *names.values()])
    if all(record.key != key for record in batch.records[Kind.BODIES]):
        batch.add(Record(Kind.BODIES, location, key, _values(kind, names)))
    return key


def _values(kind: Body.Kind, names: dict[str, str]) -> dict[str, str]:
    bodies = Body.objects.filter(kind=kind).in_protocol_order()
    row = next((row for row in bodies if not names or any(getattr(row, name) == names[name] for name in names)), None)
    if row:
        return {"slug": row.slug}
    if not names:
        for code, column in zip(language_codes(), translated_columns("name"), strict=True):
            with override(code):
                names[column] = str(DEFAULT_NAMES[kind])
    slug = kind if kind in DEFAULT_NAMES else slugify(next(iter(names.values())), max_length=50, word_boundary=True)
    return {"kind": kind, "slug": slug, **names}
