"""What all tables share."""

from sqlalchemy import DateTime, Table, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

UuidText = Uuid(as_uuid=False)
Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text}  # noqa: RUF012 - SQLAlchemy's own way


def table(model: type[Base]) -> Table:
    """The Core table of a model, for multi-row statements."""
    found = model.__table__
    assert isinstance(found, Table)  # noqa: S101 - each model here is a plain table
    return found
