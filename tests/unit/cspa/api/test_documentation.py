"""The OpenAPI document of the API, its documentation and the page about open data."""

import jsonschema
import pytest
from django.utils.html import escape

from ....support.api import API, LISTS, ask, fill, house

pytestmark = pytest.mark.django_db


class TestDocument:
    @pytest.mark.long
    def test_document_is_valid_openapi_3_1(self, client):
        from schemathesis.specs.openapi.definitions import OPENAPI_31

        document = ask(client, "openapi.json")
        assert document["openapi"].startswith("3.1.")
        jsonschema.Draft202012Validator(OPENAPI_31).validate(document)
        # The one beyond the lists is the search.
        assert len(document["paths"]) == 2 * len(LISTS) + 1
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
            if "{" in path:
                (key,) = (part["name"] for part in methods["get"]["parameters"] if part["in"] == "path")
                row = ask(client, f"{name}/?on=2020-05-26")["results"][0]
                value = row["slug"] if key == "slug" else row["id"]
                path = path.replace(f"{{{key}}}", str(value))
            schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            answer = client.get(f"{path}?on=2020-05-26").json()
            jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer)
            asked += 1
        assert asked == 23

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
