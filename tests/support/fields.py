"""Ways to set a field of a row: the form, a restore, an undo, the list, a bulk action, and imports.

All models with a page that the audit log records take part, with all their columns that forms contain.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, models, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from cspa import audit
from cspa.audit.diff import is_editable
from cspa.audit.registry import recorded_columns, recorded_m2m
from cspa.i18n import translated_columns
from cspa.models import ChangeSet, RowChange, User
from delegations.exports.serializers import MANDATE_COLUMNS
from delegations.importer.records import KINDS
from delegations.models import Body, Chamber, Delegate, Parliament, Person, SeatQuota, Source
from news.models import Article

from . import factories
from .admin_forms import MODELS, form_data, page, save
from .imports import export

# The end of the names of rows that no parliament of the assigned secretary has.
FOREIGN = "of another delegation"
# The ways that need the right to import files, each with the format of the file.
FILES = {"import": "popolo", "import of a table": "csv"}
# What a file finds a row by, and what it says of withdrawn people only.
NOT_IMPORTED: dict[type[models.Model], set[str]] = {
    Parliament: {"slug"},
    Chamber: {"slug", "parliament"},
    Body: {"slug"},
    Person: set(translated_columns("withdrawal_reason")),
}
# The columns that each bulk action sets, besides precisions.
ACTIONS: dict[str, set[str]] = {
    "end": {"end", "ended"},
    "reset_second_factor": set(),
    "reset_lockout": set(),
    "end_sessions": set(),
}
# The day on which a bulk action and a new convocation end rows.
DAY = "2000-06-01"


@dataclass
class Subject:
    """A row with its former values, and the data of its form with these values."""

    name: str
    row: Any
    former: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    # By format.
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def model(self) -> type[models.Model]:
        return type(self.row)

    def address(self, suffix: str) -> str:
        return page(f"{self.row._meta.app_label}_{self.row._meta.model_name}_{suffix}", self.row.pk)

    def load(self, chief: Client, files: dict[str, bytes]) -> None:
        """Read the former values, and the form of a superuser. ``files`` contain the directory with these values."""
        self.files = files
        self.former = audit.snapshots(self.model, [self.row.pk])[self.row.pk]
        response = chief.get(self.address("change"))
        context = response.context
        form = context["adminform"].form
        columns = {column: name for name, found in getattr(form, "columns", {}).items() for column in found}
        self.names = {name: columns.get(name, name) for name in self.former}
        self.data = form_data(response)
        for title, options in context["adminform"].fieldsets:
            for name in flat(options["fields"]):
                self.groups[name] = str(title or "")

    def group(self, name: str) -> str:
        """The name of the group of fields that contains the column, as docs/roles.md has it."""
        title = self.groups[self.names[name]]
        return f"{self.name}: {title.lower()}" if title and not self.name.endswith(FOREIGN) else self.name

    def fields(self) -> list[str]:
        """The columns that forms contain, without the precisions of dates, which change with their dates."""
        columns = [*recorded_columns(self.model), *recorded_m2m(self.model)]
        names = [each.name for each in columns if is_editable(each) and self.names[each.name] in self.groups]
        return [name for name in names if not name.endswith("_precision")]


def exported() -> dict[str, bytes]:
    """The directory as files, by format."""
    return {file_format: export(file_format).encode() for file_format in FILES.values()}


def flat(names: Any) -> Iterator[str]:
    for name in names:
        yield from [name] if isinstance(name, str) else flat(name)


def pages() -> list[admin.ModelAdmin]:
    """The pages of recorded models that have a form."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    found = [admin.site._registry[model] for model in audit.registered_models() if model in admin.site._registry]
    return [each for each in found if each.has_change_permission(request)]


