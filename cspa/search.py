"""Search over people, delegations and news: asks each queryset's ``search()`` and groups the answers."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_noop, override
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from ninja import Query as Asked
from ninja import Router, Schema
from pydantic import Field
from rapidfuzz import fuzz, process

from cspa.api import Parameters, ProblemError, filtered_by, parameter, refuse_errors
from cspa.languages import language_codes
from cspa.pagination import is_page_number
from cspa.richtext import plain
from cspa.site import Unreadable, absolute
from cspa.stems import Query, words
from delegations.dates import today
from delegations.models import Parliament, Person
from news.api import ArticleRecord, Ignored, article_record
from news.feeds import ENTRIES, NewsFeed
from news.filters import ArticleFilter
from news.models import Article, Topic
from news.scopes import Scope

RANKED = 300  # the newest hits; more are not ranked, and the page says so
SHOWN = 5  # people and delegations
PAGE = 10  # articles
ELSEWHERE = 100  # hits in another language that are counted
VOCABULARY = 500  # newest articles whose words are suggested
LIKENESS = 75  # of 100, of a word that is suggested


@dataclass
class Hit:
    """An article that was found."""

    article: Article
    title: SafeString
    excerpt: SafeString


@dataclass
class Results:
    """What ``parameters`` find for a reader of ``language``."""

    parameters: QueryDict
    language: str
    filter: ArticleFilter = field(init=False)

    def __post_init__(self) -> None:
        self.filter = ArticleFilter(self.parameters, language=self.language)

    @property
    def query(self) -> Query:
        return self.filter.query

    @property
    def asked(self) -> bool:
        """Whether there is a word to look for."""
        return bool(self.query.wanted)

    # News

    @cached_property
    def ranked(self) -> list[int]:
        """Keys of the articles, best first: with the words in the title, then in the summary, then the newest."""
        day, share = today(), self.query.share
        rows = self.filter.newest(RANKED + 1, "title", "summary")
        self.more = len(rows) > RANKED
        scored = [
            (-2 * share(title) - share(summary) - _freshness(published, day), place, key)
            for place, (key, published, title, summary) in enumerate(rows[:RANKED])
        ]
        return [key for _score, _place, key in sorted(scored)]

    def page(self, number: str) -> tuple[list[Hit], Page]:
        """The hits of a page, from 1; Http404 where there is none."""
        paginator = Paginator(self.ranked, PAGE)
        if not is_page_number(number) or int(number) > paginator.num_pages:
            raise Http404(_("There is no such page."))
        page = paginator.page(int(number))
        keys = page.object_list
        articles = Article.objects.published().defer("stems").in_bulk(keys)
        return [self.hit(articles[key]) for key in keys if key in articles], page

    def hit(self, article: Article) -> Hit:
        text, share = article.summary, self.query.share(article.summary)
        if share < 1 and self.query.share(body := plain(article.body)) > share:
            text = body
        return Hit(article, self.query.marked(article.title), self.query.excerpt(text))

    # People and delegations

    @cached_property
    def people(self) -> list[Person]:
        return list(self.named(Person.objects.public()).in_order())

    @cached_property
    def delegations(self) -> list[Parliament]:
        return list(self.named(Parliament.objects.all()))

    def named(self, rows: QuerySet) -> QuerySet:
        """Those of ``rows`` that the wanted words name, without those that the unwanted name."""
        if not self.asked:
            return rows.none()
        found = rows.search(self.query.said)
        for text in self.query.not_said:
            found = found.exclude(pk__in=rows.search(text).values("pk"))
        return found

    # Where else to look

    def elsewhere(self) -> list[tuple[str, int, str]]:
        """Each other language that has hits: code, number (ELSEWHERE + 1 for more), query string."""
        found = []
        for code in language_codes():
            if code != self.query.language and self.asked:
                number = len(self.filter.newest(ELSEWHERE + 1, language=code))
                if number:
                    parameters = self.parameters.copy()
                    for name in ("page", "language"):
                        parameters.pop(name, None)
                    found.append((code, number, parameters.urlencode()))
        return found

    def suggestion(self) -> str:
        """Words of this site that are like those looked for, and find something; else empty."""
        known = self.vocabulary()
        text, query = [], self.query
        for word in words(query.said):
            if word in known or not known:
                text.append(word)
                continue
            like = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=LIKENESS)
            if like is None:
                return ""
            text.append(like[0])
        better = Query.of(" ".join(text), query.language)
        if better.wanted == query.wanted:
            return ""
        names = (Person.objects.public().search(better.text), Parliament.objects.search(better.text))
        found = Article.objects.published().newest_found(better, 1) or any(rows.exists() for rows in names)
        return better.text if found else ""

    def vocabulary(self) -> list[str]:
        """The words of the newest titles and summaries in the language, of topics and of names."""
        newest = Article.objects.published().in_language(self.query.language).newest_first()
        texts = [text for row in newest.values_list("title", "summary")[:VOCABULARY] for text in row]
        with override(self.query.language):
            texts += [str(topic.name) for topic in Topic.objects.all()]
            texts += [str(parliament.name) for parliament in Parliament.objects.all()]
            texts += [str(person.name) for person in Person.objects.public().only("name_en", "name_ru")]
        return sorted({word for text in texts for word in words(text)})


def _freshness(published: datetime, day: date) -> float:
    """1 for news of ``day``, 1/2 after a year, 1/3 after two; the same for all of a day, as a page is kept."""
    return 1 / (1 + max((day - published.date()).days, 0) / 365)


class SearchView(TemplateView):
    """The search; without words to look for, its form."""

    template_name = "search.html"

    def get_context_data(self, **kwargs):
        results = Results(self.request.GET, get_language())
        hits, page = results.page(self.request.GET.get("page", "1"))
        nothing = results.asked and not (hits or results.people or results.delegations)
        return super().get_context_data(
            results=results,
            hits=hits,
            page_obj=page,
            people=results.people[:SHOWN],
            delegations=results.delegations[:SHOWN],
            elsewhere=results.elsewhere(),
            suggestion=results.suggestion() if nothing else "",
            names_query=urlencode({"q": results.query.said}),
            scope=SearchScope(results),
            ranked=RANKED,
            counted=ELSEWHERE,
            **kwargs,
        )


class SearchScope(Scope):
    """The news that a search finds."""

    @property
    def heading(self) -> str:
        return _("Search: %(text)s") % {"text": self.subject.query.text}

    def stories(self) -> QuerySet:
        """As many as its feeds hold."""
        return Article.objects.filter(pk__in=[key for key, *_ in self.subject.filter.newest(ENTRIES)])

    @cached_property
    def parameters(self) -> str:
        parameters = self.subject.parameters.copy()
        parameters.pop("page", None)
        return f"?{parameters.urlencode()}"

    @property
    def url(self) -> str:
        return reverse("search") + self.parameters

    def feed_url(self, ending: str) -> str:
        return reverse("search_subscription", args=[ending]) + self.parameters


class SearchFeed(NewsFeed):
    """What a search finds, newest first."""

    def get_object(self, request: HttpRequest, **kwargs) -> SearchScope:
        results = Results(request.GET, get_language())
        form = results.filter.form
        if form.errors:
            raise Unreadable(" ".join(f"{form[name].label}: {' '.join(words)}" for name, words in form.errors.items()))
        return SearchScope(results)

    def feed_url(self) -> str:
        return absolute(self.request, self.request.get_full_path())

    feed_guid = feed_url


# In the API

router = Router(tags=[gettext_noop("Search")])


class NameFound(Schema):
    id: str = Field(description=gettext_noop("Public id of a person, slug of a delegation."))
    name: str
    page: str = Field(description=gettext_noop("Address of the page for people."))


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
    people: NamesFound
    delegations: NamesFound
    articles: ArticleHits
    elsewhere: list[Elsewhere] = Field(description=gettext_noop("Articles that the words find in other languages."))
    suggestion: str | None = Field(description=gettext_noop("Where nothing was found: words that find something."))


class SearchParameters(filtered_by(ArticleFilter, Parameters), Ignored):
    page: str = parameter(gettext_noop("Page of the articles, from 1."), type="integer", minimum=1, default=1)


@router.get("/search/", response=SearchAnswer, summary=gettext_noop("Search in people, delegations and news"))
def search(request, asked: Asked[SearchParameters]):
    results = Results(request.GET, get_language())
    refuse_errors(results.filter.form)
    try:
        hits, _paginator = results.page(asked.page or "1")
    except Http404 as error:
        raise ProblemError(404, str(error), "page") from error
    prefetch_related_objects([hit.article for hit in hits], "topics")
    nothing = results.asked and not (hits or results.people or results.delegations)
    return {
        "people": _names(request, results.people, "public_id"),
        "delegations": _names(request, results.delegations, "slug"),
        "articles": {
            "count": len(results.ranked),
            "more": results.more,
            "results": [{**article_record(request, hit.article), "excerpt": hit.excerpt} for hit in hits],
        },
        "elsewhere": [{"language": code, "count": number} for code, number, _query in results.elsewhere()],
        "suggestion": (results.suggestion() or None) if nothing else None,
    }


def _names(request: HttpRequest, rows: list[Person] | list[Parliament], identity: str) -> dict:
    results = [
        {
            "id": str(getattr(row, identity)),
            "name": str(row.name),
            "page": absolute(request, row.get_absolute_url()),
        }
        for row in rows[:SHOWN]
    ]
    return {"count": len(rows), "results": results}
