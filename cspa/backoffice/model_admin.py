"""The back office: its titles, order and policy, and what every page of it has in common."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied
from django.core.handlers.exception import convert_exception_to_response
from django.db import DataError, IntegrityError, models
from django.db.models.constants import LOOKUP_SEP
from django.db.models.deletion import ProtectedError
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.csp import CSP
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.i18n import set_language
from translated_fields import TranslatedField, to_attribute

from ..audit import journal
from ..models import Entry
from .forms import RecordForm, RecordFormSet, is_key
from .history import HistoryPages, reason_of

# The one <style> that django-prose-editor adds to its page; a test compares it with the library.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"

POLICY = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, EDITOR_STYLE],
    "connect-src": [CSP.SELF],
}

# A string of Django that its Russian catalogue lacks: ours has it.
gettext_noop("- Select an option -")

# Applications and their models as the secretariat works with them; what is not named comes last.
ORDER = {
    "delegations": [
        "Parliament",
        "Chamber",
        "Person",
        "Delegate",
        "Representative",
        "AssemblyPost",
        "SeatQuota",
        "Participation",
        "Confirmation",
        "ConfirmationRequest",
        "Proposal",
        "Link",
        "Source",
        "Observation",
    ],
    "news": ["Article", "Picture", "Topic"],
    "links": ["Address"],
    "cspa": ["Entry", "User", "Group", "LogEntry"],
}


class AssemblyAdminSite(admin.AdminSite):
    """Django's admin site in the Assembly's name."""

    site_title = site_header = _("CSTO Parliamentary Assembly: back office")
    index_title = _("Delegations, news and accounts")

    def has_permission(self, request: HttpRequest) -> bool:
        """As Django's; where the account needs a second factor, only once it was given."""
        return self.knows_password(request) and (request.user.is_verified() or not request.user.needs_second_factor)

    def knows_password(self, request: HttpRequest) -> bool:
        """Whether somebody of the staff has signed in, be it with the password alone."""
        return super().has_permission(request)

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        """As Django's, with the admin's own policy; nothing is stored, not even an error page.

        What somebody has no right to is not there for them: 404 tells less than 403.
        """
        inner = super().admin_view(view)

        @wraps(inner)
        def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            def find(request: HttpRequest) -> HttpResponse:
                if request.method == "POST" and not self.has_permission(request):
                    words = _("What you sent was not saved: you were not signed in. Sign in, and send it once more.")
                    messages.warning(request, words)
                try:
                    return inner(request, *args, **kwargs)
                except PermissionDenied as error:
                    raise Http404 from error

            return convert_exception_to_response(find)(request)

        return csp_override(POLICY)(never_cache(answer))

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """As Django's; who has given the password goes on to the second factor."""
        if request.method == "GET" and self.knows_password(request) and not self.has_permission(request):
            return redirect_to_login(self.after_sign_in(request), reverse("admin:second_factor"))
        return csp_override(POLICY)(super().login)(request, extra_context)

    def after_sign_in(self, request: HttpRequest) -> str:
        """The page to which somebody wanted to go, else the index."""
        return LoginView(request=request).get_redirect_url() or reverse("admin:index")

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """The page on which somebody gives the second factor, sets it up and takes it away."""
        from ..auth.two_factor import SecondFactorView

        if not self.knows_password(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return SecondFactorView.as_view(site=self)(request)

    def get_urls(self) -> list:
        from . import audit_log, users  # noqa: F401  their pages register with this site, which exists only now

        def open_page(view: Callable) -> Callable:
            return csp_override(POLICY)(never_cache(convert_exception_to_response(view)))

        return [
            path("language/", open_page(set_language), name="language"),
            path("logout/", open_page(self.logout), name="logout"),  # the password alone is enough for leaving
            path("second-factor/", open_page(self.second_factor), name="second_factor"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict]:
        """In the order above; groups stand with the users that are in them, and so does the log."""
        if not self.has_permission(request):
            return []
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        for label in ("auth", "admin"):
            if "cspa" in apps and label in apps:
                apps["cspa"]["models"] += apps.pop(label)["models"]
        for label, app in apps.items():
            app["models"].sort(key=lambda model: _place(model["object_name"], ORDER.get(label, [])))
        return sorted(apps.values(), key=lambda app: _place(app["app_label"], list(ORDER)))


def _without(found: list, beginnings: tuple[str, ...]) -> list:
    """A nested list without the texts that begin with one of ``beginnings``."""
    kept = [_without(each, beginnings) if isinstance(each, list) else each for each in found]
    return [each for each in kept if each and not (isinstance(each, str) and each.startswith(beginnings))]


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)


class _Choice:
    """Has a name for those who hear the page, and one way to take back what is chosen.

    The chosen rows are shown again after an error; a forged value that is no key is left out, not a 500.
    """

    @property
    def media(self) -> Media:
        return super().media + Media(js=["admin/js/autocomplete.js", "admin-extra/choices.js"])  # in this order

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [key for key in value if is_key(str(key))], attr)


