"""What every request from a shop's counter brings: who calls for which shop, a code, a handset, a receipt."""

from typing import Any

from services.disbursement.api.common import signer
from services.disbursement.codes import read_code
from services.disbursement.sale import Phone, Receipt, Till
from services.disbursement.tokens import looks_like_token, read_token
from shared.auth import Role
from shared.privacy import IdentityHasher
from shared.reference import identifiers
from shared.refusal import Refusal
from shared.web import current_actor


def till_of(shop_id: str | None) -> Till | Refusal:
    """The caller's place: a clerk's own shop, or the shop that an enterprise's system names. Whether that is
    one of the enterprise's is for the look to find out."""
    actor = current_actor()
    if actor.has(Role.SHOP):
        if shop_id not in (None, actor.shop_id):
            return Refusal("SHOP_UNKNOWN")
        return Till(actor.shop_id, actor.enterprise_id, actor.subject, "counter")
    return Till(shop_id, actor.enterprise_id or "", actor.subject, "till")


def code_of(typed: str) -> str | Refusal:
    """The stored form of a typed code, or the code out of a scanned token that one of our keys signed."""
    if looks_like_token(typed):
        token = read_token(typed, signer().keys)
        return token if isinstance(token, Refusal) else token.code
    return read_code(typed) or Refusal("VOUCHER_UNKNOWN")


def phone_of(body: dict[str, Any], hasher: IdentityHasher) -> Phone | Refusal:
    """The handset, its numbers checked and hashed."""
    numbers: list[str] = []
    for place, typed in enumerate(body["imeis"], start=1):
        checked = identifiers.imei(typed)
        if checked.value is None:
            return Refusal("IMEI_INVALID", place=place, reason=checked.problem)
        numbers.append(checked.value)
    if len(set(numbers)) < len(numbers):
        return Refusal("IMEI_INVALID", place=2, reason="IMEI_REPEATED")
    return Phone(
        imeis=tuple(sorted(hasher.imei(number) for number in numbers)),
        tacs=tuple(sorted({number[:8] for number in numbers})),
        block=hasher.imei_block(numbers[0]),
        model=body["model"],
        price=body["price"],
    )


def receipt_of(given: dict[str, Any] | None) -> Receipt:
    return Receipt(given["reference"], given["sha256"]) if given else Receipt()
