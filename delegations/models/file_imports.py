"""Imports of files: what waits for its check or its confirmation, what runs, and what was saved."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cspa.models import ChangeSet

# PostgreSQL stores no NUL, and UTF-8 has no surrogates; a report quotes what a file holds.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(value: Any) -> Any:
    """Return a text or a value of JSON with a sign in place of each letter that no database stores."""
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value)
        case dict():
            return {storable(key): storable(each) for key, each in value.items()}
        case list() | tuple():
            return [storable(each) for each in value]
    return value


class FileImportQuerySet(models.QuerySet["FileImport"]):
    def move(self, row: "FileImport", state: str, **values: Any) -> bool:
        """Put ``row`` into ``state`` with ``values``, unless another process has moved it since it was read."""
        moment, values = timezone.now(), {name: storable(value) for name, value in values.items()}
        moved = self.filter(pk=row.pk, state=row.state, moved_at=row.moved_at)
        if not moved.update(state=state, moved_at=moment, **values):
            return False
        for name, value in {"state": state, "moved_at": moment, **values}.items():
            setattr(row, name, value)
        return True

    def remembered_columns(self, options: Mapping[str, Any], headings: Iterable[str]) -> dict[str, str]:
        """What the columns were read as in the last table of the same chamber or country, for ``headings`` alone.

        ``options`` are those of the new import as JSON.
        """
        publisher = {name: options[name] for name in ("chamber", "country") if options.get(name)}
        if not publisher:
            return {}
        same = {f"options__{name}": value for name, value in publisher.items()}
        saved = self.filter(state=FileImport.State.SAVED, options__has_key="columns", **same)
        last = saved.order_by("-moved_at", "-pk").values_list("options", flat=True).first()
        known = {heading.casefold(): column for heading, column in (last or {"columns": {}})["columns"].items()}
        return {heading: known[heading.casefold()] for heading in headings if heading.casefold() in known}


class FileImport(models.Model):
    """The import of one file. ``folder`` holds its bytes until it is saved, and its progress while it runs."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for the check")
        CHECKING = "checking", _("is being checked")
        CHECKED = "checked", _("waits for a decision")
        CONFIRMED = "confirmed", _("waits to be saved")
        SAVING = "saving", _("is being saved")
        SAVED = "saved", _("saved")
        REFUSED = "refused", _("refused")
        EXPIRED = "expired", _("not decided in time")

    # States in which the file is read at present, by the state in which somebody waits for that.
    RUNS_AFTER = {State.WAITING: State.CHECKING, State.CONFIRMED: State.SAVING}

    name = models.CharField(_("file"), max_length=255)
    file_format = models.CharField(_("format"), max_length=10)
    # ImportOptions.as_json().
    options = models.JSONField(_("options"), default=dict, blank=True)
    # Reports are texts: the check and the save must speak the same language.
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="file_imports",
        verbose_name=_("who"),
        help_text=_("Empty: a command."),
    )
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    moved_at = models.DateTimeField(_("in this state since"), default=timezone.now)
    # The name of the file in the folder of imports.
    upload = models.CharField(max_length=32, blank=True, default="", editable=False)
    # Of the report that was shown, with which alone the import may be confirmed.
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    # file_imports.report_page.report_as_json() with the columns of a table.
    report = models.JSONField(default=dict, blank=True, editable=False)
    refusal = models.TextField(_("why it was refused"), blank=True, default="")
    change_set = models.ForeignKey(
        ChangeSet,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("entry of the journal"),
    )

    objects = FileImportQuerySet.as_manager()

    class Meta:
        # Whoever may import sees them (docs/roles.md).
        default_permissions = ()
        verbose_name = _("import of a file")
        verbose_name_plural = _("imports of files")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name}, {timezone.localtime(self.created_at):%Y-%m-%d %H:%M}"

    @property
    def remembered(self) -> bool:
        """Whether the columns are read as in an earlier table."""
        return bool(self.report.get("remembered"))

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns of a table, with their first values and what each is read as."""
        columns: list[dict[str, Any]] = self.report.get("columns", [])
        return columns
