"""Registers the admin pages of accounts, groups and the audit log."""

import django_otp.plugins.otp_static.admin
import django_otp.plugins.otp_totp.admin  # noqa: F401
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_tasks_db.models import DBTaskResult

from .backoffice.audit_log import ChangeSetAdmin
from .backoffice.users import GroupAdmin, LogEntryAdmin, UserAdmin
from .models import ChangeSet, User

# The back office neither shows nor edits the secrets of second factors.
admin.site.unregister([Group, StaticDevice, TOTPDevice])
# Who started a task sees it on its own page.
admin.site.unregister(DBTaskResult)
admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
admin.site.register(LogEntry, LogEntryAdmin)
admin.site.register(ChangeSet, ChangeSetAdmin)
