"""Where a case stands, from what the three services say of it. Pure; used live and in replay.

Each service's word arrives in its own stream's order, but the three streams have no order among them. The
overall state is therefore a function of the three words, never of which came last.
"""

FINAL_APPLICATION = ("erased", "withdrawn", "draft")
VOUCHER_STATES = {
    "waitlisted": "waitlisted",
    "issued": "voucher_issued",
    "redeemed": "redeemed",
    "claimed": "redeemed",
    "paid": "redeemed",
    "expired": "expired",
    "cancelled": "cancelled",
}
DECISION_STATES = {
    "approved": "approved",
    "rejected": "rejected",
    "revoked": "revoked",
    "eligible": "assessed",
    "ineligible": "ineligible",
    "referred": "referred",
}


def overall(application: str, eligibility: str | None, disbursement: str | None) -> str:
    """`application`: draft, submitted, appealed, withdrawn or erased; `eligibility`: an outcome (eligible,
    ineligible, referred) or approved, rejected, revoked; `disbursement`: a voucher's state or waitlisted.

    A voucher counts for as long as its approval stands, and for ever once a phone was handed out for it.
    Returns the state that people see: draft, submitted, assessed, approved, waitlisted, voucher_issued,
    redeemed, ineligible, referred, rejected, revoked, withdrawn, expired, cancelled or erased.
    """
    if application in FINAL_APPLICATION and disbursement != "redeemed":
        return application
    if disbursement == "redeemed" or (disbursement is not None and eligibility in (None, "approved")):
        return VOUCHER_STATES[disbursement]
    if eligibility is not None:
        return DECISION_STATES[eligibility]
    return application
