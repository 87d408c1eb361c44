"""Files of mandates, and their import."""

import io
import json

from django.core.management import call_command
from openpyxl import Workbook

from delegations.exports.serializers import MANDATE_COLUMNS
from delegations.importer import ImportOptions, import_file

LEGISLATURE = {"id": "leg", "name": "Assemblée nationale", "classification": "legislature"}


def member(person="a", **about):
    about = {"start_date": "2015-03-01", **about}
    return {"person_id": person, "organization_id": "leg", "role": "member"} | {
        name: value for name, value in about.items() if value is not None
    }


def somebody(key="a", name="Ann Lee", **about):
    return {"id": key, "name": name, **about}


def popolo(persons=None, memberships=None, **lists):
    document = {
        "persons": [somebody()] if persons is None else persons,
        "organizations": [LEGISLATURE, *lists.pop("organizations", [])],
        "memberships": [member()] if memberships is None else memberships,
        **lists,
    }
    return json.dumps(document).encode()


def take(data, file_format="popolo", *, dry_run=False, **options):
    """Import a file for a new or an existing country."""
    if file_format == "popolo" and not {"chamber", "country"} & options.keys():
        options["country"] = "BI"
    return import_file(data, file_format, ImportOptions(**options), dry_run=dry_run)


def words(notes):
    return [str(note) for note in notes]


GOOD = [somebody(), somebody("b", "Bob Ray"), somebody("c", "Cy Dow")]


def table_of(*rows, header=MANDATE_COLUMNS):
    lines = [",".join(header)]
    lines += [",".join(f'"{row.get(name, "")}"' for name in header) for row in rows]
    return "\n".join(lines).encode()


def sheet_of(*rows, header=MANDATE_COLUMNS):
    workbook = Workbook()
    for row in [header, *([row.get(name) for name in header] for row in rows)]:
        workbook.active.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def export(file_format="popolo"):
    file = io.StringIO()
    call_command("export_delegations", format=file_format, stdout=file)
    return file.getvalue()
