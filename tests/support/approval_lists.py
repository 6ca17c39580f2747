"""Approval lists under test: drafted, posted, decided, on a clock that the test holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.auth import Actor, Role
from tests.support.eligibility import PROGRAMME, document, eligibility_bench, publish
from tests.support.service import APPROVER, COMMUNE, OFFICER, PROVINCE, Bench, actor, problem

MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)
POSTING_DAYS = 3
PROVINCIAL = actor(Role.APPROVER, subject="provincial", commune=None, province=PROVINCE)
OTHER = actor(Role.APPROVER, subject="other-chair")


def posting_bench() -> Bench:
    """A service whose programme wants its lists posted."""
    made = eligibility_bench()
    publish(made, document(version=2, approval={"mode": "list", "posting_days": POSTING_DAYS}))
    return made


def draft(bench: Bench, who: Actor = OFFICER, **body: Any) -> Any:
    wanted = {"programme_id": PROGRAMME, "commune": COMMUNE, **body}
    return bench.call("POST", "/lists", who, json=wanted, key=True)


def act(bench: Bench, list_id: str, how: str, who: Actor = APPROVER, **body: Any) -> Any:
    return bench.call("POST", f"/lists/{list_id}{how}", who, json=body or None, key=True)


def decision(clock_day: int = 23 + POSTING_DAYS + 1, **body: Any) -> dict[str, Any]:
    return {"decision_number": "12/QĐ-UBND", "decision_date": f"2026-11-{clock_day}", **body}


def show(bench: Bench, list_id: str, who: Actor = OFFICER) -> dict[str, Any]:
    answer = bench.call("GET", f"/lists/{list_id}", who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def drafted(bench: Bench, who: Actor = OFFICER, **body: Any) -> str:
    answer = draft(bench, who, **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["list_id"])


def posted(bench: Bench, **body: Any) -> str:
    list_id = drafted(bench, **body)
    assert act(bench, list_id, ":post", OFFICER).status_code == 200
    return list_id


def over(clock: Any) -> None:
    """The day after the posting."""
    clock.shift(timedelta(days=POSTING_DAYS + 1))


def ids(found: dict[str, Any]) -> list[str]:
    return [one["application_id"] for one in found["cases"]]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, problem(answer)["code"]
