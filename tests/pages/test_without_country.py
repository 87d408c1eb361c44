"""Participants without a country, such as inter-parliamentary organisations."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from cspa.models import RetiredAddress
from delegations.exports import popolo
from delegations.filters import country_choices
from delegations.importer import import_file
from delegations.models import Parliament, Participation

from ..support import factories
from ..support.markup import parsed

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisations() -> list[Parliament]:
    """Two observers without a country, and a parliament with one."""
    found = [factories.ParliamentFactory(slug=slug, country="") for slug in ("union", "league")]
    for parliament in found:
        factories.ParticipationFactory(parliament=parliament, status="observer")
        factories.SeatQuotaFactory(chamber__parliament=parliament, chamber__slug=f"{parliament.slug}-house")
    factories.ParticipationFactory(parliament__country="BY", parliament__slug="belarus")
    return found


@pytest.mark.usefixtures("organisations")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_leave_the_country_out(client: Client, language: str):
    page = parsed(client.get(f"/{language}/delegations/union/"))
    assert "union" in str(page.xpath("//link[@rel='canonical']/@href"))
    assert not page.xpath("string(//header/p[@class='kicker'])").strip().startswith("·")
    data = json.loads(page.xpath("string(//script[@type='application/ld+json'])"))
    assert "address" not in data
    page = parsed(client.get(f"/{language}/delegations/"))
    assert all(kicker.text_content().strip() for kicker in page.xpath("//p[@class='kicker']"))
    assert [code for code, _name in country_choices()] == ["BY"]
    assert client.get(f"/{language}/").status_code == 200


@pytest.mark.usefixtures("organisations")
def test_api_and_files_have_no_country(client: Client):
    rows = client.get("/api/v1/delegations/").json()["results"]
    assert {row["slug"]: row["country"] for row in rows} == {"union": None, "league": None, "belarus": "BY"}
    rows = json.loads(b"".join(client.get("/en/delegations/?format=json").streaming_content))["results"]
    assert {row["delegation"]: row["country"] for row in rows} == {"union": "", "league": "", "belarus": "BY"}


@pytest.mark.usefixtures("organisations")
def test_import_reads_back_what_popolo_says():
    text = "".join(popolo.chunks())
    Participation.objects.all().delete()
    for parliament in Parliament.objects.all():
        for chamber in parliament.chambers.all():
            chamber.quotas.all().delete()
            chamber.delete()
        parliament.delete()
    RetiredAddress.objects.all().delete()
    assert import_file(text.encode(), "popolo").conflicts == []
    assert set(Parliament.objects.values_list("slug", "country")) == {("union", ""), ("league", ""), ("belarus", "BY")}
    assert "".join(popolo.chunks()) == text


@pytest.mark.usefixtures("organisations")
def test_two_parliaments_do_not_share_a_country():
    other = factories.ParliamentFactory()
    other.country = "BY"
    with pytest.raises(ValidationError, match="The parliament of this country is on record"):
        other.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        other.save()
    other.country = ""
    other.full_clean()
    other.save()
