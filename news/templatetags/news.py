"""News for the pages of other rooms."""

from django import template

from delegations.models import Parliament, Person
from news.models import Article

register = template.Library()

NEWEST = 5


@register.simple_tag
def latest_articles(about: Parliament | None = None, naming: Person | None = None, most: int = NEWEST):
    """The newest articles of the active language, ``most`` of them, about a parliament or naming a person."""
    articles = Article.objects.published().in_language()
    if about is not None:
        articles = articles.filter(parliaments=about)
    if naming is not None:
        articles = articles.filter(people=naming)
    return articles.for_list()[:most]
