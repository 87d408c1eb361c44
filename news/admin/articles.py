"""The pages on which the secretariat writes, translates and corrects news."""

from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten, unquote
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, strip_tags
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cspa.absolute_urls import absolute
from cspa.audit import journal
from cspa.backoffice.forms import RecordForm, is_key
from cspa.backoffice.model_admin import Admin, Fields
from cspa.backoffice.todo import DashboardLink, Group, Task, Tasks
from cspa.i18n import columns, language_codes, language_name
from cspa.models import Change, User
from cspa.richtext import sanitise
from delegations.admin.parliaments import first_column

from .. import preview
from ..editorial_calendar import asked_month, month_of_news
from ..models import TEXTS, Article, Attachment, Correction, Picture, Quotation, Story, Topic, Translation

SHARED = ("topics", "parliaments", "people", "sources")  # of the articles of a story


class LocalTimeField(forms.SplitDateTimeField):
    """A time in the Assembly's time zone, which the form names; one that the clock skips or has twice is refused."""

    widget = AdminSplitDateTime

    def clean(self, value: list[str]) -> datetime | None:
        try:
            return super().clean(value)
        except ValidationError as error:
            if "ambiguous_timezone" not in {problem.code for problem in error.error_list}:
                raise
            raise ValidationError(
                _("On that day the clocks change: this time does not exist, or exists twice. Choose another."),
                code="ambiguous_timezone",
            ) from error


class ArticleForm(RecordForm):
    """An article, with the rules of publication."""

    published_at = LocalTimeField(
        label=_("Time of publication"),
        initial=timezone.now,
        help_text=format_lazy(
            _("In the time zone {zone}. A time to come: the article appears by itself when it is reached."),
            zone=settings.TIME_ZONE,
        ),
    )

    up_to_date = forms.BooleanField(
        label=_("equal to the original"),
        required=False,
        help_text=_("The original changed after this text. Tick it when nothing of that needs another translation."),
    )

    user: User  # who fills it in

    class Meta:
        model = Article
        fields = "__all__"

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("state") == Article.State.PUBLISHED and self.is_published_by_its_only_author():
            self.add_error(
                "state", _("Nobody but you has worked on this text: set it in review, and let a colleague publish it.")
            )
        withdrawn = cleaned.get("state") == Article.State.WITHDRAWN
        if withdrawn and not cleaned.get("withdrawal_reason"):
            self.add_error(
                "withdrawal_reason", _("Give the reason of the withdrawal; the article's address shows it.")
            )
        return cleaned

    def is_published_by_its_only_author(self) -> bool:
        """Whether nobody else has saved the text that is about to become public."""
        already = self.initial.get("state") == Article.State.PUBLISHED
        if already or self.user.is_superuser or settings.ONE_PERSON_OFFICE:
            return False
        authors = set()
        if self.instance.pk:
            saves = Change.objects.of(self.instance).exclude(entry__user=None)
            authors.update(saves.values_list("entry__user", flat=True))
        if not self.instance.pk or set(TEXTS).intersection(self.changed_data):
            authors.add(self.user.pk)
        return authors == {self.user.pk}

    def clean_body(self) -> str:
        body = sanitise(self.cleaned_data["body"])
        if not strip_tags(body).strip():
            raise ValidationError(_("Write the text."), code="required")
        return body


class CorrectionInline(Fields, admin.StackedInline):
    model = Correction
    extra = 0


class QuotationInline(Fields, admin.TabularInline):
    """What the text quotes; who said it and as what is chosen here."""

    model = Quotation
    fields = ["words", "speaker", "person", "function", "original_language"]
    readonly_fields = ["words", "speaker"]
    autocomplete_fields = ["person"]
    extra = max_num = 0
    can_delete = False


class AttachmentInline(Fields, admin.StackedInline):
    model = Attachment
    fields = ["title", "language", "file"]
    extra = 0


