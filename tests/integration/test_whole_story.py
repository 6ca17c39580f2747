"""The one story on real processes, on both brokers: the funnel, no personal data anywhere, erasure."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import yaml
from sqlalchemy import text

from services.applications.lists import RowContext, parse_row, read_list
from shared.db import Database
from shared.eventlog import connect, load_topics
from shared.events import parse
from shared.privacy import Unreadable, unseal
from shared.privacy.keyring import KeyRing
from shared.settings import SERVICES, load
from songban.actors import AUDITOR, MANAGER, OFFICER
from songban.gateway import Refused
from songban.processes import TOPICS_FILE
from songban.rerun import rerun_ledger
from songban.stack import Stack
from songban.story import ROOT, gateway_of
from tests.support.clock import today
from tests.support.stack import EXAMPLE_LIST, TUYEN_QUANG, demo_on, whole_system
from tests.support.waiting import wait_for

FACTS = json.loads((ROOT / "examples" / "nam-ty.facts.json").read_text(encoding="utf-8"))
BROKERS = ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]
WITH_EVENTS = [service for service in SERVICES if service != "portal"]


def expected_funnel() -> dict[str, Any]:
    """From the list's own facts and the programme's own budget."""
    programme = yaml.safe_load(TUYEN_QUANG.read_text(encoding="utf-8"))
    eligible = FACTS["poor_or_near_poor_minority_without_smartphone"]
    affordable = programme["budget"] // programme["benefit"]["amount"]
    return {
        "imported": FACTS["households"],
        "eligible": eligible,
        "ineligible": FACTS["households"] - eligible,
        "approved": eligible,
        "issued": min(eligible, affordable),
        "waitlisted": max(0, eligible - affordable),
        "redeemed": 100,
        "replay_equals_live": True,
        "chains_verified": True,
    }


def without_reasons(funnel: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in funnel.items() if name != "reasons"}


@pytest.fixture(scope="module", params=BROKERS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The system after the demo, still running, and the funnel it printed."""
    with whole_system(tmp_path_factory.mktemp("story"), request.param) as stack:
        yield stack, demo_on(stack).play()


