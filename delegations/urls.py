"""Addresses of the directory."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from cspa.cache.keys import cacheable
from cspa.exports.feeds import AtomFeed, JsonFeed

from .filters import DelegateFilter, DelegationFilter, PersonFilter
from .views import assembly, changes, directory, people
from .views.changes import ChangesForm


class PublicId(IntConverter):
    """Path converter of a person's public id: a number without leading zeros."""

    name = "public_id"
    regex = "[1-9][0-9]{0,8}"


register_converter(PublicId, PublicId.name)

app_name = "delegations"

DAY = "on"
LIST = (DAY, "format", "page")
CHANGES = (DAY, "page", ChangesForm)

# Addresses under /assembly/.
assembly_urlpatterns = [
    path("", cacheable(assembly.AssemblyView.as_view(), DAY, "format"), name="assembly"),
    path("<slug:slug>/", cacheable(assembly.BodyView.as_view(), DAY, "format"), name="body"),
]

urlpatterns = [
    path("", cacheable(directory.DirectoryView.as_view(), DAY, "format", DelegationFilter), name="directory"),
    path("people/", cacheable(people.PeopleView.as_view(), *LIST, PersonFilter), name="people"),
    path("people/delegates/", cacheable(people.DelegatesView.as_view(), *LIST, DelegateFilter), name="delegates"),
    path("people/<public_id:public_id>-<slug:slug>/", cacheable(directory.PersonView.as_view(), DAY), name="person"),
    path("changes/", cacheable(changes.ChangesView.as_view(), "format", *CHANGES), name="changes"),
    path(
        "changes/feed.atom",
        cacheable(changes.ChangesFeed.as_view(generator=AtomFeed), *CHANGES),
        name="changes_atom",
    ),
    path(
        "changes/feed.json",
        cacheable(changes.ChangesFeed.as_view(generator=JsonFeed), *CHANGES),
        name="changes_json",
    ),
    path("<slug:slug>/", cacheable(directory.DelegationView.as_view(), DAY), name="delegation"),
    path("<slug:slug>/mandates/", cacheable(directory.MandatesView.as_view(), DAY, "page"), name="mandates"),
    path("<slug:slug>/completeness/", cacheable(directory.CompletenessView.as_view(), DAY), name="completeness"),
]
