"""API of the news: published articles and topics."""

from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from cspa.absolute_urls import absolute_url
from cspa.api.addresses import moved_row
from cspa.api.errors import ApiError
from cspa.api.pagination import Page, paginate_queryset
from cspa.api.parameters import ListParameters, Parameters, apply_filterset, filtered_by
from cspa.i18n import get_translated
from delegations.api_schemas import Source
from delegations.exports.serializers import source_record

from . import models
from .filters import ArticleListFilter, QuotationFilter
from .models import Article, ArticleQuerySet, Picture, Topic
from .rendering import plain_body, with_relations

router = Router(tags=[gettext_noop("News")])


class ArticleListParameters(filtered_by(ArticleListFilter, ListParameters)):  # type: ignore[misc]  # made from the filter
    pass


class QuotationListParameters(filtered_by(QuotationFilter, ListParameters)):  # type: ignore[misc]  # made from the filter
    pass


class TopicRecord(Schema):
    slug: str
    name: str


class ArticleRecord(Schema):
    id: str
    language: str
    title: str
    summary: str
    published: str = Field(json_schema_extra={"format": "date-time"})
    page: str = Field(description=gettext_noop("Address of the page for people."))
    topics: list[str]


class Translation(Schema):
    id: str
    language: str
    page: str


class Correction(Schema):
    date: str
    text: str


class Quotation(Schema):
    words: str
    speaker: str
    person: int | None = Field(description=gettext_noop("Public id of the speaker, where there is a page."))
    function: str | None
    language: str = Field(description=gettext_noop("Language in which it was said."))


class QuotationRecord(Quotation):
    article: str = Field(description=gettext_noop("Id of the article."))
    place: int = Field(description=gettext_noop("Its place in the article, from 0."))
    published: str = Field(json_schema_extra={"format": "date-time"})
    page: str = Field(description=gettext_noop("Address of the page for people."))


class PictureRecord(Schema):
    url: str
    width: int
    height: int
    alternative_text: str | None = Field(description=gettext_noop("Null: the picture is decorative."))
    credit: str | None


class AttachmentRecord(Schema):
    url: str
    title: str
    language: str
    size: int = Field(description=gettext_noop("In bytes."))

    @staticmethod
    def resolve_url(attachment: models.Attachment, context: dict) -> str:
        return absolute_url(context["request"], attachment.file.url)


class ArticleDetail(ArticleRecord):
    dateline: str | None = Field(description=gettext_noop("The place that it is reported from."))
    picture: PictureRecord | None
    attachments: list[AttachmentRecord]
    body: str = Field(description=gettext_noop("HTML of a closed set of elements."))
    delegations: list[str]
    people: list[int] = Field(description=gettext_noop("Ids of the people whom the article names."))
    translations: list[Translation]
    quotations: list[Quotation] = Field(description=gettext_noop("What was quoted, in the order of the text."))
    corrections: list[Correction]
    source: list[Source]


def article_record(request: HttpRequest, article: Article) -> dict:
    return {
        "id": str(article.uid),
        "language": article.language,
        "title": article.title,
        "summary": article.summary,
        "published": article.published_at.isoformat(),
        "page": absolute_url(request, article.get_absolute_url()),
        "topics": [topic.slug for topic in article.topics.all()],
    }


@router.get("/articles/", response=Page[ArticleRecord], summary=gettext_noop("Articles in one language, newest first"))
def articles(request, asked: Query[ArticleListParameters]):
    published = Article.objects.published().in_language()
    rows = cast("ArticleQuerySet", apply_filterset(ArticleListFilter(request.GET, published))).for_list()

    def records(articles: list[Article]) -> list[dict]:
        return [article_record(request, article) for article in articles]

    return paginate_queryset(request, asked, rows, ("-published_at", "-pk"), records)


@router.get("/articles/{uuid:uid}/", response=ArticleDetail, summary=gettext_noop("One article with its text"))
def article(request, response: HttpResponse, uid: UUID, asked: Query[Parameters]):
    if withdrawn := Article.objects.withdrawn().without_body().filter(uid=uid).first():
        raise ApiError(410, withdrawn.withdrawal_reason)
    row = get_object_or_404(with_relations(Article.objects.published()), uid=uid)
    others = Article.objects.published().filter(story=row.story_id).exclude(pk=row.pk).order_by("language")
    response["Content-Language"] = row.language
    return {
        **article_record(request, row),
        "dateline": row.dateline or None,
        "body": plain_body(row, Picture.objects.within([row]), lambda path: absolute_url(request, path)),
        "picture": _picture(request, row),
        "attachments": list(row.attachments.all()),
        "delegations": [parliament.slug for parliament in row.parliaments.all()],
        "people": [person.public_id for person in row.people.all()],
        "translations": [
            {
                "id": str(other.uid),
                "language": other.language,
                "page": absolute_url(request, other.get_absolute_url()),
            }
            for other in others.without_body()
        ],
        "quotations": [_quotation(quotation, row) for quotation in row.quotations.all()],
        "corrections": [{"date": note.date.isoformat(), "text": note.text} for note in row.corrections.all()],
        "source": [source_record(source) for source in row.sources.all()],
    }


def _picture(request: HttpRequest, article: Article) -> dict | None:
    picture = article.picture
    if picture is None:
        return None
    return {
        "url": absolute_url(request, picture.address),
        "width": picture.width,
        "height": picture.height,
        "alternative_text": picture.alt_in(article.language) or None,
        "credit": str(get_translated(picture, "credit", article.language)) or None,
    }


def _quotation(quotation: models.Quotation, article: Article) -> dict:
    person = quotation.person
    withdrawn = person is not None and person.withdrawn
    return {
        "words": quotation.words,
        "speaker": str(person.public_name) if person and withdrawn else quotation.speaker,
        "person": person.public_id if person and not withdrawn else None,
        "function": quotation.function or None,
        "language": quotation.original_language or article.language,
    }


@router.get(
    "/quotations/",
    response=Page[QuotationRecord],
    summary=gettext_noop("Quotations in articles in one language, newest first"),
)
def quotations(request, asked: Query[QuotationListParameters]):
    rows = apply_filterset(QuotationFilter(request.GET, models.Quotation.objects.all()))
    rows = rows.select_related("article", "person").defer("article__body", "article__stems")

    def records(rows: list[models.Quotation]) -> list[dict]:
        return [_quotation_record(request, row) for row in rows]

    return paginate_queryset(request, asked, rows, ("-article__published_at", "-article_id", "-place"), records)


def _quotation_record(request: HttpRequest, row: models.Quotation) -> dict:
    return {
        **_quotation(row, row.article),
        "article": str(row.article.uid),
        "place": row.place,
        "published": row.article.published_at.isoformat(),
        "page": absolute_url(request, row.article.get_absolute_url()),
    }


@router.get("/topics/", response=Page[TopicRecord], summary=gettext_noop("What articles are filed under"))
def topics(request, asked: Query[ListParameters]):
    return paginate_queryset(request, asked, Topic.objects.all(), ("slug",), list)


@router.get("/topics/{slug:slug}/", response=TopicRecord, summary=gettext_noop("One topic"))
def topic(request, slug: str, asked: Query[Parameters]):
    return Topic.objects.filter(slug=slug).first() or moved_row(request, Topic, slug)
