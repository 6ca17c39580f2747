"""An appeal: once, with grounds that stay sealed, only against a decision that refuses."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from services.applications import commands
from services.applications.entering import Secrets
from shared.auth import Role
from shared.events import NewEvent
from shared.privacy import unseal
from tests.races.conftest import all_at_once
from tests.support.applications import PROGRAMME, applications_bench, enter, heard
from tests.support.facts import fact
from tests.support.service import APPROVER, AUDITOR, OFFICER, Bench, actor, problem, token

GROUNDS = "Hộ Lừu Thị Mẩy đã có giấy chứng nhận hộ nghèo năm nay."


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def said(name: str, entered: dict[str, Any], **data: Any) -> NewEvent:
    """What eligibility says of an application."""
    ids = {"household_id": entered["household_id"], "programme_id": PROGRAMME}
    return fact(name, entered["application_id"], **ids, **data)


def refused(bench: Bench, outcome: str = "ineligible") -> dict[str, Any]:
    """An application that eligibility has refused."""
    entered = enter(bench)
    bench.take_in(heard("eligibility", said("eligibility.assessed", entered, outcome=outcome)))
    return entered


def appeal(bench: Bench, entered: dict[str, Any], grounds: Any = GROUNDS) -> Any:
    path = f"/applications/{entered['application_id']}:appeal"
    return bench.call("POST", path, OFFICER, json={"grounds": grounds}, key=True)


def test_an_appeal_seals_its_grounds_and_says_so_in_one_event(bench: Bench) -> None:
    entered = refused(bench)
    answer = appeal(bench, entered)
    assert (answer.status_code, answer.json["status"]) == (200, "ineligible")
    event = bench.events()[-1]
    assert (event.type, event.actor) == ("application.appealed.v1", OFFICER.subject)
    assert "Lừu" not in event.raw.decode()
    with bench.database.transaction() as session:
        ring = Secrets.of(bench.settings).ring
        key = ring.load(session, [entered["household_id"]])[entered["household_id"]]
    place = f"appeal/{entered['application_id']}"
    assert unseal(key, event.data["sealed"], place) == {"grounds": GROUNDS}
    for table in ("application", "event_log", "idempotency"):
        dump = str(bench.sql(f"SELECT t::text FROM {table} t"))
        for personal in ("Lừu", "chứng nhận"):
            assert personal not in dump, table
            assert personal.encode().hex() not in dump, table


def test_whoever_decides_the_appeal_reads_the_grounds(bench: Bench) -> None:
    entered = refused(bench)
    path = f"/applications/{entered['application_id']}?purpose=CASE_WORK"
    before: Any = bench.call("GET", path, APPROVER).json
    assert (before["grounds"], before["appealed_at"]) == (None, None)
    appeal(bench, entered)
    shown: Any = bench.call("GET", path, APPROVER).json
    assert shown["grounds"] == GROUNDS
    assert shown["appealed_at"] is not None


def test_a_rejected_application_can_be_appealed_and_the_case_goes_on(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(heard("eligibility", said("eligibility.rejected", entered)))
    assert appeal(bench, entered).json["status"] == "rejected"
    referred = said("eligibility.assessed", entered, outcome="referred")
    bench.take_in(heard("eligibility", referred))
    (item,) = bench.call("GET", "/live-state", AUDITOR).json["items"]
    assert (item["state"]["application"], item["state"]["status"]) == ("appealed", "referred")


def test_there_is_one_appeal_whatever_is_decided_next(bench: Bench) -> None:
    entered = refused(bench)
    assert appeal(bench, entered).status_code == 200
    again = appeal(bench, entered)
    assert (again.status_code, problem(again)["code"]) == (409, "ALREADY_APPEALED")
    bench.take_in(heard("eligibility", said("eligibility.rejected", entered)))
    assert problem(appeal(bench, entered))["code"] == "ALREADY_APPEALED"
    assert [event.type for event in bench.events()].count("application.appealed.v1") == 1


@pytest.mark.parametrize("state", ["draft", "submitted", "eligible", "referred", "approved", "withdrawn"])
def test_only_what_was_refused_can_be_appealed(bench: Bench, state: str) -> None:
    entered = enter(bench, submit=state != "draft")
    if state in ("eligible", "referred"):
        bench.take_in(heard("eligibility", said("eligibility.assessed", entered, outcome=state)))
    if state == "approved":
        bench.take_in(heard("eligibility", said("eligibility.approved", entered)))
    if state == "withdrawn":
        bench.take_in(heard("eligibility", said("eligibility.assessed", entered, outcome="ineligible")))
        path = f"/applications/{entered['application_id']}:withdraw"
        bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True)
    answer = appeal(bench, entered)
    assert (answer.status_code, problem(answer)["code"]) == (409, "NOT_APPEALABLE")
    assert bench.sql("SELECT grounds, appealed_at FROM application") == [(None, None)]


@pytest.mark.parametrize("grounds", ["", " ", None, 5, "x" * 2001, "a\u0007b"])
def test_an_appeal_needs_grounds(bench: Bench, grounds: Any) -> None:
    answer = appeal(bench, refused(bench), grounds)
    told = problem(answer)
    assert (answer.status_code, told["code"]) == (422, "INVALID_FIELDS")
    assert [one["field"] for one in told["facts"]["problems"]] == ["grounds"]


def test_an_appealed_application_can_still_be_withdrawn(bench: Bench) -> None:
    entered = refused(bench)
    appeal(bench, entered)
    path = f"/applications/{entered['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).json["status"] == "withdrawn"


def test_who_decides_does_not_appeal(bench: Bench) -> None:
    path = f"/applications/{refused(bench)['application_id']}:appeal"
    answer = bench.call("POST", path, APPROVER, json={"grounds": GROUNDS}, key=True)
    assert problem(answer)["code"] == "ROLE_MISSING"


def many_appeals(bench: Bench, entered: dict[str, Any], count: int = 6) -> list[int]:
    """Officers appeal at once; the statuses of the answers."""

    def send(number: int) -> int:
        who = actor(Role.OFFICER, subject=f"officer-{number}")
        headers = {"Authorization": f"Bearer {token(who)}", "Idempotency-Key": f"key-{number}"}
        path = f"/applications/{entered['application_id']}:appeal"
        return bench.app.test_client().post(path, json={"grounds": GROUNDS}, headers=headers).status_code

    return sorted(all_at_once([partial(send, number) for number in range(count)]))


def test_of_many_appeals_at_once_exactly_one_counts(bench: Bench) -> None:
    entered = refused(bench)
    assert many_appeals(bench, entered) == [200] + [409] * 5
    assert [event.type for event in bench.events()].count("application.appealed.v1") == 1


def test_control_without_the_guard_several_appeals_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = refused(bench)
    guard = "AND application_state = 'submitted' AND appealed_at IS NULL"
    unguarded = str(commands._APPEAL).replace(guard, "")
    monkeypatch.setattr(commands, "_APPEAL", text(unguarded))
    assert many_appeals(bench, entered).count(200) > 1
