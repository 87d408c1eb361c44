"""Accounts of the secretariat."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Somebody who signs in to the admin; ours from the first migration, so that it can grow."""
