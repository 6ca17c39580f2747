"""A voucher's life without a phone: cancelled, expired, made anew when lost, locked and opened."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.disbursement.domain import UNLOCKS, local_date
from services.disbursement.ending import expire_due
from services.disbursement.jobs import JOBS, expire_vouchers
from shared.auth import Role
from shared.folds import Replay
from shared.jobs import JobContext
from tests.support.disbursement import (
    AMOUNT,
    CASHIER,
    PROGRAMME,
    approvals,
    broken,
    budget,
    cashier,
    give_money,
    open_shop,
    other_pin,
    papers,
    sale,
)
from tests.support.service import (
    APPROVER,
    AUDITOR,
    COMMUNE,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    bench,
    problem,
)

ELSEWHERE = actor(Role.APPROVER, commune=OTHER_COMMUNE)
NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def desk() -> Bench:
    """Money for three, three vouchers out and one case waiting; one shop."""
    made = bench("disbursement")
    give_money(made, 3 * AMOUNT)
    open_shop(made)
    made.take_in(approvals(4))
    return made


def act(desk: Bench, word: str, voucher_id: str, who: Any = MANAGER, reason: str = "LOST") -> Any:
    return desk.call("POST", f"/vouchers/{voucher_id}:{word}", who, json={"reason": reason}, key=True)


def redeem(desk: Bench, body: dict[str, Any], who: Any = CASHIER) -> Any:
    return desk.call("POST", "/redemptions", who, json=body, key=True)


def refusal_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(problem(answer)["code"])


def statuses(desk: Bench) -> list[str]:
    return list(desk.sql("SELECT array_agg(status ORDER BY voucher_id) FROM voucher")[0][0])


def check_replay(desk: Bench) -> None:
    """Everything ties, and the live tables are the fold of the service's own events."""
    assert broken(desk) == {}
    replay = Replay()
    for event in desk.events():
        replay.feed({"type": event.type, "data": event.data})
    items: Sequence[dict[str, Any]] = desk.call("GET", "/live-state", SERVICE).json["items"]
    live = {item["key"]: item["state"] for item in items}
    folded = dict(replay.live_state("disbursement"))
    money = [key for key in folded if not key.startswith(("shop/", "enterprise/"))]
    assert {key: live[key] for key in money} == {key: folded[key] for key in money}


# Cancelling


def test_a_cancelled_voucher_is_dead_and_its_money_serves_who_waits(desk: Bench) -> None:
    paper = papers(desk)[0]
    answer = act(desk, "cancel", paper["voucher_id"], reason="ISSUED_IN_ERROR")
    assert (answer.json["status"], answer.json["ended_reason"]) == ("cancelled", "ISSUED_IN_ERROR")
    assert statuses(desk) == ["cancelled", "issued", "issued", "issued"]
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_CANCELLED"
    cancelled = next(event for event in desk.events() if event.type == "voucher.cancelled.v1")
    assert (cancelled.actor, cancelled.data["reason"]) == (MANAGER.subject, "ISSUED_IN_ERROR")
    assert budget(desk) == (3 * AMOUNT, 0, 3 * AMOUNT, 0)
    check_replay(desk)


def test_only_a_manager_of_the_area_cancels_and_only_what_is_out(desk: Bench) -> None:
    used, other, *_ = papers(desk)
    assert redeem(desk, sale(used)).status_code == 201
    for who in (OFFICER, APPROVER, AUDITOR, SHOP):
        assert refusal_of(act(desk, "cancel", other["voucher_id"], who), 403) == "ROLE_MISSING"
    elsewhere = actor(Role.MANAGER, commune=None, province="14")
    assert refusal_of(act(desk, "cancel", other["voucher_id"], elsewhere), 404) == "NOT_FOUND"
    assert refusal_of(act(desk, "cancel", NOWHERE), 404) == "NOT_FOUND"
    assert refusal_of(act(desk, "cancel", used["voucher_id"]), 409) == "VOUCHER_USED"
    assert act(desk, "cancel", other["voucher_id"]).status_code == 200
    assert refusal_of(act(desk, "cancel", other["voucher_id"]), 409) == "VOUCHER_CANCELLED"
    assert refusal_of(act(desk, "cancel", other["voucher_id"], reason="because"), 422) == "INVALID_FIELDS"
    check_replay(desk)


# Expiring


