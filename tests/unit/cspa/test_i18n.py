"""A further language needs one setting and a migration: Tajik is added to a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent

ASK = """
from django.test import Client
from delegations.models import Parliament
client = Client()
parliament = Parliament.objects.get(slug="tajikistan")
parliament.name_tg = "Маҷлиси Олии Ҷумҳурии Тоҷикистон"
parliament.save()
page = client.get("/tg/delegations/")
words = page.content.decode()
assert page.status_code == 200
assert '<html lang="tg"' in words
assert "Маҷлиси Олии Ҷумҳурии Тоҷикистон" in words
# The name falls back to English and is marked as such.
assert '<span lang="en">Parliament of the Republic of Kazakhstan</span>' in words
assert 'hreflang="tg"' in client.get("/en/delegations/").content.decode()
for path in ("", "delegations/tajikistan/", "news/", "about/", "delegations/people/1-viktor-kogut/", "news/feed.atom"):
    assert client.get(f"/tg/{path}").status_code == 200, path
assert client.get("/admin/login/").status_code == 200
print("tajik works")
"""


@pytest.mark.long
def test_further_language_needs_one_setting_and_a_migration(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(
        ROOT, project, ignore=shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".pytest_cache", "tests")
    )
    settings = project / "cspa" / "settings.py"
    before = '("ru", "Русский")]'
    assert before in settings.read_text()
    settings.write_text(settings.read_text().replace(before, '("ru", "Русский"), ("tg", "Тоҷикӣ")]'))
    environment = {
        **os.environ,
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "ALLOWED_HOSTS": "testserver",
    }

    def manage(*arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    out = manage("makemigrations", "--name", "tajik")
    assert "Add field name_tg to parliament" in out
    manage("migrate", "--verbosity", "0")
    manage("loaddata", "seed", "--verbosity", "0")
    assert "tajik works" in manage("shell", "--no-imports", "-c", ASK)
    assert "No changes detected" in manage("makemigrations", "--check")
