"""Forms of the import of a file: the upload, the columns of a table, and the answers to what the file leaves open."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from ..dates import EARLIEST, LATEST
from ..importer import ImportOptions, ImportRefusedError
from ..importer.options import ALL, Ends
from ..importer.readers.columns import COLUMNS
from ..importer.readers.files import FORMATS, check_size
from ..models import Chamber

NO_CHOICE = ("", "---------")


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        validators=[FileExtensionValidator([ending[1:] for ending in FORMATS.values()])],
        help_text=_("Popolo JSON, CSV or XLSX, at most 60 MB."),
    )
    chamber = forms.ChoiceField(
        label=_("Chamber"),
        required=False,
        choices=lambda: [
            ("", "---------"),
            *((row.slug, str(row)) for row in Chamber.objects.select_related("parliament")),
        ],
        help_text=_("That the members sit in. Our own export needs neither chamber nor country."),
    )
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        choices=lambda: [("", "---------"), *countries],
        help_text=_("Of the file's legislature; a new country becomes a parliament with its chamber."),
    )
    new_chamber = forms.BooleanField(
        label=_("Make a new chamber"),
        required=False,
        help_text=_("Of the country's parliament, for a legislature that is not on record."),
    )
    chamber_name = forms.CharField(
        label=_("Name of the new chamber"),
        required=False,
        max_length=200,
        help_text=_("Where the file is a table, which names no legislature."),
    )
    ends = forms.ChoiceField(
        label=_("An end in the file is"),
        required=False,
        choices=[("", "---------"), *Ends.choices],
        help_text=_("Empty: the import asks where the file leaves it open."),
    )
    end_missing = forms.DateField(
        label=_("End what is missing"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The first day no longer in office of mandates that the file does not name. Empty: they stay."),
    )
    skip_invalid = forms.BooleanField(label=_("Leave out rows that conflict, and save the others"), required=False)

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        try:
            check_size(file.size)
        except ImportRefusedError as error:
            raise forms.ValidationError(str(error)) from error
        return file

    def clean_end_missing(self):
        day = self.cleaned_data["end_missing"]
        if day and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("Dates must lie between 1900 and 2100."))
        return day

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("chamber") and data.get("country"):
            raise forms.ValidationError(_("Name the chamber or the country, not both."))
        if data.get("chamber") and data.get("new_chamber"):
            raise forms.ValidationError(_("Name a chamber or make a new one, not both."))
        return data

    def options(self) -> ImportOptions:
        data = self.cleaned_data
        return ImportOptions(
            chamber=data["chamber"],
            country=data["country"],
            new_chamber=data["new_chamber"],
            chamber_name=data["chamber_name"],
            ends=data["ends"],
            end_missing=data["end_missing"],
            skip_invalid=data["skip_invalid"],
        )


class ColumnsForm(forms.Form):
    """What each column of a table is read as. The fields are numbered, because headings may hold any letters."""

    def __init__(self, columns: list[dict[str, Any]], options: ImportOptions, data: QueryDict | None = None):
        super().__init__(data)
        self.stated = options
        self.headings = [column["heading"] for column in columns]
        choices = [("", _("pass over")), *((name, name) for name in COLUMNS)]
        for number, column in enumerate(columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=column["heading"][:60],
                required=False,
                choices=choices,
                initial=column["column"],
                help_text=", ".join(value[:40] for value in column["values"]),
            )

    def options(self) -> ImportOptions:
        """The options with our columns by the headings."""
        return self.stated.with_columns(
            {
                heading: self.cleaned_data[f"column-{number}"]
                for number, heading in enumerate(self.headings)
                if f"column-{number}" in self.cleaned_data
            }
        )


class AnswersForm(forms.Form):
    """What the user says about what the file leaves open. ``report`` is that of ``report_as_json()``."""

    def __init__(self, report: dict[str, Any], options: ImportOptions, data: QueryDict | None = None):
        super().__init__(data)
        self.stated = options
        self.choices = report.get("choices", [])
        self.questions = report.get("questions", [])
        self.neighbours = report.get("neighbours", [])
        if self.choices:
            numbered = ((str(number), choice["label"]) for number, choice in enumerate(self.choices))
            self.fields["choice"] = forms.ChoiceField(label=_("Your choice"), choices=[NO_CHOICE, *numbered])
        for number, question in enumerate(self.questions):
            self.fields[f"person-{number}"] = forms.ChoiceField(
                label=f"{question['name'][:100]} ({question['place']})",
                required=False,
                choices=[NO_CHOICE, *question["choices"]],
                initial=options.people.get(question["key"], ""),
            )
        for number, offer in enumerate(self.neighbours):
            label = _("%(mandate)s: end it on %(day)s, where the next one begins (%(place)s)")
            words = {"mandate": offer["label"], "day": offer["day"], "place": offer["place_in_words"]}
            self.fields[f"end-{number}"] = forms.BooleanField(label=label % words, required=False)
        if len(self.neighbours) > 1:
            self.fields["end-all"] = forms.BooleanField(label=_("End all of them so"), required=False)
        if report.get("conflicts") or options.skip_invalid:
            self.fields["skip_invalid"] = forms.BooleanField(
                label=_("Leave out rows that conflict, and save the others"),
                required=False,
                initial=options.skip_invalid,
            )

    def options(self) -> ImportOptions:
        """The options with the answers."""
        data = self.cleaned_data
        changes: dict[str, Any] = {}
        if self.choices:
            changes |= self.choices[int(data["choice"])]["changes"]
        answers = {
            question["key"]: data[f"person-{number}"]
            for number, question in enumerate(self.questions)
            if data[f"person-{number}"]
        }
        if answers:
            changes["people"] = {**self.stated.people, **answers}
        ended = [offer["place"] for number, offer in enumerate(self.neighbours) if data[f"end-{number}"]]
        if ended or data.get("end-all"):
            changes["end_earlier"] = [ALL] if data.get("end-all") else [*self.stated.end_earlier, *ended]
        if "skip_invalid" in data:
            changes["skip_invalid"] = data["skip_invalid"]
        return ImportOptions.of_json({**self.stated.as_json(), **changes})
