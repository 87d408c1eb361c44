"""Requests that the OpenAPI document of the API allows, and many that it does not allow."""

from collections import Counter

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from schemathesis.checks import CHECKS
from schemathesis.engine import Status, events, from_schema

from ....support.api import API
from ....support.generated import FACTOR

# In no transaction of the test: an answer over WSGI ends by closing the connection that it finds inside one.
pytestmark = [pytest.mark.long, pytest.mark.thorough, pytest.mark.django_db(transaction=True)]


# Many requests try the bounds of each parameter and each unsupported method: of these alone, and of all when thorough.
BOUNDS_OF = [f"{API}people/", f"{API}people/{{public_id}}/"]


def test_all_default_checks_of_schemathesis_pass(settings):
    settings.ALLOWED_HOSTS = ["*"]
    call_command("loaddata", "seed", verbosity=0)
    config = {
        "continue-on-failure": True,
        "generation": {"max-examples": 2 * FACTOR, "database": "none"},
        "phases": {"stateful": {"enabled": FACTOR > 1}},
        "operations": [{"exclude-path": BOUNDS_OF, "phases": {"coverage": {"enabled": FACTOR > 1}}}],
    }
    schema = schemathesis.openapi.from_wsgi(
        f"{API}openapi.json", get_wsgi_application(), config=schemathesis.Config.from_dict(config)
    )
    asked, statuses, failures = Counter(), Counter(), []
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            for case, checks in event.recorder.checks.items():
                asked.update(check.name for check in checks)
                statuses[event.recorder.interactions[case].response.status_code] += 1
                request = event.recorder.cases[case].value
                failures += [
                    (check.name, request.method, request.path, request.path_parameters, request.query)
                    for check in checks
                    if check.status == Status.FAILURE
                ]
    assert failures == []
    assert set(asked) == set(CHECKS.get_all_names())
    assert {200, 400, 404, 405} <= set(statuses)
