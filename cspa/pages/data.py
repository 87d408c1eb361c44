"""Open data: its page, the tables of all history as files, and the data package of all of them."""

from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.timezone import make_aware
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from delegations.dates import today

from ..absolute_urls import base_url
from ..api.middleware import DOCUMENT, DOCUMENTATION, PREFIX, problem
from ..cache.keys import cacheable
from ..exports import datapackage
from ..exports.tabular import FORMATS, export_response, undeclared_parameter
from .data_catalogue import LICENCE, NAME, PUBLISHER, TABLES, dcat, schema_org


def descriptor() -> str:
    """The descriptor of the data package as of today."""
    created = make_aware(datetime.combine(today(), time()))
    return datapackage.descriptor(
        TABLES.values(),
        name="csto-parliamentary-assembly",
        title=NAME,
        created=created.isoformat(),
        version=today().isoformat(),
        licenses=[{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0", "path": LICENCE}],
        contributors=[{"title": PUBLISHER, "roles": ["publisher"]}],
        **({"homepage": settings.SITE_URL} if settings.SITE_URL else {}),
    )


def _refused(request: HttpRequest) -> HttpResponse | None:
    name = undeclared_parameter(request)
    return problem(400, gettext("There is no parameter “%(name)s” here.") % {"name": name}, name) if name else None


@require_safe
def table_file(request: HttpRequest, name: str, file_format: str) -> HttpResponseBase:
    """A table of all history. Its texts without a column for each language are in the default language."""
    if name not in TABLES or file_format not in FORMATS:
        raise Http404
    with override(settings.LANGUAGE_CODE):
        table = TABLES[name]
        return _refused(request) or export_response(file_format, name, table.columns, table.rows())


@require_safe
def package_descriptor(request: HttpRequest) -> HttpResponse:
    """The descriptor, whose resources are the CSV files beside it."""
    return _refused(request) or HttpResponse(descriptor(), content_type="application/json")


@require_safe
def package_archive(request: HttpRequest) -> HttpResponseBase:
    """The package of the day as a ZIP archive, read from one snapshot of the database."""
    if refused := _refused(request):
        return refused
    with override(settings.LANGUAGE_CODE):
        file = datapackage.archive(TABLES.values(), descriptor())
    name = f"csto-parliamentary-assembly-{today().isoformat()}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """All of these files, and the API, in the terms of DCAT-AP, for catalogues of data."""
    return _refused(request) or HttpResponse(dcat(request), content_type="application/ld+json")


class DataView(TemplateView):
    template_name = "data.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mandates = reverse("delegations:delegates")
        questions = [
            (_("Who left since a day?"), f"{PREFIX}changes/?kind=left&since=2020-01-01"),
            (
                _("What share of the delegates were women on a day? The column “gender” says it."),
                f"{mandates}?on=2020-05-26&format=csv",
            ),
            (
                _("What has one person said? The number of the person is in their address."),
                f"{PREFIX}quotations/?person=1",
            ),
            (_("How have the seats changed over time?"), reverse("data:table", args=["seats", "csv"])),
            (
                _("What differs between two days? “since” is the day after the first of them."),
                f"{PREFIX}changes/?since=2020-01-02&on=2020-12-31",
            ),
        ]
        examples = [
            (_("The delegations with their seats, on a day:"), f"{PREFIX}delegations/?on=2020-05-26"),
            (_("Who sits for one parliament today:"), f"{PREFIX}delegates/?delegation=belarus"),
            (_("People by name, in any alphabet:"), f"{PREFIX}people/?q=kogut"),
            (_("The whole directory as Popolo:"), reverse("data:popolo")),
            (_("The latest ten articles in Russian:"), f"{PREFIX}articles/?language=ru&limit=10"),
        ]
        return super().get_context_data(
            origin=base_url(self.request),
            questions=questions,
            examples=examples,
            tables=TABLES.values(),
            documentation=DOCUMENTATION,
            document=DOCUMENT,
            json_ld=schema_org(self.request),
            **kwargs,
        )


urlpatterns = [
    path("catalog.jsonld", cacheable(catalogue), name="catalogue"),
    path("datapackage.json", cacheable(package_descriptor), name="package"),
    path("datapackage.zip", cacheable(package_archive), name="archive"),
    path("<slug:name>.<slug:file_format>", cacheable(table_file), name="table"),
]
