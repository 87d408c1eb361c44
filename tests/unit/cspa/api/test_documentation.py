"""The OpenAPI document of the API, its documentation and the page about open data."""

import jsonschema
import pytest
from django.utils.html import escape

from ....support.api import API, DAY_LISTS, LISTS, ask, fill, house

pytestmark = pytest.mark.django_db


class TestDocument:
    @pytest.mark.long
    def test_document_is_valid_openapi_3_1(self, client):
        from schemathesis.specs.openapi.definitions import OPENAPI_31

        document = ask(client, "openapi.json")
        assert document["openapi"].startswith("3.1.")
        jsonschema.Draft202012Validator(OPENAPI_31).validate(document)
        # A quotation has no address of its own; the search is no list.
        assert len(document["paths"]) == 2 * len(LISTS)
        for schema in document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    @pytest.mark.long
    def test_responses_match_their_schemas(self, client):
        fill(1)
        house()
        document = ask(client, "openapi.json")
        asked = 0
        for path, methods in document["paths"].items():
            name = path.removeprefix(API).split("/")[0]
            day = "?on=2020-05-26" if name in DAY_LISTS else ""
            if "{" in path:
                (key,) = (part["name"] for part in methods["get"]["parameters"] if part["in"] == "path")
                row = ask(client, f"{name}/{day}")["results"][0]
                value = row["slug"] if key == "slug" else row["id"]
                path = path.replace(f"{{{key}}}", str(value))
            schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            answer = client.get(f"{path}{day}").json()
            jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer)
            asked += 1
        assert asked == 24

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_documented_values_are_codes_that_are_accepted(self, client, language):
        asked = 0
        for path, methods in ask(client, f"openapi.json?language={language}")["paths"].items():
            for parameter in methods["get"]["parameters"]:
                for value in parameter["schema"].get("enum", []) if "{" not in path else []:
                    assert value.isascii(), (path, value)
                    ask(client, f"{path.removeprefix(API)}?{parameter['name']}={value}")
                    asked += 1
        assert asked > 80

    def test_document_names_licence_contact_server_and_tags(self, client, settings):
        document = ask(client, "openapi.json")
        assert document["info"]["license"]["url"] == "https://creativecommons.org/licenses/by/4.0/"
        assert document["info"]["contact"]["name"] == "CSTO Parliamentary Assembly"
        assert document["servers"] == [{"url": "/"}]
        used = {tag for methods in document["paths"].values() for tag in methods["get"]["tags"]}
        assert [tag["name"] for tag in document["tags"]] == ["Directory", "News", "Search"]
        assert used == {tag["name"] for tag in document["tags"]}

    def test_each_open_parameter_has_an_example_that_its_rule_accepts(self, client, seed):
        examples = {}
        for path, methods in ask(client, "openapi.json")["paths"].items():
            for parameter in methods["get"]["parameters"]:
                closed = {"enum", "default"} & parameter["schema"].keys() or parameter["name"] == "cursor"
                assert closed or "example" in parameter, (path, parameter["name"])
                if not closed and "{" not in path:
                    examples[path, parameter["name"]] = parameter["example"]
        for (path, name), value in examples.items():
            if name in ("on", "since", "until", "q", "delegation", "country"):
                ask(client, f"{path.removeprefix(API)}?{name}={value}")
        assert len(examples) > 30

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_documentation_page_has_no_script(self, client, language):
        response = client.get(f"{API}docs?language={language}")
        page = response.content.decode()
        assert (response.status_code, response["Content-Language"]) == (200, language)
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        for name in LISTS:
            assert f"GET {API}{name}/" in page
        assert page.count("<h1") == 1


class TestDataPage:
    def test_data_page_redirects_to_the_accepted_language(self, client):
        response = client.get("/data/", headers={"accept-language": "ru"})
        assert (response.status_code, response["Location"]) == (302, "/ru/data/")
        assert client.get("/ru/data/").status_code == 200

    def test_examples_of_the_data_page_work(self, client, seed):
        page = client.get("/en/data/")
        examples = page.context["examples"]
        assert len(examples) >= 4
        for _title, path in examples:
            assert f"curl '{escape('http://testserver' + path)}'" in page.content.decode()
            assert client.get(path).status_code == 200

    def test_home_page_links_the_data_page(self, client, seed):
        assert 'href="/ru/data/"' in client.get("/ru/").content.decode()
