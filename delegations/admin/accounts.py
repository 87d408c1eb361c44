"""Admin page of user accounts, with a field for the assigned parliaments."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.users import UserAdmin, UserForm
from cspa.backoffice.widgets import SelectSeveral
from cspa.models import User

from ..models import DelegationAssignment, Parliament

HELP = _("Of a delegation secretary: the only delegations that this account keeps. None: all of them.")


class SecretaryForm(UserForm):
    assigned_parliaments = forms.ModelMultipleChoiceField(Parliament.objects.all(), required=False)

    # The columns that a field sets, where they do not have its name.
    columns: ClassVar = {"assigned_parliaments": ("parliaments",)}

    class Meta(UserForm.Meta):
        # For users who may only view the account.
        help_texts = {"assigned_parliaments": HELP}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["assigned_parliaments"] = list(self.instance.parliaments.all())

    def _save_m2m(self) -> None:
        super()._save_m2m()
        self.instance.parliaments.set(self.cleaned_data["assigned_parliaments"])


# cspa knows no parliaments, so the directory replaces its page of user accounts by one with this field.
admin.site.unregister(User)


@admin.register(User)
class SecretaryAdmin(UserAdmin):
    form = SecretaryForm
    fieldsets = [
        *UserAdmin.fieldsets[:-1],
        (_("Field of work"), {"fields": ["translates_into", "assigned_parliaments"]}),
    ]

    @admin.display(description=_("assigned parliaments"))
    def assigned_parliaments(self, user: User) -> str:
        """The value for users who may only view the account."""
        return ", ".join(map(str, user.parliaments.all()))

    def get_form(self, request: HttpRequest, user: User | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, user, **kwargs)
        # The form of a new account lacks the field.
        if "assigned_parliaments" in form.base_fields:
            parliament = DelegationAssignment._meta.get_field("parliament")
            form.base_fields["assigned_parliaments"] = self.formfield_for_dbfield(
                parliament,
                request,
                form_class=forms.ModelMultipleChoiceField,
                widget=SelectSeveral(parliament, self.admin_site),
                required=False,
                label=capfirst(DelegationAssignment._meta.verbose_name_plural),
                help_text=HELP,
            )
        return form
