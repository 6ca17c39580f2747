"""What the other services say moves an application's status, in whatever order their streams arrive."""

from typing import Any
from uuid import uuid4

import pytest

from shared.events import NewEvent
from tests.support.applications import PROGRAMME, applications_bench, enter, heard
from tests.support.service import MANAGER, OFFICER, Bench, problem

TERMS = {"amount": 500_000, "minimum_price": 500_000}


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def case(entered: dict[str, Any], **more: Any) -> dict[str, Any]:
    ids = {name: entered[name] for name in ("application_id", "household_id")}
    return {**ids, "programme_id": PROGRAMME, **more}


def assessed(entered: dict[str, Any], outcome: str = "eligible") -> NewEvent:
    rules = {"programme_version": 1, "digest": "0" * 64, "outcome": outcome, "sealed": "x"}
    return NewEvent(
        "eligibility.assessed.v1",
        entered["application_id"],
        case(entered, commune="01075", **rules),
        "service",
    )


def approved(entered: dict[str, Any]) -> NewEvent:
    decision = {"decision_number": "1", "decision_date": "2026-03-01", "approved_by": "chair", "position": 1}
    terms = {"commune": "01075", "programme_version": 1, "validity_days": 90, **TERMS}
    return NewEvent(
        "eligibility.approved.v1", entered["application_id"], case(entered, **decision, **terms), "chair"
    )


def rejected(entered: dict[str, Any]) -> NewEvent:
    decision = {"decision_number": "1", "decision_date": "2026-03-01", "rejected_by": "chair", "sealed": "x"}
    return NewEvent("eligibility.rejected.v1", entered["application_id"], case(entered, **decision), "chair")


def issued(entered: dict[str, Any]) -> NewEvent:
    voucher = {"voucher_id": str(uuid4()), "commune": "01075", "expires_on": "2026-12-01", **TERMS}
    voucher["budget_id"] = PROGRAMME
    return NewEvent("voucher.issued.v1", entered["application_id"], case(entered, **voucher), "service")


def redeemed(entered: dict[str, Any]) -> NewEvent:
    sale = {
        "voucher_id": str(uuid4()),
        "redemption_id": str(uuid4()),
        "shop_id": "shop-1",
        "enterprise_id": "telecom-1",
        "sold_by": "counter",
        "sold_on": "2026-06-01",
        "receipt": None,
        "imeis": ["a" * 64],
        "model": "X",
        "price": 600_000,
        "subsidy": 500_000,
    }
    return NewEvent("voucher.redeemed.v1", entered["application_id"], case(entered, **sale), "shop")


def reversed_(entered: dict[str, Any]) -> NewEvent:
    back = {"voucher_id": str(uuid4()), "redemption_id": str(uuid4()), "subsidy": 500_000}
    why = {"reason": "RETURNED", "approved_by": "manager"}
    return NewEvent("voucher.reversed.v1", entered["application_id"], case(entered, **back, **why), "manager")


def status(bench: Bench, entered: dict[str, Any]) -> str:
    return str(bench.sql("SELECT status FROM application WHERE id = :id", id=entered["application_id"])[0][0])


def test_the_status_follows_both_services(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(heard("eligibility", assessed(entered)))
    assert status(bench, entered) == "assessed"
    bench.take_in(heard("eligibility", approved(entered)))
    assert status(bench, entered) == "approved"
    bench.take_in(heard("disbursement", issued(entered)))
    assert status(bench, entered) == "voucher_issued"
    bench.take_in(heard("disbursement", redeemed(entered)))
    assert status(bench, entered) == "redeemed"
    bench.take_in(heard("disbursement", reversed_(entered)))
    assert status(bench, entered) == "voucher_issued"


def test_the_order_between_the_streams_does_not_matter(bench: Bench) -> None:
    entered = enter(bench)
    late = heard("eligibility", assessed(entered))
    bench.take_in(heard("disbursement", issued(entered), redeemed(entered)))
    bench.take_in(late)
    assert status(bench, entered) == "redeemed"
    state = bench.sql("SELECT eligibility_state, disbursement_state FROM application")
    assert state == [("eligible", "redeemed")]


def test_one_batch_moves_many_cases_and_skips_the_unknown(bench: Bench) -> None:
    entered = [enter(bench, head={"citizen_id": f"00218500000{n}"}) for n in range(3)]
    unknown = {"application_id": str(uuid4()), "household_id": str(uuid4())}
    batch = [
        assessed(entered[0]),
        assessed(entered[1], "referred"),
        assessed(unknown),
        assessed(entered[2], "ineligible"),
        rejected(entered[1]),
    ]
    bench.take_in(heard("eligibility", *batch))
    assert [status(bench, one) for one in entered] == ["assessed", "rejected", "ineligible"]
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def test_a_withdrawn_application_stays_withdrawn(bench: Bench) -> None:
    entered = enter(bench)
    path = f"/applications/{entered['application_id']}:withdraw"
    bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True)
    bench.take_in(heard("eligibility", assessed(entered)))
    assert status(bench, entered) == "withdrawn"


def test_what_was_redeemed_cannot_be_withdrawn(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(heard("disbursement", redeemed(entered)))
    path = f"/applications/{entered['application_id']}:withdraw"
    answer = bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True)
    assert (answer.status_code, problem(answer)["code"]) == (409, "ALREADY_REDEEMED")


def test_events_about_an_erased_household_change_nothing(bench: Bench) -> None:
    entered = enter(bench)
    erase = f"/households/{entered['household_id']}:erase"
    bench.call("POST", erase, MANAGER, json={"ground": "PERSON_ASKED"}, key=True)
    bench.take_in(heard("eligibility", assessed(entered)))
    assert bench.sql("SELECT count(*) FROM application")[0][0] == 0
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def test_the_live_state_tells_each_services_word(bench: Bench) -> None:
    from tests.support.service import AUDITOR

    entered = enter(bench)
    bench.take_in(heard("eligibility", assessed(entered)))
    (item,) = bench.call("GET", "/live-state", AUDITOR).json["items"]
    assert item == {
        "key": entered["application_id"],
        "state": {
            "household_id": entered["household_id"],
            "programme_id": PROGRAMME,
            "commune": "01075",
            "revision": 1,
            "application": "submitted",
            "eligibility": "eligible",
            "disbursement": None,
            "status": "assessed",
        },
    }
