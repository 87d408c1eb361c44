"""`manage.py unlock_user NAME`: resets the lockout of an account and, on request, its second factor."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from cspa.models import User

from ...auth import two_factor
from ...auth.lockout import reset_lockout
from ...auth.sessions import end_sessions


class Command(BaseCommand):
    help = (
        "Lifts the limit of sign-in attempts of an account, and of all addresses that are locked now. With "
        "--reset-second-factor it also takes the second factor away and ends all sessions of the account; where a "
        "group demands a second factor, the next sign-in sets up another."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the name with which the account signs in")
        parser.add_argument("--reset-second-factor", action="store_true", help="for a telephone that was lost")

    def handle(self, username: str, reset_second_factor: bool, **options) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account named {username!r}.")
        reset_lockout(user)
        self.stdout.write(f"{username} may try to sign in again.")
        if reset_second_factor:
            two_factor.remove_second_factor(user)
            end_sessions(user)
            self.stdout.write("The second factor was removed, and all sessions ended.")
