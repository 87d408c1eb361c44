"""The pages of those who sign in to the back office, and of their rights."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group

from .admin import Admin
from .models import User

admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(Admin, UserAdmin):
    list_display = ["username", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    readonly_fields = ["last_login", "date_joined"]


@admin.register(Group)
class RightsAdmin(Admin, GroupAdmin):
    """A set of rights that a person gets by being in the group."""
