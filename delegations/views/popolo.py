"""Popolo files of the directory, whole or of one delegation."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cspa.api.middleware import problem
from cspa.cache.keys import cacheable
from cspa.exports.tabular import undeclared_parameter

from ..dates import FOUNDED, Day
from ..exports import popolo
from ..models import FormerSlug, Parliament


@require_safe
def popolo_file(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Respond with the whole history, or the facts of a day with ``?on=``; of one delegation with ``slug``."""
    if name := undeclared_parameter(request):
        return problem(400, _("There is no parameter “%(name)s” here.") % {"name": name}, name)
    try:
        day = Day.asked(request.GET)
    except ValueError as error:
        return problem(400, str(error), "on")
    has_day = bool(request.GET.get("on"))
    if has_day and day.before_founding:
        founded = date_format(FOUNDED, "DATE_FORMAT")
        return problem(404, _("There was no Assembly before %(day)s.") % {"day": founded}, "on")
    parliament = None
    if slug:
        if former := FormerSlug.objects.select_related("parliament").filter(slug=slug).first():
            address = reverse("data:delegation_popolo", args=[former.parliament.slug], query=request.GET)
            return HttpResponsePermanentRedirect(address)
        parliament = (Parliament.objects.on(day) if has_day else Parliament.objects).filter(slug=slug).first()
        if not parliament:
            return problem(404, _("No such delegation is on record for this day.") if has_day else "", "slug")
    chunks = popolo.chunks(day if has_day else None, parliament)
    response = HttpResponse(chunks, content_type="application/json")
    name = "-".join(filter(None, ["popolo", slug, day.isoformat() if has_day else ""]))
    response["Content-Disposition"] = f'inline; filename="{name}.json"'
    return response


urlpatterns = [
    path("popolo.json", cacheable(popolo_file, "on"), name="popolo"),
    path("<slug:slug>/popolo.json", cacheable(popolo_file, "on"), name="delegation_popolo"),
]
