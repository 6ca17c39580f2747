"""Replay equals the live tables: all four services in one process, one story with every turn, compared."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from services.audit.compare import Comparison, compare
from services.audit.verify import verify
from services.eligibility.rules import load_document
from shared.auth import Actor
from shared.folds import SERVICES
from shared.privacy import KeyRing
from tests.support.applications import form
from tests.support.disbursement import AMOUNT, CASHIER, give_money, open_shop, papers, sale
from tests.support.service import APPROVER, AUDITOR, MANAGER, OFFICER, SERVICE, Bench, bench

PROGRAMME_FILE = Path(__file__).parents[2] / "programmes" / "tuyen-quang-2026.yaml"
PROGRAMME = "tuyen-quang-2026"
DECISION = {"decision_number": "12/QĐ-UBND", "decision_date": "2026-01-15"}


@dataclass
class World:
    """The services, and how far each one's events were carried to the others."""

    services: dict[str, Bench] = field(default_factory=lambda: {name: bench(name) for name in SERVICES})
    audit: Bench = field(default_factory=lambda: bench("audit"))
    carried: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0))

    def call(self, service: str, path: str, who: Actor, json: Any = None) -> Any:
        answer = self.services[service].call("POST", path, who, json=json, key=True)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.json

    def settle(self) -> None:
        """Carry events until nobody has anything new to say."""
        while self._carry():
            pass

    def _carry(self) -> int:
        carried = 0
        for source in SERVICES:
            events = self.services[source].events()[self.carried[source] :]
            self.carried[source] += len(events)
            carried += len(events)
            for reader in (self.audit, *self.services.values()):
                handlers = import_module(f"services.{reader.service}.handlers").HANDLERS
                wanted = [event for event in events if event.type in handlers]
                if wanted and reader.service != source:
                    reader.take_in(wanted, key_source=self.keys)
        return carried

    def keys(self, session: Session, household_ids: Iterable[str]) -> Mapping[str, bytes]:
        """What `KeyClient` does over HTTP: ask applications, keep the keys in the reader's own table."""
        body = {"household_ids": sorted(set(household_ids)), "purpose": "ASSESSMENT"}
        released = (
            self.services["applications"].call("POST", "/keys:release", SERVICE, json=body).json["keys"]
        )
        keys = {household_id: base64.b64decode(key) for household_id, key in released.items()}
        KeyRing(self.audit.settings.wrapping_key).store(session, keys)
        return keys

    def live(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every service's live state, in small pages."""
        for service, one in self.services.items():
            query: dict[str, Any] = {"limit": 3}
            while True:
                page = one.call("GET", "/live-state", AUDITOR, query_string=query).json
                for item in page["items"]:
                    yield service, item["key"], item["state"]
                if page["next_cursor"] is None:
                    break
                query["cursor"] = page["next_cursor"]

    def compared(self) -> Comparison:
        self.settle()
        for one in (self.audit, *self.services.values()):
            assert one.sql("SELECT type, error FROM dead_letter") == []
        return compare(self.audit.database, self.live())

    def enter(self, number: int, **changes: Any) -> dict[str, Any]:
        head = {"citizen_id": f"0021850{number:05}", "name": f"Lừu Thị Mẩy {number}"}
        certificate = {"number": f"{number}/GCN-HN.HCN", "issued_on": "2026-01-02", "year": 2026}
        body = form(head=head, **{"certificate": certificate, **changes})
        entered: dict[str, Any] = self.call("applications", "/applications", OFFICER, body)
        return entered

    def approve(self, *application_ids: str) -> None:
        body = {**DECISION, "programme_id": PROGRAMME, "application_ids": list(application_ids)}
        self.call("eligibility", "/approval-lists", APPROVER, body)


@pytest.fixture
def world() -> World:
    """A published programme with money for two vouchers, and a shop."""
    world = World()
    document = load_document(PROGRAMME_FILE)
    world.call("eligibility", "/programmes", MANAGER, {"document": document})
    world.settle()
    give_money(world.services["disbursement"], 2 * AMOUNT)
    open_shop(world.services["disbursement"])
    return world


def assert_equal(comparison: Comparison, keys: int) -> None:
    assert comparison.differences == []
    assert comparison.equal
    assert comparison.compared == keys


def test_replay_equals_the_live_tables_after_every_turn_of_the_story(world: World) -> None:
    cases = [world.enter(number)["application_id"] for number in range(1, 8)]
    refused = world.enter(8, has_smartphone=True)["application_id"]
    draft = world.enter(9, submit=False)
    first, second, waiting, withdrawn, rejected, erased, untouched = cases
    assert_equal(world.compared(), 8 + 8 + 1 + 2)

    world.approve(first, second, waiting)
    rejection = {**DECISION, "reason": "Hộ đã chuyển đi nơi khác."}
    world.call("eligibility", f"/cases/{rejected}:reject", APPROVER, rejection)
    world.call("applications", f"/applications/{withdrawn}:withdraw", OFFICER, {"reason": "MOVED_AWAY"})
    assert_equal(world.compared(), 8 + 8 + 1 + 2 + 3)
    states = {key: state for service, key, state in world.live() if service == "disbursement"}
    assert [states[case]["status"] for case in (first, second, waiting)] == ["issued", "issued", "waitlisted"]

    disbursement = world.services["disbursement"]
    paper = next(one for one in papers(disbursement) if one["application_id"] == first)
    answer = disbursement.call("POST", "/redemptions", CASHIER, json=sale(paper), key=True)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    world.call("applications", f"/applications/{second}:withdraw", OFFICER, {"reason": "MOVED_AWAY"})
    assert_equal(world.compared(), 8 + 8 + 1 + 2 + 3)
    states = {key: state for service, key, state in world.live() if service == "disbursement"}
    assert [states[case]["status"] for case in (first, second, waiting)] == [
        "redeemed",
        "cancelled",
        "issued",
    ]

    household = next(state for _, key, state in world.live() if key == erased)["household_id"]
    world.call("applications", f"/households/{household}:erase", MANAGER, {"ground": "REQUEST"})
    world.call("applications", f"/applications/{draft['application_id']}:submit", OFFICER)
    world.call("disbursement", "/shops/shop-1:suspend", MANAGER, {"reason": "Kiểm tra"})
    assert_equal(world.compared(), 8 + 8 + 1 + 2 + 3)
    assert untouched in {key for _, key, _ in world.live()}
    assert refused in {key for _, key, _ in world.live()}
    assert verify(world.audit.database).verified


def test_a_change_behind_the_logs_back_is_found(world: World) -> None:
    case = world.enter(1)["application_id"]
    world.settle()
    world.approve(case)
    world.settle()
    disbursement = world.services["disbursement"]
    disbursement.sql("ALTER TABLE budget DISABLE TRIGGER budget_moves_by_postings")
    disbursement.sql("UPDATE budget SET allocated = allocated + 1, available = available + 1")
    world.services["applications"].sql("UPDATE application SET status = 'rejected'")
    found = {(one.service, one.key, one.field) for one in world.compared().differences}
    assert found == {
        ("disbursement", f"budget/{PROGRAMME}", "allocated"),
        ("disbursement", f"budget/{PROGRAMME}", "available"),
        ("applications", case, "status"),
    }


def test_the_replayed_funnel_is_the_services_own(world: World) -> None:
    cases = [world.enter(number)["application_id"] for number in range(1, 5)]
    world.enter(5, has_smartphone=True)
    world.settle()
    world.approve(*cases)
    world.settle()
    world.call("applications", f"/applications/{cases[0]}:withdraw", OFFICER, {"reason": "MOVED_AWAY"})
    world.settle()
    replayed = world.audit.call("GET", "/replay", AUDITOR, query_string={"programme_id": PROGRAMME}).json
    for service, names in {
        "applications": ("imported", "submitted", "withdrawn"),
        "eligibility": ("eligible", "ineligible", "referred", "approved", "rejected"),
        "disbursement": ("issued", "waitlisted", "redeemed", "expired", "cancelled"),
    }.items():
        query = {"programme_id": PROGRAMME}
        live = world.services[service].call("GET", "/funnel", AUDITOR, query_string=query).json
        assert {name: live[name] for name in names} == {name: replayed[name] for name in names}
