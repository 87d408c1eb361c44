"""Admin of pictures, and the list of recent pictures that the text editor offers."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.model_admin import BaseModelAdmin
from cspa.backoffice.todo import Group, TodoItem, TodoListMixin
from cspa.i18n import language_codes, translated_columns

from ..models import Article, Picture

WITHOUT_CREDIT = ngettext_lazy("%(number)d picture has no credit", "%(number)d pictures have no credit", "number")


class WordsFilter(admin.SimpleListFilter):
    """Filter for pictures without an alternative text in some language, or without a credit."""

    title = _("lacking")
    parameter_name = "lacking"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("alt", _("an alternative text")), ("credit", _("the credit"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "alt":
            empty = Q(*(Q(**{column: ""}) for column in translated_columns("alt")), _connector=Q.OR)
            return queryset.filter(empty, decorative=False)
        return queryset.uncredited() if self.value() == "credit" else queryset


@admin.register(Picture)
class PictureAdmin(TodoListMixin, BaseModelAdmin):
    list_display = ["thumbnail", "description", "is_decorative", "credited"]
    list_display_links = ["description"]
    list_filter = [WordsFilter]
    search_fields = [*translated_columns("alt"), *translated_columns("credit")]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "file",
                    "preview",
                    tuple(translated_columns("alt")),
                    "decorative",
                    tuple(translated_columns("credit")),
                ]
            },
        ),
        (
            _("What matters"),
            {
                "fields": [("focus_x", "focus_y")],
                "description": _("Lists show a part of the picture. Click what must stay in it, or write numbers."),
            },
        ),
    ]
    readonly_fields = ["preview"]
    # The number of pictures that the text editor offers.
    recent = 12

    class Media:
        js = ["admin-extra/focus.js"]

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        return super().has_unrestricted_permission(request, action) and (
            action == "view" or self._is_publisher(request)
        )

    def has_change_permission(self, request: HttpRequest, picture: Picture | None = None) -> bool:
        """Leave the pictures of published articles to publishers, because readers see them."""
        if picture is not None and not self._is_publisher(request) and picture.is_published:
            return False
        return super().has_change_permission(request, picture)

    def _is_publisher(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(Article).is_publisher(request)

    def todo_items(self, request: HttpRequest) -> list[TodoItem]:
        task = TodoItem("credit", _("no credit"), WITHOUT_CREDIT, lambda rows: rows.uncredited(), Group.NEWS)
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
        """The newest pictures that match the search terms ``q``, as JSON for the text editor."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        words = request.GET.get("q", "")
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
