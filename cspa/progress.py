"""How a command that takes its time shows where it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError


class WatchedCommand(BaseCommand):
    """A command with progress for somebody who watches; a file or a pipe gets none."""

    def progress(self, stage: str, number: int, total: int | None) -> None:
        """Where it is; ``total`` is None where nobody knows the end yet."""
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{stage}: {number}{f'/{total}' if total else ''}", str, ending="")
            self.stderr.flush()

    @contextmanager
    def watched(self, refusal: type[Exception], message: str = "%(why)s") -> Iterator[None]:
        """End the progress after the block, and turn ``refusal`` into a CommandError with ``message``."""
        try:
            yield
        except refusal as error:
            raise CommandError(message % {"why": error}) from error
        finally:
            self.end_progress()

    def end_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", str, ending="")