@pytest.mark.xdist_group("whole-story")
class TestWholeStory:
    """One system per broker serves all of these, in this order."""

    def test_the_funnel_is_what_the_list_and_the_budget_say(self, played: Any) -> None:
        _, funnel = played
        assert without_reasons(funnel) == expected_funnel()
        assert funnel["reasons"]["NOT_POOR_OR_NEAR_POOR"] == FACTS["other"]
        assert funnel["reasons"]["OWNS_SMARTPHONE"] == FACTS["owns_smartphone"]
        assert funnel["reasons"]["MAJORITY_ETHNICITY"] == FACTS["kinh"]

    def test_playing_it_again_changes_nothing(self, played: Any) -> None:
        stack, funnel = played
        assert demo_on(stack).play() == funnel

    def test_no_topic_log_or_metric_holds_personal_data(self, played: Any) -> None:
        stack, _ = played
        secrets = personal_data(EXAMPLE_LIST)
        assert len(secrets) > FACTS["households"]
        events = everything_on_the_log(stack)
        assert len(events) > 2 * FACTS["households"]
        for name, content in [("the log", b"\n".join(events)), *log_files(stack), *metrics(stack)]:
            found = [secret for secret in secrets if secret.encode() in content]
            assert not found, f"{name} holds personal data of the list ({len(found)} pieces)"

    @pytest.mark.parametrize("processes", [1, 2])
    def test_every_decision_made_again_comes_out_the_same(self, played: Any, processes: int) -> None:
        stack, funnel = played
        settings = load("audit", stack.environment), load("eligibility", stack.environment)
        report = rerun_ledger(*settings, processes=processes)
        assert report.differences == []
        assert report.outcomes["eligible"] == funnel["eligible"]
        assert report.decisions == funnel["imported"]

    def test_an_erased_household_is_unreadable_and_everything_still_verifies(self, played: Any) -> None:
        stack, funnel = played
        gateway = gateway_of(stack)
        query = {"programme_id": "tuyen-quang-2026", "status": "redeemed", "limit": 1}
        case = gateway.get("applications", "/applications", OFFICER, **query)["items"][0]
        submitted = next(
            event
            for event in map(parse, everything_on_the_log(stack))
            if event.type == "application.submitted.v1" and event.key == case["application_id"]
        )
        place = f"facts/{case['application_id']}"
        assert any(opens(key, submitted.data["sealed"], place) for key in every_key(stack))
        gateway.post(
            "applications",
            f"/households/{case['household_id']}:erase",
            MANAGER,
            {"ground": "PERSON_ASKED"},
        )
        wait_until_erased(stack, case["household_id"])
        assert not any(opens(key, submitted.data["sealed"], place) for key in every_key(stack))
        with pytest.raises(Refused) as refused:
            gateway.get("applications", f"/applications/{case['application_id']}", OFFICER)
        assert refused.value.status == 404
        again = demo_on(stack).funnel("tuyen-quang-2026")
        assert (again["replay_equals_live"], again["chains_verified"]) == (True, True)
        assert (again["issued"], again["redeemed"]) == (funnel["issued"], funnel["redeemed"]), "accounts stay"

    def test_erasing_leaves_the_accounting_whatever_a_case_came_to(self, played: Any) -> None:
        """Redeemed, with an open voucher, waiting for money, refused: the person goes, the sums tie."""
        stack, _ = played
        before = account(stack)
        for status in ("redeemed", "voucher_issued", "waitlisted", "ineligible"):
            erase_one(stack, status)
        wait_for(lambda: ended(stack, "cancelled") == 2, "voucher and place in the line are given back")
        again = demo_on(stack).funnel("tuyen-quang-2026")
        assert (again["replay_equals_live"], again["chains_verified"]) == (True, True)
        after = account(stack)
        assert (after["allocated"], after["spent"]) == (before["allocated"], before["spent"])
        parts = ("available", "reserved", "spent", "distributed")
        assert after["allocated"] == sum(after[name] for name in parts)
        assert ended(stack, "redeemed") == again["redeemed"] == 100

    def test_an_auditor_replays_the_day_before_anything_happened(self, played: Any) -> None:
        stack, _ = played
        answer = gateway_of(stack).get("audit", "/replay", AUDITOR, as_of="2020-01-01T00:00:00Z")
        assert "tuyen-quang-2026" not in json.dumps(answer)


def personal_data(file: Path) -> set[str]:
    """Every name, ID number and phone of a list."""
    table = read_list(file.read_bytes(), file.name)
    drafts = [parse_row(row, RowContext(today())).household for row in table.rows]  # type: ignore[union-attr]
    pieces: set[str | None] = set()
    for draft in drafts:
        assert draft is not None
        pieces |= {draft.head_name, draft.citizen_id, draft.phone}
    return {piece for piece in pieces if piece}


def everything_on_the_log(stack: Stack) -> list[bytes]:
    """Every record of every topic, read by a new group."""
    environment = stack.environment
    log = connect(
        stack.broker,
        bootstrap=environment.get("SONGBAN_KAFKA_BOOTSTRAP"),
        database_url=environment.get("SONGBAN_LOG_DATABASE_URL"),
        client_id="scan",
    )
    recorded = sum(_count(stack, service, "event_log") for service in WITH_EVENTS)
    consumer = log.consumer(f"scan-{recorded}", [topic.name for topic in load_topics(TOPICS_FILE)])
    values: list[bytes] = []
    quiet = 0
    while quiet < 5 and len(values) < recorded:
        received = consumer.poll(1.0, 1000)
        values += [record.value for record in received]
        quiet = 0 if received else quiet + 1
    consumer.close()
    log.close()
    assert len(values) >= recorded, f"{len(values)} of {recorded} events are on the log"
    return values


