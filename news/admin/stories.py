"""Admin of topics, and of stories as choices of an article."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.model_admin import BaseModelAdmin, ReadOnlyMixin
from cspa.i18n import translated_columns

from ..models import Article, Story, Topic


@admin.register(Story)
class StoryAdmin(ReadOnlyMixin, BaseModelAdmin):
    """Choices of the autocomplete field “story” of an article. Hidden from the index."""

    search_fields = ["articles__title"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("articles")

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        return self.admin_site.get_model_admin(Article).has_unrestricted_permission(request, action)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        return request.user.has_perm("news.view_article") or request.user.has_perm("news.change_article")

    def has_restore_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        """Let the author of an article undo its creation, which also created the story."""
        return self.admin_site.get_model_admin(Article).has_change_permission(request)


@admin.register(Topic)
class TopicAdmin(BaseModelAdmin):
    list_display = ["title", "slug"]
    search_fields = translated_columns("name")
    fieldsets = [(None, {"fields": [tuple(translated_columns("name")), "slug"]})]
    prepopulated_fields = {"slug": [translated_columns("name")[0]]}

    @admin.display(description=_("topic"), ordering=translated_columns("name")[0])
    def title(self, topic: Topic) -> str:
        return topic.name
