"""A connection to PostgreSQL that gives up a server which does not answer."""

from typing import Any

import psycopg
from psycopg.abc import PQGen


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError where the server, such as one that is stopped or whose disk hangs, does not answer.

    The limits of the server end no statement then, and TCP notices the loss of a machine only.
    """

    # Longer than the server itself lets a statement of the site run (``timeouts``).
    response_seconds: float = 13

    def wait[Result](self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.response_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                # The response may still come: the connection cannot be used again.
                self.pgconn.finish()
            raise
