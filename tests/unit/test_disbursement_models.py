"""The migrations make what the models say, and every refusal has its sentences."""

import re
from pathlib import Path

import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import services.disbursement
from services.disbursement.handlers import HANDLERS
from services.disbursement.models import Base
from shared.db.tables import kernel
from shared.inbox.handlers import undecided
from shared.web.problems import known_codes
from tests.support.service import fresh_database

NAMED = re.compile(r"""(?:Refusal\(|Problem\(\d+, )"([A-Z_]+)\"""")


def database() -> sqlalchemy.Engine:
    url = sqlalchemy.make_url(fresh_database("disbursement")).set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(url)


def test_the_migrated_tables_are_those_of_the_models() -> None:
    both = sqlalchemy.MetaData()
    for metadata in (kernel, Base.metadata):
        for table in metadata.tables.values():
            table.to_metadata(both)
    ours = set(Base.metadata.tables)
    with database().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            found for found in compare_metadata(context, both) if any(name in str(found) for name in ours)
        ]
    assert differences == []


def test_the_checks_of_the_models_stand_in_the_database() -> None:
    wanted = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sqlalchemy.CheckConstraint)
    }
    with database().connect() as connection:
        found = connection.scalars(
            sqlalchemy.text(
                "SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
                " WHERE contype = 'c' AND relname = ANY(:tables)"
            ),
            {"tables": list(Base.metadata.tables)},
        )
        assert set(found) == wanted


def test_every_type_of_the_topics_it_reads_is_decided_about() -> None:
    assert undecided(HANDLERS) == set()


def test_every_refusal_has_its_sentences() -> None:
    folder = Path(str(services.disbursement.__file__)).parent
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    named = {code for text in texts for code in NAMED.findall(text)}
    assert len(named) > 10
    assert named - known_codes() == set()
