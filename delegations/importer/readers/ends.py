"""The meaning of ends in a file: half of the world's files give the last day in office, ours the first day out."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from django.utils.translation import gettext as _

from ...dates import PartialDate
from ..options import Ends
from ..records import Batch, Choice, Kind, OpenQuestionError, Record, describe_location

# Places named in the question.
NAMED = 5


def day_after(end: PartialDate | None) -> PartialDate | None:
    """Return the first day out for the last day ``end``. A month or a year stays: the last day was some day of it."""
    return PartialDate(end.first + timedelta(days=1)) if end and end.exact else end


def settle_ends(batch: Batch, meaning: str) -> None:
    """Let the ends of the mandates in ``batch`` be first days out, as ``meaning`` says they are written.

    Raises OpenQuestionError if it says nothing, and somebody's next mandate begins one day after an end.
    """
    mandates = batch.records[Kind.DELEGATES]
    if meaning == Ends.LAST_DAY:
        for record in mandates:
            if end := record.values.get("ends"):
                record.values["ends"] = day_after(end)
    elif not meaning and (found := _followed_by_the_next_day(mandates)):
        places = [describe_location(record.location) for record in found[:NAMED]] + ["…"] * (len(found) > NAMED)
        message = _(
            "What does an end mean in this file? Places where the next mandate begins one day after it, as if it were "
            "the last day in office: %(count)d (%(places)s). Choose with --ends."
        )
        choices = [Choice(str(label), {"ends": value}) for value, label in Ends.choices]
        raise OpenQuestionError(message % {"count": len(found), "places": ", ".join(places)}, choices)


def _followed_by_the_next_day(mandates: list[Record]) -> list[Record]:
    """Return the mandates that end one day before the next one of the same person in the same chamber begins."""
    lines: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in mandates:
        if record.values.get("starts"):
            lines[record.values["person"], record.values["chamber"]].append(record)
    found = []
    for line in lines.values():
        for earlier, later in pairwise(sorted(line, key=lambda record: record.values["starts"].first)):
            end, start = earlier.values.get("ends"), later.values["starts"]
            if end and end.exact and start.exact and day_after(end) == start:
                found.append(earlier)
    return found
