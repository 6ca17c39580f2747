"""The tables of this service. Their DDL is `migrations/versions/*.sql`; a test holds both against each other.

Amounts are whole đồng. `commune` has five digits, `province` two; both limit what an actor sees.
"""

from services.disbursement.models.base import Base, Moment, UuidText, table
from services.disbursement.models.money import Budget, Posting
from services.disbursement.models.redemptions import Redemption, RedemptionImei
from services.disbursement.models.shops import Shop
from services.disbursement.models.vouchers import KnownCase, Programme, Voucher, Waitlisted

__all__ = [
    "Base",
    "Budget",
    "KnownCase",
    "Moment",
    "Posting",
    "Programme",
    "Redemption",
    "RedemptionImei",
    "Shop",
    "UuidText",
    "Voucher",
    "Waitlisted",
    "table",
]
