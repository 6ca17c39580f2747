"""The migrations make what the models say, the guards stand in the database, every code has its sentences."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError, IntegrityError

import services.eligibility
from services.eligibility.domain import OWN_REASONS
from services.eligibility.handlers import HANDLERS
from services.eligibility.models import STATUSES, Base
from shared.db.tables import kernel
from shared.inbox.handlers import undecided
from shared.web.problems import known_codes
from tests.support.eligibility import application, case, eligibility_bench, submit
from tests.support.service import Bench, fresh_database

NAMED = re.compile(r"""(?:Refusal\(|Problem\(\d+, )"([A-Z_]+)\"""")


def database() -> sqlalchemy.Engine:
    url = sqlalchemy.make_url(fresh_database("eligibility")).set(drivername="postgresql+psycopg")
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


def test_every_refusal_and_every_reason_of_its_own_has_its_sentences() -> None:
    folder = Path(str(services.eligibility.__file__)).parent
    named = {
        code for file in folder.rglob("*.py") for code in NAMED.findall(file.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert (named | set(OWN_REASONS)) - known_codes() == set()


@pytest.fixture(scope="module")
def filed() -> tuple[Bench, str]:
    """One eligible case."""
    bench, one = eligibility_bench(), application()
    submit(bench, one)
    return bench, one["application_id"]


APPROVAL = (
    "status = 'approved', decision_number = '1', decision_date = '2026-11-23', position = 1, amount = 500000"
)
REJECTION = "status = 'rejected', decision_number = '1', decision_date = '2026-11-23', rejection = 'x'"


@pytest.mark.parametrize(
    "change",
    [
        f"{APPROVAL}, approved_by = entered_by",
        f"{APPROVAL}, approved_by = 'chair', correctors = '{{first,chair}}'",
        f"{APPROVAL}, approved_by = 'chair', reviewers = '{{chair}}'",
        f"{REJECTION}, rejected_by = entered_by",
        f"{REJECTION}, rejected_by = 'chair', correctors = '{{chair}}'",
        f"{APPROVAL}, approved_by = 'chair', revoked_by = 'chief', revoked_reason = 'MOVED'",
        "status = 'referred', outcome = 'referred'",
        "due_on = '2026-11-23'",
        "taken_by = 'chief'",
        "counted_in = '08'",
        "voucher = 'lost'",
        "flag = 'ODD'",
        APPROVAL,
        f"{APPROVAL}, approved_by = 'chair', decision_number = NULL".replace("decision_number = '1', ", ""),
        f"{APPROVAL}, approved_by = 'chair'".replace("position = 1, ", ""),
        f"{APPROVAL}, approved_by = 'chair'".replace("amount = 500000", "amount = 0"),
        "status = 'approved'",
        "status = 'ineligible'",
        "status = 'unheard of'",
        "decision_number = '1', decision_date = '2026-11-23'",
        "priority = -1",
    ],
)
def test_the_database_refuses_a_case_that_contradicts_itself(filed: tuple[Bench, str], change: str) -> None:
    bench, _ = filed
    with pytest.raises(IntegrityError):
        bench.sql(f"UPDATE case_file SET {change}")


def test_a_right_approval_is_taken_by_the_database() -> None:
    bench, one = eligibility_bench(), application()
    submit(bench, one)
    bench.sql(f"UPDATE case_file SET {APPROVAL}, approved_by = 'chair'")
    assert case(bench, one["application_id"]).decision_date == date(2026, 11, 23)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE programme SET document = '{}'",
        "UPDATE programme SET digest = repeat('0', 64)",
        "UPDATE programme SET version = 2",
        "DELETE FROM programme",
        "TRUNCATE programme CASCADE",
    ],
)
def test_a_published_programme_never_changes(filed: tuple[Bench, str], statement: str) -> None:
    bench, _ = filed
    with pytest.raises(DBAPIError):
        bench.sql(statement)


def test_its_status_may_change(filed: tuple[Bench, str]) -> None:
    bench, _ = filed
    bench.sql("UPDATE programme SET status = 'suspended'")
    bench.sql("UPDATE programme SET status = 'published'")


def test_statuses_are_the_ones_the_database_knows(filed: tuple[Bench, Any]) -> None:
    bench, _ = filed
    (row,) = bench.sql(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'case_file_status_known'"
    )
    assert all(f"'{status}'" in row[0] for status in STATUSES)
