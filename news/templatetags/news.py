"""News for the pages of other rooms."""

from django import template

from delegations.models import Parliament, Person
from news.models import Article, Picture, Quotation

from .. import rendering

register = template.Library()

register.filter("render_body", rendering.body)

NEWEST = 5


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
