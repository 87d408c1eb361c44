"""manage.py check_links"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from links.models import Address

from ...checker import Answer, ask
from ...collector import gather

# Hosts checked in parallel.
AT_ONCE = 4
# Seconds between two requests to one host.
PAUSE = 1


class Command(BaseCommand):
    help = (
        "Ask each address that the directory and the published news name whether it answers, and store the result. "
        "Exit code 1 where one does not, 0 where all do."
    )

    def add_arguments(self, parser):
        parser.add_argument("--silent", action="store_true", help="only those that did not answer the last time")
        parser.add_argument(
            "--allow-private", action="store_true", help="ask hosts in private networks and on this machine, too"
        )

    def handle(self, *args, silent: bool, allow_private: bool, **options):
        gather()
        addresses = Address.objects.failing() if silent else Address.objects.all()
        asked = failed = 0
        for address, answer in answers(addresses, private=allow_private):
            address.record(answer.outcome, answer.status, timezone.now())
            asked += 1
            if address.fails_since:
                failed += 1
                self.stdout.write(f"{address.result}: {address.url}")
        words = ngettext("%(number)d address asked.", "%(number)d addresses asked.", asked)
        self.stdout.write(words % {"number": asked})
        if failed:
            raise CommandError(_("Without an answer: %(number)d.") % {"number": failed}, returncode=1)


def answers(addresses: Iterable[Address], *, private: bool) -> Iterator[tuple[Address, Answer]]:
    """The results of checking ``addresses``: AT_ONCE hosts in parallel, one request at a time to each host."""
    hosts = defaultdict(list)
    for address in addresses:
        hosts[address.url.split("/")[2].lower()].append(address)

    def ask_host(addresses: list[Address]) -> list[tuple[Address, Answer]]:
        found: list[tuple[Address, Answer]] = []
        for address in addresses:
            if found:
                time.sleep(PAUSE)
            found.append((address, ask(address.url, private=private)))
        return found

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for done in as_completed([pool.submit(ask_host, addresses) for addresses in hosts.values()]):
            yield from done.result()
    finally:
        pool.shutdown(cancel_futures=True)
