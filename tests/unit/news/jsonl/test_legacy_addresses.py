"""Lines bring the addresses that their articles had on the former site."""

from pathlib import Path

import pytest
from django.test import Client

from news.models import Article, LegacyAddress

from ....support import factories
from ....support.jsonl import a_line, imported, to_file

pytestmark = pytest.mark.django_db


def test_line_brings_its_addresses_and_takes_them_away(client: Client, tmp_path: Path):
    line = a_line(legacy_addresses=["https://old.example/?p=5", "/старая/"])
    assert imported(to_file(tmp_path, line))["saved"]
    assert client.get("/?p=5")["Location"] == Article.objects.get().get_absolute_url()
    assert imported(to_file(tmp_path, line))["unchanged"]["articles"] == 1
    line["legacy_addresses"].append("/third.html")
    assert imported(to_file(tmp_path, line), "--update")["changed"]["articles"] == 1
    line["legacy_addresses"].clear()
    assert imported(to_file(tmp_path, line), "--update")["unchanged"]["articles"] == 1
    assert LegacyAddress.objects.count() == 3


@pytest.mark.parametrize("address", ["/en/about/", "no address", "/taken.html", 5])
def test_line_with_an_address_that_it_cannot_have_is_a_conflict(tmp_path: Path, address):
    factories.LegacyAddressFactory(address="/taken.html")
    report = imported(to_file(tmp_path, a_line(legacy_addresses=[address])))
    assert report["conflicts"]
    assert not Article.objects.exists()
