"""Numbers of examples of the property tests; PROFILE=thorough generates more."""

import os

from hypothesis import HealthCheck, settings

FACTORS = {"small": 1, "thorough": 20}
FACTOR = FACTORS[os.environ.get("PROFILE") or "small"]


def examples(number: int) -> settings:
    """Hypothesis settings with ``number`` examples, multiplied by the factor of the profile.

    There is no deadline, because machines differ in speed.
    """
    return settings(
        max_examples=number * FACTOR, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


settings.register_profile("tests", examples(25))
settings.load_profile("tests")
