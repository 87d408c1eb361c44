"""manage.py check_delegations"""

import json

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from ...quality.checks import doubts


class Command(BaseCommand):
    help = "List what is doubtful in the directory. Exit code 1 where there is anything, 0 where there is nothing."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        issues = doubts()
        if options["json"]:
            record = {"count": len(issues), "doubts": [issue.record() for issue in issues]}
            self.stdout.write(json.dumps(record, ensure_ascii=False, indent=2))
        else:
            for issue in issues:
                self.stdout.write(f"{issue.kind.label}: {issue.words} {issue.admin_url}")
        if issues:
            message = ngettext("%(number)d doubtful fact.", "%(number)d doubtful facts.", len(issues))
            raise CommandError(message % {"number": len(issues)}, returncode=1)
