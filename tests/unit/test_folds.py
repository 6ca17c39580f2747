"""The folds: what events make of the three services' states, whatever the order between streams."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events import CATALOGUE
from shared.folds import (
    FOLDED_TYPES,
    Replay,
    fold_applications,
    fold_disbursement,
    fold_eligibility,
    funnel,
    show_application,
    show_disbursement,
    show_eligibility,
    total,
)
from tests.support.facts import (
    CASE,
    DIGEST,
    HOUSEHOLD,
    LIST,
    NEW_VOUCHER,
    OTHER,
    PROGRAMME,
    REDEMPTION,
    VOUCHER,
    fact,
)

BUDGET = f"budget/{PROGRAMME}"


def event(name: str, case: str = CASE, **data: Any) -> dict[str, Any]:
    """A fact as a fold reads it."""
    new = fact(name, case, **data)
    return {"type": new.type, "data": new.data}


def replayed(events: Sequence[dict[str, Any]]) -> Replay:
    replay = Replay()
    for one in events:
        replay.feed(one)
    return replay


def shown(events: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    replay = replayed(events)
    return {service: dict(replay.live_state(service)) for service in replay.states}


def test_a_case_reads_in_each_service_as_the_contract_says() -> None:
    states = shown(
        [
            event("programme.published"),
            event("budget.allocated", amount=2_000_000),
            event("shop.registered"),
            event("application.submitted"),
            event("eligibility.assessed"),
            event("eligibility.approved"),
            event("voucher.issued"),
            event("voucher.redeemed"),
        ]
    )
    assert states == {
        "applications": {
            CASE: {
                "household_id": HOUSEHOLD,
                "programme_id": PROGRAMME,
                "commune": "01075",
                "revision": 1,
                "application": "submitted",
                "eligibility": "approved",
                "disbursement": "redeemed",
                "status": "redeemed",
            }
        },
        "eligibility": {
            CASE: {
                "household_id": HOUSEHOLD,
                "programme_id": PROGRAMME,
                "commune": "01075",
                "outcome": "eligible",
                "programme_version": 1,
                "digest": DIGEST,
                "status": "approved",
                "decision_number": "12/QĐ-UBND",
                "decision_date": "2026-11-20",
                "approved_by": "chu-tich",
                "position": 7,
                "amount": 500_000,
                "taken_by": None,
                "withdrawn": False,
            },
            f"programme/{PROGRAMME}": {"version": 1, "digest": DIGEST, "status": "published"},
        },
        "disbursement": {
            CASE: {
                "budget_id": PROGRAMME,
                "voucher_id": VOUCHER,
                "status": "redeemed",
                "locked": False,
                "amount": 500_000,
                "expires_on": "2027-01-31",
                "position": None,
                "redemption_id": REDEMPTION,
                "shop_id": "shop-1",
                "price": 450_000,
                "subsidy": 450_000,
            },
            BUDGET: {
                "allocated": 2_000_000,
                "available": 1_550_000,
                "reserved": 0,
                "spent": 450_000,
                "distributed": 0,
            },
            "shop/shop-1": {
                "enterprise_id": "telecom-1",
                "name": "Cửa hàng 1",
                "commune": "01075",
                "status": "active",
            },
        },
    }


@pytest.mark.parametrize(
    ("names", "application", "eligibility", "disbursement", "status"),
    [
        (["application.submitted"], "submitted", None, None, "submitted"),
        (["application.submitted", "eligibility.assessed"], "submitted", "eligible", None, "assessed"),
        (["eligibility.assessed", "application.submitted"], "submitted", "eligible", None, "assessed"),
        (
            ["application.submitted", "application.withdrawn", "eligibility.assessed"],
            "withdrawn",
            "eligible",
            None,
            "withdrawn",
        ),
        (
            ["application.submitted", "eligibility.assessed", "eligibility.rejected", "application.appealed"],
            "appealed",
            "rejected",
            None,
            "rejected",
        ),
        (
            ["voucher.redeemed", "application.submitted", "application.withdrawn"],
            "withdrawn",
            None,
            "redeemed",
            "redeemed",
        ),
        (
            ["application.submitted", "eligibility.revoked", "voucher.issued", "voucher.cancelled"],
            "submitted",
            "revoked",
            "cancelled",
            "revoked",
        ),
        (
            ["application.submitted", "eligibility.objected"],
            "submitted",
            "referred",
            None,
            "referred",
        ),
        (
            ["application.submitted", "eligibility.objected", "eligibility.referral_upheld"],
            "submitted",
            "eligible",
            None,
            "assessed",
        ),
        (
            ["application.submitted", "voucher.issued", "voucher.redeemed", "voucher.reversed"],
            "submitted",
            None,
            "issued",
            "voucher_issued",
        ),
    ],
)
def test_what_three_services_say_of_a_case(
    names: list[str], application: str, eligibility: str | None, disbursement: str | None, status: str
) -> None:
    state: dict[str, dict[str, Any]] = {}
    for name in names:
        fold_applications(state, event(name))
    shape = show_application(CASE, state[CASE])
    assert shape is not None
    words = (shape["application"], shape["eligibility"], shape["disbursement"], shape["status"])
    assert words == (application, eligibility, disbursement, status)


def test_a_correction_describes_the_case_anew() -> None:
    state: dict[str, dict[str, Any]] = {}
    for one in (event("application.submitted"), event("application.corrected", commune="04186", revision=3)):
        fold_applications(state, one)
    shape = show_application(CASE, state[CASE])
    assert shape is not None
    assert (shape["commune"], shape["revision"], shape["application"]) == ("04186", 3, "submitted")


def test_a_case_that_came_with_a_list_is_counted_as_such_however_it_was_corrected() -> None:
    events = [event("application.submitted"), event("application.corrected", channel="offline")]
    assert events[0]["data"]["channel"] == "list"
    assert funnel(replayed(events))[PROGRAMME]["imported"] == 1


@pytest.mark.parametrize("later", ["application.submitted", "application.corrected", "application.appealed"])
def test_erasure_sticks_whatever_comes_later(later: str) -> None:
    states = shown(
        [
            event("application.submitted"),
            event("application.erased"),
            event(later),
            event("eligibility.assessed"),
        ]
    )
    assert states == {"applications": {}, "eligibility": {}, "disbursement": {}}


def test_nothing_is_shown_of_a_case_before_its_own_service_spoke() -> None:
    state = fold_applications({}, event("voucher.issued"))
    assert show_application(CASE, state[CASE]) is None
    state = fold_eligibility({}, event("application.withdrawn"))
    assert show_eligibility(CASE, state[CASE]) is None


def test_a_withdrawal_is_a_flag_on_the_decision() -> None:
    for names in (
        ["application.withdrawn", "eligibility.assessed", "eligibility.approved"],
        ["eligibility.assessed", "eligibility.approved", "application.withdrawn"],
    ):
        state: dict[str, dict[str, Any]] = {}
        for name in names:
            fold_eligibility(state, event(name))
        shape = show_eligibility(CASE, state[CASE])
        assert shape is not None
        assert (shape["status"], shape["withdrawn"]) == ("approved", True)


def test_a_new_assessment_opens_a_rejected_case_anew() -> None:
    state: dict[str, dict[str, Any]] = {}
    for one in (
        event("eligibility.assessed", outcome="referred"),
        event("eligibility.rejected"),
        event("eligibility.assessed", programme_version=2),
    ):
        fold_eligibility(state, one)
    shape = show_eligibility(CASE, state[CASE])
    assert shape is not None
    assert (shape["status"], shape["decision_number"], shape["programme_version"]) == ("eligible", None, 2)


def test_a_review_of_an_approved_case_leaves_the_decision_standing() -> None:
    state: dict[str, dict[str, Any]] = {}
    for name, outcome in (("assessed", "eligible"), ("approved", ""), ("reviewed", "ineligible")):
        fold_eligibility(state, event(f"eligibility.{name}", outcome=outcome))
    shape = show_eligibility(CASE, state[CASE])
    assert shape is not None
    assert (shape["status"], shape["outcome"], shape["position"]) == ("approved", "ineligible", 7)


@pytest.mark.parametrize(
    ("names", "status", "taken_by"),
    [
        (["objected"], "referred", None),
        (["objected", "referral_taken"], "referred", "duyet-tinh"),
        (["objected", "referral_taken", "referral_upheld"], "eligible", None),
        (["objected", "referral_taken", "rejected"], "rejected", None),
    ],
)
def test_an_objection_sends_a_case_to_a_person(names: list[str], status: str, taken_by: str | None) -> None:
    state: dict[str, dict[str, Any]] = {}
    for name in ("assessed", *names):
        fold_eligibility(state, event(f"eligibility.{name}"))
    shape = show_eligibility(CASE, state[CASE])
    assert shape is not None
    assert (shape["status"], shape["taken_by"]) == (status, taken_by)


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["drafted"], "draft"),
        (["drafted", "posted"], "posted"),
        (["drafted", "posted", "closed"], "closed"),
        (["drafted", "cancelled"], "cancelled"),
    ],
)
def test_an_approval_list_goes_its_way(names: list[str], status: str) -> None:
    state: dict[str, dict[str, Any]] = {}
    for name in names:
        fold_eligibility(state, event(f"list.{name}"))
    posted = "posted" in names
    assert state[f"list/{LIST}"] == {
        "programme_id": PROGRAMME,
        "commune": "01075",
        "village": "Thôn 1",
        "cases": 1,
        "status": status,
        "posted_on": "2026-11-20" if posted else None,
        "last_day": "2026-11-27" if posted else None,
    }


@pytest.mark.parametrize(
    ("name", "status"), [("programme.suspended", "suspended"), ("programme.closed", "closed")]
)
def test_a_programme_stops(name: str, status: str) -> None:
    state = fold_eligibility(fold_eligibility({}, event("programme.published")), event(name))
    assert state[f"programme/{PROGRAMME}"] == {"version": 1, "digest": DIGEST, "status": status}


@pytest.mark.parametrize(
    ("events", "allocated", "reserved", "spent"),
    [
        (["budget.adjusted"], 800_000, 0, 0),
        (["voucher.waitlisted"], 1_000_000, 0, 0),
        (["voucher.issued"], 1_000_000, 500_000, 0),
        (["voucher.issued", "voucher.reissued"], 1_000_000, 500_000, 0),
        (["voucher.issued", "voucher.cancelled"], 1_000_000, 0, 0),
        (["voucher.issued", "voucher.expired"], 1_000_000, 0, 0),
        (["voucher.issued", "voucher.redeemed"], 1_000_000, 0, 450_000),
        (["voucher.issued", "voucher.redeemed", "voucher.reversed"], 1_000_000, 500_000, 0),
    ],
)
def test_budgets_are_sums_over_all_cases(
    events: list[str], allocated: int, reserved: int, spent: int
) -> None:
    state: dict[str, dict[str, Any]] = {}
    for one in [event("budget.allocated", amount=1_000_000), *map(event, events)]:
        fold_disbursement(state, one)
    assert show_disbursement(BUDGET, state[BUDGET]) == {
        "allocated": allocated,
        "available": allocated - reserved - spent,
        "reserved": reserved,
        "spent": spent,
        "distributed": 0,
    }


def test_cancelling_a_place_on_the_waitlist_returns_no_money() -> None:
    state: dict[str, dict[str, Any]] = {}
    for one in (event("voucher.waitlisted"), event("voucher.cancelled", voucher_id=None, amount=0)):
        fold_disbursement(state, one)
    assert state[BUDGET]["reserved"] == 0
    assert (state[CASE]["status"], state[CASE]["voucher_id"]) == ("cancelled", None)


def test_a_voucher_from_the_waitlist_looks_like_one_issued_at_once() -> None:
    waited, at_once = (
        shown([event(name) for name in names])["disbursement"][CASE]
        for names in (["voucher.waitlisted", "voucher.issued"], ["voucher.issued"])
    )
    assert waited == at_once


def test_a_reissued_voucher_has_a_new_id_and_date() -> None:
    events = [
        event("voucher.issued"),
        event("voucher.reissued", voucher_id=NEW_VOUCHER, expires_on="2027-03-31"),
    ]
    case = shown(events)["disbursement"][CASE]
    assert (case["voucher_id"], case["expires_on"], case["status"]) == (NEW_VOUCHER, "2027-03-31", "issued")


def test_a_shop_is_suspended_and_reinstated() -> None:
    states = shown([event("shop.registered"), event("shop.suspended")])
    assert states["disbursement"]["shop/shop-1"]["status"] == "suspended"
    states = shown([event("shop.registered"), event("shop.suspended"), event("shop.reinstated")])
    assert states["disbursement"]["shop/shop-1"]["status"] == "active"


def test_every_type_that_names_a_case_programme_budget_or_shop_is_folded() -> None:
    unfolded = {name for name in CATALOGUE if name not in FOLDED_TYPES}
    assert unfolded == {
        "access.recorded.v1",
        "checkpoint.signed.v1",
        "line.corrected.v1",
        "request.received.v1",
        "request.extended.v1",
        "request.answered.v1",
        "request.closed.v1",
        "payee.kept.v1",
        "enterprise.registered.v1",
        "enterprise.suspended.v1",
        "enterprise.reinstated.v1",
        "shop.changed.v1",
        "official.registered.v1",
        "official.removed.v1",
        "clerk.registered.v1",
        "clerk.suspended.v1",
        "clerk.reinstated.v1",
        "handset.listed.v1",
        "handset.withdrawn.v1",
        "reversal.asked.v1",
        "reversal.refused.v1",
        "voucher.disputed.v1",
        "dispute.closed.v1",
        "alert.raised.v1",
        "alert.closed.v1",
    }


def test_the_funnel_counts_per_programme() -> None:
    replay = replayed(
        [
            event("application.submitted"),
            event("eligibility.assessed"),
            event("eligibility.approved"),
            event("voucher.issued"),
            event("voucher.redeemed"),
            event("application.submitted", OTHER, programme_id="national", channel="form"),
            event("application.withdrawn", OTHER, programme_id="national"),
            event("eligibility.assessed", OTHER, programme_id="national", outcome="ineligible"),
        ]
    )
    found = funnel(replay)
    blank = dict.fromkeys(total({}), 0)
    counted = dict.fromkeys(("imported", "submitted", "eligible", "approved", "issued", "redeemed"), 1)
    assert found[PROGRAMME] == {**blank, **counted}
    assert found["national"] == {**blank, "submitted": 1, "withdrawn": 1, "ineligible": 1}
    assert total(found)["submitted"] == 2


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (["voucher.waitlisted"], {"waitlisted": 1}),
        (["voucher.waitlisted", "voucher.issued"], {"issued": 1}),
        (["voucher.issued", "voucher.cancelled"], {"issued": 1, "cancelled": 1}),
        (["voucher.issued", "voucher.cancelled", "voucher.issued"], {"issued": 2, "cancelled": 1}),
        (["voucher.issued", "voucher.redeemed", "voucher.reversed"], {"issued": 1}),
        (["voucher.issued", "voucher.expired"], {"issued": 1, "expired": 1}),
        (["voucher.issued", "voucher.reissued"], {"issued": 2, "reissued": 1}),
    ],
)
def test_the_funnel_counts_vouchers_as_auditors_add_them_up(names: list[str], counts: dict[str, int]) -> None:
    found = funnel(replayed([event(name) for name in names]))[PROGRAMME]
    assert {name: number for name, number in found.items() if number} == counts


def streams_of(case: str, money: int) -> list[list[dict[str, Any]]]:
    """A case's three streams, each in its own order."""
    return [
        [event("application.submitted", case), event("application.corrected", case)],
        [
            event("eligibility.assessed", case),
            event("eligibility.approved", case, amount=money),
        ],
        [
            event("voucher.waitlisted", case, amount=money),
            event("voucher.issued", case, amount=money),
            event("voucher.redeemed", case, subsidy=money - 1),
            event("voucher.reversed", case, subsidy=money - 1),
            event("voucher.cancelled", case, amount=money),
        ],
    ]


STREAMS = [
    [event("programme.published"), event("programme.suspended")],
    [event("budget.allocated", amount=3_000_000), event("budget.adjusted")],
    [event("shop.registered"), event("shop.suspended")],
    *streams_of(CASE, 500_000),
    *streams_of(OTHER, 300_000),
]
ERASED = [*STREAMS, [event("application.erased", CASE)]]
WITHDRAWN = [
    [*stream, event("application.withdrawn", CASE)] if stream[0] == event("application.submitted") else stream
    for stream in STREAMS
]


@st.composite
def interleaved(draw: st.DrawFn, streams: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The events of all streams in some order that keeps each stream's own."""
    turns = draw(st.permutations([place for place, stream in enumerate(streams) for _ in stream]))
    queues = [iter(stream) for stream in streams]
    return [next(queues[place]) for place in turns]


@pytest.mark.parametrize("streams", [STREAMS, WITHDRAWN, ERASED], ids=["plain", "withdrawn", "erased"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_order_between_streams_gives_the_same_state(
    streams: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    expected = shown([one for stream in streams for one in stream])
    found = data.draw(interleaved(streams))
    assert shown(found) == expected
    assert funnel(replayed(found)) == funnel(replayed([one for stream in streams for one in stream]))
