"""Addresses of the directory."""

from django.urls import path, register_converter

from cspa.feeds import AtomFeed, JsonFeed

from . import people, registers, views


class PublicId:
    """The public id of a person: a number as it is written, without leading zeros."""

    name = "public_id"
    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(PublicId, PublicId.name)

app_name = "delegations"

urlpatterns = [
    path("", views.DirectoryView.as_view(), name="directory"),
    path("people/", people.PeopleView.as_view(), name="people"),
    path("people/delegates/", people.DelegatesView.as_view(), name="delegates"),
    path("people/<public_id:public_id>-<slug:slug>/", views.PersonView.as_view(), name="person"),
    path("changes/", registers.ChangesView.as_view(), name="changes"),
    path("changes/feed.atom", registers.ChangesFeed.as_view(generator=AtomFeed), name="changes_atom"),
    path("changes/feed.json", registers.ChangesFeed.as_view(generator=JsonFeed), name="changes_json"),
    path("<slug:slug>/", views.DelegationView.as_view(), name="delegation"),
    path("<slug:slug>/completeness/", views.CompletenessView.as_view(), name="completeness"),
]
