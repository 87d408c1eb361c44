"""`manage.py demo_data --articles 100000 --people 5000 --seed 1`: fills an empty database with demo data."""

from argparse import ArgumentTypeError

from ...demo.generator import DemoDataError, Size, fill
from ...progress import WatchedCommand


def number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


class Command(WatchedCommand):
    help = (
        "Fill an empty database with made-up people and articles, the same ones for the same numbers and seed. "
        "Rows of an earlier run give way to those of other numbers; run again with the same ones, it changes nothing. "
        "Where the database holds anything else, it is refused."
    )

    def add_arguments(self, parser):
        parser.add_argument("--articles", type=number, default=1000, help="default: 1000")
        parser.add_argument("--people", type=number, default=200, help="default: 200")
        parser.add_argument("--seed", type=number, default=1, help="another one makes other rows; default: 1")

    def handle(self, articles: int, people: int, seed: int, **options):
        size = Size(articles, people, seed)
        with self.watched(DemoDataError):
            filled = fill(size, self.progress)
        self.stdout.write(str(size) if filled else f"{size}: there already, nothing changed.")
