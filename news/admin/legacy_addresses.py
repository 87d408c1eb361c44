"""Admin of the addresses of the former site."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.model_admin import BaseModelAdmin

from ..models import LegacyAddress


@admin.register(LegacyAddress)
class LegacyAddressAdmin(BaseModelAdmin):
    list_display = ["address", "leads_to"]
    list_select_related = ["article"]
    search_fields = ["address", "target", "article__title"]
    autocomplete_fields = ["article"]
    fieldsets = [(None, {"fields": ["address", "article", "target"]})]

    @admin.display(description=_("leads to"))
    def leads_to(self, row: LegacyAddress) -> str:
        return row.leads_to
