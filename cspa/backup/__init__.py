"""Backup of the database and the uploaded files in one folder, which SQLite and PostgreSQL can both restore.

``make`` writes the folder; ``restore`` loads it into an empty database and verifies the result by checksums.
``archive`` describes the folder; docs/deployment.md ("Backup") describes how to run both.
"""

from .dump import make
from .errors import BackupError
from .load import restore

__all__ = ["BackupError", "make", "restore"]
