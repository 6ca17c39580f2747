"""Folds: pure functions from events to state, the same live and in replay. See `Replay`."""

from shared.folds.applications import fold_applications, show_application
from shared.folds.base import Event, Row, Shape, State
from shared.folds.disbursement import fold_disbursement, show_disbursement
from shared.folds.eligibility import fold_eligibility, show_eligibility
from shared.folds.funnel import COUNTS, funnel, total
from shared.folds.replay import FOLDED_TYPES, SERVICES, Replay

__all__ = [
    "COUNTS",
    "FOLDED_TYPES",
    "SERVICES",
    "Event",
    "Replay",
    "Row",
    "Shape",
    "State",
    "fold_applications",
    "fold_disbursement",
    "fold_eligibility",
    "funnel",
    "show_application",
    "show_disbursement",
    "show_eligibility",
    "total",
]
