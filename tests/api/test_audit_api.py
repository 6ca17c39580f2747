"""The audit service's routes: ledger, timelines within an area, replay as of a date, compare."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import BaseWSGIServer, make_server

from services.audit.compare import LiveStateUnavailable, compare_states, live_states
from services.audit.replay import replay
from shared.auth import Actor, Role
from shared.auth.client import ServiceTokens
from shared.db import Database
from shared.events import Envelope
from shared.events.envelope import new_id
from shared.folds import SERVICES
from tests.support.facts import PROGRAMME, fact
from tests.support.service import (
    APPROVER,
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    bench,
    foreign_events,
    problem,
)

PAYER = actor(Role.PAYER, commune=None)
STRANGER = actor(Role.OFFICER, commune=OTHER_COMMUNE)
SECRETS = ("sealed", "persons", "imeis", "certificate", "village", "household")
SOME_CASE = "01900000-0000-7000-8000-000000000001"
"""Fixed, so that parallel workers collect the same tests."""

ROUTES = ("/ledger", f"/cases/{SOME_CASE}", "/replay", "/checks/compare", "/checks/verify")


@pytest.fixture(scope="module")
def audit() -> Bench:
    return bench("audit")


def take_in_case(audit: Bench, case: str, until: str = "voucher.redeemed", **data: Any) -> list[Envelope]:
    """One case on its way to `until`, which the ledger takes in."""
    steps = (
        ("applications", "application.submitted"),
        ("eligibility", "eligibility.assessed"),
        ("eligibility", "eligibility.approved"),
        ("disbursement", "voucher.issued"),
        ("disbursement", "voucher.redeemed"),
    )
    wanted = [name for _, name in steps].index(until) + 1
    events = [
        event
        for service, name in steps[:wanted]
        for event in foreign_events(service, [fact(name, case, **data)])
    ]
    audit.take_in(events)
    return events


def moment(event: Envelope) -> datetime:
    return datetime.fromisoformat(event.time)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "who", [OFFICER, APPROVER, MANAGER, SHOP, PAYER, SERVICE], ids=lambda one: one.subject
)
def test_only_auditors_read_the_ledger_and_the_checks(audit: Bench, path: str, who: Actor) -> None:
    assert problem(audit.call("GET", path, who))["code"] == "ROLE_MISSING"


@pytest.mark.parametrize("path", [*ROUTES, f"/cases/{SOME_CASE}/timeline"])
def test_nobody_reads_without_a_token(audit: Bench, path: str) -> None:
    assert problem(audit.call("GET", path))["code"] == "TOKEN_MISSING"


def test_the_ledger_reads_page_by_page(audit: Bench) -> None:
    take_in_case(audit, new_id())
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = audit.call("GET", "/ledger", AUDITOR, query_string=query).json
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["index"] for item in found] == list(range(len(found)))
    assert len(found) == audit.sql("SELECT size FROM ledger_head")[0].size
    assert {item["hash"] for item in found} == {row.hash for row in audit.sql("SELECT hash FROM ledger")}
    assert all(item["event"]["id"] == item["event_id"] for item in found)


def test_a_foreign_cursor_is_refused(audit: Bench) -> None:
    for cursor in ("!!", "WyJhIl0"):
        answer = audit.call("GET", "/ledger", AUDITOR, query_string={"cursor": cursor})
        assert problem(answer)["code"] == "CURSOR_INVALID"


@pytest.mark.parametrize("who", [OFFICER, APPROVER, MANAGER, PAYER, AUDITOR], ids=lambda one: one.subject)
def test_staff_read_a_timeline_in_their_area(audit: Bench, who: Actor) -> None:
    case = new_id()
    events = take_in_case(audit, case)
    answer = audit.call("GET", f"/cases/{case}/timeline", who)
    assert answer.status_code == 200
    items = answer.json["items"]
    assert [item["type"] for item in items] == [event.type for event in events]
    assert items[1]["summary"]["outcome"] == "eligible"
    assert items[2]["summary"]["decision_number"] == "12/QĐ-UBND"
    assert (items[4]["service"], items[4]["summary"]["subsidy"]) == ("disbursement", 450_000)
    assert not any(secret in str(items) for secret in SECRETS)


def test_a_case_of_another_area_does_not_exist(audit: Bench) -> None:
    case = new_id()
    take_in_case(audit, case)
    for who in (
        STRANGER,
        actor(Role.MANAGER, commune=None, province="14"),
        actor(Role.OFFICER, commune=None),
    ):
        assert problem(audit.call("GET", f"/cases/{case}/timeline", who))["code"] == "NOT_FOUND"
    assert problem(audit.call("GET", f"/cases/{new_id()}/timeline", OFFICER))["code"] == "NOT_FOUND"
    assert problem(audit.call("GET", f"/cases/{case}/timeline", SHOP))["code"] == "ROLE_MISSING"


def test_a_corrected_commune_moves_the_case_to_its_area(audit: Bench) -> None:
    case = new_id()
    take_in_case(audit, case, until="application.submitted")
    audit.take_in(
        foreign_events("applications", [fact("application.corrected", case, commune=OTHER_COMMUNE)])
    )
    assert audit.call("GET", f"/cases/{case}/timeline", STRANGER).status_code == 200
    assert audit.call("GET", f"/cases/{case}/timeline", OFFICER).status_code == 404


def test_who_read_a_case_is_for_auditors_alone(audit: Bench) -> None:
    case = new_id()
    take_in_case(audit, case, until="application.submitted")
    read = fact("access.recorded", case)
    audit.take_in(foreign_events("applications", [read]))

    def types(who: Actor) -> list[str]:
        items = audit.call("GET", f"/cases/{case}/timeline", who).json["items"]
        return [item["type"] for item in items]

    assert types(OFFICER) == ["application.submitted.v1"]
    assert types(AUDITOR) == ["application.submitted.v1", "access.recorded.v1"]


def test_a_case_reads_as_of_a_moment(audit: Bench) -> None:
    case = new_id()
    events = take_in_case(audit, case)
    path = f"/cases/{case}"
    whole = audit.call("GET", path, AUDITOR).json
    assert whole["events"] == 5
    assert whole["states"]["applications"]["status"] == "redeemed"
    assessed = moment(events[1])
    then = audit.call("GET", path, AUDITOR, query_string={"as_of": assessed.isoformat()}).json
    assert then["events"] == 2
    assert datetime.fromisoformat(then["as_of"]) == assessed
    assert then["states"]["applications"]["status"] == "assessed"
    assert then["states"]["eligibility"]["outcome"] == "eligible"
    assert then["states"]["disbursement"] is None
    before = {"as_of": (moment(events[0]) - timedelta(seconds=1)).isoformat()}
    early = audit.call("GET", path, AUDITOR, query_string=before).json
    assert early["states"] == {"applications": None, "eligibility": None, "disbursement": None}


def test_an_unknown_case_and_a_strange_date_are_refused(audit: Bench) -> None:
    assert problem(audit.call("GET", f"/cases/{new_id()}", AUDITOR))["code"] == "NOT_FOUND"
    answer = audit.call("GET", f"/cases/{new_id()}", AUDITOR, query_string={"as_of": "yesterday"})
    assert problem(answer)["code"] == "INVALID_FIELDS"


@pytest.fixture
def fresh() -> Bench:
    """A ledger of three cases: redeemed, issued and one of another programme that is only assessed."""
    made = bench("audit")
    made.take_in(foreign_events("disbursement", [fact("budget.allocated", programme_id=f"p-{new_id()}")]))
    take_in_case(made, new_id())
    take_in_case(made, new_id(), until="voucher.issued")
    take_in_case(made, new_id(), until="eligibility.assessed", programme_id="national", outcome="referred")
    return made


def test_the_funnel_by_replay(fresh: Bench) -> None:
    answer = fresh.call("GET", "/replay", AUDITOR).json
    assert answer["events"] == 12
    assert answer["as_of"] is None
    by_programme = {item["programme_id"]: item for item in answer["programmes"]}
    ours = by_programme[PROGRAMME]
    counts = {name: ours[name] for name in ("imported", "eligible", "approved", "issued", "redeemed")}
    assert counts == {"imported": 2, "eligible": 2, "approved": 2, "issued": 2, "redeemed": 1}
    assert by_programme["national"]["referred"] == 1
    assert (answer["imported"], answer["referred"], answer["redeemed"]) == (3, 1, 1)
    narrowed = fresh.call("GET", "/replay", AUDITOR, query_string={"programme_id": "national"}).json
    assert (narrowed["imported"], narrowed["referred"]) == (1, 1)
    assert [item["programme_id"] for item in narrowed["programmes"]] == ["national"]


def test_the_funnel_as_of_a_date_knows_nothing_later(fresh: Bench) -> None:
    long_ago = {"as_of": "2020-01-01T00:00:00Z"}
    answer = fresh.call("GET", "/replay", AUDITOR, query_string=long_ago).json
    assert (answer["events"], answer["imported"], answer["programmes"]) == (0, 0, [])
    redeemed = fresh.sql("SELECT time FROM ledger WHERE type = 'voucher.redeemed.v1'")[0].time
    just_before = (redeemed - timedelta(microseconds=1)).astimezone(UTC).isoformat()
    answer = fresh.call("GET", "/replay", AUDITOR, query_string={"as_of": just_before}).json
    assert (answer["redeemed"], answer["issued"]) == (0, 1)


def live_of(database: Database) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What services would show whose tables agree with the ledger."""
    folded = replay(database).replay
    for service in SERVICES:
        for key, shape in folded.live_state(service):
            yield service, key, shape


