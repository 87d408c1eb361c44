"""Addresses of the former site, which redirect to what they named.

An address is compared as text: its path without the last slash, decoded, then its parameters in order of their names.
"""

import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.encoding import repercent_broken_unicode
from django.utils.translation import get_language_from_path, override
from django.utils.translation import gettext_lazy as _

from cspa.i18n import language_codes

if TYPE_CHECKING:
    from .articles import Article

MAX_LENGTH = 500
MAX_PARAMETERS = 20
#: Parameters by which WordPress addresses its pages at "/".
NUMBERS_OF_PAGES = frozenset({"p", "page_id", "attachment_id"})
# Added by those who link to a page; they name no page.
_TRACKING = frozenset({"fbclid", "gclid", "yclid", "ysclid", "ymclid", "_openstat"})

_NO_ADDRESS = _("This is no address as /2015/03/meeting/?id=5 or https://old.example/2015/03/meeting/.")


def legacy_address(text: str) -> str:
    """Return the address ``text`` of the former site as it is compared; a host is left out.

    Raises ValidationError if it is none, or if this site answers there.
    """
    path, query = _parts(text)
    address = _compared(path, query)
    if address is None:
        raise ValidationError(_NO_ADDRESS, code="no_address")
    if _is_own(address):
        message = _("This is an address of this site: %(address)s")
        raise ValidationError(message, code="own_address", params={"address": address})
    return address


def own_address(text: str) -> str:
    """Return ``text``, the address of a page of this site, as path and query. Raises ValidationError for any other."""
    path, query = _parts(text)
    address = f"{path}?{query}" if query else path
    host = urlsplit(text).netloc
    is_ours = not host or host == urlsplit(settings.SITE_URL or "").netloc
    if not is_ours or len(address) > MAX_LENGTH or resolved(path) is None:
        raise ValidationError(_("This site has no such page: %(address)s") % {"address": text[:MAX_LENGTH]})
    return address


def resolved(path: str) -> ResolverMatch | None:
    """The view of this site that answers at ``path``, in whatever language it is."""
    try:
        with override(get_language_from_path(path)):
            return resolve(path)
    except Resolver404:
        return None


def _parts(text: str) -> tuple[str, str]:
    """Return the path, decoded, and the query. Raises ValidationError for what is no address."""
    text = text.strip()
    try:
        url = urlsplit(text)
    except ValueError:
        raise ValidationError(_NO_ADDRESS, code="no_address") from None
    is_local = not url.scheme and not url.netloc and text.startswith("/")
    is_whole = url.scheme in ("http", "https") and url.netloc
    path = repercent_broken_unicode(unquote_to_bytes(url.path or "/")).decode()
    # Browsers read a backslash as a slash, and two slashes as the beginning of a host.
    is_plain = text.isprintable() and path.isprintable() and "\\" not in path and not path.startswith("//")
    if not (is_local or is_whole) or not is_plain:
        raise ValidationError(_NO_ADDRESS, code="no_address")
    return path, url.query


def _compared(path: str, query: str) -> str | None:
    """Return the text by which an address is found; None if no such address can be stored."""
    try:
        given = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return None
    named = sorted((key, value) for key, value in given if key not in _TRACKING and not key.startswith("utm_"))
    address = unicodedata.normalize("NFC", path.rstrip("/") or "/") + (f"?{urlencode(named)}" if named else "")
    return address if len(address) <= MAX_LENGTH and address.isprintable() else None


def _is_own(address: str) -> bool:
    path, _separator, query = address.partition("?")
    if path == "/":
        return not (query and dict(parse_qsl(query)).keys() <= NUMBERS_OF_PAGES)
    if f"{path}/".startswith(f"/{settings.STATIC_URL.strip('/')}/"):
        return True
    # Without a language or the last slash, an address of this site redirects to the whole one.
    paths = [path, *(f"/{code}{path}" for code in language_codes())]
    return any(resolved(candidate) or resolved(f"{candidate}/") for candidate in paths)


class LegacyAddressQuerySet(models.QuerySet["LegacyAddress"]):
    def for_readers(self) -> Self:
        """The addresses of pages, and of articles that readers may know."""
        # The model of a foreign key, which is a name only while models are loaded.
        articles = cast("type[Article]", self.model._meta.get_field("article").related_model).objects
        known = articles.published() | articles.withdrawn()
        return self.filter(Q(article__isnull=True) | Q(article__in=known))

    def target(self, path: str, query: str) -> str | None:
        """The address of this site that replaces ``path`` of the former one; None if readers know none."""
        address = _compared(path, query)
        if address is None:
            return None
        rows = self.for_readers().select_related("article")
        row = (
            rows.only("target", "article__language", "article__date", "article__slug").filter(address=address).first()
        )
        return row.leads_to if row else None


class LegacyAddress(models.Model):
    """An address of the former site, and the article or page of this site that took its place."""

    address = models.CharField(
        _("address on the former site"),
        max_length=MAX_LENGTH,
        unique=True,
        help_text=_("With its parameters, as in /2015/03/meeting/ or /?p=12. The host does not count."),
        error_messages={"unique": _("This address leads somewhere already.")},
    )
    article = models.ForeignKey(
        "news.Article",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="legacy_addresses",
        verbose_name=_("article"),
    )
    target = models.CharField(
        _("page of this site"),
        max_length=MAX_LENGTH,
        blank=True,
        help_text=_("Where it does not lead to an article: /en/about/."),
    )

    objects = LegacyAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("address on the former site")
        verbose_name_plural = _("addresses on the former site")
        ordering = ["address"]
        constraints = [
            models.CheckConstraint(
                name="legacyaddress_one_target",
                condition=Q(article__isnull=True) & ~Q(target="") | Q(article__isnull=False, target=""),
                violation_error_message=_("Choose an article or a page of this site, not both."),
            )
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def leads_to(self) -> str:
        """The address of this site."""
        return self.article.get_absolute_url() if self.article else self.target

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check the addresses, and write them as they are compared."""
        super().clean_fields(exclude=exclude)
        errors = {}
        for name, checked in (("address", legacy_address), ("target", own_address)):
            if name not in (exclude or ()) and (text := getattr(self, name)):
                try:
                    setattr(self, name, checked(text))
                except ValidationError as error:
                    errors[name] = error
        if errors:
            raise ValidationError(errors)