class TranslationFilter(admin.SimpleListFilter):
    """Stories that miss a language, or whose translation is older than the original."""

    title = _("translation")
    parameter_name = "translation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return Translation.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(translation=self.value()) if self.value() in Translation.values else queryset


IN_REVIEW = ngettext_lazy("%(number)d article waits for review", "%(number)d articles wait for review", "number")
SCHEDULED = ngettext_lazy("%(number)d article appears by %(day)s", "%(number)d articles appear by %(day)s", "number")
ASLEEP = ngettext_lazy(
    "%(number)d draft has not been saved since %(day)s",
    "%(number)d drafts have not been saved since %(day)s",
    "number",
)
UNTRANSLATED = ngettext_lazy(
    "%(number)d article is not translated (%(language)s)",
    "%(number)d articles are not translated (%(language)s)",
    "number",
)
OUTDATED = ngettext_lazy(
    "%(number)d translation is older than its original (%(language)s)",
    "%(number)d translations are older than their originals (%(language)s)",
    "number",
)
WITHOUT_CREDIT = ngettext_lazy("%(number)d picture has no credit", "%(number)d pictures have no credit", "number")


def with_local_hour(article: Article) -> SafeString:
    """``article`` as the desk names it: when it appears by the clocks of the Assembly, and its title."""
    when = date_format(timezone.localtime(article.published_at), "DATETIME_FORMAT")
    return format_html('{}: <span lang="{}">{}</span>', when, article.language, article.title)


