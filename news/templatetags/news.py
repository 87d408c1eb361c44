"""News for the pages of other rooms."""

from collections.abc import Iterable

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from cspa import pieces
from delegations.models import Parliament, Person
from news.models import Article, Picture, Quotation

from .. import rendering

register = template.Library()

register.filter("render_body", rendering.body)

NEWEST = 5


@register.simple_tag
def article_items(articles: Iterable[Article], heading: str) -> SafeString:
    """``articles``, of which the keys are enough, as the items of a list; ``heading``: h2 or h3."""

    def items(keys: list[int]) -> dict[int, str]:
        found = Article.objects.published().for_list().in_bulk(keys)
        name = "components/article_item.html"
        return {
            key: render_to_string(name, {"article": found[key], "heading": heading}) if key in found else ""
            for key in keys
        }

    keys = [article.pk for article in articles]
    return mark_safe("".join(pieces.each(keys, items, "article_items", heading)))  # noqa: S308  rendered above


@register.simple_tag
def latest_articles(about: Parliament | None = None, naming: Person | None = None, most: int = NEWEST):
    """Titles of the newest articles of the active language, about a parliament or naming a person."""
    articles = Article.objects.published().in_language()
    if about is not None:
        articles = articles.filter(parliaments=about)
    if naming is not None:
        articles = articles.filter(people=naming)
    return articles.for_links().newest_first()[:most]


@register.simple_tag
def quotations_of(person: Person, most: int = NEWEST):
    """What ``person`` said, in the published articles of the active language, the newest first."""
    articles = Article.objects.published().in_language()
    said = Quotation.objects.filter(person=person, article__in=articles).select_related("article")
    said = said.defer("article__body", "article__stems")
    return said.order_by("-article__published_at", "-article__pk", "place")[:most]


@register.simple_tag
def credit_of(picture: Picture, article: Article):
    """Who made the lead picture of ``article``."""
    return rendering.credit(picture, article)


@register.simple_tag
def words_of(picture: Picture, article: Article) -> str:
    """The alternative text of the lead picture of ``article``, in its language."""
    return picture.alt_in(article.language)
