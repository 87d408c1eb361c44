"""Admin of articles with their quotations, attachments and corrections, preview links and the news calendar."""

from functools import partial

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cspa import audit
from cspa.absolute_urls import absolute_url
from cspa.backoffice.forms import is_key
from cspa.backoffice.model_admin import BaseModelAdmin, TranslatedFieldsMixin

from .. import preview
from ..editorial_calendar import asked_month, month_of_news
from ..models import TEXTS, Article, Attachment, Correction, Quotation, Translation
from .archive_import import archive_page
from .article_form import ArticleForm
from .article_todo import ArticleTodoMixin
from .permissions import ArticlePermissionsMixin

# Relations that a new translation copies from its original.
SHARED = ("topics", "parliaments", "people", "sources")


class CorrectionInline(TranslatedFieldsMixin, admin.StackedInline):
    model = Correction
    extra = 0


class QuotationInline(TranslatedFieldsMixin, admin.TabularInline):
    """The quotations of the text. Words and speaker come from the text; an editor chooses person and function."""

    model = Quotation
    fields = ["words", "speaker", "person", "function", "original_language"]
    readonly_fields = ["words", "speaker"]
    autocomplete_fields = ["person"]
    extra = max_num = 0
    can_delete = False


class AttachmentInline(TranslatedFieldsMixin, admin.StackedInline):
    model = Attachment
    fields = ["title", "language", "file"]
    extra = 0


class TranslationFilter(admin.SimpleListFilter):
    title = _("translation")
    parameter_name = "translation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return Translation.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(translation=self.value()) if self.value() in Translation.values else queryset


