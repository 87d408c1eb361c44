"""Search in people, delegations and news; groups the results of the ``search()`` of each queryset."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from cspa.pagination import is_page_number
from cspa.richtext import plain_text
from delegations.dates import today
from delegations.exports.csv_rows import functions_on
from delegations.models import Body, Parliament, Person
from delegations.offices import OfficeSearch
from news.feeds import ENTRIES, NewsFeed
from news.filters import ArticleFilter
from news.models import Article, Topic
from news.scopes import Scope

from ..absolute_urls import InvalidParameter, absolute_url
from ..i18n import language_codes
from ..search.stems import Query, words

# Number of the newest hits that are ranked. The page tells if there are more.
RANK_LIMIT = 300
# People, and delegations, on a page.
NAME_LIMIT = 5
# Articles on a page.
PAGE_SIZE = 10
# Number up to which hits in another language are counted.
OTHER_LANGUAGE_LIMIT = 100
# Number of the newest articles that provide words for suggestions.
VOCABULARY_ARTICLES = 500
# Minimum similarity of a suggested word, from 0 to 100.
SUGGESTION_CUTOFF = 75


@dataclass
class Hit:
    """Article in the results, with title and excerpt as marked HTML."""

    article: Article
    title: SafeString
    excerpt: SafeString


@dataclass
class NameResults:
    """People, delegations or bodies in the results: their number, and the first NAME_LIMIT rows."""

    count: int
    rows: list[Person] | list[Parliament] | list[Body]

    @classmethod
    def of(cls, rows: Iterable) -> "NameResults":
        found = list(rows)
        return cls(len(found), found[:NAME_LIMIT])

    @classmethod
    def of_people(cls, people: QuerySet[Person]) -> "NameResults":
        """Results with the functions of today of each person shown."""
        results = cls.of(people)
        prefetch_related_objects(results.rows, *functions_on(today()))
        return results


@dataclass
class Results:
    """Results of a search with ``parameters`` in ``language``."""

    parameters: QueryDict
    language: str
    filter: ArticleFilter = field(init=False)

    def __post_init__(self) -> None:
        self.filter = ArticleFilter(self.parameters, language=self.language)

    @property
    def query(self) -> Query:
        return self.filter.query

    @property
    def has_terms(self) -> bool:
        return bool(self.query.required)

    # News

    @cached_property
    def ranked(self) -> list[int]:
        """Keys of the articles, best first.

        A match in the title counts more than one in the summary; then newer articles come first.
        """
        day, score = today(), self.query.score
        scored = [
            (-2 * score(title) - score(summary) - _freshness(published, day), place, key)
            for place, (key, published, title, summary) in enumerate(self._newest[:RANK_LIMIT])
        ]
        return [key for _score, _place, key in sorted(scored)]

    @property
    def has_more(self) -> bool:
        """Whether there are more matches than are ranked."""
        return len(self._newest) > RANK_LIMIT

    @cached_property
    def _newest(self) -> list[tuple]:
        """Key, time, title and summary of the newest matches; one more than are ranked, to know if there are more."""
        return self.filter.newest(RANK_LIMIT + 1, "title", "summary")

    def page(self, number: str) -> tuple[list[Hit], Page]:
        """Hits on the page ``number``, from 1. Raise Http404 if there is no such page."""
        paginator = Paginator(self.ranked, PAGE_SIZE)
        if not is_page_number(number) or int(number) > paginator.num_pages:
            raise Http404(_("There is no such page."))
        page = paginator.page(int(number))
        articles = Article.objects.published().defer("stems").in_bulk(page.object_list)
        return [self.hit(articles[key]) for key in page.object_list if key in articles], page

    def hit(self, article: Article) -> Hit:
        text, score = article.summary, self.query.score(article.summary)
        if score < 1 and self.query.score(body := plain_text(article.body)) > score:
            text = body
        return Hit(article, self.query.marked(article.title), self.query.excerpt(text))

    # People and delegations

    @cached_property
    def people(self) -> NameResults:
        return NameResults.of_people(self._named(Person.objects.public()).in_order())

    @cached_property
    def _offices(self) -> OfficeSearch:
        # Nothing is an office without a word.
        return OfficeSearch("" if self.query.excluded else self.query.required_text)

    @cached_property
    def holders(self) -> NameResults:
        """The people who hold today an office that the terms name."""
        return NameResults.of_people(self._offices.holders(today()))

    @cached_property
    def bodies(self) -> NameResults:
        return NameResults.of(self._offices.bodies())

    @property
    def has_names(self) -> bool:
        """Whether the terms find anything besides news."""
        return any(found.count for found in (self.people, self.holders, self.bodies, self.delegations))

    @cached_property
    def delegations(self) -> NameResults:
        return NameResults.of(self._named(Parliament.objects.all()))

    def _named(self, rows: QuerySet) -> QuerySet:
        """Rows whose names match the required terms and none of the excluded ones."""
        if not self.has_terms:
            return rows.none()
        found = rows.search(self.query.required_text)
        for text in self.query.excluded_texts:
            found = found.exclude(pk__in=rows.search(text).values("pk"))
        return found

    # Other languages and suggestions

    def elsewhere(self) -> list[tuple[str, int, str]]:
        """Other languages with hits: code, number (OTHER_LANGUAGE_LIMIT + 1 if there are more), query string."""
        found = []
        for code in language_codes():
            if code != self.query.language and self.has_terms:
                number = len(self.filter.newest(OTHER_LANGUAGE_LIMIT + 1, language=code))
                if number:
                    parameters = self.parameters.copy()
                    for name in ("page", "language"):
                        parameters.pop(name, None)
                    found.append((code, number, parameters.urlencode()))
        return found

    def suggestion(self) -> str:
        """Query of similar words of this site that has results; else empty."""
        # Import here, since only searches without results need the package.
        from rapidfuzz import fuzz, process

        known = vocabulary(self.query.language)
        text, query = [], self.query
        for word in words(query.required_text):
            if word in known or not known:
                text.append(word)
                continue
            similar = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=SUGGESTION_CUTOFF)
            if similar is None:
                return ""
            text.append(similar[0])
        better = Query.of(" ".join(text), query.language)
        if better.required == query.required:
            return ""
        names = (Person.objects.public().search(better.text), Parliament.objects.search(better.text))
        found = Article.objects.published().newest_found(better, 1) or any(rows.exists() for rows in names)
        return better.text if found else ""


def vocabulary(language: str) -> list[str]:
    """Words of the newest titles and summaries in ``language``, of topics and of names."""
    newest = Article.objects.published().in_language(language).newest_first()
    texts = [text for row in newest.values_list("title", "summary")[:VOCABULARY_ARTICLES] for text in row]
    with override(language):
        texts += [str(topic.name) for topic in Topic.objects.all()]
        texts += [str(parliament.name) for parliament in Parliament.objects.all()]
        texts += [str(person.name) for person in Person.objects.public().only("name_en", "name_ru")]
    return sorted({word for text in texts for word in words(text)})


def _freshness(published: datetime, day: date) -> float:
    """Score of 1 for news of ``day``, 1/2 after a year, 1/3 after two.

    The score is constant during a day, so that a cached page agrees with a fresh one.
    """
    return 1 / (1 + max((day - published.date()).days, 0) / 365)


class SearchView(TemplateView):
    """Search page: the form and, if the query has a term, the results."""

    template_name = "search.html"

    def get_context_data(self, **kwargs):
        results = Results(self.request.GET, get_language())
        hits, page = results.page(self.request.GET.get("page", "1"))
        nothing = results.has_terms and not (hits or results.has_names)
        return super().get_context_data(
            results=results,
            hits=hits,
            page_obj=page,
            people=results.people,
            holders=results.holders,
            bodies=results.bodies,
            delegations=results.delegations,
            elsewhere=results.elsewhere(),
            suggestion=results.suggestion() if nothing else "",
            names_query=urlencode({"q": results.query.required_text}),
            scope=SearchScope(results),
            ranked=RANK_LIMIT,
            counted=OTHER_LANGUAGE_LIMIT,
            **kwargs,
        )


class SearchScope(Scope):
    @property
    def heading(self) -> str:
        return _("Search: %(text)s") % {"text": self.subject.query.text}

    def stories(self) -> QuerySet:
        """Newest matches, as many as a feed holds."""
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
    def get_object(self, request: HttpRequest, **kwargs) -> SearchScope:
        results = Results(request.GET, get_language())
        form = results.filter.form
        if form.errors:
            raise InvalidParameter(
                " ".join(f"{form[name].label}: {' '.join(errors)}" for name, errors in form.errors.items())
            )
        return SearchScope(results)

    def feed_url(self) -> str:
        return absolute_url(self.request, self.request.get_full_path())

    feed_guid = feed_url
