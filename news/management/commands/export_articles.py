"""manage.py export_articles [FILE]"""

import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import default_storage
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from cspa.progress import WatchedCommand
from delegations.management.reporting import write_whole
from news.models import Article, ArticleQuerySet

from ...jsonl import CHUNK, files, line, records


class Command(WatchedCommand):
    help = (
        "Write the articles as JSON Lines, one article in one language a line, for import_articles. This is the "
        "office's archive: drafts, articles in review, scheduled and withdrawn ones are in it, unless --published is "
        "given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=Path("-"),
            metavar="FILE",
            help="written when it is complete; “-” or none: standard output",
        )
        parser.add_argument("--published", action="store_true", help="only what readers may see now")
        parser.add_argument(
            "--files", type=Path, metavar="DIR", help="copy the pictures and documents of the articles there"
        )

    def handle(self, *args, file: Path, published: bool, **options) -> None:
        self.missing: set[str] = set()
        articles = Article.objects.published() if published else Article.objects.all()
        lines = self.lines(articles, options["files"])
        try:
            if file == Path("-"):
                for text in lines:
                    self.stdout.write(text, ending="")
            else:
                write_whole(file, (text.encode() for text in lines))
        except OSError as error:
            raise CommandError(_("The file cannot be written: %(why)s") % {"why": error.strerror}) from error
        finally:
            self.end_progress()
        if self.missing:
            raise CommandError(
                _("The articles were written, but files are missing (%(count)d): %(names)s")
                % {"count": len(self.missing), "names": ", ".join(sorted(self.missing)[:20])}
            )

    def lines(self, articles: ArticleQuerySet, folder: Path | None) -> Iterator[str]:
        total = articles.count()
        for number, record in enumerate(records(articles), 1):
            if folder:
                for name in files(record):
                    self.copy(name, folder / name)
            yield line(record)
            if number % CHUNK == 0:
                self.progress("articles", number, total)

    def copy(self, name: str, target: Path) -> None:
        """Copy a media file. Skip a copy of the right size, because files never change under their names."""
        if not default_storage.exists(name):
            self.missing.add(name)
        elif not (target.is_file() and target.stat().st_size == default_storage.size(name)):
            target.parent.mkdir(parents=True, exist_ok=True)
            with default_storage.open(name) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
