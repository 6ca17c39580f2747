"""What is known of the paper."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.disbursement.models.base import Base, Moment, UuidText


class VoucherPrint(Base):
    """How often a voucher was printed, and by whom last; each printing also left an access event."""

    __tablename__ = "voucher_print"
    __table_args__ = (CheckConstraint("copies > 0", name="voucher_print_copies"),)

    voucher_id: Mapped[str] = mapped_column(UuidText, ForeignKey("voucher.voucher_id"), primary_key=True)
    copies: Mapped[int] = mapped_column(Integer)
    printed_by: Mapped[str]
    printed_at: Mapped[datetime] = mapped_column(Moment)
