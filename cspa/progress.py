"""How a command that takes its time shows where it is."""

from django.core.management.base import BaseCommand


class WatchedCommand(BaseCommand):
    """A command with progress for somebody who watches; a file or a pipe gets none."""

    def progress(self, stage: str, number: int, total: int | None) -> None:
        """Where it is; ``total`` is None where nobody knows the end yet."""
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{stage}: {number}{f'/{total}' if total else ''}", str, ending="")
            self.stderr.flush()

    def end_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", str, ending="")
