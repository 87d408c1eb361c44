"""How many examples a property test generates: few in every run, many in a thorough one (PROFILE=thorough)."""

import os

from hypothesis import HealthCheck, settings

FACTORS = {"small": 1, "thorough": 20}
FACTOR = FACTORS[os.environ.get("PROFILE") or "small"]


def examples(number: int) -> settings:
    """Settings of a property test that generates ``number`` examples, or as many times more as the profile says.

    No test has a deadline, because machines differ in speed.
    """
    return settings(
        max_examples=number * FACTOR, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


settings.register_profile("tests", examples(25))
settings.load_profile("tests")
