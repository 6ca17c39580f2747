"""The views: parse, call, dump."""

from services.disbursement.api import (
    budgets,
    claims,
    desk,
    enterprises,
    handsets,
    offline,
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
    offline.blp,
    desk.blp,
    claims.blp,
    payments.blp,
    reports.blp,
)