@admin.register(Article)
class ArticleAdmin(Tasks, Admin):
    """What somebody may do depends on their right and on the state of the article (docs/roles.md)."""

    history_keeps = frozenset({"state", "published_at", "withdrawal_reason", "story", "language"})
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

    # Who may do what

    def is_publisher(self, request: HttpRequest) -> bool:
        return request.user.has_perm("news.publish_article")

    def only_translates(self, request: HttpRequest) -> bool:
        """Whether somebody may write the texts of their language, and nothing else."""
        user = request.user
        return user.has_perm("news.translate_article") and not user.has_perm("news.change_article")

    def may_any(self, request: HttpRequest, action: str) -> bool:
        return super().may_any(request, action) and (action == "view" or self.is_publisher(request))

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

    def has_restore_permission(self, request: HttpRequest, article: Article) -> bool:
        return self.has_change_permission(request, article) and not self.only_translates(request)

    def get_readonly_fields(self, request: HttpRequest, article: Article | None = None) -> list[str]:
        if self.only_translates(request):
            return [
                name for _title, options in self.fieldsets for name in flatten(options["fields"]) if name not in TEXTS
            ]
        return [] if self.is_publisher(request) else ["withdrawal_reason"]

    def get_inlines(self, request: HttpRequest, article: Article | None) -> list:
        if self.only_translates(request):
            return []
        inlines = super().get_inlines(request, article)
        return inlines if article else [inline for inline in inlines if inline is not QuotationInline]

    def formfield_for_choice_field(self, db_field, request: HttpRequest, **kwargs) -> forms.Field:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "state" and not self.is_publisher(request):
            field.choices = [(state.value, state.label) for state in (Article.State.DRAFT, Article.State.REVIEW)]
        return field

    def get_form(self, request: HttpRequest, article: Article | None = None, **kwargs) -> type[ArticleForm]:
        form = super().get_form(request, article, **kwargs)
        form.user = request.user
        return form

    def tasks(self, request: HttpRequest) -> list[Task]:
        """Of translators, the texts in their language; else all that is open, and of publishers what is public."""
        translator = self.only_translates(request)
        if not self.has_change_permission(request):
            return []
        tasks = []
        if not translator:
            review = lambda rows: rows.filter(state=Article.State.REVIEW)  # noqa: E731
            tasks.append(Task("review", _("waiting for review"), IN_REVIEW, review, Group.NEWS, priority=50))
            since = timezone.now() - timedelta(days=settings.DESK_ASLEEP_DAYS)
            values = {"day": date_format(timezone.localdate(since), "DATE_FORMAT")}
            title = gettext("draft, last saved before %(day)s") % values
            tasks.append(Task("asleep", title, ASLEEP, lambda rows: rows.asleep(since), Group.NEWS, values))
        if self.is_publisher(request):
            until = timezone.now() + timedelta(days=settings.DESK_SCHEDULED_DAYS)
            values = {"day": date_format(timezone.localdate(until), "DATE_FORMAT")}
            title = gettext("to appear by %(day)s") % values
            rows = lambda rows: rows.scheduled(until)  # noqa: E731
            tasks.append(Task("scheduled", title, SCHEDULED, rows, Group.NEWS, values, with_local_hour, 60))
        for code in [request.user.translates_into] if translator else language_codes():
            tasks += self._translation_tasks(request, code) if code else []
        return tasks

    def dashboard_links(self, request: HttpRequest) -> list[DashboardLink]:
        if not self.has_view_permission(request):
            return []
        return [DashboardLink(gettext("Calendar of news"), reverse("admin:news_article_calendar"), 60)]

    def _translation_tasks(self, request: HttpRequest, code: str) -> list[Task]:
        """What nobody has begun to translate into a language, and what is older there than the original."""
        values = {"language": language_name(code)}

        def outdated(rows: QuerySet) -> QuerySet:
            return (rows if self.is_publisher(request) else rows.open()).outdated(code)

        return [
            Task(
                f"into-{code}",
                gettext("not translated (%(language)s)") % values,
                UNTRANSLATED,
                lambda rows: rows.untranslated(code),
                Group.NEWS,
                values,
            ),
            Task(
                f"again-{code}",
                gettext("older than the original (%(language)s)") % values,
                OUTDATED,
                outdated,
                Group.NEWS,
                values,
            ),
        ]

    # The pages

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The list; of a month with the number of texts by their translation."""
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
        """Only where readers would find it."""
        public = article and Article.objects.published().filter(pk=article.pk).exists()
        return super().get_view_on_site_url(article) if public else None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """For a translation, what it shares with the article that it translates."""
        initial = {"language": get_language(), **super().get_changeform_initial_data(request)}
        if is_key(story := initial.get("story", "")):
            sibling = Article.objects.filter(story=story).order_by("pk").first()
            if sibling:
                initial |= {name: list(getattr(sibling, name).all()) for name in SHARED}
                initial |= {"published_at": sibling.published_at, "picture": sibling.picture_id}
        return initial

    def get_fieldsets(self, request: HttpRequest, article: Article | None = None) -> list:
        """A translation older than its original can be declared equal."""
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
        # The text may have changed its quotations with the same click: only what was chosen here is written.
        formset.new_objects, formset.deleted_objects, formset.changed_objects = [], [], []
        for quotation_form in formset.forms:
            if quotation_form.has_changed():
                quotation = quotation_form.instance
                quotation.look_up()
                chosen = {name: getattr(quotation, name) for name in ("person", "function", "original_language")}
                journal.touch(Quotation, [quotation.pk])
                Quotation.objects.filter(pk=quotation.pk).update(**chosen)
                formset.changed_objects.append((quotation, quotation_form.changed_data))

    def get_urls(self) -> list:
        page = self.admin_site.admin_view
        return [
            path("calendar/", page(self.calendar_view), name="news_article_calendar"),
            path("<path:object_id>/preview/", page(self.preview_view), name="news_article_preview"),
            *super().get_urls(),
        ]

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """The news of a month, ``?month=2026-11``, published and planned."""
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
        """The link under which somebody without an account sees the article, made and withdrawn here."""
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
            "link": absolute(request, preview.link(article)) if article.preview_key else "",
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
        """The article that a new one translates."""
        story = request.POST.get("story") or request.GET.get("story", "")
        return Article.objects.filter(story=story).order_by("pk").first() if is_key(story) else None

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        article = Article.objects.filter(pk=object_id).first() if is_key(object_id) else None
        context = {}
        if article:
            context = {"beside": article.original(), "translations": self._translations(article)}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def _translations(self, article: Article) -> list[tuple[str, str]]:
        """For the buttons of the page: text and address, of each other language."""
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

    def may_any(self, request: HttpRequest, action: str) -> bool:
        return self.admin_site._registry[Article].may_any(request, action)

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


class WordsFilter(admin.SimpleListFilter):
    """Pictures that cannot be published in every language yet, or whose maker is not named."""

    title = _("lacking")
    parameter_name = "lacking"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("alt", _("an alternative text")), ("credit", _("the credit"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "alt":
            empty = Q(*(Q(**{column: ""}) for column in columns("alt")), _connector=Q.OR)
            return queryset.filter(empty, decorative=False)
        return queryset.uncredited() if self.value() == "credit" else queryset


@admin.register(Picture)
class PictureAdmin(Tasks, Admin):
    list_display = ["thumbnail", "description", "is_decorative", "credited"]
    list_display_links = ["description"]
    list_filter = [WordsFilter]
    search_fields = [*columns("alt"), *columns("credit")]
    fieldsets = [
        (None, {"fields": ["file", "preview", tuple(columns("alt")), "decorative", tuple(columns("credit"))]}),
        (
            _("What matters"),
            {
                "fields": [("focus_x", "focus_y")],
                "description": _("Lists show a part of the picture. Click what must stay in it, or write numbers."),
            },
        ),
    ]
    readonly_fields = ["preview"]
    recent = 12  # offered beside the text of an article

    class Media:
        js = ["admin-extra/focus.js"]

    def tasks(self, request: HttpRequest) -> list[Task]:
        task = Task("credit", _("no credit"), WITHOUT_CREDIT, lambda rows: rows.uncredited(), Group.NEWS)
        return [task] if self.has_change_permission(request) else []

    @admin.display(description=_("picture"))
    def thumbnail(self, picture: Picture) -> SafeString:
        (_type, address) = picture.cards[-1]
        return format_html('<img src="{}" alt="" width="120" height="80" loading="lazy">', address)

    @admin.display(description=_("alternative text"))
    def description(self, picture: Picture) -> str:
        return str(picture)

    @admin.display(description=_("decorative"), ordering="decorative")
    def is_decorative(self, picture: Picture) -> str:
        return gettext("yes") if picture.decorative else gettext("no")

    @admin.display(description=_("credit"))
    def credited(self, picture: Picture) -> str:
        return str(picture.credit) or "–"

    @admin.display(description=_("as it is stored"))
    def preview(self, picture: Picture) -> SafeString | str:
        if not picture.file:
            return "–"
        image = '<img class="focus" src="{}" alt="" width="{}" height="{}">'
        return format_html(image, picture.file.url, picture.width, picture.height)

    def get_urls(self) -> list:
        page = self.admin_site.admin_view(self.recent_view)
        return [path("recent/", page, name="news_picture_recent"), *super().get_urls()]

    def recent_view(self, request: HttpRequest) -> JsonResponse:
        """The newest pictures, or the newest with the words ``q``, for the editor of a text."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        words = request.GET.get("q", "")[:200]
        pictures, _distinct = self.get_search_results(request, self.get_queryset(request), words)
        return JsonResponse(
            {
                "pictures": [
                    {
                        "address": picture.address,
                        "card": picture.cards[-1][1],
                        "name": str(picture),
                        "alt": {code: picture.alt_in(code) for code in language_codes()},
                    }
                    for picture in pictures[: self.recent]
                ]
            }
        )


@admin.register(Topic)
class TopicAdmin(Admin):
    list_display = ["title", "slug"]
    search_fields = columns("name")
    fieldsets = [(None, {"fields": [tuple(columns("name")), "slug"]})]
    prepopulated_fields = {"slug": [first_column("name")]}

    @admin.display(description=_("topic"), ordering=first_column("name"))
    def title(self, topic: Topic) -> str:
        return topic.name
