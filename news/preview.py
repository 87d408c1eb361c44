"""An article as the public will see it, for somebody without an account: by a signed link.

The link expires; a new key of the article withdraws all links that were given away.
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
    """Give ``article`` a key under which links can be made."""
    Article.objects.filter(pk=article.pk).update(preview_key=token_urlsafe(12))


def withdraw_links(article: Article) -> None:
    """Close every link to ``article``."""
    Article.objects.filter(pk=article.pk).update(preview_key="")


def link(article: Article) -> str:
    """The path of a preview of ``article``, which has a key; it can be followed for LASTS."""
    token = signing.dumps([str(article.uid), article.preview_key], salt=SALT)
    with override(article.language):
        return reverse("news:preview", args=[token])


def until(token: str) -> datetime:
    """When the ``token`` of a link expires."""
    signed = signing.TimestampSigner(salt=SALT).unsign(token, max_age=None)
    made = token.removeprefix(signed).split(":")[1]
    return datetime.fromtimestamp(signing.b62_decode(made), timezone.get_current_timezone()) + LASTS


def find(token: str) -> Article | None:
    """The article that the ``token`` of a link shows; None where it is forged, expired or withdrawn."""
    try:
        uid, key = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        return None
    return Article.objects.filter(uid=uid, preview_key=key).exclude(preview_key="").first()
