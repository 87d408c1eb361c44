"""The pages on which the secretariat writes, translates and corrects news."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cspa.admin import Admin, Fields, is_key
from cspa.languages import columns
from cspa.richtext import sanitise
from delegations.admin import first_column

from .models import Article, Correction, Story, Topic


class ArticleForm(forms.ModelForm):
    class Meta:
        model = Article
        fields = "__all__"  # noqa: DJ007  the page names them

    def clean(self) -> dict:
        cleaned = super().clean()
        withdrawn = cleaned.get("state") == Article.State.WITHDRAWN
        if withdrawn and not cleaned.get("withdrawal_reason"):
            self.add_error(
                "withdrawal_reason", _("Give the reason of the withdrawal; the article's address shows it.")
            )
        return cleaned

    def clean_body(self) -> str:
        body = sanitise(self.cleaned_data["body"])
        if not strip_tags(body).strip():
            raise ValidationError(_("Write the text."), code="required")
        return body


class CorrectionInline(Fields, admin.StackedInline):
    model = Correction
    extra = 0


@admin.register(Article)
class ArticleAdmin(Admin):
    form = ArticleForm
    list_display = ["title", "language", "state_now", "published_at"]
    list_filter = ["state", "language", "topics"]
    date_hierarchy = "published_at"
    ordering = ["-published_at", "-pk"]
    search_fields = ["title", "summary"]
    search_help_text = _("Words of the title or of the summary.")
    autocomplete_fields = ["story", "topics", "parliaments", "people", "sources"]
    fieldsets = [
        (None, {"fields": ["language", "title", "summary", "body"]}),
        (
            _("Publication"),
            {
                "fields": [("state", "published_at"), "withdrawal_reason"],
                "description": _("Readers see an article when it is “published” and its time has come."),
            },
        ),
        (_("What it is about"), {"fields": ["topics", "parliaments", "people", "sources"]}),
        (_("Address and translations"), {"fields": ["slug", "story"]}),
    ]
    inlines = [CorrectionInline]

    class Media:
        js = ["admin-extra/editor.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("body", "stems")

    @admin.display(description=_("state"), ordering="state")
    def state_now(self, article: Article) -> str:
        if article.state == Article.State.PUBLISHED and article.published_at > timezone.now():
            return gettext("scheduled")
        return article.get_state_display()

    def get_view_on_site_url(self, article: Article | None = None) -> str | None:
        """Only where readers would find it."""
        public = article and Article.objects.published().filter(pk=article.pk).exists()
        return super().get_view_on_site_url(article) if public else None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """For a translation, what it shares with the article that it translates."""
        initial = {"language": get_language(), **super().get_changeform_initial_data(request)}
        if is_key(story := initial.get("story", "")):
            sibling = Article.objects.filter(story=story).order_by("pk").first()
            if sibling:
                shared = ("topics", "parliaments", "people", "sources")
                initial |= {name: list(getattr(sibling, name).all()) for name in shared}
                initial["published_at"] = sibling.published_at
        return initial

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        context = {"translations": self._translations(object_id), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def _translations(self, object_id: str) -> list[tuple[str, str]]:
        """For the buttons of the page: text and address, of each other language."""
        article = Article.objects.filter(pk=object_id).first() if is_key(object_id) else None
        if article is None:
            return []
        siblings = {sibling.language: sibling for sibling in article.story.articles.light()}
        buttons = []
        for code, name in settings.LANGUAGES:
            if code == article.language:
                continue
            if code in siblings:
                address = reverse("admin:news_article_change", args=[siblings[code].pk])
                buttons.append((gettext("Translation: %(language)s") % {"language": name}, address))
            else:
                address = reverse("admin:news_article_add")
                query = urlencode({"story": article.story_id, "language": code})
                buttons.append((gettext("Add translation: %(language)s") % {"language": name}, f"{address}?{query}"))
        return buttons


@admin.register(Story)
class StoryAdmin(Admin):
    """Not a page of its own: what the field “story” of an article chooses from."""

    search_fields = ["articles__title"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("articles")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        return request.user.has_perm("news.view_article") or request.user.has_perm("news.change_article")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        return False


@admin.register(Topic)
class TopicAdmin(Admin):
    list_display = ["title", "slug"]
    search_fields = columns("name")
    fieldsets = [(None, {"fields": [tuple(columns("name")), "slug"]})]
    prepopulated_fields = {"slug": [first_column("name")]}

    @admin.display(description=_("topic"), ordering=first_column("name"))
    def title(self, topic: Topic) -> str:
        return topic.name
