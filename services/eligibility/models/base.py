"""What the tables of eligibility share."""

from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """This service's tables."""


def table_of(model: type[Base]) -> Table:
    """A model's table, for multi-row inserts."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} has no table of its own")
    return table
