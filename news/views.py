"""Views of the news: lists by scope and by period, articles and previews."""

from datetime import date
from http import HTTPStatus
from urllib.parse import quote, urlencode

from django.db.models import Count, DateField, Prefetch
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, translate_url
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.generic import DetailView, TemplateView

from cspa.absolute_urls import absolute_url
from cspa.exports.tabular import ExportMixin
from cspa.i18n import language_codes
from cspa.pagination import Keyset
from delegations.dates import PartialDate, Precision, today
from delegations.exports.csv_rows import SOURCE_COLUMNS, source_cells
from delegations.exports.serializers import join_cell
from delegations.models import Person

from . import jsonld, preview
from .models import Article, ArticleQuerySet, Topic
from .rendering import with_relations
from .scopes import Moved, Scope


def years(language: str) -> list[int]:
    """The years from the newest article in ``language`` to the first one. Reads two rows instead of all dates."""
    articles = Article.objects.published().in_language(language).values_list("date", flat=True)
    newest, first = articles.newest_first().first(), articles.order_by("published_at", "pk").first()
    return list(range(newest.year, first.year - 1, -1)) if newest else []


def months(language: str, year: int) -> list[tuple[date, int]]:
    """The months of ``year`` with news in ``language``, newest first: (first day, number of articles)."""
    return list(
        Article.objects.published()
        .in_language(language)
        .dated(date(year, 1, 1), date(year + 1, 1, 1))
        .order_by()
        .annotate(month=TruncMonth("published_at", output_field=DateField()))
        .values_list("month")
        .annotate(number=Count("pk"))
        .order_by("-month")
    )


class FeedView(ExportMixin, TemplateView):
    """List of the news within a scope, newest first, with a count of articles that exist only in other languages."""

    template_name = "news/article_list.html"
    columns = [
        "id",
        "date",
        "language",
        "title",
        "address",
        "topics",
        "parliaments",
        "people_ids",
        "people",
        *SOURCE_COLUMNS,
    ]
    page_size = 20
    scope_type = Scope
    scope: Scope

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            self.scope = self.find_scope()
        except Moved as moved:
            return HttpResponsePermanentRedirect(moved.scope.url)
        return super().get(request, *args, **kwargs)

    def find_scope(self) -> Scope:
        return self.scope_type.of(**self.kwargs)

    def stories(self) -> ArticleQuerySet:
        """The published articles of this list in all languages."""
        return self.scope.stories()

    def get_queryset(self):
        return self.stories().in_language().for_list()

    def file_name(self) -> str:
        return f"news-{today().isoformat()}"

    def file_rows(self):
        articles = self.get_queryset().prefetch_related(
            "parliaments", Prefetch("people", Person.objects.public()), "sources"
        )
        return map(self.row, articles.iterator(chunk_size=2000))

    def row(self, article: Article) -> list[str | date]:
        return [
            str(article.uid),
            article.date,
            article.language,
            article.title,
            absolute_url(self.request, article.get_absolute_url()),
            join_cell(topic.slug for topic in article.topics.all()),
            join_cell(parliament.slug for parliament in article.parliaments.all()),
            join_cell(str(person.public_id) for person in article.people.all()),
            join_cell(str(person.name) for person in article.people.all()),
            *source_cells(article.sources.all()),
        ]

    def get_context_data(self, **kwargs):
        language = get_language()
        other = next(code for code in language_codes() if code != language)
        head = {"heading": self.scope.heading, "kicker": self.scope.kicker}
        return super().get_context_data(
            page=Keyset.for_parameters(self.get_queryset(), "published_at", self.request.GET, self.page_size),
            scope=self.scope,
            years=years(language),
            topics=Topic.objects.all(),
            elsewhere=self.stories().number_elsewhere(language),
            elsewhere_url=translate_url(self.request.path, other),
            **head | kwargs,
        )


