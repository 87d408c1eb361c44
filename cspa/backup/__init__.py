"""Database and uploaded files together, as one folder that both databases read.

``make`` writes it, ``restore`` puts it into an empty place and proves that everything came back. docs/deployment.md
("Backup") is for those who run them; ``folder`` says what lies where.
"""

from .dump import make
from .errors import BackupError
from .load import restore

__all__ = ["BackupError", "make", "restore"]
