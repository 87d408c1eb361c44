"""Registers the admin pages of accounts, groups and the audit log."""

import django_otp.plugins.otp_static.admin
import django_otp.plugins.otp_totp.admin  # noqa: F401
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from .backoffice.audit_log import JournalAdmin
from .backoffice.users import AccountAdmin, LogAdmin, RightsAdmin
from .models import Entry, User

# The back office neither shows nor edits the secrets of second factors.
admin.site.unregister([Group, StaticDevice, TOTPDevice])
admin.site.register(User, AccountAdmin)
admin.site.register(Group, RightsAdmin)
admin.site.register(LogEntry, LogAdmin)
admin.site.register(Entry, JournalAdmin)
