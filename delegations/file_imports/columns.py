"""Columns of a table, read as in the last table of the same publisher."""

from ..importer import ImportOptions, file_columns
from ..models import FileImport


def with_remembered_columns(
    data: bytes, file_format: str, options: ImportOptions
) -> tuple[ImportOptions, dict[str, str]]:
    """Return ``options`` with the mapping of the publisher, and this mapping; what ``options`` say wins.

    Raises ImportRefusedError if the file cannot be read.
    """
    headings = [column.heading for column in file_columns(data, file_format, options)]
    remembered = FileImport.objects.remembered_columns(options.as_json(), headings) if headings else {}
    # In this order: another spelling of a heading in ``options`` wins too.
    return options.with_columns({**remembered, **options.columns}), remembered
