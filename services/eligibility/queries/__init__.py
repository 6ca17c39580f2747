"""What is read of eligibility: programmes, cases, referrals, lists, counts, live state."""

from services.eligibility.queries.cases import Filter, appeal_path, list_cases, read_case
from services.eligibility.queries.lists import ListFilter, list_lists, read_list
from services.eligibility.queries.programmes import list_programmes, list_versions, read_programme
from services.eligibility.queries.referrals import ReferralFilter, list_referrals
from services.eligibility.queries.reports import funnel, live_state

__all__ = [
    "Filter",
    "ListFilter",
    "ReferralFilter",
    "appeal_path",
    "funnel",
    "list_cases",
    "list_lists",
    "list_programmes",
    "list_referrals",
    "list_versions",
    "live_state",
    "read_case",
    "read_list",
    "read_programme",
]
