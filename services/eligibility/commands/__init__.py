"""Use cases of people: approve, reject, revoke, refer, list. Each runs in the caller's transaction."""

from services.eligibility.commands.approvals import ListApproved, approve_case, approve_list, reject_case
from services.eligibility.commands.found import find_case, find_list
from services.eligibility.commands.lists import (
    Objected,
    approve_posted,
    cancel_list,
    draft_list,
    object_to,
    post_list,
)
from services.eligibility.commands.referrals import refuse_referral, take_referral, uphold_referral
from services.eligibility.commands.revoking import revoke_case

__all__ = [
    "ListApproved",
    "Objected",
    "approve_case",
    "approve_list",
    "approve_posted",
    "cancel_list",
    "draft_list",
    "find_case",
    "find_list",
    "object_to",
    "post_list",
    "refuse_referral",
    "reject_case",
    "revoke_case",
    "take_referral",
    "uphold_referral",
]
