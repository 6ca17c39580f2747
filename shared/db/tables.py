"""The tables every service has, as SQLAlchemy Core sees them. Their DDL is `kernel.sql`."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

kernel = MetaData()

event_log = Table(
    "event_log",
    kernel,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("event_id", Uuid(as_uuid=False), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

outbox = Table(
    "outbox",
    kernel,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

inbox = Table(
    "inbox",
    kernel,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("event_id", Uuid(as_uuid=False), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)

dead_letter = Table(
    "dead_letter",
    kernel,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("stream", Text),
    Column("version", Integer),
    Column("type", Text),
    Column("status", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Column("settled_reason", Text),
)

idempotency = Table(
    "idempotency",
    kernel,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("status", SmallInteger),
    Column("content_type", Text),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

household_key = Table(
    "household_key",
    kernel,
    Column("household_id", Uuid(as_uuid=False), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
