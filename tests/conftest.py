"""What every test finds: settings as in production, over plain http, with nothing set in the environment.

DATABASE_URL chooses the database (SQLite unless it is set); DEBUG=1 serves static files that were not collected.
"""

import os
from pathlib import Path

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
os.environ.setdefault("SECRET_KEY", "a key of the tests, long enough and with no secret behind it")
os.environ.setdefault("SECURE_SSL_REDIRECT", "0")


def pytest_configure() -> None:
    """Read the settings now: pytest-django looks for them before it reads this file, and again after it."""
    django.setup()


@pytest.fixture(scope="session", autouse=True)
def _quick_and_clean(tmp_path_factory):
    """Passwords hash at once; uploads go to a folder of this run."""
    from django.test import override_settings

    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        MEDIA_ROOT=tmp_path_factory.mktemp("media"),
    ):
        yield


@pytest.fixture(autouse=True)
def _real_countries_first():
    """Each test begins with the countries that there are: forms refuse the made-up ones of long lists."""
    from .factories import ParliamentFactory

    ParliamentFactory.reset_sequence(force=True)


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of sample files that SAMPLE_DATA names."""
    folder = os.environ.get("SAMPLE_DATA", "").strip()
    if not folder:
        pytest.skip("SAMPLE_DATA is not set: it names the folder of sample files")
    return Path(folder).resolve(strict=True)
