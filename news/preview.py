"""Signed links that show an unpublished article to readers without an account.

A link expires after LASTS. A new preview key of the article invalidates all earlier links.
"""

from datetime import datetime, timedelta
from secrets import token_urlsafe

from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from .models import Article

LASTS = timedelta(days=7)
SALT = "news.preview"


def open_links(article: Article) -> None:
    """Set a new preview key of ``article``, which allows links and invalidates earlier ones."""
    Article.objects.filter(pk=article.pk).update(preview_key=token_urlsafe(12))


def withdraw_links(article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(preview_key="")


def link(article: Article) -> str:
    """The path of the preview of ``article``, which must have a preview key. Valid for LASTS."""
    token = signing.dumps([str(article.uid), article.preview_key], salt=SALT)
    with override(article.language):
        return reverse("news:preview", args=[token])


def until(token: str) -> datetime:
    """The time at which the ``token`` of a link expires."""
    signed = signing.TimestampSigner(salt=SALT).unsign(token, max_age=None)
    made = token.removeprefix(signed).split(":")[1]
    return datetime.fromtimestamp(signing.b62_decode(made), timezone.get_current_timezone()) + LASTS


def find(token: str) -> Article | None:
    """The article of a link's ``token``; None if the token is forged, expired or withdrawn."""
    try:
        uid, key = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        return None
    return Article.objects.filter(uid=uid, preview_key=key).exclude(preview_key="").first()
