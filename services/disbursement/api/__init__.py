"""The views: parse, call, dump."""

from services.disbursement.api import budgets, printing, redemptions, reports, shops, vouchers

BLUEPRINTS = (budgets.blp, shops.blp, vouchers.blp, printing.blp, redemptions.blp, reports.blp)
