"""What the views share: what the app wired, refusals with their status, ids in paths."""

from uuid import UUID

from flask import Response, current_app

from services.disbursement.codes import Pins
from services.disbursement.schemas.common import SLUG_PATTERN
from services.disbursement.tokens import Signer
from shared.auth import Role
from shared.privacy import IdentityHasher
from shared.refusal import Refusal
from shared.web import Problem, refuse

PINS = "songban.disbursement.pins"
HASHER = "songban.disbursement.hasher"
SIGNER = "songban.disbursement.signer"
STATUSES = {
    "NOT_FOUND": 404,
    "PROGRAMME_UNKNOWN": 404,
    "OUTSIDE_AREA": 403,
    "VOUCHER_UNKNOWN": 404,
    "SHOP_UNKNOWN": 403,
    "SHOP_SUSPENDED": 403,
    "SHOP_CLOSED": 403,
    "ENTERPRISE_SUSPENDED": 403,
    "CLERK_SUSPENDED": 403,
    "CLERK_OF_ANOTHER_SHOP": 403,
    "SHOP_DAY_FULL": 429,
    "SHOP_MINUTE_FULL": 429,
    "TOO_MANY_WRONG_TRIES": 429,
    "ENTERPRISE_UNKNOWN": 422,
    "IMEI_INVALID": 422,
    "ID_NOT_CHECKED": 422,
    "TOKEN_UNREADABLE": 422,
    "TOKEN_KEY_UNKNOWN": 422,
    "TOKEN_FORGED": 422,
}
STAFF = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR)


def slug(value: str) -> str:
    """An id in a path. Raises Problem 404 for one that cannot be anybody's."""
    if SLUG_PATTERN.fullmatch(value) is None:
        raise Problem(404, "NOT_FOUND")
    return value


def uuid_of(value: str) -> str:
    """A UUID in a path. Raises Problem 404 for what cannot be anybody's."""
    try:
        return str(UUID(value))
    except ValueError:
        raise Problem(404, "NOT_FOUND") from None


def answer_refusal(refusal: Refusal) -> Response:
    """409 unless the code says otherwise. Remembered under the idempotency key like any answer, except for
    what only says "not now": the key stays free then."""
    status = STATUSES.get(refusal.code, 409)
    if status == 429:
        raise Problem(status, refusal.code, **refusal.facts)
    return refuse(refusal, status)


def pins() -> Pins:
    found: Pins = current_app.extensions[PINS]
    return found


def signer() -> Signer:
    found: Signer = current_app.extensions[SIGNER]
    return found


def hasher() -> IdentityHasher:
    found: IdentityHasher = current_app.extensions[HASHER]
    return found
