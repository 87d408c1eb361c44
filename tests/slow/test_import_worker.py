"""A worker that is killed while it imports a file: the site has all of it or nothing, and it can be started again."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

ROWS = 1500
KILLS = 6
SETUP = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from delegations.file_imports import tasks
from delegations.models import Chamber, FileImport, Parliament
parliament = Parliament.objects.create(slug="house", name_en="House")
Chamber.objects.create(parliament=parliament, slug="house", name_en="House")
rows = "".join(f"Given{{n}} Family{{n * 7}},{{2000 + n % 20}}-05-01\\n" for n in range({rows}))
row = FileImport(name="list.csv", file_format="csv", options={{"chamber": "house"}}, language="en")
tasks.SMALL["csv"] = 0
tasks.add(row, ("name,start\\n" + rows).encode())
"""
# As the page does when somebody presses “Import”, or “Start again” a minute after the last sign.
CONFIRM = """
import django
django.setup()
from delegations.file_imports import tasks
from delegations.models import FileImport
tasks.SMALL["csv"] = 0
row = FileImport.objects.get()
assert row.state in ("checked", "confirmed", "saving"), row.state
assert tasks.begin(row, "confirmed")
"""


@pytest.mark.audit
def test_worker_killed_at_any_moment_saves_all_or_nothing(tmp_path: Path):
    file = tmp_path / "db.sqlite3"
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{file}",
        "IMPORTS_DIR": str(tmp_path / "imports"),
        "CHANGE_MARKER_FILE": str(tmp_path / "change-marker"),
        "DJANGO_SETTINGS_MODULE": "cspa.settings",
    }

    def run(script: str) -> None:
        subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, env=environment, check=True)

    def worker(*options: str) -> subprocess.Popen:
        command = [sys.executable, "manage.py", "worker", "--no-startup-delay", "--verbosity=0", *options]
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)

    def state() -> tuple[str, int, int]:
        with sqlite3.connect(file) as database:
            (found,) = database.execute("SELECT state FROM delegations_fileimport").fetchone()
            numbers = [
                database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("delegations_delegate", "delegations_person")
            ]
        return found, *numbers

    run(SETUP.format(rows=ROWS))
    assert worker("--batch").wait() == 0
    assert state() == ("checked", 0, 0)
    moments, stopped = random.Random(20061116), 0
    for _kill in range(KILLS):
        run(CONFIRM)
        process = worker()
        deadline = time.monotonic() + 60
        while state()[0] == "confirmed" and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(moments.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found, *numbers = state()
        assert numbers == ([ROWS, ROWS] if found == "saved" else [0, 0])
        if found == "saved":
            break
        assert found == "saving"
        stopped += 1
    else:
        run(CONFIRM)
        assert worker("--batch").wait() == 0
    assert state() == ("saved", ROWS, ROWS)
    assert stopped > 0
    assert list((tmp_path / "imports").glob("*.progress")) == []
