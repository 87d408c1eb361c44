"""Admin permissions of articles, by the user's permissions and the article's state; docs/roles.md has the table."""

from django import forms
from django.contrib.admin.utils import flatten
from django.http import HttpRequest

from cspa.audit import Snapshot

from ..models import TEXTS, Article
from .article_form import may_publish

# What the lines of an archive can add.
_OF_AN_ARCHIVE = (
    *(f"news.{right}_article" for right in ("add", "change", "publish")),
    *(f"news.add_{name}" for name in ("attachment", "correction", "legacyaddress", "picture", "topic")),
    "delegations.add_source",
)


def may_import_archives(request: HttpRequest) -> bool:
    """Whether the user may import archives, which add published articles with all that belongs to them."""
    return request.user.has_perms(_OF_AN_ARCHIVE)


class ArticlePermissionsMixin:
    def is_publisher(self, request: HttpRequest) -> bool:
        return request.user.has_perm("news.publish_article")

    def only_translates(self, request: HttpRequest) -> bool:
        """Whether the user may write texts in one language, and change nothing else."""
        user = request.user
        return user.has_perm("news.translate_article") and not user.has_perm("news.change_article")

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        return super().has_unrestricted_permission(request, action) and (
            action == "view" or self.is_publisher(request)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        if self.only_translates(request):
            return bool(request.user.translates_into)
        return super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, article: Article | None = None) -> bool:
        if article is not None and not (article.is_open or self.is_publisher(request)):
            return False
        if self.only_translates(request):
            return article is None or bool(article.original() and article.language == request.user.translates_into)
        return super().has_change_permission(request, article)

    def get_refused_columns(self, request: HttpRequest, article: Article, state: Snapshot) -> list[str]:
        """Refuse to publish again what the user wrote alone."""
        published = Article.State.PUBLISHED
        if state.get("state") != published or article.state == published or may_publish(request.user, article, False):
            return []
        return ["state"]

    def get_readonly_fields(self, request: HttpRequest, article: Article | None = None) -> list[str]:
        if self.only_translates(request):
            return [
                name for _title, options in self.fieldsets for name in flatten(options["fields"]) if name not in TEXTS
            ]
        return [] if self.is_publisher(request) else ["withdrawal_reason"]

    def formfield_for_choice_field(self, db_field, request: HttpRequest, **kwargs) -> forms.Field:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "state" and not self.is_publisher(request):
            field.choices = [(state.value, state.label) for state in (Article.State.DRAFT, Article.State.REVIEW)]
        return field
