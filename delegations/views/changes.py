"""Views of the register of changes: a page, an Atom feed (RFC 4287), a JSON feed (version 1.1) and files."""

from datetime import UTC, date, datetime, time

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView

from cspa.exports.feeds import AtomFeed
from cspa.exports.tabular import ExportMixin
from cspa.pagination import StrictPaginationMixin
from cspa.templatetags.site import marked

from ..changes import Change, Kind, Register, register
from ..exports.csv_rows import SOURCE_COLUMNS, source_cells
from ..filters import DayField, RecordField, delegation_choices, refuse_errors
from ..models import Body, Chamber, Parliament, Person
from .directory import OnDay

COLUMNS = ["id", "date", "kind", "delegation", "chamber", "body", "office", "person_id", "person"]
COLUMNS += ["before", "after", "words"]


class ChangesForm(forms.Form):
    delegation = RecordField(
        label=_("Delegation"), required=False, choices=delegation_choices, empty_label=_("All delegations")
    )
    kind = forms.ChoiceField(
        label=_("Kind of change"),
        required=False,
        choices=lambda: [("", gettext("All kinds")), *Kind.choices],
    )
    since = DayField(label=_("Since"), required=False)
    # Selects one entry, for a permanent address that does not depend on the page of the register.
    entry = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def register(self, until: date) -> Register:
        chosen = self.cleaned_data
        entries = register(
            parliaments=Parliament.objects.filter(slug=chosen["delegation"]) if chosen["delegation"] else None,
            kinds=[chosen["kind"]] if chosen["kind"] else None,
            since=chosen["since"],
            until=until,
        )
        return entries.only(chosen["entry"]) if chosen["entry"] else entries


class ChangesView(ExportMixin, OnDay, StrictPaginationMixin, ListView):
    """The register as of a day, newest first."""

    template_name = "delegations/changes.html"
    paginate_by = 15
    columns = [*COLUMNS, *SOURCE_COLUMNS]

    @cached_property
    def form(self) -> ChangesForm:
        return ChangesForm(self.request.GET)

    def get_queryset(self) -> Register | list:
        if not self.form.is_valid() or self.day.before_founding:
            return []
        return self.form.register(self.day)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, **kwargs)
        context["entries"] = [(change, in_html(change, self.day.query)) for change in context["page_obj"]]
        context["atom_url"], context["json_url"] = (
            self.address(name, page=None, entry=None) for name in ("changes_atom", "changes_json")
        )
        return context

    def address(self, name: str, **replaced) -> str:
        """Return the address of the view ``name`` with the same filter."""
        parameters: QueryDict = self.request.GET.copy()
        for parameter, value in replaced.items():
            parameters.pop(parameter, None)
            if value is not None:
                parameters[parameter] = value
        return reverse(f"delegations:{name}", query=parameters)

    def file_name(self) -> str:
        return f"changes-{self.day.isoformat()}"

    def file_rows(self):
        refuse_errors(self.form)
        return map(file_row, self.get_queryset())


class ChangesFeed(ChangesView):
    """The register as a feed. The JSON feed links to its next page, and has each entry as data in ``_change``."""

    generator = AtomFeed

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        refuse_errors(self.form)
        return ListView.get(self, request, *args, **kwargs)

    def render_to_response(self, context: dict, **kwargs) -> HttpResponse:
        page, address = context["page_obj"], self.absolute(self.request.get_full_path())
        feed = self.generator(
            title=gettext("Changes in the CSTO Parliamentary Assembly"),
            subtitle=gettext("Who joined and left, and which post, role, quota, representative or status changed."),
            description=None,
            link=self.absolute(self.address("changes", page=None)),
            language=get_language(),
            feed_url=address,
            feed_guid=address,
            author_name=gettext("CSTO Parliamentary Assembly"),
            next_url=self.absolute(self.address("changes_json", page=page.next_page_number()))
            if page.has_next()
            else None,
        )
        for change in page:
            feed.add_item(
                title=change.words,
                link=self.absolute(f"{reverse('delegations:changes')}?entry={change.id}"),
                description=summary(change),
                unique_id=f"urn:uuid:{change.id}",
                pubdate=midnight(change),
                updateddate=midnight(change),
                categories=[change.kind.label],
                extra={"_change": change.record()},
            )
        return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def midnight(change: Change) -> datetime:
    """The first moment of the day on which the directory shows the change. Later edits of texts do not move it."""
    return datetime.combine(change.day, time(), UTC)


def summary(change: Change) -> SafeString:
    """The entry with its date and sources as HTML."""
    sources = format_html_join(
        "",
        "<li>{}</li>",
        (
            [format_html('<a href="{}">{}</a>' if source.url else "{1}", source.url, marked(source.title))]
            for source in change.sources
        ),
    )
    resting = format_html("<ul>{}</ul>", sources) if sources else gettext("source: not recorded")
    return format_html("<p>{}: {}</p>{}", change.date.words, change.words, resting)


def file_row(change: Change) -> list:
    """The row of ``change`` with the columns COLUMNS and SOURCE_COLUMNS."""
    return [
        str(change.id),
        change.date.first if change.date.exact else str(change.date),
        change.kind.value,
        change.parliament.slug if change.parliament else "",
        change.chamber.slug if change.chamber else "",
        change.body.slug if change.body else "",
        change.office or "",
        change.person.public_id if change.person else None,
        str(change.person.public_name) if change.person else "",
        *(value.public_id if isinstance(value, Person) else value for value in (change.before, change.after)),
        change.words,
        *source_cells(change.sources),
    ]


def in_html(change: Change, on: str) -> SafeString:
    """The sentence with links to person and delegation on the day of the page; each name has its language."""

    def linked(thing) -> SafeString:
        match thing:
            case Person() if thing.withdrawn:
                return conditional_escape(thing.public_name)
            case Person():
                return format_html('<a href="{}{}">{}</a>', thing.get_absolute_url(), on, marked(thing.public_name))
            case Parliament():
                return format_html('<a href="{}{}">{}</a>', thing.get_absolute_url(), on, marked(thing.label))
            case Chamber():
                return conditional_escape(marked(thing.name))
            case Body():
                return format_html('<a href="{}{}">{}</a>', thing.get_absolute_url(), on, marked(thing.name))
        return conditional_escape(thing)

    return mark_safe(change.sentence(linked))  # noqa: S308  every part is escaped
