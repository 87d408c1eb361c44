"""Template tags that show news on pages of other apps."""

from django import template

from delegations.models import Parliament, Person
from news.models import Article, Picture, Quotation

from .. import rendering

register = template.Library()

register.filter("render_body", rendering.body)
register.simple_tag(rendering.credit, name="credit_of")

NEWEST = 5


@register.simple_tag
def latest_articles(about: Parliament | None = None, naming: Person | None = None, most: int = NEWEST):
    """The newest articles in the active language, optionally about a parliament or naming a person."""
    articles = Article.objects.published().in_language()
    if about is not None:
        articles = articles.filter(parliaments=about)
    if naming is not None:
        articles = articles.filter(people=naming)
    return articles.for_links().newest_first()[:most]


@register.simple_tag
def quotations_of(person: Person):
    """The quotations of ``person`` in published articles of the active language, newest first."""
    articles = Article.objects.published().in_language()
    said = Quotation.objects.filter(person=person, article__in=articles).select_related("article")
    said = said.defer("article__body", "article__stems")
    return said.order_by("-article__published_at", "-article__pk", "place")[:NEWEST]


@register.simple_tag
def words_of(picture: Picture, article: Article) -> str:
    return picture.alt_in(article.language)
