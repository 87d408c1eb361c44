"""Form of an article, which checks who may publish it and what a withdrawal needs."""

from datetime import datetime

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.forms import ConflictAwareForm
from cspa.models import RowChange, User
from cspa.richtext import sanitise

from ..models import TEXTS, Article


class LocalTimeField(forms.SplitDateTimeField):
    """A date and time in the Assembly's time zone. Rejects a time that a clock change skips or repeats."""

    widget = AdminSplitDateTime

    def clean(self, value: list[str]) -> datetime | None:
        try:
            return super().clean(value)
        except ValidationError as error:
            if "ambiguous_timezone" not in {problem.code for problem in error.error_list}:
                raise
            raise ValidationError(
                _("On that day the clocks change: this time does not exist, or exists twice. Choose another."),
                code="ambiguous_timezone",
            ) from error


def may_publish(user: User, article: Article, writes: bool) -> bool:
    """Whether somebody besides ``user`` is a recorded author of ``article``, if the office requires that.

    ``writes`` says whether the user changes the text in the same save.
    """
    if user.is_superuser or settings.ALLOW_SELF_PUBLISHING:
        return True
    authors: set[int | None] = {user.pk} if writes else set()
    if article.pk:
        saves = RowChange.objects.of(article).exclude(entry__user=None)
        authors.update(saves.values_list("entry__user", flat=True))
    return authors != {user.pk}


class ArticleForm(ConflictAwareForm):
    published_at = LocalTimeField(
        label=_("Time of publication"),
        initial=timezone.now,
        help_text=format_lazy(
            _("In the time zone {zone}. A time to come: the article appears by itself when it is reached."),
            zone=settings.TIME_ZONE,
        ),
    )

    up_to_date = forms.BooleanField(
        label=_("equal to the original"),
        required=False,
        help_text=_("The original changed after this text. Tick it when nothing of that needs another translation."),
    )

    # The signed-in user. ArticleAdmin.get_form() sets it on the form class of each request.
    user: User

    class Meta:
        model = Article
        fields = "__all__"

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("state") == Article.State.PUBLISHED and self.is_published_by_its_only_author():
            self.add_error(
                "state", _("Nobody but you has worked on this text: set it in review, and let a colleague publish it.")
            )
        withdrawn = cleaned.get("state") == Article.State.WITHDRAWN
        if withdrawn and not cleaned.get("withdrawal_reason"):
            self.add_error(
                "withdrawal_reason", _("Give the reason of the withdrawal; the article's address shows it.")
            )
        return cleaned

    def is_published_by_its_only_author(self) -> bool:
        """Whether the user is the only recorded author of a text that this save would publish."""
        already = self.initial.get("state") == Article.State.PUBLISHED
        writes = not self.instance.pk or bool(set(TEXTS).intersection(self.changed_data))
        return not (already or may_publish(self.user, self.instance, writes))

    def clean_body(self) -> str:
        body = sanitise(self.cleaned_data["body"])
        if not strip_tags(body).strip():
            raise ValidationError(_("Write the text."), code="required")
        return body