class PeriodView(FeedView):
    def find_scope(self) -> Scope:
        return Scope()

    @cached_property
    def period(self) -> PartialDate:
        """The year, month or day in the address. Raise Http404 for a date that does not exist."""
        precision = next(each for each in (Precision.DAY, Precision.MONTH, Precision.YEAR) if each in self.kwargs)
        try:
            first = date(self.kwargs["year"], self.kwargs.get("month", 1), self.kwargs.get("day", 1))
        except ValueError as error:
            raise Http404 from error
        return PartialDate(first, precision)

    def stories(self):
        return super().stories().dated(self.period.first, self.period.after)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            months=months(get_language(), self.period.first.year),
            heading=capfirst(self.period.words),
            kicker=_("News"),
            **kwargs,
        )


def shares(article: Article, url: str) -> list[tuple[str, str]]:
    """Name and URL of each sharing link: plain links, so that no other site is requested before a click."""
    return [
        (_("E-mail"), f"mailto:?{urlencode({'subject': article.title, 'body': url}, quote_via=quote)}"),
        ("Telegram", f"https://t.me/share/url?{urlencode({'url': url, 'text': article.title})}"),
        ("VK", f"https://vk.com/share.php?{urlencode({'url': url, 'title': article.title})}"),
        ("X", f"https://x.com/intent/post?{urlencode({'url': url, 'text': article.title})}"),
    ]


class ArticleView(DetailView):
    """Page of an article. A former address redirects; a missing translation answers 404 and offers other languages."""

    template_name = "news/article.html"
    context_object_name = "article"

    def get(self, request, year, month, day, slug):
        try:
            self.date = date(year, month, day)
        except ValueError as error:
            raise Http404 from error
        self.slug, language = slug, get_language()
        here = self.get_queryset().published().filter(language=language, date=self.date, slug=slug)
        self.object = here.first()
        if self.object:
            return self.render_to_response(self.get_context_data())
        # The address may be that of a sibling in another language: redirect to its translation, or offer the siblings.
        published = Article.objects.published()
        siblings = published.filter(story__in=published.filter(date=self.date, slug=slug).values("story"))
        if target := siblings.filter(language=language).first() or published.at(language, self.date, slug).first():
            return HttpResponsePermanentRedirect(target.get_absolute_url())
        if withdrawn := Article.objects.withdrawn().at(language, self.date, slug).without_body().first():
            return render(
                request, "410.html", {"is_error": True, "reason": withdrawn.withdrawal_reason}, status=HTTPStatus.GONE
            )
        if offered := list(siblings):
            return render(request, "404.html", {"offered": offered, "is_error": True}, status=404)
        raise Http404

    def get_queryset(self) -> ArticleQuerySet:
        return with_relations(Article.objects.defer("stems"))

    def get_context_data(self, **kwargs):
        article, published = self.object, Article.objects.published()
        translations = list(published.filter(story=article.story_id).exclude(pk=article.pk).for_links())
        topic = next(iter(article.topics.all()), None)
        within = published.in_language().for_links().filter(topics=topic)
        earlier, later = within.neighbours(article) if topic else (None, None)
        url = self.absolute(article.get_absolute_url())
        return super().get_context_data(
            related=published.related(article),
            topic=topic,
            earlier=earlier,
            later=later,
            shares=shares(article, url),
            translations=translations,
            versions={version.language: version.get_absolute_url() for version in [article, *translations]},
            # The target of the language switch for a language without a translation.
            instead="news:feed",
            url=url,
            picture_url=self.absolute(article.picture.address) if article.picture else "",
            json_ld=jsonld.article(article, self.absolute),
            **kwargs,
        )

    def absolute(self, path: str) -> str:
        return absolute_url(self.request, path)


class PreviewView(ArticleView):
    """Preview of an unpublished article for a reader with a valid link. Neither cached nor indexed."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        article = preview.find(token)
        if article is None:
            response = render(request, "news/no_preview.html", {"is_error": True}, status=HTTPStatus.NOT_FOUND)
        elif article.language != get_language():
            with override(article.language):
                response = HttpResponseRedirect(reverse("news:preview", args=[token]))
        else:
            self.object = get_object_or_404(self.get_queryset(), pk=article.pk)
            context = self.get_context_data() | {"is_error": True, "preview_until": preview.until(token)}
            response = self.render_to_response(context).render()
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex"
        return response
