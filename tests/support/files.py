"""Readers of the CSV, XLSX, JSON and JSON Lines exports of a list."""

import csv
import json
from datetime import datetime
from io import BytesIO, StringIO
from urllib.parse import urlencode

import openpyxl

from cspa.exports import tabular


def ask(client, address, **parameters):
    return client.get(f"{address}?{urlencode({k: v for k, v in parameters.items() if v})}")


def take(client, address, file_format, **parameters):
    """The columns and the rows of an exported file, as texts."""
    response = ask(client, address, format=file_format, **parameters)
    assert response.status_code == 200
    body = response.getvalue()
    if file_format == "json":
        data = json.loads(body)
        assert data["count"] == len(data["results"])
        columns = list(data["results"][0]) if data["results"] else []
        return columns, [[_text(value) for value in record.values()] for record in data["results"]]
    if file_format == "jsonl":
        records = [json.loads(line) for line in body.decode().splitlines()]
        return list(records[0]) if records else [], [list(map(_text, record.values())) for record in records]
    if file_format == "csv":
        rows = list(csv.reader(StringIO(body.decode("utf-8-sig"), newline="")))
    else:
        sheet = openpyxl.load_workbook(BytesIO(body)).active
        rows = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    return rows[0], [[tabular.unescape_formula(cell) for cell in row] for row in rows[1:]]


def _text(value):
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def take_all(client, address, **parameters):
    """The rows as dicts, after an assertion that the files of all formats agree."""
    files = {file_format: take(client, address, file_format, **parameters) for file_format in tabular.FORMATS}
    columns, rows = files["csv"]
    assert rows == files["xlsx"][1] == files["json"][1] == files["jsonl"][1]
    assert columns == files["xlsx"][0]
    assert not rows or columns == files["json"][0]
    return [dict(zip(columns, row, strict=True)) for row in rows]
