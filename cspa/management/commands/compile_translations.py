"""`manage.py compile_translations`: compiles .po to .mo files without gettext's tools."""

import os
from pathlib import Path

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


def compile_catalogue(source: Path) -> bool:
    """Compile ``source`` unless its .mo file is up to date; return whether the file was written."""
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    try:
        catalogue = polib.pofile(str(source))
    except (OSError, ValueError) as error:
        raise CommandError(f"{source} is not a valid catalogue: {error}") from error
    unfinished = source.with_suffix(f".{os.getpid()}.tmp")
    catalogue.save_as_mofile(str(unfinished))
    # Replacing is atomic: a concurrent reader finds the old or the new file.
    unfinished.replace(target)
    return True


class Command(BaseCommand):
    help = "Compiles each translation catalogue that changed since it was compiled."
    requires_system_checks = ()

    def handle(self, **options) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
                if compile_catalogue(source):
                    language = source.parent.parent.name
                    self.stdout.write(f"Compiled the translations: {language}")
