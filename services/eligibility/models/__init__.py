"""The tables of eligibility."""

from services.eligibility.models.base import Base, table_of
from services.eligibility.models.cases import STATUSES, CaseFile, Namesake, PlaceClaim
from services.eligibility.models.lists import ApprovalList, ListEntry, Objection
from services.eligibility.models.programmes import (
    ApprovalCount,
    Exclusion,
    PositionCounter,
    ProgrammeVersion,
    ReasonTally,
)

__all__ = [
    "STATUSES",
    "ApprovalCount",
    "ApprovalList",
    "Base",
    "CaseFile",
    "Exclusion",
    "ListEntry",
    "Namesake",
    "Objection",
    "PlaceClaim",
    "PositionCounter",
    "ProgrammeVersion",
    "ReasonTally",
    "table_of",
]
