"""manage.py worker"""

import logging
import time
from typing import Any

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections
from django_tasks_db.management.commands import db_worker

from ...file_imports import folder

# Seconds until the next attempt while the database is away, or locked by another writer.
RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


class Command(db_worker.Command):
    help = "Run what takes its time beside the site, such as imports of large files, until it is stopped."

    def handle(self, **options: Any) -> None:
        """Work until a signal. While the database is away, try again."""
        with folder.signs_of_worker():
            while True:
                try:
                    call_command("prune_db_task_results", verbosity=0)
                    return super().handle(**options)
                except (OperationalError, InterfaceError) as error:
                    log.warning("The worker waits for the database: %s", error)
                    connections.close_all()
                    time.sleep(RETRY_SECONDS)
