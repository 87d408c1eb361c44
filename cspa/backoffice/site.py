"""Admin site: access, second factor, Content Security Policy, and the order of apps and models."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.generic import RedirectView
from django.views.i18n import set_language

from ..auth import known_devices
from ..auth.two_factor import SecondFactorView
from . import dashboard

# Django's Russian catalogue lacks this string, so the project's catalogue translates it.
gettext_noop("- Select an option -")

# Order of apps and models on the index; others come last.
APP_ORDER = {
    "delegations": [
        "Parliament",
        "Chamber",
        "Person",
        "PersonName",
        "Delegate",
        "Representative",
        "Body",
        "AssemblyPost",
        "SeatQuota",
        "Participation",
        "Confirmation",
        "ConfirmationRequest",
        "Proposal",
        "Link",
        "Source",
        "Observation",
        "FileImport",
    ],
    "news": ["Article", "Picture", "Topic", "LegacyAddress"],
    "links": ["Address"],
    "cspa": ["ChangeSet", "User", "Group", "LogEntry"],
}


# URL of the audit log, as the target of a redirect.
AUDIT_LOG = "/admin/cspa/changeset/%(rest)s"


class AutocompleteView(AutocompleteJsonView):
    """The choices of an autocomplete field, refused for a relation that another model declares."""

    def process_request(self, request: HttpRequest) -> tuple:
        term, model_admin, field, to_field = super().process_request(request)
        if field.auto_created:
            raise PermissionDenied
        return term, model_admin, field, to_field

    def has_perm(self, request: HttpRequest, obj: object = None) -> bool:
        """Pass the row by position, because the admins name the argument after their model."""
        return self.model_admin.has_view_permission(request, obj)


class AssemblyAdminSite(admin.AdminSite):
    site_title = site_header = _("CSTO Parliamentary Assembly: back office")
    index_title = _("Delegations, news and accounts")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user is staff and, if the account needs a second factor, has verified it."""
        return self.knows_password(request) and (request.user.is_verified() or not request.user.needs_second_factor)

    def knows_password(self, request: HttpRequest) -> bool:
        """Whether a staff user has signed in, with or without the second factor."""
        return super().has_permission(request)

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        """Wrap the view in the CSP of the admin and in ``never_cache``, error pages included.

        Answer 404 instead of 403, so that users cannot learn which pages and rows exist.
        """
        inner = super().admin_view(view)

        @wraps(inner)
        def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            def find(request: HttpRequest) -> HttpResponse:
                if request.method == "POST" and not self.has_permission(request):
                    message = _("What you sent was not saved: you were not signed in. Sign in, and send it once more.")
                    messages.warning(request, message)
                try:
                    return inner(request, *args, **kwargs)
                except PermissionDenied as error:
                    raise Http404 from error

            return convert_exception_to_response(find)(request)

        return csp_override(settings.ADMIN_CSP)(never_cache(wrapped))

    def each_context(self, request: HttpRequest) -> dict:
        """Add the notices of model admins to every page of a user, such as that of an import that others wait for."""
        if not self.has_permission(request):
            return super().each_context(request)
        pages = [page for page in self._registry.values() if hasattr(page, "notices")]
        notices = [notice for page in pages for notice in page.notices(request)]
        return {**super().each_context(request), "notices": notices}

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Redirect a user to the second factor after the password; remember the device of one who needs none."""
        if request.method == "GET" and self.knows_password(request) and not self.has_permission(request):
            return redirect_to_login(self.after_sign_in(request), reverse("admin:second_factor"))
        response = csp_override(settings.ADMIN_CSP)(super().login)(request, extra_context)
        if request.method == "POST" and self.knows_password(request) and not request.user.needs_second_factor:
            known_devices.remember(request, response, request.user)
        return response

    def after_sign_in(self, request: HttpRequest) -> str:
        """URL of the page that the user requested before the sign-in, else of the index."""
        return LoginView(request=request).get_redirect_url() or reverse("admin:index")

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Second factor page, which is open after the password."""
        if not self.knows_password(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return SecondFactorView.as_view(site=self)(request)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return AutocompleteView.as_view(admin_site=self)(request)

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().index(request, {**dashboard.context(self, request), **(extra_context or {})})

    def get_urls(self) -> list:
        def open_page(view: Callable) -> Callable:
            return csp_override(settings.ADMIN_CSP)(never_cache(convert_exception_to_response(view)))

        return [
            path("language/", open_page(set_language), name="language"),
            # Signing out must not need the second factor.
            path("logout/", open_page(self.logout), name="logout"),
            path("second-factor/", open_page(self.second_factor), name="second_factor"),
            # Former URL of the audit log.
            re_path(
                "^cspa/entry/(?P<rest>.*)$", RedirectView.as_view(url=AUDIT_LOG, permanent=True, query_string=True)
            ),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict]:
        """Sort apps and models by ``APP_ORDER``; groups and log entries are listed with the users."""
        if not self.has_permission(request):
            return []
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        for label in ("auth", "admin"):
            if "cspa" in apps and label in apps:
                apps["cspa"]["models"] += apps.pop(label)["models"]
        for label, app in apps.items():
            app["models"].sort(key=lambda model: sort_index(model["object_name"], APP_ORDER.get(label, [])))
        return sorted(apps.values(), key=lambda app: sort_index(app["app_label"], list(APP_ORDER)))


def sort_index(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)
