"""`manage.py bootstrap`: prepares an empty database for use; idempotent."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from cspa.models import User
from delegations.models import Parliament
from news.models import Article

# Arbitrary key of the command's advisory lock.
LOCK = 0x63737061


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lock that serialises processes which start together; the second one finds the work done."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    else:
        path = settings.VAR_DIR / "bootstrap.lock"
        path.touch(mode=0o600)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Command(BaseCommand):
    help = (
        "Prepares the database: applies migrations, loads the seed data if there is no parliament and no article, "
        "and creates the first administrator if there is none. Run again, it changes nothing."
    )

    def handle(self, **options) -> None:
        with one_at_a_time():
            self.migrate()
            with transaction.atomic():
                self.seed()
                self.create_administrator()

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Applying {len(plan)} migrations.")
        # Run even without a plan: an interrupted start may have left permissions to create.
        call_command("migrate", interactive=False, verbosity=0)

    def seed(self) -> None:
        if Parliament.objects.exists() or Article.objects.exists():
            return
        call_command("loaddata", "seed", verbosity=0)
        self.stdout.write(
            f"Loaded the seed data: parliaments {Parliament.objects.count()}, articles {Article.objects.count()}."
        )

    def create_administrator(self) -> None:
        if User.objects.filter(is_superuser=True).exists():
            return
        name, password = settings.ADMINISTRATOR_NAME, secrets.token_urlsafe(15)
        administrator = User(username=name, is_staff=True, is_superuser=True)
        administrator.set_password(password)
        try:
            administrator.full_clean()
        except ValidationError as error:
            raise CommandError(
                f"There is no administrator, and ADMINISTRATOR_NAME cannot be {name!r}: {' '.join(error.messages)} "
                "Set another name, or create an administrator with `manage.py createsuperuser`."
            ) from error
        administrator.save()
        self.stdout.write(
            self.style.SUCCESS(f"Administrator created: name {name}, password {password}\n")
            + "The password is not shown again; change it after the first sign-in."
        )
