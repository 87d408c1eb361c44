"""Rendering of article bodies: captions of quotations, responsive pictures, credits."""

from collections.abc import Callable, Mapping

from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cspa.i18n import get_translated
from cspa.richtext import render_html
from delegations.models import Person

from .models import Article, ArticleQuerySet, Picture, Quotation


def with_relations(articles: ArticleQuerySet) -> ArticleQuerySet:
    """``articles`` with all related rows that their page and the API show."""
    return articles.select_related("picture").prefetch_related(
        "topics",
        "parliaments",
        Prefetch("people", Person.objects.public()),
        "sources",
        "corrections",
        Prefetch("quotations", Quotation.objects.select_related("person")),
        "attachments",
    )


def body(article: Article) -> SafeString:
    """The body of ``article`` for a page, with responsive pictures and links to the pages of speakers."""
    pictures = Picture.objects.within([article])

    def shown(address: str, alt: str) -> tuple[str, str]:
        picture = pictures.get(address)
        if picture is None:
            return format_html('<img src="{}" alt="{}">', address, alt), ""
        words = alt or picture.alt_in(article.language)
        return render_to_string("components/picture.html", {"picture": picture, "alt": words}), credit(
            picture, article
        )

    return render_html(article.body, _captions(article), shown)


def plain_body(article: Article, pictures: Mapping[str, Picture], absolute: Callable[[str], str]) -> SafeString:
    """The body of ``article`` for feeds and the API, with plain ``img`` elements and absolute URLs.

    ``pictures`` is the result of ``Picture.objects.within()``.
    """

    def shown(address: str, alt: str) -> tuple[str, str]:
        picture = pictures.get(address)
        words = alt or (picture.alt_in(article.language) if picture else "")
        image = format_html('<img src="{}" alt="{}">', absolute(address), words)
        return image, credit(picture, article) if picture else ""

    return render_html(article.body, _captions(article, absolute), shown)


def credit(picture: Picture, article: Article) -> SafeString:
    """The credit line of ``picture`` in the language of ``article``, or an empty string."""
    text = get_translated(picture, "credit", article.language)
    return format_html('<span class="credit">{}</span>', text) if text else SafeString("")


def _captions(article: Article, absolute: Callable[[str], str] = str) -> list[SafeString]:
    return [caption(quotation, absolute) for quotation in article.quotations.all()]


def caption(quotation: Quotation, absolute: Callable[[str], str] = str) -> SafeString:
    """The caption of a quotation: speaker, function, and the original language if it is not the article's."""
    person = quotation.person
    if person and person.withdrawn:
        who = format_html("{}", person.public_name)
    elif person:
        who = format_html('<a href="{}">{}</a>', absolute(person.get_absolute_url()), quotation.speaker)
    else:
        who = format_html("{}", quotation.speaker)
    if quotation.function:
        who = format_html("{}, {}", who, quotation.function)
    if quotation.original_language and quotation.original_language != quotation.article.language:
        language = quotation.get_original_language_display()
        note = _("translated from: %(language)s") % {"language": language}
        who = format_html('{} <span class="note">({})</span>', who, note)
    return who
