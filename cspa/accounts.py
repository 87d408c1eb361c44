"""The pages of those who sign in to the back office, and of their rights."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .admin import Admin
from .forms import RecordForm
from .models import User

admin.site.unregister(Group)


class AccountForm(RecordForm, UserChangeForm):
    pass


class NewAccountForm(RecordForm, AdminUserCreationForm):
    pass


@admin.register(User)
class AccountAdmin(Admin, UserAdmin):
    form = AccountForm
    add_form = NewAccountForm
    list_display = ["username", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [*UserAdmin.fieldsets, (_("Field of work"), {"fields": ["translates_into", "parliaments"]})]
    autocomplete_fields = ["parliaments"]

    def may_any(self, request: HttpRequest, action: str) -> bool:
        return super().may_any(request, action) and (action == "view" or request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, user: User | None = None) -> list[str]:
        """Nobody gives more than the rights of a group, except those who have all of them."""
        if request.user.is_superuser:
            return self.readonly_fields
        return [*self.readonly_fields, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, user: User | None = None) -> bool:
        if user is not None and user.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, user)


@admin.register(LogEntry)
class LogAdmin(Admin):
    """Who did what: only to be read."""

    list_display = ["action_time", "user", "object_repr", "kind", "what"]
    list_display_links = None
    list_select_related = ["user", "content_type"]
    list_filter = ["action_flag", "content_type"]
    date_hierarchy = "action_time"
    search_fields = ["object_repr", "user__username"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, entry: LogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, entry: LogEntry | None = None) -> bool:
        return False

    @admin.display(description=_("kind"))
    def kind(self, entry: LogEntry) -> str:
        return capfirst(entry.content_type.name) if entry.content_type else "–"

    @admin.display(description=_("what was done"))
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()


@admin.register(Group)
class RightsAdmin(Admin, GroupAdmin):
    """A set of rights that a person gets by being in the group."""

    list_display = ["title"]

    @admin.display(description=_("group"), ordering="name")
    def title(self, group: Group) -> str:
        return gettext(group.name)
