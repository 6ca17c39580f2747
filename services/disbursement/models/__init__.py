"""The tables of this service. Their DDL is `migrations/versions/*.sql`; a test holds both against each other.

Amounts are whole đồng. `commune` has five digits, `province` two; both limit what an actor sees.
"""

from services.disbursement.models.alerts import Alert
from services.disbursement.models.base import Base, Moment, UuidText, table
from services.disbursement.models.claims import Claim, ClaimLine, Payee, Payment
from services.disbursement.models.money import Budget, BudgetSpending, Posting
from services.disbursement.models.offline import Dispute, OfflineDay, OfflineSale
from services.disbursement.models.printing import VoucherPrint
from services.disbursement.models.redemptions import FreedImei, Redemption, RedemptionImei, Reversal
from services.disbursement.models.shops import Clerk, Enterprise, Handset, HandsetTac, Shop, ShopQuota
from services.disbursement.models.vouchers import KnownCase, Programme, Voucher, Waitlisted

__all__ = [
    "Alert",
    "Base",
    "Budget",
    "BudgetSpending",
    "Claim",
    "ClaimLine",
    "Clerk",
    "Dispute",
    "Enterprise",
    "FreedImei",
    "Handset",
    "HandsetTac",
    "KnownCase",
    "Moment",
    "OfflineDay",
    "OfflineSale",
    "Payee",
    "Payment",
    "Posting",
    "Programme",
    "Redemption",
    "RedemptionImei",
    "Reversal",
    "Shop",
    "ShopQuota",
    "UuidText",
    "Voucher",
    "VoucherPrint",
    "Waitlisted",
    "table",
]
