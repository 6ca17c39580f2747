"""What the views share: what the app wired, refusals with their status, ids in paths."""

from flask import Response, current_app

from services.disbursement.codes import Pins
from services.disbursement.schemas.common import SLUG_PATTERN
from shared.auth import Role
from shared.privacy import IdentityHasher
from shared.refusal import Refusal
from shared.web import Problem, refuse

PINS = "songban.disbursement.pins"
HASHER = "songban.disbursement.hasher"
STATUSES = {
    "VOUCHER_UNKNOWN": 404,
    "SHOP_UNKNOWN": 403,
    "SHOP_SUSPENDED": 403,
    "IMEI_INVALID": 422,
    "ID_NOT_CHECKED": 422,
}
STAFF = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR)


def slug(value: str) -> str:
    """An id in a path. Raises Problem 404 for one that cannot be anybody's."""
    if SLUG_PATTERN.fullmatch(value) is None:
        raise Problem(404, "NOT_FOUND")
    return value


def answer_refusal(refusal: Refusal) -> Response:
    """409 unless the code says otherwise. Remembered under the idempotency key like any answer."""
    return refuse(refusal, STATUSES.get(refusal.code, 409))


def pins() -> Pins:
    found: Pins = current_app.extensions[PINS]
    return found


def hasher() -> IdentityHasher:
    found: IdentityHasher = current_app.extensions[HASHER]
    return found
