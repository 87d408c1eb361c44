"""Forms for dated rows: a partial date in one text field, and periods that never overlap."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from cspa.backoffice.forms import ConflictAwareForm, ConflictAwareFormSet
from cspa.i18n import language_codes, single_line, translated_columns

from .dates import BY, EARLIEST, LATEST, Day, PartialDate, Precision, today
from .models import Delegate, NoOverlap, Period, Person, SeatQuota
from .models.no_overlap import no_overlaps, overlap
from .models.people import NAME_PARTS
from .models.person_names import PARTS
from .names import doubts_about, validate_name
from .quality.checks import Issue
from .quality.editing import doubts_about_rows
from .services.session_documents import Paper

EXAMPLES = _("2019-05-26, 26.05.2019, 2019-05 or 2019")

START_HELP = _(
    "As much as is known: 2019-05-26, 26.05.2019, 2019-05 or 2019. “By 26.05.2019” means that it was so on "
    "that day and that the beginning is not recorded. Empty: not recorded."
)


class PersonNameField(forms.CharField):
    """The name of a person, cleaned and validated like the columns of names."""

    default_validators = [validate_name]

    def to_python(self, value: object) -> str:
        return single_line(super().to_python(value))


class PartialDateField(forms.Field):
    """A partial date as text. Cleans to a PartialDate, or to None where it is empty.

    ``is_start`` allows a day by which a fact held, as "by 2019-05-26".
    """

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("“%(text)s” is not a date. Write it as %(examples)s."),
        "outside": _("Dates must lie between 1900 and 2100."),
        "by": _("“By” takes a whole day, as in “by 26.05.2019”, and stands only before a first day in office."),
    }

    def __init__(self, *, is_start: bool = False, **kwargs):
        super().__init__(required=False, **kwargs)
        self.is_start = is_start

    def prepare_value(self, value: str | PartialDate | None) -> str | None:
        return value.written if isinstance(value, PartialDate) else value

    def widget_attrs(self, widget: forms.Widget) -> dict:
        return {"size": 11, "autocomplete": "off"}

    def to_python(self, value: str | PartialDate | None) -> PartialDate | None:
        text = str(value or "").strip()
        if not text:
            return None
        written = BY.sub("", text, count=1)
        try:
            found = PartialDate.read(written)
        except ValueError as error:
            if str(error).startswith("outside"):
                raise ValidationError(self.error_messages["outside"], code="outside") from error
            params = {"text": text[:40], "examples": EXAMPLES}
            raise ValidationError(self.error_messages["invalid"], code="invalid", params=params) from error
        if written == text:
            return found
        if not self.is_start or not found.exact:
            raise ValidationError(self.error_messages["by"], code="by")
        return PartialDate(found.first, Precision.BY)


def doubts_about_names(data: dict[str, Any], parts: Iterable[str]) -> Iterator[str]:
    """Yield what is doubtful about the ``parts`` of a name in ``data``, each doubt once."""
    texts = [data.get(column, "") for part in parts for column in translated_columns(part)]
    yield from dict.fromkeys(doubt for text in texts for doubt in doubts_about(text))


class PersonForm(ConflictAwareForm):
    def warnings(self) -> Iterator[str]:
        yield from doubts_about_names(self.cleaned_data, NAME_PARTS)


class PeriodForm(ConflictAwareForm):
    """Base form of dated rows; ``starts`` and ``ends`` each stand for a date and its precision."""

    starts = PartialDateField(
        label=_("First day in office"),
        help_text=START_HELP,
        is_start=True,
    )
    ends = PartialDateField(
        label=_("First day no longer in office"),
        help_text=_("The day on which a successor may begin: the last day in office is the day before. Empty: still."),
    )

    # The columns that a field sets, where they do not have its name.
    columns: ClassVar = {"starts": ("start", "start_precision"), "ends": ("end", "end_precision")}

    # Set by a PeriodFormSet, which compares its rows.
    doubts: Iterable[Issue] | None = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("starts", "ends"):
            self.initial.setdefault(name, getattr(self.instance, name))

    def warnings(self) -> Iterator[str]:
        if not self.cleaned_data.get("sources", True):
            yield _("No source is named: what does this rest on?")
        if issubclass(self._meta.model, Delegate | SeatQuota):
            yield from self._over_quota()
        doubts = doubts_about_rows([self.instance])[id(self.instance)] if self.doubts is None else self.doubts
        yield from (doubt.words for doubt in doubts)

    def _over_quota(self) -> Iterator[str]:
        """Yield a warning if the chamber has more names than seats on the first day of the row."""
        chamber = self.cleaned_data.get("chamber") or self.instance.chamber
        starts = self.cleaned_data.get("starts")
        day = starts.first if starts else today()
        if chamber.pk is None:
            return
        named = Delegate.objects.on(day).filter(chamber=chamber).exclude(role=Delegate.Role.SUBSTITUTE)
        if self._meta.model is SeatQuota:
            seats, number = self.cleaned_data.get("seats"), named.count()
        else:
            if self.cleaned_data.get("role") == Delegate.Role.SUBSTITUTE:
                return
            quota = SeatQuota.objects.on(day).filter(chamber=chamber).first()
            seats, number = quota and quota.seats, named.exclude(pk=self.instance.pk).count() + 1
        if seats is not None and number > seats:
            words = _("Over quota: on %(day)s %(chamber)s has %(named)d names; seats: %(seats)d.")
            yield words % {
                "named": number,
                "day": date_format(day, "DATE_FORMAT"),
                "seats": seats,
                "chamber": chamber,
            }

    def _post_clean(self) -> None:
        for name in ("starts", "ends"):
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name])
        super()._post_clean()

    def _get_validation_exclusions(self) -> set[str]:
        """Keep the columns behind ``starts`` and ``ends``, so that the constraints on them are validated."""
        excluded = super()._get_validation_exclusions()
        if not {"starts", "ends"} & self.errors.keys():
            excluded -= {"start", "start_precision", "end", "end_precision", "counts_until", "blocks_until"}
        if not self.alone:
            for constraint in no_overlaps(self._meta.model):
                excluded.update(constraint.fields)
        return excluded


class PersonNameForm(PeriodForm):
    starts = PartialDateField(label=_("First day of the name"), help_text=START_HELP, is_start=True)
    ends = PartialDateField(
        label=_("First day of the next name"),
        help_text=_(
            "The day on which it was no longer the name. Empty: another spelling, or until when is not known; the "
            "person is found by it, and no day shows it."
        ),
    )

    def warnings(self) -> Iterator[str]:
        yield from super().warnings()
        yield from doubts_about_names(self.cleaned_data, PARTS)


class BodyForm(PeriodForm):
    starts = PartialDateField(label=_("First day of the body"), help_text=START_HELP, is_start=True)
    ends = PartialDateField(
        label=_("First day without the body"),
        help_text=_("The day on which it was no more. Empty: it still exists."),
    )


class PeriodFormSet(ConflictAwareFormSet):
    """Dated rows on the page of their parliament, chamber or person.

    Their periods are compared as they will be after saving: one save can end a row and add its successor.
    """

    def add_fields(self, form: PeriodForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.alone = False

    def clean(self) -> None:
        super().clean()
        live = [form for form in self.forms if self._is_live(form)]
        for constraint in no_overlaps(self.model):
            guarded = [form for form in live if constraint.guards(form.instance)]
            for position, form in enumerate(guarded):
                earlier = [other.instance for other in guarded[:position]]
                if self._overlaps(form, earlier, constraint):
                    message = constraint.get_violation_error_message()
                    form.add_error(NON_FIELD_ERRORS, ValidationError(message, code="overlap"))
        rows = [form.instance for form in live]
        doubts = doubts_about_rows(rows, [form.instance for form in self.initial_forms]) if self.has_changed() else {}
        for form in live:
            form.doubts = doubts.get(id(form.instance), [])
            form.require_confirmation()

    def _is_live(self, form: forms.ModelForm) -> bool:
        """Whether the form's row will exist after saving."""
        empty = form.empty_permitted and not form.has_changed()
        return not (empty or form.errors or (self.can_delete and self._should_delete_form(form)))

    def _overlaps(self, form: forms.ModelForm, others: list[Period], constraint: NoOverlap) -> bool:
        row = form.instance
        attnames = [self.model._meta.get_field(name).attname for name in constraint.fields]
        line = [getattr(row, attname) for attname in attnames]
        others = [other for other in others if [getattr(other, attname) for attname in attnames] == line]
        if any(overlap(row, other) for other in others):
            return True
        if not form.has_changed() or None in line:
            return False
        mine = [known.instance.pk for known in self.initial_forms if known.instance.pk]
        same = dict(zip(attnames, line, strict=True))
        return any(overlap(row, other) for other in self.model.objects.filter(**same).exclude(pk__in=mine))

    def save(self, commit: bool = True) -> list[Period]:
        """Save the rows. The database compares after each one, so the changed rows are emptied first."""
        changed = [form.instance.pk for form in self.initial_forms if form.has_changed()]
        if commit and len(changed) > 1:
            self.model.clear_periods(changed)
        return super().save(commit)


