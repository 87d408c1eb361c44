"""Popolo files that this site exported and somebody edited."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from delegations.importer import import_file
from delegations.models import Delegate, FormerSlug, Parliament

from .....support import factories
from .....support.imports import export, words

pytestmark = pytest.mark.django_db


def edited(change):
    """Import an export of one parliament that ``change`` has edited."""
    chamber = factories.SeatQuotaFactory(
        chamber__slug="a-house", chamber__parliament__slug="a", chamber__parliament__country="BY", starts="2010"
    ).chamber
    factories.DelegateFactory(chamber=chamber, starts="2015")
    document = json.loads(export())
    change(document)
    return import_file(json.dumps(document).encode(), "popolo")


def again(rows, **about):
    rows.append({**rows[-1], **about})


OTHER = "11111111-1111-4111-8111-111111111111"
EDITS = {
    "an id used twice": (lambda file: again(file["memberships"], role="head"), "used for something else"),
    "an unknown person": (lambda file: file["memberships"][0].update(person_id="7777"), "neither in the file"),
    "no chamber": (lambda file: file["memberships"][0].update(on_behalf_of_id="x"), "does not hold: x"),
    "no seats": (lambda file: file["posts"][0].pop("seats"), "seats:"),
    "a thousand seats": (lambda file: file["posts"][0].update(seats=1000), "cannot hold"),
    "an unknown role": (lambda file: file["memberships"][0].update(role="king"), "role:"),
    "quotas that overlap": (lambda file: again(file["posts"], id=OTHER, seats=9), "overlaps with"),
    "no UUID": (lambda file: file["memberships"][0].update(id="1"), "no public id"),
    "no name": (lambda file: [file["persons"][0].pop(name) for name in ("name_en", "name_ru")], "no name"),
    "another address": (lambda file: file["organizations"][1].update(slug="b", id="b"), "under another address"),
    "a reserved slug": (
        lambda file: file["organizations"][1].update(slug="people", id="people", country="KZ"),
        "cannot hold",
    ),
    "a country that forms do not offer": (
        lambda file: file["organizations"][1].update(country="ZZ"),
        "“ZZ” is no country code",
    ),
    "an unknown class": (lambda file: file["organizations"][1].update(classification="x"), "not one of ours"),
}


@pytest.mark.parametrize("case", EDITS)
def test_fault_in_an_own_export_is_reported(case):
    change, message = EDITS[case]
    report = edited(change)
    assert not report.saved
    assert any(message in note.message for note in report.conflicts), words(report.conflicts)
    assert Delegate.objects.count() == 1


def test_values_removed_from_an_own_export_are_removed():
    def change(file):
        file["memberships"][0].pop("start_date")
        file["memberships"][0] |= {"end_date": "2020-01-01", "role": "head"}

    report = edited(change)
    assert report.counts["ended"]["delegates"] == 1
    mandate = Delegate.objects.get()
    assert (mandate.starts, str(mandate.ends), mandate.role) == (None, "2020-01-01", "head")


def test_photo_of_an_own_export_is_one_that_the_form_stored():
    person = factories.PersonFactory(photo=ContentFile(factories.photo(), name="x.jpg"))
    document = default_storage.save("attachments/draft.pdf", ContentFile(b"%PDF"))
    photo, exported = person.photo.name, json.loads(export())
    for name, kept in ((photo, photo), (document, photo), (f"people/../{document}", photo), ("", ""), (photo, photo)):
        exported["persons"][0]["photo"] = name
        report = import_file(json.dumps(exported).encode(), "popolo")
        assert report.saved, words(report.conflicts)
        person.refresh_from_db()
        assert person.photo.name == kept
        warned = any("The photo is not here" in warning for warning in words(report.warnings))
        assert warned == (name not in (photo, ""))


def test_former_slug_in_an_own_export_keeps_the_current_slug():
    def rename(file):
        parliament = Parliament.objects.get()
        parliament.slug = "renamed"
        parliament.save()

    report = edited(rename)
    assert report.saved, words(report.conflicts)
    assert Parliament.objects.get().slug == "renamed"


def test_former_slug_of_another_parliament_is_not_imported():
    def claim(file):
        other = factories.ParliamentFactory(slug="present")
        FormerSlug.objects.create(parliament=other, slug="former")
        file["organizations"][1]["former_slugs"] = ["present", "former", "own"]

    report = edited(claim)
    assert report.saved, words(report.conflicts)
    assert [note.message for note in report.warnings if note.kind == "parliaments"] == [
        "The former address “present” is another parliament's.",
        "The former address “former” is another parliament's.",
    ]
    assert set(FormerSlug.objects.values_list("slug", "parliament__slug")) == {("former", "present"), ("own", "a")}