def subjects() -> list[Subject]:
    """A row of each model with a form; several where the permissions depend on the row."""
    own = {each.model: make(each.model) for each in pages()}
    found = [Subject(str(model._meta.verbose_name), row) for model, row in own.items()]
    published = factories.ArticleFactory(state="published", picture=factories.PictureFactory())
    own[Article].state = "draft"
    own[Article].save()
    translation = factories.ArticleFactory(state="draft", language="ru", story=published.story)
    # Files contain a source that a fact rests on, and tables a person with a mandate.
    factories.DelegateFactory(person=own[Person], sources=[own[Source]])
    own[Person].photo.save("photo.jpg", ContentFile(factories.photo()))
    found += [
        Subject("published article", published),
        Subject("translation", translation),
        Subject("picture of a published article", published.picture),
        Subject("account of a superuser", factories.UserFactory(is_superuser=True)),
    ]
    return found


def foreign_subjects() -> list[Subject]:
    """A row of another delegation for each model of the directory."""
    person = factories.DelegateFactory().person
    found = []
    for each in pages():
        if getattr(each, "of_parliament", ()) or getattr(each, "of_person", ""):
            row = make(each.model)
            if each.of_person == "pk":
                row = person
            elif each.of_person:
                row.person = person
                row.save()
            found.append(Subject(f"{each.model._meta.verbose_name} {FOREIGN}", row))
    return found


def make(model: type[models.Model]) -> Any:
    MODELS[f"{model._meta.app_label}_{model._meta.model_name}"](1)
    return model._base_manager.order_by("-pk").first()


def another(model: type[models.Model], name: str, value: Any) -> Any:
    """A value of the field other than ``value``; the same if there is none."""
    column: Any = model._meta.get_field(name)
    if column.many_to_many:
        return [] if value else list(column.related_model._base_manager.values_list("pk", flat=True)[:1])
    if column.related_model:
        return column.related_model._base_manager.exclude(pk=value).values_list("pk", flat=True).first()
    if isinstance(column, models.BooleanField):
        return not value
    if column.choices:
        return next(str(key) for key, _label in column.flatchoices if key != value)
    if isinstance(column, models.IntegerField):
        return (value or 0) + 1
    if isinstance(column, models.DateField):
        return (column.to_python(value) - timedelta(days=400)) if value else column.to_python("2001-01-01")
    if isinstance(column, models.FileField):
        return column.storage.save("changed.jpg", ContentFile(factories.photo()))
    return "https://changed.example/" if isinstance(column, models.URLField) else "changed"


def change(subject: Subject, name: str, user: User) -> ChangeSet | None:
    """Set the field to another value, as a change set of ``user``; None if the database refuses it."""
    value = another(subject.model, name, subject.former[name])
    if value == subject.former[name]:
        return None
    try:
        with audit.record_changes(ChangeSet.Kind.EDIT, user) as recorder:
            audit.snapshot_before(subject.model, [subject.row.pk])
            row = subject.model._base_manager.get(pk=subject.row.pk)
            if row._meta.get_field(name).many_to_many:
                getattr(row, name).set(value)
            else:
                column = row._meta.get_field(name).attname
                models.QuerySet(subject.model).filter(pk=row.pk).update(**{column: value})
    except IntegrityError:
        return None
    return recorder.entry


def value_of(subject: Subject, name: str) -> Any:
    return audit.snapshots(subject.model, [subject.row.pk])[subject.row.pk][name]


def is_open(response: HttpResponse) -> bool:
    """Whether the page of a row has a form that can be saved."""
    return response.status_code == 200 and 'name="_save"' in response.text


# The ways to set a field. Each answers whether it has its former value again, or the one that the way gives.


