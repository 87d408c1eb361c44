"""Doubtful facts are said once where they are entered: in forms, lists of names and imports. They refuse nothing."""

import pytest
from django.test import Client

from delegations.models import Delegate, Representative

from ..support import factories
from ..support.admin_forms import filled_in, page, save, words
from ..support.imports import take

pytestmark = pytest.mark.django_db

SEVERAL_HEADS = "on 1 January 2019 somebody else holds the same office, too."
SEVERAL_SEATS = "the person also belongs to another chamber or represents another country."
UNLIKELY = "it begins before the Assembly was founded, or a date lies in 2099 or later."


def sourced(**about) -> dict:
    return {"sources": [factories.SourceFactory()], **about}


def test_second_head_of_a_delegation_is_saved_after_one_confirmation(administrator: Client):
    head = factories.DelegateFactory(**sourced(role="head", starts="2018"))
    second = factories.DelegateFactory(**sourced(chamber=head.chamber, starts="2019-01-01"))
    address = page("delegations_delegate_change", second.pk)
    data = filled_in(administrator, address) | {"role": "head"}
    response = administrator.post(address, data)
    assert words(response).count(SEVERAL_HEADS) == 1
    assert f"Delegate “{second}”: {SEVERAL_HEADS}" in words(response)
    russian = administrator.post(address, data, headers={"accept-language": "ru"})
    assert "ту же должность занимает ещё кто-то." in words(russian)
    assert Delegate.objects.filter(role="head").count() == 1
    assert save(administrator, address, data).status_code == 302
    assert Delegate.objects.filter(role="head").count() == 2


@pytest.mark.parametrize("leaves", [{}, {"mandates-0-ends": "2019"}, {"mandates-0-DELETE": "on"}])
def test_second_chamber_is_doubtful_unless_the_same_save_leaves_the_first(administrator: Client, leaves: dict):
    mandate = factories.DelegateFactory(**sourced(starts="2018"))
    other = factories.ChamberFactory()
    address = page("delegations_person_change", mandate.person.pk)
    data = filled_in(administrator, address) | {
        "mandates-TOTAL_FORMS": "2",
        "mandates-1-chamber": str(other.pk),
        "mandates-1-role": "delegate",
        "mandates-1-starts": "2019",
        "mandates-1-sources": [str(mandate.sources.get().pk)],
    }
    response = administrator.post(address, data | leaves)
    assert response.status_code == (302 if leaves else 200)
    if not leaves:
        assert words(response).count(SEVERAL_SEATS) == 1
        assert save(administrator, address, data).status_code == 302
    assert Delegate.objects.filter(chamber=other).exists()


def test_person_who_is_added_for_two_countries_is_doubtful(administrator: Client):
    source, chamber, parliament = factories.SourceFactory(), factories.ChamberFactory(), factories.ParliamentFactory()
    address = page("delegations_person_add")
    rows = {
        "mandates-0-chamber": str(chamber.pk),
        "mandates-1-chamber": str(factories.ChamberFactory(parliament=chamber.parliament).pk),
    }
    for number in (0, 1):
        rows |= {f"mandates-{number}-role": "delegate", f"mandates-{number}-sources": [str(source.pk)]}
        rows |= {f"mandates-{number}-starts": "2019"}
    data = filled_in(administrator, address) | {"name_en": "Ann Lee", "mandates-TOTAL_FORMS": "2"} | rows
    assert words(administrator.post(address, data)).count(SEVERAL_SEATS) == 2
    assert save(administrator, address, data).status_code == 302
    person = Delegate.objects.first().person
    address = page("delegations_parliament_change", parliament.pk)
    data = filled_in(administrator, address) | {
        "representatives-TOTAL_FORMS": "1",
        "representatives-0-person": str(person.pk),
        "representatives-0-starts": "2020-05-26",
        "representatives-0-sources": [str(source.pk)],
    }
    response = administrator.post(address, data)
    assert f"on 26 May 2020 {SEVERAL_SEATS}" in words(response)
    assert save(administrator, address, data).status_code == 302
    assert Representative.objects.get().person == person


@pytest.mark.parametrize(
    "factory", [factories.DelegateFactory, factories.RepresentativeFactory, factories.AssemblyPostFactory]
)
@pytest.mark.parametrize("typed", [{"starts": "1900"}, {"starts": "2006-11-15"}, {"ends": "2099"}])
def test_unlikely_date_is_saved_after_confirmation(administrator: Client, factory, typed: dict):
    row = factory(**sourced())
    address = page(f"delegations_{row._meta.model_name}_change", row.pk)
    data = filled_in(administrator, address)
    assert UNLIKELY in words(administrator.post(address, data | typed))
    assert save(administrator, address, data | typed).status_code == 302
    row.refresh_from_db()
    assert row.start or row.end


def test_row_that_is_not_changed_is_not_doubted_again(administrator: Client):
    mandate = factories.DelegateFactory(starts="1990")
    address = page("delegations_person_change", mandate.person.pk)
    assert administrator.post(address, filled_in(administrator, address) | {"gender": "female"}).status_code == 302


# Lists of names and imports


def test_list_of_names_says_that_there_is_another_head(administrator: Client):
    head = factories.DelegateFactory(role="head", starts="2018")
    address = page("delegations_delegate_quick_entry")
    data = {
        "names": "Ben Ray",
        "chamber": head.chamber.pk,
        "starts": "2019-01-01",
        "role": "head",
        "source_title": "List",
    }
    shown = administrator.post(address, data | {"show": "1"})
    assert SEVERAL_HEADS in words(shown)
    administrator.post(address, data | {"note": shown.context["note"], "save": "1"})
    assert Delegate.objects.filter(role="head").count() == 2


def test_import_says_what_is_doubtful_of_the_rows_that_it_changes():
    head = factories.DelegateFactory(**sourced(role="head", starts="2018"))
    service = factories.RepresentativeFactory(starts="2010")
    old = factories.DelegateFactory(**sourced(starts="1990", chamber=head.chamber))
    mandates = [
        ("", "Ben Ray", head.chamber.slug, "head", "2019-01-01"),
        (service.person.public_id, service.person.name_en, head.chamber.slug, "delegate", "2020"),
        (old.person.public_id, old.person.name_en, old.chamber.slug, "delegate", "1990"),
    ]
    rows = ["person_id,name_en,chamber,role,start", *(",".join(map(str, row)) for row in mandates)]
    report = take("\n".join(rows).encode(), "csv")
    assert report.saved
    doubtful = [str(note) for note in report.warnings if "no source" not in note.message]
    assert doubtful == [
        f"line 2: Delegate “Ben Ray, {head.chamber}”: {SEVERAL_HEADS}",
        f"line 3: Delegate “{service.person}, {head.chamber}”: on 31 December 2020 {SEVERAL_SEATS}",
    ]