def log_files(stack: Stack) -> list[tuple[str, bytes]]:
    """Also those of PostgreSQL and Kafka; not the segments of Kafka's topics, which are read as events."""
    files = [file for file in stack.data.rglob("*.log") if not file.stem.isdigit()]
    assert "postgres.log" in {file.name for file in files}
    return [(file.name, file.read_bytes()) for file in files]


def metrics(stack: Stack) -> list[tuple[str, bytes]]:
    return [
        (f"metrics of {service}", requests.get(f"{stack.url(service)}/metrics", timeout=10).content)
        for service in SERVICES
    ]


def every_key(stack: Stack) -> list[bytes]:
    """Every household key that any service's database still holds, unwrapped with that service's own key."""
    keys: list[bytes] = []
    for service in WITH_EVENTS:
        ring = KeyRing(base64.b64decode(stack.environment[f"SONGBAN_{service.upper()}_WRAPPING_KEY"]))
        database = Database(stack.environment[f"SONGBAN_{service.upper()}_DATABASE_URL"], "test")
        with database.transaction() as session:
            ids = [str(found) for found in session.scalars(text("SELECT household_id FROM household_key"))]
            keys += ring.load(session, ids).values()
        database.close()
    return keys


def opens(key: bytes, sealed: str, place: str) -> bool:
    try:
        unseal(key, sealed, place)
    except Unreadable:
        return False
    return True


def erase_one(stack: Stack, status: str) -> None:
    """Erase a household whose case stands there; no route of applications knows it any more."""
    gateway = gateway_of(stack)
    query = {"programme_id": "tuyen-quang-2026", "status": status, "limit": 1}
    case = gateway.get("applications", "/applications", OFFICER, **query)["items"][0]
    application, household = case["application_id"], case["household_id"]
    person = gateway.get("applications", f"/applications/{application}", OFFICER)["head"]
    number = person["citizen_id"] or person["cmnd"]
    sought = {"q": number or person["name"], "limit": 500}
    assert application in ids(gateway.get("applications", "/applications", OFFICER, **sought))
    body = {"ground": "PERSON_ASKED"}
    gateway.post("applications", f"/households/{household}:erase", MANAGER, body)
    wait_until_erased(stack, household)
    assert application not in ids(gateway.get("applications", "/applications", OFFICER, **sought))
    for path in (f"/applications/{application}/timeline", f"/households/{household}:export"):
        with pytest.raises(Refused) as refused:
            gateway.get("applications", path, OFFICER)
        assert refused.value.status == 404, path


def ids(page: dict[str, Any]) -> list[str]:
    return [item["application_id"] for item in page["items"]]


def account(stack: Stack) -> dict[str, Any]:
    """The programme's own budget."""
    budget: dict[str, Any] = gateway_of(stack).get("disbursement", "/budgets/tuyen-quang-2026", MANAGER)
    return budget


def ended(stack: Stack, status: str) -> int:
    """Cases whose voucher, or whose place in the line, ended so: rows that name nobody and stay."""
    statement = (
        "SELECT count(*) FROM (SELECT application_id FROM voucher WHERE status = %(status)s"
        " UNION SELECT application_id FROM waitlist WHERE status = %(status)s) AS ended"
    )
    with psycopg.connect(stack.environment["SONGBAN_DISBURSEMENT_DATABASE_URL"]) as connection:
        row = connection.execute(statement, {"status": status}).fetchone()
    return int(row[0]) if row else 0


def wait_until_erased(stack: Stack, household_id: str) -> None:
    def gone() -> bool:
        return all(
            _count(stack, service, "household_key", household_id) == 0
            for service in ("applications", "eligibility")
        )

    wait_for(gone, "every service has forgotten the household's key")


def _count(stack: Stack, service: str, table: str, household_id: str | None = None) -> int:
    where, values = (" WHERE household_id = %s", (household_id,)) if household_id else ("", ())
    with psycopg.connect(stack.environment[f"SONGBAN_{service.upper()}_DATABASE_URL"]) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}{where}", values).fetchone()
    return int(row[0]) if row else 0
