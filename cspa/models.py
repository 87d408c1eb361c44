"""Accounts of the secretariat."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody who signs in to the admin; ours from the first migration, so that it can grow."""

    translates_into = models.CharField(
        _("translates into"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of a translator: the language of the texts that this account writes."),
    )
    parliaments = models.ManyToManyField(
        "delegations.Parliament",
        blank=True,
        verbose_name=_("assigned parliaments"),
        help_text=_("Of a delegation secretary: the only delegations that this account keeps. None: all of them."),
    )
