"""Comparison of the database before and after a merge."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from delegations.models import Person
from delegations.services.merge import MergeError, MergeReport, merge, preview


def everything() -> str:
    """All rows of delegations and news, for comparison before and after."""
    out = StringIO()
    call_command("dumpdata", "delegations", "news", natural_primary=True, natural_foreign=True, stdout=out)
    return out.getvalue()


def refusal(kept: Person, other: Person) -> list[str]:
    """The reason why a merge is refused. Nothing may change, and the preview must show the same reason."""
    before, conflicts = everything(), preview(kept, other).conflicts
    with pytest.raises(MergeError) as refused, transaction.atomic():
        merge(kept, other)
    assert everything() == before
    assert refused.value.reasons == conflicts
    return conflicts


def column(report: MergeReport, label: str):
    return next(column for column in report.columns if column.label == label)