def form(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    address, field_name = subject.address("change"), subject.names[name]
    shown = client.get(address)
    keys = [key for key in subject.data if key == field_name or key.startswith(f"{field_name}_")]
    former = {key: subject.data[key] for key in keys}
    is_file = isinstance(subject.model._meta.get_field(name), models.FileField)
    if is_file:
        former = {name: SimpleUploadedFile("x.jpg", factories.photo(), "image/jpeg")}
    if not is_open(shown):
        # Nor does a forged form save anything.
        assert client.post(address, subject.data | former).status_code in (403, 404)
        return False
    changed = value_of(subject, name)
    data = {key: value for key, value in form_data(shown).items() if key != field_name or key in former}
    save(client, address, data | former)
    return value_of(subject, name) != changed if is_file else value_of(subject, name) == subject.former[name]


def restore(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    newest = RowChange.objects.of(subject.row).latest("pk").pk
    client.post(subject.address("history"), {"restore": "0", "newest": newest})
    return value_of(subject, name) == subject.former[name]


def undo(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    client.post(page("cspa_changeset_change", entry.pk))
    return value_of(subject, name) == subject.former[name]


def edit_list(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    address = page(f"{subject.row._meta.app_label}_{subject.row._meta.model_name}_changelist")
    response = client.get(address, {"all": ""})
    formset = response.context["cl"].formset if response.status_code == 200 else None
    forms = formset.forms if formset else []
    token = next((each.state_token for each in forms if each.instance.pk == subject.row.pk), "")
    data = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": subject.row.pk, "_save": "Save"}
    client.post(address, data | {"form-0-_seen": token, f"form-0-{name}": subject.former[name]})
    return value_of(subject, name) == subject.former[name]


def end(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    address = page(f"{subject.row._meta.app_label}_{subject.row._meta.model_name}_changelist")
    chosen = {"action": "end", "_selected_action": [str(subject.row.pk)]}
    response = client.post(address, chosen)
    if response.status_code == 200:
        seen = {f"seen-{row.pk}": row.seen for row in response.context.get("rows", ())}
        client.post(address, chosen | seen | {"ends": DAY, "change_reason": "Resigned"})
    return is_ended(subject)


def convene(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
    address = page("delegations_chamber_convocation", subject.row.chamber_id)
    data = {"day": DAY, "listed": DAY, "names": "", "seats": "99"}
    response = client.post(address, data | {"show": "1"})
    if note := (response.context or {}).get("note"):
        client.post(address, data | {"note": note, "save": "1"})
    return is_ended(subject)


def is_ended(subject: Subject) -> bool:
    found = audit.snapshots(subject.model, [subject.row.pk])[subject.row.pk]
    return (str(found["end"]), found["ended"]) == (DAY, False)


def import_file(file_format: str) -> Callable:
    ending = {"popolo": "json"}.get(file_format, file_format)

    def probe(client: Client, subject: Subject, name: str, entry: ChangeSet) -> bool:
        file = SimpleUploadedFile(f"directory.{ending}", subject.files[file_format])
        response = client.post(page("delegations_import"), {"file": file}, follow=True)
        if row := (response.context or {}).get("row"):
            client.post(page("delegations_fileimport_change", row.pk), {"digest": row.digest})
        return value_of(subject, name) == subject.former[name]

    return probe


def imports(model: type[models.Model], name: str) -> dict[str, Callable]:
    """The ways to set the column by a file."""
    is_in_table = model is Delegate or (model is Person and name in MANDATE_COLUMNS)
    stated = {"import": name not in NOT_IMPORTED.get(model, ()), "import of a table": is_in_table}
    found = stated if model in KINDS.values() else {}
    return {way: import_file(FILES[way]) for way, is_stated in found.items() if is_stated}


def ways(subject: Subject, name: str) -> dict[str, Callable]:
    """The ways to set the field that the site offers to anybody."""
    offered: dict[str, Callable] = {"form": form, "undo": undo, **imports(subject.model, name)}
    model_admin = admin.site._registry[subject.model]
    if name not in model_admin.restore_exclude:
        offered["restore"] = restore
    if name in model_admin.list_editable:
        offered["list"] = edit_list
    if any(name in ACTIONS[action] for action in model_admin.actions or ()):
        offered["bulk action"] = end
    if name == "end" and subject.model in (Delegate, SeatQuota):
        offered["convocation"] = convene
    return offered


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def may_save(user: User, subject: Subject) -> bool:
    client = Client()
    client.force_login(user)
    return is_open(client.get(subject.address("change")))


def tried(user: User, subject: Subject, name: str, offered: dict[str, Callable] | None = None) -> dict[str, bool]:
    """Whether ``user`` sets the field in each way; empty if the field cannot have another value."""
    client, found = Client(), {}
    client.force_login(user)
    with rolled_back():
        entry = change(subject, name, user)
        for way, probe in (offered or ways(subject, name)).items() if entry else ():
            with rolled_back():
                found[way] = probe(client, subject, name, entry)
    return found
