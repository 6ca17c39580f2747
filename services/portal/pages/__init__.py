"""The pages of the one story, a module per thing that people do."""

from services.portal.pages import (
    applications,
    approvals,
    audit,
    budget,
    entering,
    funnel,
    households,
    imports,
    lists,
    officials,
    programmes,
    redemptions,
    shops,
    vouchers,
)

BLUEPRINTS = (
    entering.blueprint,
    applications.blueprint,
    imports.blueprint,
    households.blueprint,
    approvals.blueprint,
    lists.blueprint,
    vouchers.blueprint,
    officials.blueprint,
    programmes.blueprint,
    budget.blueprint,
    shops.blueprint,
    redemptions.blueprint,
    audit.blueprint,
    funnel.blueprint,
)