@admin.register(Article)
class ArticleAdmin(ArticlePermissionsMixin, ArticleTodoMixin, BaseModelAdmin):
    restore_exclude = frozenset({"state", "published_at", "withdrawal_reason", "story", "language"})
    form = ArticleForm
    list_display = ["title", "language", "state_now", "translation", "published_at"]
    list_filter = ["state", "language", TranslationFilter, "topics"]
    date_hierarchy = "published_at"
    ordering = ["-published_at", "-pk"]
    search_fields = ["title", "summary"]
    search_help_text = _("Words of the title or of the summary.")
    autocomplete_fields = ["story", "picture", "topics", "parliaments", "people", "sources"]
    fieldsets = [
        (None, {"fields": ["language", "title", "dateline", "summary", "picture", "body"]}),
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
    inlines = [QuotationInline, AttachmentInline, CorrectionInline]

    class Media:
        js = ["admin-extra/editor.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("body", "stems").with_translation()

    def get_inlines(self, request: HttpRequest, article: Article | None) -> list:
        if self.only_translates(request):
            return []
        inlines = super().get_inlines(request, article)
        return inlines if article else [inline for inline in inlines if inline is not QuotationInline]

    def get_form(self, request: HttpRequest, article: Article | None = None, **kwargs) -> type[ArticleForm]:
        form = super().get_form(request, article, **kwargs)
        form.user = request.user
        return form

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The changelist. If a month is selected, the context has the article counts by translation status."""
        response = super().changelist_view(request, extra_context)
        if "published_at__month" in request.GET and (context := getattr(response, "context_data", None)):
            rows = context["cl"].queryset.order_by().values_list("translation").annotate(number=Count("pk"))
            numbers = dict(rows)
            context["translations"] = [(label, numbers.get(value, 0)) for value, label in Translation.choices]
        return response

    @admin.display(description=_("translation"))
    def translation(self, article: Article) -> str:
        return Translation(article.translation).label

    @admin.display(description=_("state"), ordering="state")
    def state_now(self, article: Article) -> str:
        return article.state_in_words

    def get_view_on_site_url(self, article: Article | None = None) -> str | None:
        """The public URL of a published article; None for other articles, because they have no public page."""
        public = article and Article.objects.published().filter(pk=article.pk).exists()
        return super().get_view_on_site_url(article) if public else None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """The initial values: a new translation takes the relations, picture and time of its original."""
        initial = {"language": get_language(), **super().get_changeform_initial_data(request)}
        if is_key(story := initial.get("story", "")):
            sibling = Article.objects.filter(story=story).order_by("pk").first()
            if sibling:
                initial |= {name: list(getattr(sibling, name).all()) for name in SHARED}
                initial |= {"published_at": sibling.published_at, "picture": sibling.picture_id}
        return initial

    def get_fieldsets(self, request: HttpRequest, article: Article | None = None) -> list:
        """The fieldsets: only the texts for translators, and “equal to the original” for an outdated translation."""
        fieldsets = super().get_fieldsets(request, article)
        if self.only_translates(request):
            fieldsets = [(None, {"fields": list(TEXTS)})]
        original = article and article.original()
        if original is None or article.text_changed_at >= original.text_changed_at:
            return fieldsets
        return [(None, {"fields": ["up_to_date"]}), *fieldsets]

    def save_model(self, request: HttpRequest, article: Article, form: ArticleForm, change: bool) -> None:
        if form.cleaned_data.get("up_to_date"):
            article.text_changed_at = timezone.now()
        if not change and self.only_translates(request):
            original = self._beside(request)
            article.language = request.user.translates_into
            article.story, article.picture = original.story, original.picture
            article.published_at = original.published_at
        super().save_model(request, article, form, change)

    def save_related(self, request: HttpRequest, form: ArticleForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change and self.only_translates(request):
            original = self._beside(request)
            for name in SHARED:
                getattr(form.instance, name).set(getattr(original, name).all())

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: forms.BaseFormSet, change: bool
    ) -> None:
        if formset.model is not Quotation:
            super().save_formset(request, form, formset, change)
            return
        # save_model() has already updated the quotations from the text of the same request, so the rows of this form
        # are stale: write only the columns that the editor chose.
        formset.new_objects, formset.deleted_objects, formset.changed_objects = [], [], []
        for quotation_form in formset.forms:
            if quotation_form.has_changed():
                quotation = quotation_form.instance
                quotation.look_up()
                chosen = {name: getattr(quotation, name) for name in ("person", "function", "original_language")}
                audit.snapshot_before(Quotation, [quotation.pk])
                Quotation.objects.filter(pk=quotation.pk).update(**chosen)
                formset.changed_objects.append((quotation, quotation_form.changed_data))

    def get_urls(self) -> list:
        page = self.admin_site.admin_view
        return [
            path("archive/", page(partial(archive_page, self.admin_site)), name="news_archive_import"),
            path("calendar/", page(self.calendar_view), name="news_article_calendar"),
            path("<path:object_id>/preview/", page(self.preview_view), name="news_article_preview"),
            *super().get_urls(),
        ]

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """The calendar of published and planned articles in a month, ``?month=2026-11``."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        month = month_of_news(asked_month(request.GET.get("month", "")), self.get_queryset(request))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Calendar"),
            "opts": self.opts,
            "month": month,
            "zone": settings.TIME_ZONE,
        }
        return TemplateResponse(request, "admin/news/article/calendar.html", context)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that creates and withdraws the preview link, which shows the article without an account."""
        article = self.get_object(request, unquote(object_id))
        if article is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, article):
            raise PermissionDenied
        if request.method == "POST":
            done = {"open": preview.open_links, "withdraw": preview.withdraw_links}.get(request.POST.get("do", ""))
            if done is None:
                raise BadRequest("Neither “open” nor “withdraw”.")
            done(article)
            self.log_change(
                request,
                article,
                _("Preview links: opened.") if done is preview.open_links else _("Preview links: withdrawn."),
            )
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview"),
            "opts": self.opts,
            "article": article,
            "link": absolute_url(request, preview.link(article)) if article.preview_key else "",
            "days": preview.LASTS.days,
        }
        return TemplateResponse(request, "admin/news/article/preview.html", context)

    def add_view(self, request, form_url="", extra_context=None) -> HttpResponse:
        beside = self._beside(request)
        if self.only_translates(request) and (
            beside is None or beside.story.articles.filter(language=request.user.translates_into).exists()
        ):
            raise PermissionDenied
        return super().add_view(request, form_url, {"beside": beside, **(extra_context or {})})

    def _beside(self, request: HttpRequest) -> Article | None:
        """The first article of the requested story, shown beside the form of its new translation."""
        story = request.POST.get("story") or request.GET.get("story", "")
        return Article.objects.filter(story=story).order_by("pk").first() if is_key(story) else None

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        article = Article.objects.filter(pk=object_id).first() if is_key(object_id) else None
        context = {}
        if article:
            context = {"beside": article.original(), "translations": self._translations(article)}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def _translations(self, article: Article) -> list[tuple[str, str]]:
        """The label and URL of a button for each other language: open the translation, or add it."""
        siblings = {sibling.language: sibling for sibling in article.story.articles.without_body()}
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
