"""The description of the data as a harvester reads it: RDF in the terms of DCAT-AP."""

import re

import pytest
from django.conf import settings
from django.test import Client
from rdflib import Graph, Literal, URIRef
from rdflib import namespace as ns

from cspa.exports.tabular import FORMATS
from cspa.pages.data_catalogue import TABLES

from ....support.page_cache import new_process

ADDRESS = "/data/catalog.jsonld"
LANGUAGES = {code for code, _name in settings.LANGUAGES}


@pytest.fixture
def graph(client: Client, db) -> Graph:
    response = client.get(ADDRESS)
    assert (response.status_code, response["Content-Type"]) == (200, "application/ld+json")
    return Graph().parse(data=response.content, format="json-ld")


def test_every_resource_is_named_in_both_languages(graph: Graph):
    kinds = {kind for kind in graph.objects(None, ns.RDF.type) if kind != ns.DCTERMS.PeriodOfTime}
    assert kinds == {ns.DCAT.Catalog, ns.DCAT.Dataset, ns.DCAT.Distribution, ns.DCAT.DataService, ns.FOAF.Agent}
    for kind in kinds:
        name = ns.FOAF.name if kind == ns.FOAF.Agent else ns.DCTERMS.title
        for resource in graph.subjects(ns.RDF.type, kind):
            texts = list(graph.objects(resource, name))
            assert {text.language for text in texts} == LANGUAGES, resource
            assert all(texts), resource
    (dataset,) = graph.subjects(ns.RDF.type, ns.DCAT.Dataset)
    assert len(set(graph.objects(dataset, ns.DCTERMS.description))) == len(LANGUAGES)


def test_every_distribution_can_be_fetched_as_described(client: Client, graph: Graph):
    (dataset,) = graph.subjects(ns.RDF.type, ns.DCAT.Dataset)
    distributions = set(graph.objects(dataset, ns.DCAT.distribution))
    assert distributions == set(graph.subjects(ns.RDF.type, ns.DCAT.Distribution))
    assert len(distributions) == len(TABLES) * len(FORMATS) + 2
    for each in distributions:
        (address,) = graph.objects(each, ns.DCAT.downloadURL)
        assert graph.value(each, ns.DCAT.accessURL) == address
        assert graph.value(each, ns.DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
        assert len(set(graph.objects(each, ns.DCTERMS.language))) == len(LANGUAGES)
        answer = client.get(address.removeprefix("http://testserver"))
        media_type = graph.value(each, ns.DCAT.mediaType).partition("/media-types/")[2]
        assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, media_type)


def test_dataset_belongs_to_catalogue_and_service_and_says_since_when(graph: Graph):
    (dataset,) = graph.subjects(ns.RDF.type, ns.DCAT.Dataset)
    assert graph.value(None, ns.DCAT.dataset, dataset) == URIRef(f"http://testserver{ADDRESS}")
    (service,) = graph.subjects(ns.DCAT.servesDataset, dataset)
    assert graph.value(service, ns.DCAT.endpointURL) == URIRef("http://testserver/api/v1/")
    start = graph.value(graph.value(dataset, ns.DCTERMS.temporal), ns.DCAT.startDate)
    assert start == Literal("2006-11-16", datatype="http://www.w3.org/2001/XMLSchema#date")
    for resource in (dataset, service):
        assert graph.value(graph.value(resource, ns.DCTERMS.publisher), ns.FOAF.name)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_of_the_data_links_the_description(client: Client, db, language: str):
    (link,) = re.findall(r'<link rel="describedby[^>]*>', client.get(f"/{language}/data/").text)
    assert f'type="application/ld+json" title="DCAT" href="{ADDRESS}"' in link


@pytest.mark.django_db(transaction=True)
def test_description_is_one_for_all_readers_and_conditional(settings):
    settings.ALLOWED_HOSTS = ["*"]
    with new_process() as reader, reader.renders(1):
        first = reader.get(ADDRESS, **{"Accept-Language": "ru"})
        again = reader.get(ADDRESS, if_none_match=first["ETag"])
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert reader.get(f"{ADDRESS}?on=2020-05-26").status_code == 400
