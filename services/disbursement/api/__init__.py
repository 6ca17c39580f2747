"""The views: parse, call, dump."""

from services.disbursement.api import (
    budgets,
    claims,
    enterprises,
    handsets,
    payments,
    printing,
    redemptions,
    reports,
    shops,
    vouchers,
)

BLUEPRINTS = (
    budgets.blp,
    enterprises.blp,
    shops.blp,
    handsets.blp,
    vouchers.blp,
    printing.blp,
    redemptions.blp,
    claims.blp,
    payments.blp,
    reports.blp,
)