def test_the_job_expires_what_is_due_and_serves_who_waits(desk: Bench) -> None:
    due, good, *_ = papers(desk)
    today = local_date(datetime.now(UTC))
    for paper, day in ((due, today - timedelta(days=1)), (good, today)):
        desk.sql(
            "UPDATE voucher SET expires_on = :d WHERE voucher_id = CAST(:v AS uuid)",
            d=day,
            v=paper["voucher_id"],
        )
    assert not expire_vouchers(JobContext(desk.settings, desk.database))
    assert statuses(desk) == ["expired", "issued", "issued", "issued"]
    assert desk.events()[-1].data["application_id"] not in {due["application_id"], good["application_id"]}
    assert refusal_of(redeem(desk, sale(due)), 409) == "VOUCHER_EXPIRED"
    assert redeem(desk, sale(good)).status_code == 201
    assert broken(desk) == {}
    assert "expiry" in [job.name for job in JOBS]


def test_the_job_asks_to_go_on_while_more_may_be_due(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sql("UPDATE voucher SET expires_on = '2026-01-01'")
    monkeypatch.setattr("services.disbursement.jobs.EXPIRED_AT_ONCE", 2)
    monkeypatch.setattr(
        "services.disbursement.jobs.expire_due",
        lambda session, today, now: expire_due(session, today, now, limit=2),
    )
    context = JobContext(desk.settings, desk.database)
    assert [expire_vouchers(context), expire_vouchers(context)] == [True, False]
    assert sorted(statuses(desk)) == ["expired", "expired", "expired", "issued"]


# Reissuing


def test_a_lost_voucher_gets_a_successor_with_its_own_code_and_pin_and_the_old_one_is_dead(
    desk: Bench,
) -> None:
    old = papers(desk)[0]
    before = budget(desk)
    answer = act(desk, "reissue", old["voucher_id"], APPROVER)
    assert answer.status_code == 201
    assert (answer.json["replaces"], answer.json["status"]) == (old["voucher_id"], "issued")
    assert not {"code", "pin"} & set(answer.json)
    (new,) = papers(desk, [old["application_id"]])
    assert new["voucher_id"] == answer.json["voucher_id"]
    assert (new["amount"], new["expires_on"]) == (old["amount"], old["expires_on"])
    assert new["code"] != old["code"]
    assert new["pin"] != old["pin"]
    assert refusal_of(redeem(desk, sale(old)), 409) == "VOUCHER_REISSUED"
    assert refusal_of(redeem(desk, sale(new, pin=old["pin"])), 409) == "PIN_WRONG"
    assert budget(desk) == before
    assert redeem(desk, sale(new)).status_code == 201
    reissued = next(event for event in desk.events() if event.type == "voucher.reissued.v1")
    assert (reissued.data["replaces"], reissued.data["reason"]) == (old["voucher_id"], "LOST")
    check_replay(desk)


def test_a_reissue_holds_its_reservation_when_nothing_else_is_left(desk: Bench) -> None:
    """The budget is empty and somebody waits: the lost voucher's money is never free for him."""
    assert budget(desk)[1] == 0
    for _ in range(3):
        (paper, *_rest) = papers(desk)
        assert act(desk, "reissue", paper["voucher_id"]).status_code == 201
    assert desk.sql("SELECT count(*) FROM waitlist WHERE status = 'waiting'")[0][0] == 1
    assert sorted(statuses(desk)) == ["issued"] * 3 + ["reissued"] * 3
    funnel = desk.call("GET", f"/funnel?programme_id={PROGRAMME}", OFFICER).json
    assert (funnel["issued"], funnel["outstanding"], funnel["reissued"]) == (6, 3, 3)
    check_replay(desk)


def test_what_is_used_lost_already_or_out_of_date_is_not_made_anew(desk: Bench) -> None:
    used, lost, late = papers(desk)
    assert redeem(desk, sale(used)).status_code == 201
    assert act(desk, "reissue", lost["voucher_id"]).status_code == 201
    desk.sql(
        "UPDATE voucher SET expires_on = '2026-01-01' WHERE voucher_id = CAST(:v AS uuid)",
        v=late["voucher_id"],
    )
    assert refusal_of(act(desk, "reissue", used["voucher_id"]), 409) == "VOUCHER_USED"
    assert refusal_of(act(desk, "reissue", lost["voucher_id"]), 409) == "VOUCHER_REISSUED"
    assert refusal_of(act(desk, "reissue", late["voucher_id"]), 409) == "VOUCHER_EXPIRED"
    assert refusal_of(act(desk, "reissue", late["voucher_id"], ELSEWHERE), 404) == "NOT_FOUND"
    for who in (OFFICER, AUDITOR, SHOP):
        assert refusal_of(act(desk, "reissue", late["voucher_id"], who), 403) == "ROLE_MISSING"


def test_the_same_key_makes_one_successor(desk: Bench) -> None:
    paper = papers(desk)[0]
    path = f"/vouchers/{paper['voucher_id']}:reissue"
    answers = [
        desk.call("POST", path, MANAGER, json={"reason": "LOST"}, key="lost").get_data() for _ in range(3)
    ]
    assert len(set(answers)) == 1
    assert desk.sql("SELECT count(*) FROM voucher")[0][0] == 4


# The PIN's lock


def lock(desk: Bench, paper: dict[str, Any], who: Any = CASHIER) -> None:
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    for _ in range(4):
        assert refusal_of(redeem(desk, wrong, who), 409) == "PIN_WRONG"
    assert refusal_of(redeem(desk, wrong, who), 409) == "VOUCHER_LOCKED"


def test_five_wrong_pins_lock_a_voucher_and_the_office_opens_it_with_its_pin_unchanged(desk: Bench) -> None:
    paper = papers(desk)[0]
    lock(desk, paper)
    locked = desk.events()[-1]
    assert (locked.type, locked.data["shop_id"]) == ("voucher.locked.v1", SHOP.shop_id)
    assert locked.data["voucher_id"] == paper["voucher_id"]
    assert refusal_of(redeem(desk, sale(paper)), 409) == "VOUCHER_LOCKED"
    check_replay(desk)
    answer = act(desk, "unlock", paper["voucher_id"], APPROVER, "HOUSEHOLD_CAME")
    assert (answer.status_code, answer.json["locked"]) == (200, False)
    assert desk.events()[-1].data["reason"] == "HOUSEHOLD_CAME"
    check_replay(desk)
    assert redeem(desk, sale(paper)).status_code == 201


def test_a_voucher_is_opened_three_times_and_then_only_a_new_one_helps(desk: Bench) -> None:
    paper = papers(desk)[0]
    for number in range(2, 2 + UNLOCKS):
        open_shop(desk, f"shop-{number}")
        lock(desk, paper, cashier(f"shop-{number}"))
        assert act(desk, "unlock", paper["voucher_id"]).status_code == 200
    lock(desk, paper)
    assert refusal_of(act(desk, "unlock", paper["voucher_id"]), 409) == "VOUCHER_UNLOCKED_TOO_OFTEN"
    assert act(desk, "reissue", paper["voucher_id"]).status_code == 201
    (new,) = papers(desk, [paper["application_id"]])
    assert refusal_of(act(desk, "unlock", new["voucher_id"]), 409) == "VOUCHER_NOT_LOCKED"
    assert redeem(desk, sale(new)).status_code == 201
    check_replay(desk)


def test_what_is_not_locked_not_here_or_not_out_is_not_opened(desk: Bench) -> None:
    good, used, _ = papers(desk)
    assert redeem(desk, sale(used)).status_code == 201
    assert refusal_of(act(desk, "unlock", good["voucher_id"]), 409) == "VOUCHER_NOT_LOCKED"
    assert refusal_of(act(desk, "unlock", used["voucher_id"]), 409) == "VOUCHER_USED"
    assert refusal_of(act(desk, "unlock", good["voucher_id"], ELSEWHERE), 404) == "NOT_FOUND"
    for who in (OFFICER, AUDITOR, SHOP):
        assert refusal_of(act(desk, "unlock", good["voucher_id"], who), 403) == "ROLE_MISSING"


def test_all_tries_that_a_voucher_ever_allows_are_twenty(desk: Bench) -> None:
    """The bound that docs/security.md counts with: 20 of 1,000,000 PINs, whatever the office does."""
    (paper, *_) = papers(desk)
    wrong = sale(paper, pin=other_pin(paper["pin"]))
    tries = 0
    for number in range(2, 8):
        open_shop(desk, f"shop-{number}")
        for _ in range(8):
            counted = desk.sql("SELECT max(pin_attempts) FROM voucher")[0][0]
            redeem(desk, wrong, cashier(f"shop-{number}"))
            tries += desk.sql("SELECT max(pin_attempts) FROM voucher")[0][0] - counted
        act(desk, "unlock", paper["voucher_id"])
    assert tries == 20


def test_the_list_shows_what_is_locked_and_what_replaced_what(desk: Bench) -> None:
    locked, lost, _ = papers(desk)
    lock(desk, locked)
    new = act(desk, "reissue", lost["voucher_id"], reason="DAMAGED").json["voucher_id"]
    page = desk.call("GET", f"/vouchers?programme_id={PROGRAMME}&commune={COMMUNE}", OFFICER).json["items"]
    found = {one["voucher_id"]: one for one in page}
    assert found[locked["voucher_id"]]["locked"]
    assert (found[lost["voucher_id"]]["status"], found[lost["voucher_id"]]["ended_reason"]) == (
        "reissued",
        "DAMAGED",
    )
    assert found[new]["replaces"] == lost["voucher_id"]
    only = desk.call("GET", "/vouchers?status=reissued", OFFICER).json["items"]
    assert [one["voucher_id"] for one in only] == [lost["voucher_id"]]