class ChooseOne(_Choice, AutocompleteSelect):
    pass


class ChooseSeveral(_Choice, AutocompleteSelectMultiple):
    def build_attrs(self, base_attrs: dict, extra_attrs: dict | None = None) -> dict:
        """Without the button that takes back all of them: it would stand in a list as no item of it."""
        return super().build_attrs(base_attrs, extra_attrs) | {"data-allow-clear": "false"}


class Fields:
    """For pages and their inlines: texts that name their language, choices by typing, nothing overwritten unseen."""

    form = RecordForm
    formset = RecordFormSet  # of inlines

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for code, language in settings.LANGUAGES:
            name = db_field.name.removesuffix(to_attribute("", code))
            if field and name != db_field.name and isinstance(vars(db_field.model).get(name), TranslatedField):
                field.label = f"{capfirst(field.label)} ({language})"
                field.widget.attrs["lang"] = code
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChooseOne(db_field, self.admin_site, using=kwargs.get("using")))
            if (other := self.admin_site._registry.get(db_field.remote_field.model)) is not None:
                kwargs.setdefault("queryset", other.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChooseSeveral(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class Admin(Fields, HistoryPages, admin.ModelAdmin):
    """What the pages of every model have in common: few queries, an answer in words to bad input, and the journal."""

    list_per_page = 50
    save_on_top = True

    def may_any(self, request: HttpRequest, action: str) -> bool:
        """Whether somebody may do ``action`` ("view", "change") with every record of the model."""
        return getattr(self, f"has_{action}_permission")(request)

    def get_actions(
        self, request: HttpRequest, action_location: admin.ActionLocation = admin.ActionLocation.CHANGE_LIST
    ) -> dict:
        """Without deleting several rows at once: what has history is ended."""
        actions = super().get_actions(request, action_location)
        actions.pop("delete_selected", None)
        return actions

    def get_changelist_form(self, request: HttpRequest, **kwargs) -> type[RecordForm]:
        return super().get_changelist_form(request, form=RecordForm, **kwargs)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_queryset(request)
        return queryset.select_related(*self.list_select_related) if self.list_select_related else queryset

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts, object_id: str) -> HttpResponse:
        """Django would lead to the first page of the admin."""
        raise Http404

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest) -> bool:
        """Only what the filters of the page ask for, not whatever the ORM could do with a column."""
        names = {self.date_hierarchy}
        for item in self.get_list_filter(request):
            item = item[0] if isinstance(item, list | tuple) else item
            names.add(getattr(item, "parameter_name", item))
        steps = lookup.split(LOOKUP_SEP)
        return super().lookup_allowed(lookup, value, request) and any(
            LOOKUP_SEP.join(steps[:length]) in names
            and set(steps[length:]) <= {"id", "exact", "isnull", "gte", "lt", "year", "month", "day"}
            for length in range(1, len(steps) + 1)
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not all(map(is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("A selected row is not named by its number.")
        if any("\x00" in key + "".join(request.GET.getlist(key)) for key in request.GET if key != "q"):
            raise BadRequest("The address holds a NUL character.")
        try:
            with self._entry(request, Entry.Kind.LIST):
                return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError) as error:
            if not request.GET:
                raise
            raise BadRequest("The address asks for something that does not exist.") from error

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        """As Django's; where somebody else saved at the same time, the database's refusal in words."""
        try:
            with self._entry(request, Entry.Kind.EDIT):
                return super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, ProtectedError):
            refusal = _("Nothing was saved: somebody changed the same facts meanwhile. Look at them first.")
            messages.error(request, refusal)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """As Django's; deleting needs a reason, which stays in the journal with all that went."""
        if request.method == "POST" and self.has_delete_permission(request) and not reason_of(request):
            messages.error(request, _("Nothing was deleted: give the reason."))
            return HttpResponseRedirect(request.get_full_path())
        with self._entry(request, Entry.Kind.DELETION):
            return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs, request: HttpRequest) -> tuple:
        """As Django's, without the rows that only connect others: they have no name of their own."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        through = [model for model in apps.get_models(include_auto_created=True) if model._meta.auto_created]
        nameless = tuple(f"{capfirst(model._meta.verbose_name)}: " for model in through)
        return _without(deleted, nameless), counts, lacking, protected

    def _entry(self, request: HttpRequest, kind: str) -> AbstractContextManager:
        """The entry of the journal for what a form sends; reading needs none."""
        return journal.entry(kind, request.user, reason_of(request)) if request.method == "POST" else nullcontext()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """Texts and choices may come with the address, as ``?story=5&language=ru``; the rest is left out."""
        initial = {}
        for name, value in super().get_changeform_initial_data(request).items():
            try:
                field = self.opts.get_field(name)
            except FieldDoesNotExist:
                continue
            relation = isinstance(field, models.ForeignKey | models.ManyToManyField)
            if relation or (isinstance(field, models.CharField | models.TextField) and "\x00" not in value):
                initial[name] = value
        return initial
