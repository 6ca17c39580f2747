"""Case files in batches: opened with a first assessment, assessed anew, reviewed, withdrawn, erased."""

from services.eligibility.cases.assessing import ACTOR, SERVICE, open_cases, reopen_cases
from services.eligibility.cases.files import (
    Assessed,
    against,
    case_data,
    finding_in,
    lock,
    opened,
    place_of,
    place_of_sealing,
    subject_in,
    subject_of,
)
from services.eligibility.cases.leaving import ENDED, alive_again, ended, erase, let_go, redeemed, withdraw
from services.eligibility.cases.reviewing import decision_stands, opens_anew, review_cases

__all__ = [
    "ACTOR",
    "ENDED",
    "SERVICE",
    "Assessed",
    "against",
    "alive_again",
    "case_data",
    "decision_stands",
    "ended",
    "erase",
    "finding_in",
    "let_go",
    "lock",
    "open_cases",
    "opened",
    "opens_anew",
    "place_of",
    "place_of_sealing",
    "redeemed",
    "reopen_cases",
    "review_cases",
    "subject_in",
    "subject_of",
    "withdraw",
]
