"""Runs imports: a small file within the request, a large one in the worker."""

from typing import Any

from django.db import transaction
from django.tasks import task
from django.utils.translation import gettext as _
from django.utils.translation import override

from cspa import audit
from cspa.models import ChangeSet

from ..importer import ImportOptions, ImportRefusedError, file_columns, import_file, left_out_file
from ..importer.records import OpenQuestionError
from ..models import FileImport
from . import folder
from .columns import with_remembered_columns
from .report_page import report_as_json

# Bytes of a file that is imported within the request: some 1,000 rows, which take a few seconds.
SMALL = {"csv": 50_000, "xlsx": 25_000, "popolo": 250_000}

State = FileImport.State


def is_small(row: FileImport) -> bool:
    """Whether the file is imported within the request."""
    return (folder.size_of(row.upload) or 0) <= SMALL[row.file_format]


def begin(row: FileImport, state: str, **values: object) -> bool:
    """Let ``row`` be checked (state WAITING) or saved (CONFIRMED). False: it was moved meanwhile.

    A small file is done when this returns; of a large one, the worker hears with the commit.
    """
    small = is_small(row)
    with transaction.atomic():
        if not FileImport.objects.move(row, state, **values):
            return False
        if not small:
            run_in_worker.enqueue(row.pk)
    if small:
        run(row.pk)
    return True


def add(row: FileImport, data: bytes) -> None:
    """Save a new row with its upload and let it be checked; delete what has waited for too long."""
    folder.discard_old()
    for old in FileImport.objects.exclude(state__in=[State.SAVED, State.EXPIRED]).defer("report"):
        if folder.size_of(old.upload) is None:
            FileImport.objects.move(old, State.EXPIRED)
    row.upload = folder.store(data)
    with transaction.atomic():
        row.save()
        if not (small := is_small(row)):
            run_in_worker.enqueue(row.pk)
    if small:
        run(row.pk)


@task
def run_in_worker(key: int) -> None:
    run(key)


def run(key: int) -> None:
    """Check or save the import with this key, if it waits for that and nobody else does it."""
    row = FileImport.objects.get(pk=key)
    following = FileImport.RUNS_AFTER.get(State(row.state))
    if following is None or not FileImport.objects.move(row, following):
        return
    with override(row.language), folder.signs_of_import(row.upload, following == State.SAVING) as signs:
        try:
            data = folder.read(row.upload)
            (_save if following == State.SAVING else _check)(row, data, signs)
        except ImportRefusedError as error:
            FileImport.objects.move(row, State.REFUSED, refusal=str(error))
        except FileNotFoundError:
            FileImport.objects.move(row, State.EXPIRED)
    if row.state == State.SAVED:
        folder.discard(row.upload)


def _check(row: FileImport, data: bytes, signs: folder.Signs) -> None:
    options, remembered = with_remembered_columns(data, row.file_format, ImportOptions.of_json(row.options))
    columns = [vars(column) for column in file_columns(data, row.file_format, options)]
    about: dict[str, Any] = {"columns": columns, "remembered": bool(remembered)}
    values: dict[str, Any] = {"options": options.as_json(), "digest": "", "refusal": "", "report": about}
    state = State.CHECKED
    folder.discard_left_out(row.upload)
    try:
        report = import_file(data, row.file_format, options, dry_run=True, progress=signs.progress)
    except ImportRefusedError as error:
        # Other columns, or an answer, may be what it lacks.
        state, values["refusal"] = State.REFUSED, str(error)
        if isinstance(error, OpenQuestionError):
            about["choices"] = [vars(choice) for choice in error.choices]
    else:
        values["report"] = {**report_as_json(report), **about}
        if report.changes and not report.conflicts:
            values["digest"] = report.digest
        if report.conflicts or report.skipped:
            folder.store_left_out(row.upload, left_out_file(data, row.file_format, options, report))
            values["report"]["left_out"] = True
    FileImport.objects.move(row, state, **values)


def _save(row: FileImport, data: bytes, signs: folder.Signs) -> None:
    """Save the file and its row in one transaction. Raises ImportRefusedError if nothing was saved."""
    options = ImportOptions.of_json(row.options)
    with audit.record_changes(ChangeSet.Kind.IMPORT, row.user, details=row.name) as recorder:
        report = import_file(data, row.file_format, options, expected=row.digest, progress=signs.progress)
        audit.flush()
        change_set = recorder.entry if recorder.entry.pk else None
        values = {"report": {**row.report, **report_as_json(report)}, "change_set": change_set}
        if not report.saved or not FileImport.objects.move(row, State.SAVED, **values):
            raise ImportRefusedError(_("The import was started again meanwhile, and nothing was saved here."))
