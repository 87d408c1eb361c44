"""Search in the API, with the results of the search page."""

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest
from django.utils.translation import get_language, gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from news.api import ArticleRecord, article_record
from news.filters import ArticleFilter

from ..absolute_urls import absolute_url
from ..api.errors import ApiError
from ..api.parameters import Parameters, filtered_by, parameter, refuse_errors
from .search import NameResults, Results

router = Router(tags=[gettext_noop("Search")])


class PersonFound(Schema):
    id: int
    name: str
    page: str = Field(description=gettext_noop("Address of the page for people."))


class NameFound(Schema):
    id: str = Field(description=gettext_noop("Slug of the delegation or body."))
    name: str
    page: str = Field(description=gettext_noop("Address of the page for people."))


class PeopleFound(Schema):
    count: int
    results: list[PersonFound]


class NamesFound(Schema):
    count: int
    results: list[NameFound]


class ArticleHit(ArticleRecord):
    excerpt: str = Field(description=gettext_noop("HTML: the words that were looked for stand in mark elements."))


class ArticleHits(Schema):
    count: int
    more: bool = Field(description=gettext_noop("Whether there are more than are counted and ranked."))
    results: list[ArticleHit]


class Elsewhere(Schema):
    language: str
    count: int


class SearchAnswer(Schema):
    people: PeopleFound
    holders: PeopleFound = Field(description=gettext_noop("People who hold today an office that the words name."))
    bodies: NamesFound
    delegations: NamesFound
    articles: ArticleHits
    elsewhere: list[Elsewhere] = Field(description=gettext_noop("Articles that the words find in other languages."))
    suggestion: str | None = Field(description=gettext_noop("Where nothing was found: words that find something."))


class SearchParameters(filtered_by(ArticleFilter, Parameters)):
    page: str = parameter(gettext_noop("Page of the articles, from 1."), type="integer", minimum=1, default=1)


@router.get(
    "/search/", response=SearchAnswer, summary=gettext_noop("Search in people, offices, bodies, delegations and news")
)
def search(request, parameters: Query[SearchParameters]):
    results = Results(request.GET, get_language())
    refuse_errors(results.filter.form)
    try:
        hits, _paginator = results.page(parameters.page or "1")
    except Http404 as error:
        raise ApiError(404, str(error), "page") from error
    prefetch_related_objects([hit.article for hit in hits], "topics")
    nothing = results.has_terms and not (hits or results.has_names)
    return {
        "people": _names(request, results.people, "public_id"),
        "holders": _names(request, results.holders, "public_id"),
        "bodies": _names(request, results.bodies, "slug"),
        "delegations": _names(request, results.delegations, "slug"),
        "articles": {
            "count": len(results.ranked),
            "more": results.has_more,
            "results": [{**article_record(request, hit.article), "excerpt": hit.excerpt} for hit in hits],
        },
        "elsewhere": [{"language": code, "count": number} for code, number, _query in results.elsewhere()],
        "suggestion": (results.suggestion() or None) if nothing else None,
    }


def _names(request: HttpRequest, found: NameResults, identity: str) -> dict:
    results = [
        {
            "id": getattr(row, identity),
            "name": str(row.name),
            "page": absolute_url(request, row.get_absolute_url()),
        }
        for row in found.rows
    ]
    return {"count": found.count, "results": results}
