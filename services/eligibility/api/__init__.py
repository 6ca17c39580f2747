"""The views: parse, call, dump."""

from services.eligibility.api import approvals, cases, lists, programmes, referrals, reports

BLUEPRINTS = (programmes.blp, cases.blp, referrals.blp, lists.blp, approvals.blp, reports.blp)
