"""Models of the directory: parliaments, people and dated facts, each fact with its sources."""

from .assignments import DelegationAssignment
from .bodies import Body
from .confirmations import ConfirmationRequest, Proposal
from .delegation import ChamberSeats, Confirmation, Delegation, Seats, delegations_on, with_unnamed_seats
from .file_imports import FileImport
from .no_overlap import NoOverlap
from .observations import Observation
from .parliaments import Chamber, FormerSlug, Link, Parliament, Participation, SeatQuota
from .people import AssemblyPost, Delegate, FormerPublicId, Identifier, Person, Representative
from .periods import Period, Source
from .person_names import PersonName, names_on
from .totals import StatusGroup, Totals, totals_of

__all__ = [
    "AssemblyPost",
    "Body",
    "Chamber",
    "ChamberSeats",
    "Confirmation",
    "ConfirmationRequest",
    "Delegate",
    "Delegation",
    "DelegationAssignment",
    "FileImport",
    "FormerPublicId",
    "FormerSlug",
    "Identifier",
    "Link",
    "NoOverlap",
    "Observation",
    "Parliament",
    "Participation",
    "Period",
    "Person",
    "PersonName",
    "Proposal",
    "Representative",
    "SeatQuota",
    "Seats",
    "Source",
    "StatusGroup",
    "Totals",
    "delegations_on",
    "names_on",
    "totals_of",
    "with_unnamed_seats",
]
