"""Import of a table of addresses of the former site: CSV with the columns "former" and "present"."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportRefusedError, Report
from delegations.importer.readers.files import check_size, text_of
from delegations.importer.records import Note
from delegations.importer.row_diff import Action

from .models import Article, FormerAddress, LegacyAddress
from .models.legacy_addresses import legacy_address, own_address, resolved

KIND = "addresses"
COLUMNS = ("former", "present")
# Rows that are looked up and saved together.
CHUNK = 1000


class LegacyAddressReport(Report):
    kinds = {KIND: LegacyAddress}  # type: ignore[dict-item]  # a kind that no directory has


# Language, day and slug of an article.
type Place = tuple[str, date, str]


@dataclass(frozen=True)
class _Row:
    line: int
    address: str
    # An article is meant, wherever it moves; else a page.
    place: Place | None
    target: str


def import_table(data: bytes, *, update: bool = False, dry_run: bool = False) -> LegacyAddressReport:
    """Import the table all or nothing. ``update`` gives addresses on record the target of the table.

    Raises ImportRefusedError if ``data`` is no such table.
    """
    report = LegacyAddressReport.empty()
    with audit.record_changes(ChangeSet.Kind.IMPORT):
        rows = _distinct(_rows(data, report), report)
        for start in range(0, len(rows), CHUNK):
            _save(rows[start : start + CHUNK], report, update)
        report.saved = not (report.conflicts or dry_run)
        if not report.saved:
            transaction.set_rollback(True)
    return report


def _rows(data: bytes, report: LegacyAddressReport) -> Iterator[_Row]:
    check_size(len(data))
    lines = text_of(data).splitlines()
    heading = lines[0]
    delimiter = max(",;\t", key=heading.count)
    table = csv.reader(lines, delimiter=delimiter)
    names = [name.strip().casefold() for name in next(table)]
    if any(name not in names for name in COLUMNS):
        raise ImportRefusedError(_("The table needs the columns “former” and “present”."))
    former, present = map(names.index, COLUMNS)
    try:
        for cells in table:
            if not any(map(str.strip, cells)):
                continue
            try:
                if len(cells) <= max(former, present):
                    raise ValidationError(_("A cell is missing."))
                yield _row(table.line_num, cells[former], cells[present])
            except ValidationError as error:
                report.conflicts.append(Note(table.line_num, error.messages[0], KIND))
    except csv.Error as error:
        raise ImportRefusedError(_("Line %(line)d is no line of a table.") % {"line": table.line_num}) from error


def _row(line: int, former: str, present: str) -> _Row:
    address, target = legacy_address(former), own_address(present)
    return _Row(line, address, article_place(target), target)


def article_place(target: str) -> Place | None:
    """Return the place of the article at an address of this site; None for another page.

    Raises ValidationError if there is no such day.
    """
    match = resolved(urlsplit(target).path)
    if match is None or match.view_name != "news:article":
        return None
    try:
        day = date(*(match.kwargs[part] for part in ("year", "month", "day")))
    except ValueError as error:
        raise _no_page(target) from error
    return target.split("/")[1], day, match.kwargs["slug"]


def _no_page(target: str) -> ValidationError:
    return ValidationError(_("This site has no such page: %(address)s") % {"address": target})


def _distinct(rows: Iterator[_Row], report: LegacyAddressReport) -> list[_Row]:
    """Return each address once; two targets of one are a conflict."""
    found: dict[str, _Row] = {}
    for row in rows:
        first = found.setdefault(row.address, row)
        if (first.place or first.target) != (row.place or row.target):
            message = _("Line %(line)d gives this address another page: %(address)s")
            report.conflicts.append(Note(row.line, message % {"line": first.line, "address": row.address}, KIND))
    return list(found.values())


def _save(rows: list[_Row], report: LegacyAddressReport, update: bool) -> None:
    on_record = LegacyAddress.objects.in_bulk([row.address for row in rows], field_name="address")
    articles = articles_at({row.place for row in rows if row.place})
    new = []
    for row in rows:
        article = articles.get(row.place) if row.place else None
        target = "" if row.place else row.target
        known = on_record.get(row.address)
        if row.place and article is None:
            report.conflicts.append(Note(row.line, _no_page(row.target).messages[0], KIND))
        elif known is None:
            new.append(LegacyAddress(address=row.address, article_id=article, target=target))
            report.count(Action.ADDED, KIND, row.line, row.address)
        elif (known.article_id, known.target) == (article, target):
            report.count(Action.UNCHANGED, KIND, row.line, row.address)
        elif update:
            known.article_id, known.target = article, target
            known.save()
            report.count(Action.CHANGED, KIND, row.line, row.address)
        else:
            report.count(Action.UNCHANGED, KIND, row.line, row.address)
            message = _("On record this address leads elsewhere, which stays (--update changes it): %(address)s")
            report.warn(row.line, message % {"address": row.address}, KIND)
    audit.mark_created(LegacyAddress, [row.pk for row in LegacyAddress.objects.bulk_create(new)])


def articles_at(places: set[Place]) -> dict[Place, int]:
    """Return the keys of the articles that are or were at ``places``."""
    found: dict[Place, int] = {}
    near = {"date__in": {day for _language, day, _slug in places}, "slug__in": {slug for *_before, slug in places}}
    for rows in (
        FormerAddress.objects.filter(**near).values_list("language", "date", "slug", "article"),
        Article.objects.filter(**near).values_list("language", "date", "slug", "pk"),
    ):
        found |= {(language, day, slug): key for language, day, slug, key in rows}
    return found
