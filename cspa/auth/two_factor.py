"""Two-factor authentication: time-based codes (TOTP, RFC 6238) and recovery codes."""

import re
from base64 import b32encode
from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from django_otp import login, verify_token
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from ..models import GroupPolicy, User
from . import known_devices, lockout

RECOVERY_CODES = 10
# Session key of the TOTP secret that the page shows, until a code confirms that the telephone has the secret.
PENDING_SECRET_KEY = "offered_secret"  # noqa: S105  a session key, no password


class AccountBackend(ModelBackend):
    """Backend that loads the user of a session and the need for a second factor in one query."""

    def get_user(self, user_id: int) -> User | None:
        needs = User.objects.filter(User.NEEDS_SECOND_FACTOR, pk=OuterRef("pk"))
        user = User.objects.annotate(needs_second_factor=Exists(needs)).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def replace_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes of the user by new ones; each can be used once."""
    device, _new = StaticDevice.objects.get_or_create(user=user)
    device.token_set.all().delete()
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def remove_second_factor(user: User) -> None:
    """Remove the second factor. If a group demands a second factor, the next sign-in asks to set up a new one."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def qr_code(text: str) -> SafeString:
    """QR code of ``text`` as an <svg> element without styles, which the CSP would block."""
    # Import here: the package is large and rarely used.
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    image = qrcode.make(text, image_factory=SvgPathFillImage)
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308  the SVG holds a path only


def is_totp_code(code: str) -> bool:
    """Whether ``code`` has six digits; recovery codes are longer."""
    return re.fullmatch("[0-9]{6}", code) is not None


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """Remove the spaces and hyphens that users type between groups of digits."""
        return re.sub(r"[\s-]", "", self.cleaned_data["code"]).lower()


class SecondFactorView(FormView):
    """Page of the user's own account that sets up, verifies, renews and removes the second factor."""

    site: admin.AdminSite | None = None
    template_name = "admin/second_factor.html"
    form_class = CodeForm

    @cached_property
    def totp_device(self) -> TOTPDevice | None:
        return TOTPDevice.objects.filter(user=self.request.user, confirmed=True).first()

    def get_form(self, form_class: type | None = None) -> CodeForm:
        form = super().get_form(form_class)
        form.fields["code"].help_text = (
            _("Six digits from your telephone, or one of your recovery codes") if self.totp_device else _("Six digits")
        )
        return form

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not lockout.is_allowed(request):
            # Axes replaces this response by the lockout page.
            return HttpResponse(status=429)
        response = super().post(request, *args, **kwargs)
        if request.user.is_verified():
            known_devices.remember(request, response, request.user)
        return response

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        # Do not show the wrong code again: codes change every 30 seconds.
        form.data = {}
        return super().form_invalid(form)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        if self.totp_device is None:
            return self._set_up(form)
        was_verified = self.request.user.is_verified()
        if not self._verify(form):
            return self.form_invalid(form)
        if not was_verified:
            return HttpResponseRedirect(self.site.after_sign_in(self.request))
        act = {"renew": self._renew, "remove": self._remove}.get(self.request.POST.get("do", ""))
        if act is None:
            raise BadRequest("Neither “renew” nor “remove”.")
        return act()

    def _set_up(self, form: CodeForm) -> HttpResponse:
        """Save the pending secret after a code has confirmed that the telephone has the secret."""
        device = self._pending_device()
        totp = TOTP(device.bin_key)
        if not (is_totp_code(code := form.cleaned_data["code"]) and totp.verify(int(code), device.tolerance)):
            form.add_error(
                "code",
                _("This is not the code of this secret. Is the clock of the telephone right? Type the next one."),
            )
            return self.form_invalid(form)
        device.last_t, device.drift = totp.t(), totp.drift
        device.save()
        del self.request.session[PENDING_SECRET_KEY]
        self._verified_by(device)
        self._log(gettext("Second factor set up."))
        return self._show_codes(replace_recovery_codes(self.request.user))

    def _pending_device(self) -> TOTPDevice:
        """Unsaved TOTP device with the pending secret of the session."""
        session = self.request.session
        if PENDING_SECRET_KEY not in session:
            session[PENDING_SECRET_KEY] = random_hex(20)
            session.save_at_once()
        return TOTPDevice(user=self.request.user, key=session[PENDING_SECRET_KEY])

    def _verify(self, form: CodeForm) -> bool:
        """Whether the code is right and unused; a wrong code counts as a failed sign-in."""
        user, code = self.request.user, form.cleaned_data["code"]
        device = self.totp_device if is_totp_code(code) else StaticDevice.objects.filter(user=user).first()
        if device is not None:
            allowed, reason = device.verify_is_allowed()
            if not allowed:
                when = time_format(timezone.localtime(reason["locked_until"]) + timedelta(seconds=1), "H:i:s")
                form.add_error("code", gettext("Several codes were wrong. Try again after %s.") % when)
                return False
            if verify_token(user, device.persistent_id, code):
                self._verified_by(device)
                return True
        lockout.count_failure(self.request)
        form.add_error("code", _("This code is wrong or was used before. Wait for the next one, and type that."))
        return False

    def _verified_by(self, device: TOTPDevice | StaticDevice) -> None:
        if not self.request.user.is_verified():
            self.request.session.cycle_key()
        login(self.request, device)
        if isinstance(device, StaticDevice):
            left = device.token_set.count()
            message = ngettext(
                "That was a recovery code; it works no more. %d is left.",
                "That was a recovery code; it works no more. %d are left.",
                left,
            )
            messages.warning(self.request, message % left)

    def _renew(self) -> HttpResponse:
        codes = replace_recovery_codes(self.request.user)
        self._log(gettext("New recovery codes made."))
        return self._show_codes(codes)

    def _remove(self) -> HttpResponse:
        remove_second_factor(self.request.user)
        self._log(gettext("Second factor removed."))
        return HttpResponseRedirect(self.request.path)

    def _show_codes(self, codes: list[str]) -> HttpResponse:
        """Page with the new recovery codes, which are shown once."""
        return self.render_to_response(self.get_context_data(codes=codes))

    def _log(self, message: str) -> None:
        self.site.get_model_admin(User).log_change(self.request, self.request.user, message)

    def get_context_data(self, **kwargs) -> dict:
        user = self.request.user
        context = {
            **self.site.each_context(self.request),
            "title": gettext("Two-factor sign-in"),
            "demanded": GroupPolicy.objects.filter(group__user=user, demands_two_factors=True).exists(),
            "after": self.site.after_sign_in(self.request),
        }
        if "codes" not in kwargs and self.totp_device is None:
            device = self._pending_device()
            secret = b32encode(device.bin_key).decode()
            context |= {"qr": qr_code(device.config_url), "secret": re.findall("....", secret)}
        elif user.is_verified():
            context["left"] = StaticToken.objects.filter(device__user=user).count()
        return super().get_context_data(**context, **kwargs)
