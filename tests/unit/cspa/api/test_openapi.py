"""Requests that the OpenAPI document of the API allows, and many that it does not allow."""

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from hypothesis import Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ....support.generated import examples

# In no transaction of the test: an answer over WSGI ends by closing the connection that it finds inside one.
pytestmark = [pytest.mark.long, pytest.mark.thorough, pytest.mark.django_db(transaction=True)]

CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance]


@pytest.fixture
def operations(settings):
    """All operations of the document."""
    settings.ALLOWED_HOSTS = ["*"]
    call_command("loaddata", "seed", verbosity=0)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    return [result.ok() for result in schema.get_all_operations()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_responses_to_generated_requests_match_the_schema(operations, mode):
    assert len(operations) == 24
    statuses = set()
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(examples(5), phases=[Phase.explicit, Phase.generate])
        def answers(case):
            response = case.call()
            statuses.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        answers()
    assert {200, 400, 404} <= statuses or mode == GenerationMode.NEGATIVE
