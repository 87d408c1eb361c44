"""A client built from the OpenAPI document, as programmers build theirs, asks a server."""

import json
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from ..support import api_client
from ..support.servers import Machine

PROGRAMS = settings.BASE_DIR / "var" / "client" / "bin"

pytestmark = pytest.mark.audit

ROWS = """
from datetime import UTC, datetime
from tests.support import factories
from tests.support.api import QUOTATION, house

mandate = house(public_id=12, name_en="Ann Lee")
factories.ArticleFactory(
    title="A visit", body=QUOTATION, people=[mandate.person], parliaments=[mandate.chamber.parliament],
    sources=[factories.SourceFactory(title_en="A report")], published_at=datetime(2020, 1, 1, tzinfo=UTC),
)
"""


def test_generated_client_does_five_tasks(tmp_path: Path):
    if not PROGRAMS.exists():
        pytest.skip("The generator of clients is absent (make client)")
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}", workers=1)
    machine.manage("migrate", "--verbosity=0")
    machine.manage("shell", "-c", ROWS)
    with machine.serving():
        address = f"http://127.0.0.1:{machine.port}"
        options = [
            "--fail-on-warning",
            "--url",
            f"{address}/api/v1/openapi.json",
            "--output-path",
            tmp_path / "client",
        ]
        # The generator formats what it writes with the ruff beside it.
        subprocess.run(
            [PROGRAMS / "openapi-python-client", "generate", *options], check=True, env={"PATH": str(PROGRAMS)}
        )
        asked = subprocess.run(
            [PROGRAMS / "python", api_client.__file__, tmp_path / "client", address],
            check=True,
            capture_output=True,
            text=True,
        )
    assert json.loads(asked.stdout) == {
        "seats on a day": [["belarus", 7, 1]],
        "who left since a day": [["Ann Lee", "2021", "belarus"]],
        "a person": ["Ann Lee", [["belarus-house", "2019-05", True]]],
        "quotations of the person": [["We agree.", 12, "en"]],
        "an article about the delegation": ["A visit", [12], ["A report"]],
        "what is not on record": 404,
    }
