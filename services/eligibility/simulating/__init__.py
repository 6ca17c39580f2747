"""Draft rules tried on recorded facts: how many cases change, which way, where, and what it would cost."""

from services.eligibility.simulating.report import Line, Money, ReasonLine, Report
from services.eligibility.simulating.running import Job, simulate

__all__ = ["Job", "Line", "Money", "ReasonLine", "Report", "simulate"]
