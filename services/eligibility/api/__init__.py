"""The views: parse, call, dump."""

from services.eligibility.api import approvals, cases, programmes, reports

BLUEPRINTS = (programmes.blp, cases.blp, approvals.blp, reports.blp)