class EndForm(forms.Form):
    ends = PartialDateField(
        label=_("First day no longer in office"),
        help_text=_("The day on which a successor may begin: the last day in office is the day before."),
    )

    def clean_ends(self) -> PartialDate:
        if not self.cleaned_data["ends"]:
            raise ValidationError(_("Give the day, as much of it as is known."), code="required")
        return self.cleaned_data["ends"]


class OtherRecordForm(forms.Form):
    other = forms.ModelChoiceField(
        Person.objects.all(),
        label=_("Public id of the other record"),
        help_text=_("The number in its address: 12 in /people/12-viktor-kogut/."),
        to_field_name="public_id",
        widget=forms.NumberInput(attrs={"min": 1}),
        error_messages={"invalid_choice": _("No person has this public id.")},
    )


class SessionForm(forms.Form):
    """Selects the documents of a session. The defaults are today, all languages and all documents."""

    ALL = "both"
    FORMATS = [("print", _("Pages for print")), ("pdf", _("PDF document")), ("csv", _("Names for badges (CSV)"))]

    on = forms.CharField(
        label=_("Day of the session"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "min": EARLIEST, "max": LATEST}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[(ALL, " + ".join(name for _code, name in settings.LANGUAGES)), *settings.LANGUAGES],
    )
    papers = forms.MultipleChoiceField(
        label=_("Papers"), choices=Paper, widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: all of them.")
    )
    format = forms.ChoiceField(required=False, choices=FORMATS)

    def __init__(self, address: QueryDict):
        data = address.copy()
        data.setdefault("on", today().isoformat())
        data.setdefault("language", self.ALL)
        data.setlistdefault("papers", Paper.values)
        super().__init__(data)

    def clean_on(self) -> Day:
        try:
            return Day.asked(self.data)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict:
        """Replace the choice of language by the list of language codes."""
        data = super().clean()
        language = data.pop("language", "")
        return {**data, "languages": language_codes() if language == self.ALL else [language]}
