"""The examples of answers in the OpenAPI document are what the API answers.

After a change of the records, `WRITE_EXAMPLES=1 pytest tests/unit/cspa/api/test_examples.py` writes them anew.
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from django.test import Client

from cspa.api import app
from delegations.models import Chamber, Parliament
from news.models import Topic

from ....support import factories
from ....support.api import API, DAY_LISTS, QUOTATION, ask

UID = "00000000-0000-4000-8000-{:012}"


@pytest.fixture
def rows(seed, settings, time_machine):
    """The seed, and a delegate with an article."""
    settings.SITE_URL, settings.SECRET_KEY = "https://pa.example.org", "of this test"
    time_machine.move_to("2026-12-01")
    source = factories.SourceFactory(title_en="Decree No. 12", url="https://example.org/decree", date="2019-05-26")
    chamber = Chamber.objects.get(slug="belarus-house-of-representatives")
    person = factories.PersonFactory(
        public_id=900, name_en="Ann Lee", family_name_en="Lee", given_name_en="Ann", gender="female", name_ru="Анна Ли"
    )
    factories.DelegateFactory(
        uid=UID.format(1), person=person, chamber=chamber, role="head", starts="2019-05", ends="2021", sources=[source]
    )
    factories.ArticleFactory(
        uid=UID.format(2),
        title="The Council met",
        slug="the-council-met",
        summary="The Council discussed its plan.",
        body=QUOTATION,
        people=[person],
        parliaments=[Parliament.objects.get(slug="belarus")],
        topics=[Topic.objects.get(slug="csto-cis-sco-cooperation")],
        published_at=datetime(2026, 11, 30, 9, tzinfo=UTC),
    )


@pytest.mark.long
@pytest.mark.django_db
def test_examples_are_answers_of_the_api_and_match_the_schema(client: Client, rows):
    document = ask(client, "openapi.json")
    answers, documented = {}, {}
    for path, methods in document["paths"].items():
        name = path.removeprefix(API).split("/")[0]
        query = {"search": "?q=lee"}.get(name, "?on=2020-05-26" if name in DAY_LISTS else "?")
        if "{" in path:
            row = answers[f"{API}{name}/"]["results"][0]
            key = path.partition("{")[2].partition("}")[0]
            address = path.replace(f"{{{key}}}", str(row["slug" if key == "slug" else "id"]))
        else:
            address = path
        page = "&limit=1" if name != "search" and address == path else ""
        # Cursors hold keys, which differ from one database to another.
        answers[path] = json.loads(re.sub('cursor=[^&"]+', "cursor=W10", client.get(f"{address}{query}{page}").text))
        content = methods["get"]["responses"]["200"]["content"]["application/json"]
        documented[path] = content.get("example")
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(documented[path] or answers[path])
    if os.environ.get("WRITE_EXAMPLES"):
        file = Path(app.__file__).with_name("examples.json")
        file.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert answers == documented
    # None of the lists is empty.
    assert all(answer["results"] for answer in answers.values() if "results" in answer)
