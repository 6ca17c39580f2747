"""The audit service's tables: the ledger, and the one row that says how long it is."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """This service's tables."""


class Ledger(Base):
    """One event for ever. `index` is gapless from 0; within a stream it grows with the version.

    `type`, `key`, `time` and `commune` (of those events that name one) repeat what `bytes` say, for queries;
    `hash` is the SHA-256 of `bytes`. A trigger refuses every change.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("stream", "version", name="ledger_place"),
        CheckConstraint('"index" >= 0', name="ledger_index_from_zero"),
        CheckConstraint("version > 0", name="ledger_version_from_one"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name="ledger_hash_is_sha256"),
        CheckConstraint("commune ~ '^[0-9]{5}$'", name="ledger_commune_code"),
        Index("ledger_key", "key", "index"),
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    event_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    type: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    commune: Mapped[str | None] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    hash: Mapped[str] = mapped_column(Text)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerHead(Base):
    """The one row whose lock makes appending a queue. `size` is the index of the next event."""

    __tablename__ = "ledger_head"
    __table_args__ = (
        CheckConstraint("id", name="ledger_head_is_one"),
        CheckConstraint("size >= 0", name="ledger_head_size"),
    )

    id: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    size: Mapped[int] = mapped_column(BigInteger)