def compared(audit: Bench, live: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    audit.app.extensions["live_states"] = lambda: live
    answer: dict[str, Any] = audit.call("GET", "/checks/compare", AUDITOR).json
    return answer


def test_live_tables_that_agree_are_equal(fresh: Bench) -> None:
    live = list(live_of(fresh.database))
    answer = compared(fresh, live)
    assert answer == {
        "equal": True,
        "events": 12,
        "compared": len(live),
        "different": 0,
        "differences": [],
    }


def test_every_kind_of_difference_is_reported(fresh: Bench) -> None:
    live = list(live_of(fresh.database))
    cases = [place for place, (service, _, _) in enumerate(live) if service == "applications"]
    _, changed, state = live[cases[0]]
    live[cases[0]] = ("applications", changed, {**state, "status": "expired", "colour": "red"})
    _, missing, missing_state = live.pop(cases[1])
    live.append(("disbursement", "shop/nobody", {"status": "active"}))
    answer = compared(fresh, live)
    assert not answer["equal"]
    differences = {
        (d["service"], d["key"], d["field"]): (d["live"], d["replayed"]) for d in answer["differences"]
    }
    assert differences == {
        ("applications", changed, "status"): ("expired", state["status"]),
        ("applications", changed, "colour"): ("red", None),
        ("applications", missing, None): (None, missing_state),
        ("disbursement", "shop/nobody", None): ({"status": "active"}, None),
    }
    assert answer["different"] == 4


def test_differences_are_counted_in_full_and_shown_in_part(fresh: Bench) -> None:
    folded = replay(fresh.database).replay
    strange = [("applications", new_id(), {}) for _ in range(150)]
    comparison = compare_states(folded, strange)
    known = sum(1 for service in SERVICES for _ in folded.live_state(service))
    assert (comparison.different, len(comparison.differences)) == (150 + known, 100)


def test_a_service_that_is_down_stops_the_comparison(fresh: Bench) -> None:
    def down() -> Iterator[tuple[str, str, dict[str, Any]]]:
        raise LiveStateUnavailable("eligibility", requests.ConnectionError("refused"))
        yield

    fresh.app.extensions["live_states"] = down
    answer = problem(fresh.call("GET", "/checks/compare", AUDITOR))
    assert (answer["status"], answer["code"]) == (503, "LIVE_STATE_UNAVAILABLE")


def serving(answer: Flask) -> BaseWSGIServer:
    """A real HTTP server on a free port, in a thread."""
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def three_services() -> tuple[Flask, list[str]]:
    """Stands in for the three services and the issuer: two pages each, and a token that is refused once."""
    app, used = Flask("stand-in"), []

    @app.post("/token")
    def token() -> dict[str, Any]:
        return {"access_token": f"token-{len(used)}", "expires_in": 3600}

    @app.get("/<service>/live-state")
    def live_state(service: str) -> Any:
        used.append(request.headers["Authorization"])
        if used[-1] == "Bearer token-0":
            return {}, 401
        key = request.args.get("cursor", "first")
        more = "second" if key == "first" else None
        return {"items": [{"key": key, "state": {"service": service}}], "next_cursor": more}

    return app, used


def test_live_states_are_read_page_by_page_with_a_fresh_token() -> None:
    app, used = three_services()
    server = serving(app)
    url = f"http://127.0.0.1:{server.server_port}"
    tokens = ServiceTokens(f"{url}/token", "audit", "secret")
    found = list(live_states({service: f"{url}/{service}" for service in SERVICES}, tokens))
    server.shutdown()
    pages = [(service, key) for service in SERVICES for key in ("first", "second")]
    assert [(service, key) for service, key, _ in found] == pages
    assert all(state == {"service": service} for service, _, state in found)
    assert used == ["Bearer token-0", *["Bearer token-1"] * 6]


def test_a_service_without_an_answer_is_named() -> None:
    tokens = ServiceTokens("http://127.0.0.1:1/token", "audit", "secret")
    with pytest.raises(LiveStateUnavailable, match="applications"):
        list(live_states(dict.fromkeys(SERVICES, "http://127.0.0.1:1"), tokens))


def test_reading_the_ledger_writes_no_event(audit: Bench) -> None:
    take_in_case(audit, new_id())
    page = audit.call("GET", "/ledger", AUDITOR)
    assert page.status_code == 200
    assert page.json["items"]
    assert audit.events() == []
