"""Admin pages of users, groups and Django's log entries."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, Permission
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from ..audit.diff import display_value
from ..auth import two_factor
from ..auth.lockout import reset_lockout
from ..auth.sessions import end_sessions
from ..models import GroupPolicy, User
from .forms import ConflictAwareForm
from .model_admin import BaseModelAdmin, ReadOnlyMixin


def permission_label(permission: Permission) -> str:
    """Translated label such as "article: publish"; the names that Django stores are English."""
    action = {
        "view": gettext("view"),
        "add": gettext("add"),
        "change": gettext("change"),
        "delete": gettext("delete"),
        "publish": gettext("publish"),
        "translate": gettext("translate"),
    }
    return f"{permission.content_type.name}: {action.get(permission.codename.partition('_')[0], permission.name)}"


class CheckboxFieldsMixin:
    """Mixin that shows groups and permissions as checkboxes, which a keyboard can reach."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in ("groups", "permissions", "user_permissions"):
            kwargs["widget"] = forms.CheckboxSelectMultiple
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name in ("permissions", "user_permissions"):
            field.label_from_instance = permission_label
        elif db_field.name == "groups":
            field.label_from_instance = lambda group: gettext(group.name)
        return field


class UserForm(ConflictAwareForm, UserChangeForm):
    pass


class NewUserForm(ConflictAwareForm, AdminUserCreationForm):
    # Without the choice of an account without a password: sign-in needs one.
    usable_password = None


class NewPasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)


class GroupFilter(admin.RelatedFieldListFilter):
    def field_choices(self, field, request, model_admin):
        return [(key, gettext(name)) for key, name in super().field_choices(field, request, model_admin)]


class UserAdmin(CheckboxFieldsMixin, BaseModelAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["username", "password1", "password2"]})]
    change_password_form = NewPasswordForm
    list_filter = ["is_active", ("groups", GroupFilter)]
    list_display = ["username", "first_name", "last_name", "active", "two_factors", "last_login"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [*DjangoUserAdmin.fieldsets, (_("Field of work"), {"fields": ["translates_into"]})]
    actions = ["reset_second_factor", "reset_lockout", "end_sessions"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(has_second_factor=Exists(devices))

    @admin.display(description=_("active"), ordering="is_active")
    def active(self, user: User) -> str:
        return display_value(None, user.is_active)

    @admin.display(description=_("two factors"), ordering="has_second_factor")
    def two_factors(self, user: User) -> str:
        return display_value(None, user.has_second_factor)

    @admin.action(description=_("Reset the second factor"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet) -> None:
        """Remove the second factor of users who lost their telephone, and end their sessions."""

        def reset(user: User) -> None:
            two_factor.remove_second_factor(user)
            end_sessions(user)

        self._apply_to(request, users, reset, gettext("Second factor reset."))

    @admin.action(description=_("Lift the limit of sign-in attempts"), permissions=["change"])
    def reset_lockout(self, request: HttpRequest, users: QuerySet) -> None:
        self._apply_to(request, users, reset_lockout, gettext("Limit of sign-in attempts lifted."))

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet) -> None:
        self._apply_to(request, users, end_sessions, gettext("All sessions ended."))

    def _apply_to(self, request: HttpRequest, users: QuerySet, act: Callable[[User], object], done: str) -> None:
        """Apply ``act`` to the accounts that the user may change, except the user's own, and log it."""
        others = [user for user in users if user != request.user and self.has_change_permission(request, user)]
        for user in others:
            act(user)
            self.log_change(request, user, done)
        if others:
            messages.success(request, f"{done} {', '.join(map(str, others))}")
        if left := len(users) - len(others):
            message = ngettext(
                "%d account was left as it is: your own, or one that you may not change.",
                "%d accounts were left as they are: your own, or such as you may not change.",
                left,
            )
            messages.warning(request, message % left)

    def has_unrestricted_permission(self, request: HttpRequest, action: str) -> bool:
        return super().has_unrestricted_permission(request, action) and (action == "view" or request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, user: User | None = None) -> list[str]:
        """Let superusers alone grant individual permissions and superuser status."""
        if request.user.is_superuser:
            return self.readonly_fields
        return [*self.readonly_fields, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, user: User | None = None) -> bool:
        if user is not None and user.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, user)


class LogEntryAdmin(ReadOnlyMixin, BaseModelAdmin):
    list_display = ["action_time", "user", "object_repr", "kind", "what"]
    list_display_links = None
    list_select_related = ["user", "content_type"]
    list_filter = ["action_flag", ("content_type", admin.RelatedOnlyFieldListFilter)]
    date_hierarchy = "action_time"
    search_fields = ["object_repr", "user__username"]

    @admin.display(description=_("kind"))
    def kind(self, entry: LogEntry) -> str:
        return capfirst(entry.content_type.name) if entry.content_type else "–"

    @admin.display(description=_("what was done"))
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()


class GroupForm(ConflictAwareForm):
    demands_two_factors = GroupPolicy._meta.get_field("demands_two_factors").formfield()

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["demands_two_factors"] = GroupPolicy.objects.filter(
            group=self.instance.pk, demands_two_factors=True
        ).exists()


class GroupAdmin(CheckboxFieldsMixin, BaseModelAdmin, DjangoGroupAdmin):
    form = GroupForm
    fields = ["name", "demands_two_factors", "permissions"]
    list_display = ["title", "two_factors"]
    list_select_related = ["rule"]

    @admin.display(description=_("group"), ordering="name")
    def title(self, group: Group) -> str:
        return gettext(group.name)

    @admin.display(description=_("demands two factors"), ordering="rule__demands_two_factors")
    def two_factors(self, group: Group) -> str:
        return display_value(None, hasattr(group, "rule") and group.rule.demands_two_factors)

    def save_model(self, request: HttpRequest, group: Group, form: GroupForm, change: bool) -> None:
        super().save_model(request, group, form, change)
        demanded = form.cleaned_data["demands_two_factors"]
        GroupPolicy.objects.update_or_create(group=group, defaults={"demands_two_factors": demanded})
