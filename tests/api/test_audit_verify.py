"""Verify notices whatever somebody with all rights on the database does to the ledger."""

from collections.abc import Callable

import orjson
import psycopg
import pytest
import sqlalchemy

from services.audit.verify import Report, verify
from shared.events import Envelope, Head, canonical
from shared.events.envelope import new_id, parse
from tests.support.facts import fact
from tests.support.service import AUDITOR, Bench, bench, foreign_events


@pytest.fixture
def audit() -> Bench:
    """A ledger of two cases."""
    audit = bench("audit")
    for case in (new_id(), new_id()):
        audit.take_in(foreign_events("applications", [fact("application.submitted", case)]))
        audit.take_in(
            foreign_events(
                "disbursement",
                [
                    fact("voucher.issued", case),
                    fact("voucher.redeemed", case),
                    fact("voucher.reversed", case),
                ],
            )
        )
    return audit


def tamper(audit: Bench, *statements: str, **values: object) -> Report:
    """Do it as the superuser, with the trigger out of the way; then verify."""
    url = sqlalchemy.make_url(audit.settings.database_url).render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            changed = connection.execute(statement, values)
            assert changed.rowcount > 0
    return verify(audit.database)


def test_an_untouched_ledger_verifies(audit: Bench) -> None:
    told: list[tuple[int, int]] = []
    report = verify(audit.database, lambda done, of: told.append((done, of)))
    assert (report.verified, report.events, report.streams, report.problems) == (True, 8, 4, [])
    assert told == [(8, 8)]


def test_an_empty_ledger_verifies() -> None:
    assert verify(bench("audit").database).verified


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        pytest.param(
            """UPDATE ledger SET bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1) WHERE "index" = 2""",
            {"HASH_DIFFERS", "CHAIN_BROKEN"},
            id="a byte flipped",
        ),
        pytest.param(
            """UPDATE ledger SET bytes = bytes || ' ' WHERE "index" = 3""",
            {"HASH_DIFFERS", "NOT_CANONICAL"},
            id="a blank added",
        ),
        pytest.param(
            """UPDATE ledger SET bytes = 'x', hash = encode(sha256('x'), 'hex') WHERE "index" = 2""",
            {"NOT_AN_EVENT", "CHAIN_BROKEN"},
            id="no event",
        ),
        pytest.param(
            """DELETE FROM ledger WHERE "index" = 2""",
            {"INDEX_GAP", "VERSION_GAP", "CHAIN_BROKEN", "HEAD_DIFFERS"},
            id="deleted",
        ),
        pytest.param("""DELETE FROM ledger WHERE "index" = 7""", {"HEAD_DIFFERS"}, id="the newest deleted"),
        pytest.param(
            """UPDATE ledger SET time = time - interval '1 day' WHERE "index" = 1""",
            {"COLUMN_DIFFERS"},
            id="a date moved",
        ),
        pytest.param(
            """UPDATE ledger SET type = 'voucher.invented.v1' WHERE "index" = 1""",
            {"COLUMN_DIFFERS", "TYPE_UNKNOWN"},
            id="another type",
        ),
    ],
)
def test_tampering_is_noticed(audit: Bench, statement: str, codes: set[str]) -> None:
    report = tamper(audit, statement)
    assert codes <= set(report.found)
    assert not report.verified


def test_two_versions_swapped_are_noticed(audit: Bench) -> None:
    report = tamper(
        audit,
        'UPDATE ledger SET version = version + 1000 WHERE "index" IN (1, 2)',
        """UPDATE ledger SET version = CASE "index" WHEN 1 THEN 2 ELSE 1 END WHERE "index" IN (1, 2)""",
    )
    assert {"VERSION_GAP", "COLUMN_DIFFERS"} <= set(report.found)


def test_two_versions_whose_bytes_are_swapped_are_noticed(audit: Bench) -> None:
    report = tamper(
        audit,
        """
        UPDATE ledger SET bytes = other.bytes, hash = other.hash FROM ledger AS other
        WHERE (ledger."index", other."index") IN ((1, 2), (2, 1))
        """,
    )
    assert {"CHAIN_BROKEN", "COLUMN_DIFFERS"} <= set(report.found)


def test_two_events_that_changed_places_are_noticed(audit: Bench) -> None:
    report = tamper(
        audit,
        'UPDATE ledger SET "index" = "index" + 1000 WHERE "index" IN (1, 2)',
        """UPDATE ledger SET "index" = CASE "index" WHEN 1001 THEN 2 ELSE 1 END WHERE "index" > 1000""",
    )
    assert {"VERSION_GAP", "CHAIN_BROKEN"} <= set(report.found)


FORGE = """
    INSERT INTO ledger ("index", stream, version, event_id, type, key, time, hash, bytes)
    VALUES (8, %(stream)s, %(version)s, %(id)s, %(type)s, %(key)s, %(time)s, %(hash)s, %(raw)s)
"""


def forged(audit: Bench, forge: Callable[[Envelope], dict[str, object]]) -> Envelope:
    """The newest event of the ledger's last stream, told differently."""
    raw = audit.sql('SELECT bytes FROM ledger WHERE "index" = 7')[0].bytes
    last = parse(bytes(raw))
    attributes = {**canonical_attributes(last), **forge(last), "id": new_id()}
    return parse(canonical.encode(attributes))


def canonical_attributes(event: Envelope) -> dict[str, object]:
    attributes: dict[str, object] = orjson.loads(event.raw)
    return attributes


def put_in(audit: Bench, event: Envelope, *more: str) -> Report:
    values = {
        "stream": event.stream,
        "version": event.version,
        "id": event.id,
        "type": event.type,
        "key": event.key,
        "time": event.time,
        "hash": event.hash,
        "raw": event.raw,
    }
    return tamper(audit, FORGE, *more, **values)


def test_a_forged_event_without_the_right_chain_is_noticed(audit: Bench) -> None:
    event = forged(audit, lambda last: {"streamversion": last.version + 1, "prevhash": Head().hash})
    report = put_in(audit, event, "UPDATE ledger_head SET size = 9")
    assert set(report.found) == {"CHAIN_BROKEN"}
    (finding,) = report.problems
    assert (finding.index, finding.stream) == (8, event.stream)


def test_a_forged_event_with_the_right_chain_is_noticed_by_the_ledgers_length(audit: Bench) -> None:
    event = forged(audit, lambda last: {"streamversion": last.version + 1, "prevhash": last.hash})
    assert set(put_in(audit, event).found) == {"HEAD_DIFFERS"}


def test_the_report_over_http_says_it_in_two_languages(audit: Bench) -> None:
    answer = audit.call("GET", "/checks/verify", AUDITOR)
    assert answer.json == {"verified": True, "events": 8, "streams": 4, "found": {}, "problems": []}
    tamper(audit, 'DELETE FROM ledger WHERE "index" = 2')
    answer = audit.call("GET", "/checks/verify", AUDITOR).json
    assert not answer["verified"]
    assert {problem["code"] for problem in answer["problems"]} == set(answer["found"])
    for problem in answer["problems"]:
        assert problem["code"] not in {problem["message_vi"], problem["message_en"]}
        assert "{" not in problem["message_vi"] + problem["message_en"]
