"""Dashboard items of articles: reviews, stale drafts, scheduled articles, missing and outdated translations."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.todo import DashboardLink, Group, TodoItem, TodoListMixin
from cspa.i18n import language_codes, language_name

from ..models import Article
from .permissions import may_import_archives

IN_REVIEW = ngettext_lazy("%(number)d article waits for review", "%(number)d articles wait for review", "number")
SCHEDULED = ngettext_lazy("%(number)d article appears by %(day)s", "%(number)d articles appear by %(day)s", "number")
STALE = ngettext_lazy(
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


def with_local_hour(article: Article) -> SafeString:
    """The label of a scheduled article: its time of publication in the Assembly's time zone, and its title."""
    when = date_format(timezone.localtime(article.published_at), "DATETIME_FORMAT")
    return format_html('{}: <span lang="{}">{}</span>', when, article.language, article.title)


class ArticleTodoMixin(TodoListMixin):
    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        """The items of the user: a translator has those of one language, other writers have those of all languages.

        Reviews and stale drafts are for writers, scheduled articles for publishers.
        """
        translator = self.only_translates(request)
        if not self.has_change_permission(request):
            return []
        todo_items = []
        if not translator:
            review = lambda rows: rows.filter(state=Article.State.REVIEW)  # noqa: E731
            todo_items.append(TodoItem("review", _("waiting for review"), IN_REVIEW, review, Group.NEWS, priority=50))
            since = timezone.now() - timedelta(days=settings.STALE_DRAFT_DAYS)
            values = {"day": date_format(timezone.localdate(since), "DATE_FORMAT")}
            title = gettext("draft, last saved before %(day)s") % values
            rows = lambda rows: rows.stale_drafts(since)  # noqa: E731
            todo_items.append(TodoItem("asleep", title, STALE, rows, Group.NEWS, values))
        if self.is_publisher(request):
            until = timezone.now() + timedelta(days=settings.DESK_SCHEDULED_DAYS)
            values = {"day": date_format(timezone.localdate(until), "DATE_FORMAT")}
            title = gettext("to appear by %(day)s") % values
            rows = lambda rows: rows.scheduled(until)  # noqa: E731
            todo_items.append(TodoItem("scheduled", title, SCHEDULED, rows, Group.NEWS, values, with_local_hour, 60))
        for code in [request.user.translates_into] if translator else language_codes():
            todo_items += self._translation_items(request, code) if code else []
        return todo_items

    def dashboard_links(self, request: HttpRequest) -> list[DashboardLink]:
        if not self.has_view_permission(request):
            return []
        links = [DashboardLink(gettext("Calendar of news"), reverse("admin:news_article_calendar"), 60)]
        if may_import_archives(request):
            links.append(DashboardLink(gettext("Import an archive"), reverse("admin:news_archive_import"), 70))
        return links

    def _translation_items(self, request: HttpRequest, code: str) -> list[TodoItem]:
        values = {"language": language_name(code)}

        def outdated(rows: QuerySet) -> QuerySet:
            return (rows if self.is_publisher(request) else rows.unpublished_work()).outdated(code)

        return [
            TodoItem(
                f"into-{code}",
                gettext("not translated (%(language)s)") % values,
                UNTRANSLATED,
                lambda rows: rows.untranslated(code),
                Group.NEWS,
                values,
            ),
            TodoItem(
                f"again-{code}",
                gettext("older than the original (%(language)s)") % values,
                OUTDATED,
                outdated,
                Group.NEWS,
                values,
            ),
        ]
