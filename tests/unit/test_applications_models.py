"""The tables as the code sees them are the tables as the migrations make them; every code has a sentence."""

import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import services.applications
from services.applications import domain
from services.applications.handlers import HANDLERS, overall_by_states
from services.applications.lists.problems import LIST_CODES
from services.applications.models import Base
from shared.db import Database
from shared.db.tables import kernel
from shared.inbox import undecided
from shared.web.problems import known_codes
from tests.support.service import fresh_database


def test_models_equal_migrations() -> None:
    database = Database(fresh_database("applications"), "test")
    own = set(Base.metadata.tables)

    def ours(obj, name, kind, _reflected, _compare_to) -> bool:
        return kind != "table" or name in own

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, Base.metadata) == []
        present = set(connection.dialect.get_table_names(connection))
    assert present == own | set(kernel.tables) | {"alembic_version"}


def test_every_type_of_every_topic_is_decided_about() -> None:
    assert undecided(HANDLERS) == set()


def test_every_combination_of_states_has_a_status_the_table_knows() -> None:
    import orjson

    table = orjson.loads(overall_by_states())
    assert len(table) == 4 * 7 * 6
    assert set(table.values()) <= set(domain.STATUSES)


def test_every_code_has_its_sentences() -> None:
    room = Path(services.applications.__file__).parent
    sources = "".join(path.read_text() for path in [*room.glob("*.py"), *room.glob("api/*.py")])
    used = set(re.findall(r'(?:Refusal|Problem)\((?:\d+, )?"([A-Z_]+)"', sources)) | LIST_CODES
    assert {"ALREADY_APPLIED", "NOT_FOUND"} <= used
    assert used <= known_codes()
